"""The JSON bodies function calls are answered with."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from starter.replies.bodies import answer_body, asking_back_body, caller_body
from starter.spoken import PastDay
from tests.starter.voices import NEXT_WEEK, SAME_DAY, START, R, S, voice
from workflows.messages import Answer, Caller, Missing


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


@pytest.mark.parametrize("name", ["Frau", "Kunde", "4711", "Robert'); DROP TABLE", "x" * 61, "Erika 😀", ""])
def test_a_name_that_cannot_be_said_is_left_out(name: str) -> None:
    available = answer_body(voice("de"), Answer(status=S.AVAILABLE, start=START, customer_name=name))
    assert str(available["message"]).endswith("Soll ich den Termin für Sie buchen?")
    assert "customer_name" not in available
    greeted = caller_body(voice("de"), Caller(found=True, customer_id="c1", name=name))
    assert greeted["name"] is None
    assert greeted["message"] in ("Willkommen zurück! Wie kann ich Ihnen helfen?", voice("de").language.new_customer)


def test_a_title_is_said_with_the_name_it_was_given_with_and_is_no_first_name() -> None:
    answer = Answer(status=S.AVAILABLE, start=START, customer_name="Frau Muster")
    assert "auf Ihren Namen, Frau Muster, buchen?" in voice("de").answer(answer)
    body = caller_body(voice("de"), Caller(found=True, customer_id="c1", name="Frau Dr. Muster"))
    assert (body["name"], body["first_name"], body["last_name"]) == ("Frau Dr. Muster", None, "Muster")
