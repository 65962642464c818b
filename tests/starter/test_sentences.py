"""Every sentence a caller can hear, in both languages."""

import re
import string
import sys
from dataclasses import fields, replace
from datetime import date, datetime, time, timedelta
from itertools import product
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from starter.replies.bodies import answer_body, asking_back_body, caller_body
from starter.replies.language import Language, language
from starter.replies.voice import Voice
from starter.spoken import NotUnderstood, Part, PastDay, SkippedTime, WeekdayMismatch
from workflows.messages import Alternative, Answer, AnswerStatus, Caller, Missing, Reason, Service

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2025, 10, 14, 20, 28, tzinfo=BERLIN)
START = datetime(2025, 10, 16, 7, 0, tzinfo=ZoneInfo("UTC"))
"""09:00 in Berlin, on a Thursday."""

NEXT_DAY = datetime(2025, 10, 17, 0, 15, tzinfo=BERLIN)
FAR_AHEAD = datetime(2026, 3, 3, 9, 0, tzinfo=BERLIN)

SAME_DAY = Alternative(id="a1", start=datetime(2025, 10, 16, 10, 0, tzinfo=BERLIN))
NEXT_WEEK = Alternative(id="a2", start=datetime(2025, 10, 23, 9, 0, tzinfo=BERLIN))
BOTH = (SAME_DAY, NEXT_WEEK)

S, R = AnswerStatus, Reason

SENTENCES = [
    (
        Answer(status=S.AVAILABLE, start=START),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist noch frei. Soll ich den Termin für Sie buchen?",
        "The appointment on Thursday, October 16 at 9:00 AM is still free. Shall I book it for you?",
    ),
    (
        Answer(status=S.BOOKED, start=START, booking_uid="uid"),
        "Perfekt! Ihr Termin am Donnerstag, 16. Oktober um 09:00 Uhr wurde erfolgreich gebucht.",
        "Perfect! Your appointment on Thursday, October 16 at 9:00 AM has been booked.",
    ),
    (
        Answer(status=S.BOOKED, start=START, booking_uid="uid", email_given=True),
        "Perfekt! Ihr Termin am Donnerstag, 16. Oktober um 09:00 Uhr wurde erfolgreich gebucht. "
        "Sie erhalten in Kürze eine Bestätigung per E-Mail.",
        "Perfect! Your appointment on Thursday, October 16 at 9:00 AM has been booked. "
        "You will receive a confirmation by e-mail shortly.",
    ),
    (
        Answer(status=S.BOOKED, start=START, booking_uid="uid", again=True, email_given=True),
        "Perfekt! Ihr Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist bereits gebucht.",
        "Perfect! Your appointment on Thursday, October 16 at 9:00 AM is already booked.",
    ),
    (
        Answer(status=S.BOOKED, start=START, booking_uid="uid", awaits_host=True, email_given=True),
        "Ihr Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist angefragt. "
        "Er gilt, sobald der Betrieb ihn bestätigt hat.",
        "Your appointment on Thursday, October 16 at 9:00 AM has been requested. "
        "It counts as soon as the business has confirmed it.",
    ),
    (
        Answer(status=S.SLOT_TAKEN, reason=R.RACE_CONDITION_DETECTED, start=START, alternatives=BOTH),
        "Der Termin um 09:00 Uhr wurde gerade vergeben. Ich habe Alternativen gefunden: "
        "am gleichen Tag, 10:00 Uhr oder nächste Woche Donnerstag, 09:00 Uhr.",
        "The appointment at 9:00 AM has just been taken. I have found alternatives: "
        "on the same day, 10:00 AM or on Thursday next week, 9:00 AM.",
    ),
    (
        Answer(status=S.SLOT_TAKEN, reason=R.RACE_CONDITION_DETECTED, start=START),
        "Der Termin um 09:00 Uhr wurde gerade vergeben. Welcher andere Termin würde Ihnen passen?",
        "The appointment at 9:00 AM has just been taken. Which other time would suit you?",
    ),
    (
        Answer(status=S.NO_AVAILABILITY, reason=R.RACE_CONDITION_DETECTED, start=START),
        "Der Termin um 09:00 Uhr wurde gerade vergeben und leider sind keine Alternativen verfügbar.",
        "The appointment at 9:00 AM has just been taken, and unfortunately there are no alternatives.",
    ),
    (
        Answer(status=S.NO_AVAILABILITY, reason=R.NO_SLOTS, start=START),
        "Leider habe ich in den nächsten 14 Tagen keine freien Termine gefunden.",
        "Unfortunately I have found no free appointments within the next 14 days.",
    ),
    (
        Answer(status=S.NO_AVAILABILITY),
        "Leider habe ich in den nächsten 14 Tagen keine freien Termine gefunden.",
        "Unfortunately I have found no free appointments within the next 14 days.",
    ),
    (
        Answer(status=S.NO_AVAILABILITY, reason=R.NO_SLOTS, start=NEXT_DAY),
        "Leider habe ich ab dem 17. Oktober in den folgenden zwei Wochen keine freien Termine gefunden.",
        "Unfortunately I have found no free appointments in the two weeks from October 17 on.",
    ),
    (
        Answer(status=S.NO_AVAILABILITY, reason=R.OUTSIDE_HOURS, start=FAR_AHEAD),
        "Der Termin am Dienstag, 3. März um 09:00 Uhr liegt leider außerhalb unserer Öffnungszeiten. "
        "Leider habe ich ab dem 3. März in den folgenden zwei Wochen keine freien Termine gefunden.",
        "Unfortunately the appointment on Tuesday, March 3 at 9:00 AM is outside our opening hours. "
        "Unfortunately I have found no free appointments in the two weeks from March 3 on.",
    ),
    (
        Answer(status=S.NO_AVAILABILITY, reason=R.HELD_BY_ANOTHER_CALL, start=START),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr wird gerade von einem anderen Anrufer reserviert. "
        "Leider habe ich in den nächsten 14 Tagen keine freien Termine gefunden.",
        "The appointment on Thursday, October 16 at 9:00 AM is being reserved by another caller right now. "
        "Unfortunately I have found no free appointments within the next 14 days.",
    ),
    (
        Answer(status=S.UNAVAILABLE, start=START, alternatives=BOTH),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist leider nicht verfügbar. "
        "Ich kann Ihnen folgende Alternativen anbieten: am gleichen Tag, 10:00 Uhr oder nächste Woche Donnerstag, "
        "09:00 Uhr. Welcher Termin würde Ihnen besser passen?",
        "Unfortunately the appointment on Thursday, October 16 at 9:00 AM is not available. "
        "I can offer you these alternatives: on the same day, 10:00 AM or on Thursday next week, 9:00 AM. "
        "Which one would suit you better?",
    ),
    (
        Answer(status=S.UNAVAILABLE, start=START, alternatives=(SAME_DAY,)),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist leider nicht verfügbar. "
        "Ich kann Ihnen folgende Alternative anbieten: am gleichen Tag, 10:00 Uhr. Würde Ihnen das passen?",
        "Unfortunately the appointment on Thursday, October 16 at 9:00 AM is not available. "
        "I can offer you this alternative: on the same day, 10:00 AM. Would that suit you?",
    ),
    (
        Answer(status=S.UNAVAILABLE, reason=R.HELD_BY_ANOTHER_CALL, start=START, alternatives=(SAME_DAY,)),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr wird gerade von einem anderen Anrufer reserviert. "
        "Ich kann Ihnen folgende Alternative anbieten: am gleichen Tag, 10:00 Uhr. Würde Ihnen das passen?",
        "The appointment on Thursday, October 16 at 9:00 AM is being reserved by another caller right now. "
        "I can offer you this alternative: on the same day, 10:00 AM. Would that suit you?",
    ),
    (
        Answer(status=S.UNAVAILABLE, reason=R.OUTSIDE_HOURS, start=START),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr liegt leider außerhalb unserer Öffnungszeiten. "
        "Welcher andere Termin würde Ihnen passen?",
        "Unfortunately the appointment on Thursday, October 16 at 9:00 AM is outside our opening hours. "
        "Which other time would suit you?",
    ),
    (
        Answer(
            status=S.UNAVAILABLE,
            reason=R.BOOKING_NOTICE_VIOLATION,
            start=START,
            minimum_notice_minutes=15,
            earliest_bookable=START + timedelta(minutes=9, seconds=1),
        ),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist leider zu kurzfristig. "
        "Frühestens möglich ist Donnerstag, 16. Oktober um 09:10 Uhr. Welcher andere Termin würde Ihnen passen?",
        "Unfortunately the appointment on Thursday, October 16 at 9:00 AM is at too short notice. "
        "The earliest possible time is Thursday, October 16 at 9:10 AM. Which other time would suit you?",
    ),
    (
        Answer(status=S.PAST_TIME, reason=R.PAST_TIME, start=START),
        "Dieser Termin liegt in der Vergangenheit. Heute ist Dienstag, 14. Oktober, es ist 20:28 Uhr. "
        "Für welchen Tag und welche Uhrzeit möchten Sie den Termin?",
        "That appointment is in the past. Today is Tuesday, October 14, and it is 8:28 PM. "
        "For which day and time would you like the appointment?",
    ),
    (
        Answer(status=S.MISSING_REQUIRED_FIELDS, missing=(Missing.DATE, Missing.TIME)),
        "Bitte fragen Sie nach Datum und Uhrzeit des gewünschten Termins.",
        "Please ask for the date and time of the appointment.",
    ),
    (
        Answer(status=S.MISSING_REQUIRED_FIELDS, missing=(Missing.TIME,)),
        "Bitte fragen Sie nach der Uhrzeit des gewünschten Termins.",
        "Please ask for the time of the appointment.",
    ),
    (
        Answer(status=S.MISSING_REQUIRED_FIELDS, missing=(Missing.DATE, Missing.TIME, Missing.SERVICE)),
        "Bitte fragen Sie nach Datum, Uhrzeit und Dienstleistung des gewünschten Termins.",
        "Please ask for the date, time, and service of the appointment.",
    ),
    (
        Answer(status=S.MISSING_REQUIRED_FIELDS),
        "Bitte fragen Sie nach der Uhrzeit des gewünschten Termins.",
        "Please ask for the time of the appointment.",
    ),
    (
        Answer(status=S.MISSING_CUSTOMER_NAME, start=START),
        "Bitte erfragen Sie zuerst den Namen des Kunden. Danach kann ich den Termin buchen.",
        "Please ask for the customer's name first. Then I can book the appointment.",
    ),
    (
        Answer(status=S.PENDING),
        "Ihr Buchungswunsch ist aufgenommen, der Kalender hat aber noch nicht geantwortet. "
        "Einen Moment bitte, ich frage gleich noch einmal nach.",
        "Your booking request has been noted, but the calendar has not answered yet. "
        "One moment please, I will ask again.",
    ),
    (
        Answer(status=S.EXPIRED),
        "Die Zeit für die Bestätigung ist leider abgelaufen. Bitte rufen Sie für den Termin noch einmal an.",
        "The time for confirming is over, unfortunately. Please call again for the appointment.",
    ),
    (
        Answer(status=S.CLOSED),
        "Dieses Gespräch ist bereits beendet. Bitte rufen Sie für einen Termin noch einmal an.",
        "This call is already over. Please call again for an appointment.",
    ),
    (
        Answer(status=S.ERROR, reason=R.CALENDAR_UNREACHABLE, start=START),
        "Ich kann die Verfügbarkeit momentan nicht prüfen. Bitte versuchen Sie es später noch einmal.",
        "I cannot check availability right now. Please try again later.",
    ),
    (
        Answer(status=S.ERROR, reason=R.CALENDAR_UNREACHABLE, start=START, uncertain=True),
        "Ich kann im Moment leider nicht sagen, ob die Buchung geklappt hat. Bitte fragen Sie später noch einmal nach.",
        "Unfortunately I cannot say right now whether the booking went through. Please ask again later.",
    ),
    (
        Answer(status=S.ERROR, reason=R.UNKNOWN_SERVICE),
        "Diese Dienstleistung kenne ich leider nicht. Wir bieten an: Haarschnitt, Färben und Bart. Was darf es sein?",
        "Unfortunately I do not know that service. We offer: Haarschnitt, Färben, and Bart. Which one would you like?",
    ),
    (
        Answer(status=S.ERROR, reason=R.UNKNOWN_NUMBER),
        "Unter dieser Rufnummer kann ich leider keine Termine vergeben.",
        "Unfortunately I cannot make appointments on this phone number.",
    ),
]

ASKED_BACK = [
    (
        NotUnderstood(Part.DAY),
        "Entschuldigung, ich konnte das Datum nicht verstehen. Bitte nennen Sie mir den Tag und den Monat.",
        "Sorry, I did not understand the date. Please tell me the day and the month.",
    ),
    (
        NotUnderstood(Part.TIME),
        "Entschuldigung, ich konnte die Uhrzeit nicht verstehen. Bitte nennen Sie mir Stunde und Minute.",
        "Sorry, I did not understand the time. Please tell me the hour and the minute.",
    ),
    (
        WeekdayMismatch(date(2025, 10, 16)),
        "Der 16. Oktober ist ein Donnerstag. Welchen Tag meinen Sie?",
        "October 16 is a Thursday. Which day do you mean?",
    ),
    (
        SkippedTime(date(2026, 3, 29), time(2, 30)),
        "Am Sonntag, 29. März gibt es 02:30 Uhr nicht, weil die Uhren umgestellt werden. "
        "Welche andere Uhrzeit passt Ihnen?",
        "On Sunday, March 29 there is no 2:30 AM, because the clocks change. Which other time would suit you?",
    ),
]


def voice(code: str) -> Voice:
    return Voice(language(code), NOW, ("Haarschnitt", "Färben", "Bart"))


@pytest.mark.parametrize(("answer", "german", "english"), SENTENCES)
def test_an_answer_is_spoken_in_the_branchs_language(answer: Answer, german: str, english: str) -> None:
    assert voice("de").answer(answer) == german
    assert voice("en").answer(answer) == english


@pytest.mark.parametrize(("heard", "german", "english"), ASKED_BACK)
def test_what_was_not_made_out_is_asked_back(
    heard: NotUnderstood | WeekdayMismatch | SkippedTime, german: str, english: str
) -> None:
    assert asking_back_body(voice("de"), heard)["message"] == german
    assert asking_back_body(voice("en"), heard)["message"] == english


@pytest.mark.parametrize("code", ["de", "en"])
@pytest.mark.parametrize("status", AnswerStatus)
def test_every_status_and_reason_has_a_sentence_without_year_id_or_number(code: str, status: AnswerStatus) -> None:
    for reason, again, uncertain in product([None, *Reason], [False, True], [False, True]):
        service = Service(
            key="secret-key", name="Haarschnitt", event_type_id=900003, duration_minutes=30, calendar="dr"
        )
        answer = Answer(
            status=status,
            reason=reason,
            start=START,
            service=service,
            alternatives=BOTH,
            booking_uid="uid-4711",
            again=again,
            uncertain=uncertain,
            earliest_bookable=START,
        )
        sentence = answer_body(voice(code), answer)["message"]
        assert isinstance(sentence, str)
        assert sentence.endswith((".", "?", "!"))
        assert not re.search(r"2025|uid|secret|9000|a1\b|a2\b|\{|_|\+49", sentence)


def test_the_two_languages_say_the_same_things() -> None:
    def holes(words: Language) -> dict[str, set[str | None]]:
        said = {f.name: getattr(words, f.name) for f in fields(words)}
        texts = {name: text for name, text in said.items() if isinstance(text, str)}
        return {
            name: {hole for _, hole, _, _ in string.Formatter().parse(text)} - {None} for name, text in texts.items()
        }

    assert holes(language("de")).keys() == holes(language("en")).keys()
    for template in ("available", "booked", "weekday_mismatch", "invalid_input", "too_long", "unknown_service"):
        assert holes(language("de"))[template] == holes(language("en"))[template]


def test_a_language_is_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    third = replace(language("de"), closed="Fini.")
    monkeypatch.setitem(sys.modules, "starter.replies.xx", SimpleNamespace(LANGUAGE=third))
    assert voice("xx").answer(Answer(status=S.CLOSED)) == "Fini."


def test_the_answer_of_the_incident_is_exact() -> None:
    answer = Answer(
        status=S.SLOT_TAKEN, reason=R.RACE_CONDITION_DETECTED, start=START, alternatives=(SAME_DAY, NEXT_WEEK)
    )
    assert answer_body(voice("de"), answer) == {
        "success": False,
        "status": "slot_taken",
        "message": "Der Termin um 09:00 Uhr wurde gerade vergeben. Ich habe Alternativen gefunden: "
        "am gleichen Tag, 10:00 Uhr oder nächste Woche Donnerstag, 09:00 Uhr.",
        "alternatives": [
            {
                "id": "a1",
                "time": "10:00",
                "date": "16.10.2025",
                "description": "am gleichen Tag, 10:00 Uhr",
                "start": "2025-10-16T10:00:00+02:00",
            },
            {
                "id": "a2",
                "time": "09:00",
                "date": "23.10.2025",
                "description": "nächste Woche Donnerstag, 09:00 Uhr",
                "start": "2025-10-23T09:00:00+02:00",
            },
        ],
        "reason": "race_condition_detected",
        "requested_start": "2025-10-16T09:00:00+02:00",
    }


@pytest.mark.parametrize(
    ("day", "description"),
    [
        (14, "heute, 09:00 Uhr"),
        (15, "morgen, 09:00 Uhr"),
        (16, "am gleichen Tag, 09:00 Uhr"),
        (17, "am Freitag, 09:00 Uhr"),
        (20, "am Montag, 09:00 Uhr"),
        (21, "nächste Woche Dienstag, 09:00 Uhr"),
        (26, "nächste Woche Sonntag, 09:00 Uhr"),
        (27, "am 27.10.2025, 09:00 Uhr"),
    ],
)
def test_an_alternative_is_described_from_the_wish_and_from_today(day: int, description: str) -> None:
    offer = Alternative(id="a1", start=datetime(2025, 10, day, 9, tzinfo=BERLIN))
    assert voice("de").description(offer, START) == description


def test_the_day_after_tomorrow_is_named_where_it_is_not_the_wished_day() -> None:
    wished = datetime(2025, 10, 17, 9, tzinfo=BERLIN)
    assert voice("de").description(SAME_DAY, wished) == "übermorgen, 10:00 Uhr"


def test_a_day_far_ahead_is_spoken_without_its_year() -> None:
    far = Alternative(id="a1", start=datetime(2025, 10, 27, 9, tzinfo=BERLIN))
    answer = Answer(status=S.SLOT_TAKEN, reason=R.RACE_CONDITION_DETECTED, start=START, alternatives=(far,))
    assert voice("de").answer(answer).endswith("am Montag, 27. Oktober, 09:00 Uhr.")


def test_a_late_evening_slot_keeps_its_berlin_day() -> None:
    late = datetime(2025, 10, 15, 22, 30, tzinfo=ZoneInfo("UTC"))
    body = answer_body(voice("de"), Answer(status=S.AVAILABLE, start=late))
    assert body["requested_start"] == "2025-10-16T00:30:00+02:00"
    assert body["requested_time"] == "2025-10-16 00:30"
    assert "Donnerstag, 16. Oktober um 00:30 Uhr" in str(body["message"])


def test_winter_time_is_spoken_in_winter() -> None:
    winter = datetime(2025, 11, 13, 8, 0, tzinfo=ZoneInfo("UTC"))
    body = answer_body(voice("de"), Answer(status=S.BOOKED, start=winter, booking_uid="uid"))
    assert body["start"] == "2025-11-13T09:00:00+01:00"
    assert "Donnerstag, 13. November um 09:00 Uhr" in str(body["message"])


@pytest.mark.parametrize(
    ("answer", "extra"),
    [
        (
            Answer(status=S.AVAILABLE, start=START),
            {
                "success": True,
                "requested_time": "2025-10-16 09:00",
                "requested_start": "2025-10-16T09:00:00+02:00",
                "awaiting_confirmation": True,
                "next_action": "confirm_booking",
            },
        ),
        (
            Answer(status=S.BOOKED, start=START, booking_uid="uid", email_given=True),
            {
                "success": True,
                "booking_uid": "uid",
                "appointment_id": "uid",
                "start": "2025-10-16T09:00:00+02:00",
                "confirmation_email_sent": True,
            },
        ),
        (
            Answer(status=S.BOOKED, start=START, booking_uid="uid", email_given=True, awaits_host=True),
            {"success": True, "confirmation_email_sent": False},
        ),
        (
            Answer(status=S.MISSING_REQUIRED_FIELDS, missing=(Missing.TIME,)),
            {"success": False, "missing_fields": {"datum": False, "uhrzeit": True}},
        ),
        (
            Answer(status=S.MISSING_REQUIRED_FIELDS, missing=(Missing.SERVICE,)),
            {"missing_fields": {"datum": False, "uhrzeit": False, "dienstleistung": True}},
        ),
        (
            Answer(status=S.PAST_TIME, reason=R.PAST_TIME, start=START),
            {"success": False, "requested_time": "2025-10-16 09:00", "current_time": "2025-10-14 20:28"},
        ),
        (
            Answer(
                status=S.UNAVAILABLE,
                reason=R.BOOKING_NOTICE_VIOLATION,
                start=START,
                minimum_notice_minutes=15,
                earliest_bookable=START,
            ),
            {"minimum_notice_minutes": 15, "earliest_bookable": "2025-10-16T09:00:00+02:00"},
        ),
        (Answer(status=S.ERROR, reason=R.UNKNOWN_SERVICE), {"services": ["Haarschnitt", "Färben", "Bart"]}),
        (Answer(status=S.SLOT_TAKEN, reason=R.RACE_CONDITION_DETECTED, start=START), {"alternatives": []}),
    ],
)
def test_a_body_carries_what_its_status_promises(answer: Answer, extra: dict[str, object]) -> None:
    body = answer_body(voice("de"), answer)
    assert extra.items() <= body.items()


def test_a_past_day_is_answered_with_todays_date() -> None:
    past = PastDay(date(2023, 6, 13), time(9))
    body = asking_back_body(voice("de"), past)
    assert (body["status"], body["reason"]) == ("past_time", "past_time")
    assert body["requested_start"] == "2023-06-13T09:00:00+02:00"
    assert "Heute ist Dienstag, 14. Oktober" in str(body["message"])


def test_a_known_caller_is_greeted_by_name() -> None:
    caller = Caller(found=True, customer_id="c1", name="Erika Anna Muster", last_visit=START)
    assert caller_body(voice("de"), caller) == {
        "success": True,
        "status": "existing_customer",
        "message": "Willkommen zurück, Erika Anna Muster! Wie kann ich Ihnen helfen?",
        "found": True,
        "customer_id": "c1",
        "name": "Erika Anna Muster",
        "first_name": "Erika Anna",
        "last_name": "Muster",
        "last_visit": "2025-10-16T09:00:00+02:00",
    }


@pytest.mark.parametrize("caller", [Caller(), Caller(found=True, customer_id="c1")])
def test_a_caller_without_a_name_is_asked_for_it(caller: Caller) -> None:
    body = caller_body(voice("de"), caller)
    assert (body["success"], body["status"], body["found"]) == (True, "new_customer", False)
    assert body["message"] == "Dies ist ein neuer Kunde. Bitte fragen Sie nach dem Namen."
    assert body["name"] is body["customer_id"] is None


def test_not_knowing_who_calls_is_said_as_such() -> None:
    body = caller_body(voice("de"), Caller(unknowable=True))
    assert (body["success"], body["status"]) == (False, "error")
