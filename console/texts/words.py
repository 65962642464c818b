"""What outcomes, races, answers, reasons and steps are called, wherever they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from babel.dates import format_datetime


@dataclass(frozen=True)
class Words:
    """Names in one language, by the values that are kept; every value there is has one."""

    outcome: Mapping[str, str]
    caught: Mapping[str, str]
    status: Mapping[str, str]
    reason: Mapping[str, str]
    hold: Mapping[str, str]
    recheck: Mapping[str, str]
    kind: Mapping[str, str]
    step: Mapping[str, str]
    endpoint: Mapping[str, str]
    seconds: str
    minutes: str
    hours: str
    decimal: str


OUTCOME_TONES: Mapping[str, str] = MappingProxyType(
    {
        "open": "sk-soft",
        "waiting_for_yes": "sk-accent",
        "alternatives_offered": "sk-accent",
        "booked": "sk-good",
        "booking_uncertain": "sk-warning",
        "configuration_error": "sk-bad",
        "hung_up": "sk-soft",
        "silent": "sk-soft",
        "cancelled": "sk-soft",
    }
)
"""How an outcome stands out, as a class of ``console.look``."""

WORDS: Mapping[str, Words] = {
    "de": Words(
        outcome={
            "open": "begonnen",
            "waiting_for_yes": "wartet auf ein Ja",
            "alternatives_offered": "Alternativen angeboten",
            "booked": "gebucht",
            "booking_uncertain": "Buchung ungewiss",
            "configuration_error": "Konfigurationsfehler",
            "hung_up": "aufgelegt",
            "silent": "verstummt",
            "cancelled": "abgebrochen",
        },
        caught={"hold": "beim Vormerken", "recheck": "bei der Nachprüfung", "booking": "beim Buchen"},
        status={
            "available": "frei",
            "alternatives": "Alternativen genannt",
            "unavailable": "nicht frei",
            "no_availability": "nichts frei",
            "booked": "gebucht",
            "slot_taken": "gerade vergeben",
            "pending": "noch in Arbeit",
            "past_time": "schon vorbei",
            "missing_customer_name": "Name fehlt",
            "missing_required_fields": "Angaben fehlen",
            "existing_customer": "bekannter Kunde",
            "new_customer": "neuer Kunde",
            "expired": "Frist abgelaufen",
            "closed": "Anruf beendet",
            "error": "Fehler",
            "information": "Auskunft",
        },
        reason={
            "race_condition_detected": "jemand war schneller",
            "calendar_unreachable": "Kalender nicht erreichbar",
            "booking_notice_violation": "zu kurzfristig",
            "past_time": "liegt in der Vergangenheit",
            "outside_hours": "außerhalb der Öffnungszeiten",
            "no_slots": "keine freien Termine",
            "held_by_another_call": "für einen anderen Anruf vorgemerkt",
            "unknown_service": "unbekannte Leistung",
            "unknown_number": "unbekannte Rufnummer",
            "weekday_mismatch": "Wochentag und Datum passen nicht zusammen",
        },
        hold={
            "held": "vorgemerkt",
            "held_by_another_call": "für einen anderen Anruf vorgemerkt",
            "store_down": "nicht vorgemerkt, die Datenbank antwortete nicht",
            "over_limit": "nicht vorgemerkt, für eine der Nummern ist es schon genug",
            "not_tried": "nicht vorgemerkt",
        },
        recheck={
            "passed": "noch frei",
            "gone": "inzwischen vergeben",
            "failed": "fehlgeschlagen",
            "skipped": "ausgelassen",
        },
        kind={"question": "Frage", "confirmation": "Ja"},
        step={
            "check_slot": "Termin prüfen",
            "find_slots": "Freie Termine suchen",
            "hold_slot": "Vormerken",
            "recheck_slot": "Nachprüfen",
            "book_slot": "Buchen",
            "release_hold": "Vormerkung lösen",
            "find_customer": "Kunden nachschlagen",
            "record_call": "Anruf festhalten",
        },
        endpoint={
            "slots": "Freie Zeiten",
            "bookings.create": "Buchen",
            "bookings.list": "Buchungen suchen",
            "bookings.get": "Buchung lesen",
            "bookings.cancel": "Absagen",
            "bookings.reschedule": "Verlegen",
            "event-types": "Terminarten",
            "me": "Konto",
            "other": "Sonstiges",
        },
        seconds="s",
        minutes="min",
        hours="h",
        decimal=",",
    ),
    "en": Words(
        outcome={
            "open": "begun",
            "waiting_for_yes": "waiting for a yes",
            "alternatives_offered": "alternatives offered",
            "booked": "booked",
            "booking_uncertain": "booking uncertain",
            "configuration_error": "configuration error",
            "hung_up": "hung up",
            "silent": "fell silent",
            "cancelled": "cancelled",
        },
        caught={"hold": "by the hold", "recheck": "by the re-check", "booking": "by the booking"},
        status={
            "available": "free",
            "alternatives": "alternatives named",
            "unavailable": "not free",
            "no_availability": "nothing free",
            "booked": "booked",
            "slot_taken": "just taken",
            "pending": "still under way",
            "past_time": "already past",
            "missing_customer_name": "name missing",
            "missing_required_fields": "details missing",
            "existing_customer": "known customer",
            "new_customer": "new customer",
            "expired": "window over",
            "closed": "call ended",
            "error": "error",
            "information": "information",
        },
        reason={
            "race_condition_detected": "somebody was faster",
            "calendar_unreachable": "calendar not reachable",
            "booking_notice_violation": "too short notice",
            "past_time": "in the past",
            "outside_hours": "outside opening hours",
            "no_slots": "no free times",
            "held_by_another_call": "held for another call",
            "unknown_service": "unknown service",
            "unknown_number": "unknown number",
            "weekday_mismatch": "weekday and date do not agree",
        },
        hold={
            "held": "held",
            "held_by_another_call": "held for another call",
            "store_down": "not held, the database did not answer",
            "over_limit": "not held, enough is held for one of the numbers",
            "not_tried": "not held",
        },
        recheck={"passed": "still free", "gone": "taken meanwhile", "failed": "failed", "skipped": "skipped"},
        kind={"question": "question", "confirmation": "yes"},
        step={
            "check_slot": "look for the slot",
            "find_slots": "look for free slots",
            "hold_slot": "hold",
            "recheck_slot": "re-check",
            "book_slot": "book",
            "release_hold": "let the hold go",
            "find_customer": "look up the customer",
            "record_call": "keep the call",
        },
        endpoint={
            "slots": "Free times",
            "bookings.create": "Book",
            "bookings.list": "Find bookings",
            "bookings.get": "Read a booking",
            "bookings.cancel": "Cancel",
            "bookings.reschedule": "Reschedule",
            "event-types": "Event types",
            "me": "Account",
            "other": "Other",
        },
        seconds="s",
        minutes="min",
        hours="h",
        decimal=".",
    ),
}
"""By language."""


def duration(seconds: float, words: Words) -> str:
    """Return a span of time as people read it: ``0.4 s``, ``14 s``, ``2 min 05 s``, ``1 h 20 min``."""
    if seconds < 10:
        return f"{seconds:.1f} {words.seconds}".replace(".", words.decimal)
    whole = round(seconds)
    if whole < 60:
        return f"{whole} {words.seconds}"
    if whole < 3600:
        return f"{whole // 60} {words.minutes} {whole % 60:02d} {words.seconds}"
    return f"{whole // 3600} {words.hours} {whole % 3600 // 60:02d} {words.minutes}"


_DAY = {"de": "EEE dd.MM.", "en": "EEE d MMM"}
_DAY_AND_YEAR = {"de": "EEE dd.MM.y", "en": "EEE d MMM y"}


def moment(at: datetime, language: str, now: datetime) -> str:
    """Return a moment on the clock it carries, as ``Thu 16 Oct 09:00``; with the year where it is not the present."""
    day = _DAY if at.year == now.astimezone(at.tzinfo).year else _DAY_AND_YEAR
    return format_datetime(at, f"{day[language]} HH:mm", locale=language, tzinfo=at.tzinfo)


def tick(at: datetime, language: str, width: timedelta) -> str:
    """Return how a moment is named below a chart whose points lie ``width`` apart: by time, by day, or by both."""
    day = [_DAY[language]] if width >= timedelta(hours=1) else []
    time = ["HH:mm"] if width < timedelta(days=1) else []
    return format_datetime(at, " ".join(day + time), locale=language, tzinfo=at.tzinfo)
