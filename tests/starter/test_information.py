"""Functions that only tell something: the time, a date, the services, who is calling."""

import json

import pytest

from tests.starter.fakes import CALLER, ENGLISH_OFFICE, FakeConversation, Retell
from workflows.messages import Caller


async def test_the_time_is_told_on_the_branchs_clock_and_in_its_language(
    retell: Retell, conversation: FakeConversation
) -> None:
    assert await retell.function("current_time_berlin") == {
        "success": True,
        "status": "information",
        "message": "Heute ist Dienstag, 14. Oktober, es ist 20:28 Uhr.",
        "date": "14.10.2025",
        "time": "20:28",
        "weekday": "Dienstag",
        "iso_date": "2025-10-14",
        "week_number": "42",
    }
    english = await retell.function("current_time_berlin", to=ENGLISH_OFFICE)
    assert (english["weekday"], english["message"]) == ("Tuesday", "Today is Tuesday, October 14, and it is 8:28 PM.")
    assert not conversation.touched


async def test_a_date_in_words_is_read(retell: Retell, conversation: FakeConversation) -> None:
    assert await retell.function("parse_date", {"date_string": "übermorgen"}) == {
        "success": True,
        "status": "information",
        "message": "Das ist Donnerstag, 16. Oktober.",
        "date": "2025-10-16",
        "display_date": "16.10.2025",
        "day_name": "Donnerstag",
        "time": None,
    }
    timed = await retell.function("parse_date", {"date_string": "16.10. 9 Uhr"}, to=ENGLISH_OFFICE)
    assert (timed["day_name"], timed["time"]) == ("Thursday", "09:00")
    assert not conversation.touched


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"date_string": "bei Vollmond"}, {"status": "error"}),
        ({"date_string": "Freitag, 16.10."}, {"status": "error", "reason": "weekday_mismatch"}),
        ({"date_string": "04.10.2023"}, {"status": "past_time"}),
        ({}, {"status": "missing_required_fields", "missing_fields": {"datum": True, "uhrzeit": False}}),
        ({"date_string": "x" * 201}, {"status": "error"}),
    ],
)
async def test_a_date_that_cannot_be_read_is_asked_back(
    retell: Retell, args: dict[str, object], expected: dict[str, object]
) -> None:
    assert ({"success": False} | expected).items() <= (await retell.function("parse_date", args)).items()


async def test_the_services_are_told_with_their_durations(retell: Retell) -> None:
    assert await retell.function("get_available_services") == {
        "success": True,
        "status": "information",
        "message": "Wir bieten an: Herrenhaarschnitt (30 Minuten) und Färben mit Schnitt (60 Minuten).",
        "services": [
            {"name": "Herrenhaarschnitt", "duration_minutes": 30},
            {"name": "Färben mit Schnitt", "duration_minutes": 60},
        ],
    }


@pytest.mark.parametrize("name", ["get_current_context", "initialize_call"])
async def test_the_context_tells_time_caller_and_business_at_once(
    retell: Retell, conversation: FakeConversation, name: str
) -> None:
    conversation.caller = Caller(found=True, customer_id="c1", name="Erika Muster")
    body = await retell.function(name)
    assert (body["success"], body["status"]) == (True, "existing_customer")
    assert (body["name"], body["iso_date"], body["time"]) == ("Erika Muster", "2025-10-14", "20:28")
    assert (body["company"], body["branch"]) == ("Salon Beispiel", "Zentrale")
    assert body["services"] == ["Herrenhaarschnitt", "Färben mit Schnitt"]
    assert CALLER not in json.dumps(body)
    assert len(conversation.recognitions) == 1
