"""What the page of a call says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from console.reveal import RevealTexts


@dataclass(frozen=True)
class CallTexts:
    """Labels of the page; those by key have one for every key there is."""

    title: str
    no_such_call: str
    no_such_call_hint: str
    back: str
    reveal: RevealTexts
    timeline: str
    facts: str
    company: str
    branch: str
    service: str
    caller: str
    withheld: str
    customer: str
    began: str
    duration: str
    gap: str
    race: str
    nobody_faster: str
    in_progress: str
    clock: str
    holds_now: str
    no_holds: str
    this_call: str
    until: str
    left: str
    bookings: str
    no_bookings: str
    temporal: str
    thought: str
    thinking: str
    asked: str
    said_yes: str
    passed_on: str
    told_unknown: str
    told_waited: str
    told_unheard: str
    told_to_nobody: str
    attempts: str
    failed: str
    other_call: str
    faster: str
    hold: str
    hold_until: str
    result: Mapping[str, str]
    fate: Mapping[str, str]
    ended: Mapping[str, str]
    hang_up_reason: Mapping[str, str]
    function: Mapping[str, str]
    failure: Mapping[str, str]


CALL: Mapping[str, CallTexts] = {
    "de": CallTexts(
        title="Anruf",
        no_such_call="Diesen Anruf gibt es nicht",
        no_such_call_hint=(
            "Unter dieser Kennung ist kein Anruf festgehalten. Ein Anruf erscheint hier mit seiner ersten Antwort."
        ),
        back="Alle Anrufe",
        reveal=RevealTexts(
            show="Namen und Nummern zeigen",
            hide="Namen und Nummern verbergen",
            hint="Das Zeigen wird protokolliert und gilt nur für diese Ansicht.",
        ),
        timeline="Verlauf",
        facts="Eckdaten",
        company="Firma",
        branch="Filiale",
        service="Leistung",
        caller="Anrufer",
        withheld="Nummer unterdrückt",
        customer="Kunde",
        began="Beginn",
        duration="Dauer",
        gap="Bedenkzeit",
        race="Jemand war schneller",
        nobody_faster="niemand",
        in_progress="läuft noch",
        clock="Alle Zeiten: {zone}. UTC beim Darüberfahren.",
        holds_now="Vorgemerkt in diesem Kalender, jetzt",
        no_holds="Gerade ist nichts vorgemerkt.",
        this_call="dieser Anruf",
        until="bis {time}",
        left="noch {left}",
        bookings="Buchungen dieses Anrufs",
        no_bookings="Keine.",
        temporal="In Temporal öffnen",
        thought="{duration} überlegt",
        thinking="überlegt seit {duration}",
        asked="Frage",
        said_yes="Ja",
        passed_on="Vom Agenten so weitergegeben",
        told_unknown="Was gesagt wurde, ist nicht bekannt: {answer}",
        told_waited="nach {duration}",
        told_unheard="Da hörte niemand mehr zu.",
        told_to_nobody="Das hörte niemand mehr: {answer}",
        attempts="{n} Versuche",
        failed="fehlgeschlagen: {failure}",
        other_call="Anruf {call}",
        faster="Jemand war schneller, bemerkt {caught}",
        hold="Vorgemerkt",
        hold_until="bis {time}",
        result={
            "free": "frei",
            "free_not_held": "frei, aber nicht vorgemerkt",
            "not_listed": "steht nicht in der Liste der freien Zeiten",
            "held": "vorgemerkt",
            "held_elsewhere": "für einen anderen Anruf vorgemerkt",
            "not_held": "nicht vorgemerkt: die Datenbank antwortete nicht",
            "over_limit": "nicht vorgemerkt: für eine der Nummern ist es schon genug",
            "skipped": "nicht nachgesehen: Cal.com erlaubte nur noch wenige Anfragen",
            "still_free": "noch frei",
            "gone": "nicht mehr frei",
            "booked": "gebucht",
            "found_again": "gebucht; die Antwort ging verloren, die Buchung wurde wiedergefunden",
            "taken": "von Cal.com abgelehnt: schon vergeben",
            "let_go": "gelöst",
        },
        fate={
            "not_held": "nicht gelungen: die Datenbank antwortete nicht",
            "over_limit": "nicht erlaubt: für eine der Nummern ist schon genug vorgemerkt",
            "renewed": "erneuert",
            "taken_again": "neu vorgemerkt",
            "moved": "für einen anderen Termin aufgegeben",
            "lost": "an einen anderen Anruf verloren",
            "kept": "nach der Buchung noch 10 s behalten",
            "let_go": "gelöst",
            "not_let_go": "nicht gelöst, läuft von selbst ab",
            "ran_out": "abgelaufen",
        },
        ended={
            "hung_up": "Aufgelegt",
            "silent": "Nichts mehr gesagt",
            "cancelled": "Von einem Betreiber beendet",
            "ended": "Anruf zu Ende",
        },
        hang_up_reason={
            "user_hangup": "der Anrufer",
            "agent_hangup": "der Agent",
            "call_transfer": "weiterverbunden",
            "inactivity": "niemand sprach mehr",
            "max_duration_reached": "längste Anrufdauer erreicht",
        },
        function={
            "check_customer": "Wer ruft an?",
            "get_current_context": "Wer ruft an, und wie spät ist es?",
            "current_time_berlin": "Wie spät ist es?",
            "parse_date": "Welcher Tag ist gemeint?",
            "get_available_services": "Welche Leistungen gibt es?",
            "check_availability": "Frage",
            "get_alternatives": "Frage nach anderen Terminen",
            "find_next_available": "Frage nach dem nächsten freien Termin",
            "book_appointment": "Ja",
            "collect_appointment_data": "Frage oder Ja",
        },
        failure={
            "CalendarNotConfigured": "Cal.com weist unseren Zugang ab",
            "CalendarUnreachable": "Cal.com antwortete nicht",
            "RateLimited": "Cal.com bat um Geduld",
            "StoreUnavailable": "die Datenbank antwortete nicht",
            "TimeoutError": "nicht rechtzeitig",
        },
    ),
    "en": CallTexts(
        title="Call",
        no_such_call="There is no such call",
        no_such_call_hint="Nothing is kept under this id. A call appears here with its first answer.",
        back="All calls",
        reveal=RevealTexts(
            show="Show names and numbers",
            hide="Hide names and numbers",
            hint="Showing them is logged, and holds for this view only.",
        ),
        timeline="What happened",
        facts="Facts",
        company="Company",
        branch="Branch",
        service="Service",
        caller="Caller",
        withheld="number withheld",
        customer="Customer",
        began="Began",
        duration="Duration",
        gap="Thought for",
        race="Somebody was faster",
        nobody_faster="nobody",
        in_progress="in progress",
        clock="All times: {zone}. UTC when you point at them.",
        holds_now="Held in this calendar, now",
        no_holds="Nothing is held just now.",
        this_call="this call",
        until="until {time}",
        left="{left} left",
        bookings="Bookings of this call",
        no_bookings="None.",
        temporal="Open in Temporal",
        thought="thought for {duration}",
        thinking="thinking for {duration}",
        asked="Question",
        said_yes="Yes",
        passed_on="As the agent passed it on",
        told_unknown="What was said is not known: {answer}",
        told_waited="after {duration}",
        told_unheard="Nobody listened any more.",
        told_to_nobody="Nobody heard this any more: {answer}",
        attempts="{n} attempts",
        failed="failed: {failure}",
        other_call="call {call}",
        faster="Somebody was faster, caught {caught}",
        hold="Held",
        hold_until="until {time}",
        result={
            "free": "free",
            "free_not_held": "free, but not held",
            "not_listed": "not in the list of free slots",
            "held": "held",
            "held_elsewhere": "held for another call",
            "not_held": "not held: the database did not answer",
            "over_limit": "not held: enough is held for one of the numbers",
            "skipped": "not looked: Cal.com allowed few requests more",
            "still_free": "still free",
            "gone": "not free any more",
            "booked": "booked",
            "found_again": "booked; the answer was lost, the booking was found again",
            "taken": "refused by Cal.com: already taken",
            "let_go": "let go",
        },
        fate={
            "not_held": "failed: the database did not answer",
            "over_limit": "not allowed: enough is held for one of the numbers",
            "renewed": "renewed",
            "taken_again": "taken again",
            "moved": "given up for another moment",
            "lost": "lost to another call",
            "kept": "kept for 10 s after the booking",
            "let_go": "let go",
            "not_let_go": "not let go, runs out by itself",
            "ran_out": "ran out",
        },
        ended={
            "hung_up": "Hung up",
            "silent": "Said nothing more",
            "cancelled": "Ended by an operator",
            "ended": "End of the call",
        },
        hang_up_reason={
            "user_hangup": "the caller",
            "agent_hangup": "the agent",
            "call_transfer": "transferred",
            "inactivity": "nobody spoke any more",
            "max_duration_reached": "longest duration reached",
        },
        function={
            "check_customer": "Who is calling?",
            "get_current_context": "Who is calling, and what time is it?",
            "current_time_berlin": "What time is it?",
            "parse_date": "Which day is meant?",
            "get_available_services": "Which services are there?",
            "check_availability": "Question",
            "get_alternatives": "Question for other times",
            "find_next_available": "Question for the next free time",
            "book_appointment": "Yes",
            "collect_appointment_data": "Question or yes",
        },
        failure={
            "CalendarNotConfigured": "Cal.com refuses our access",
            "CalendarUnreachable": "Cal.com did not answer",
            "RateLimited": "Cal.com asked for patience",
            "StoreUnavailable": "the database did not answer",
            "TimeoutError": "not in time",
        },
    ),
}
"""By language."""


def clock(at: datetime, zone: tzinfo) -> str:
    """Return a time of day to the second."""
    return f"{at.astimezone(zone):%H:%M:%S}"


def quoted(words: str, language: str) -> str:
    """Return words as somebody else's."""
    return f"„{words}“" if language == "de" else f"“{words}”"
