"""What is kept of a call: our own rows, what the Temporal UI shows, and what must not be in either."""

import json
from typing import Any

import pytest
from sqlmodel import SQLModel, col
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowExecution

from simulator.caller import Caller
from store.tables import Booking, Call, Customer, Turn
from tests.end_to_end.salon import CALCOM_KEY, RETELL_KEY, Salon, berlin, eventually

NUMBER = "+4915550177777"
NAME = "Hansi Hinterseer"
EMAIL = "hansi@example.com"
NINE, HALF_PAST = berlin("2025-10-16T09:00"), berlin("2025-10-16T09:30")


@pytest.fixture
async def caller(salon: Salon) -> Caller:
    """A whole call: offered, taken by a stranger meanwhile, an alternative booked, hung up, recorded."""
    caller = salon.rings(from_number=NUMBER)
    await caller.started()
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00", dienstleistung="Haarschnitt")
    await caller.think(14)
    await salon.stranger_books(NINE)
    taken = await caller.say("book_appointment", name=NAME, email=EMAIL)
    assert taken.status == "slot_taken"
    booked = await caller.say("book_appointment", alternative_id="a1", name=NAME, email=EMAIL)
    assert booked.status == "booked"
    await caller.hang_up()
    await salon.recorded(caller)
    return caller


def columns(row: SQLModel, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in names)


async def test_the_store_has_the_call(salon: Salon, caller: Caller) -> None:
    [call] = await salon.rows(Call)

    assert columns(call, "call_id", "company", "branch", "caller_number", "outcome", "hang_up_reason") == (
        caller.call_id,
        "salon-beispiel",
        "zentrale",
        NUMBER,
        "booked",
        "user_hangup",
    )
    assert call.ended_at is not None
    assert call.started_at < call.ended_at


async def test_the_store_has_every_turn_with_its_race(salon: Salon, caller: Caller) -> None:
    turns = sorted(await salon.rows(Turn, col(Turn.call_id) == caller.call_id), key=lambda turn: turn.position)

    told = ("kind", "wished_start", "status", "reason", "race_caught_at", "recheck")
    assert [columns(turn, *told) for turn in turns] == [
        ("question", NINE, "available", None, None, None),
        ("confirmation", NINE, "slot_taken", "race_condition_detected", "recheck", "gone"),
        ("confirmation", HALF_PAST, "booked", None, None, "passed"),
    ]
    assert [len(turn.alternatives) for turn in turns] == [0, 2, 0]
    assert turns[1].alternatives[0] == HALF_PAST
    assert turns[0].hold == "held"
    assert [turn.service for turn in turns] == 3 * ["haarschnitt"]
    question, *confirmations = turns
    assert question.gap_seconds is None
    for turn in confirmations:
        assert turn.gap_seconds is not None
        assert turn.gap_seconds >= 0
        assert turn.confirmed_at is not None
        assert turn.confirmed_at <= turn.answered_at


async def test_the_store_has_the_booking_and_its_customer(salon: Salon, caller: Caller) -> None:
    [booking] = await salon.rows(Booking)
    [customer] = await salon.rows(Customer)
    ours = next(booked for booked in salon.bookings if booked.made_by == "api")

    assert columns(booking, "uid", "call_id", "customer_id", "service", "calendar", "name", "email", "recovered") == (
        ours.uid,
        caller.call_id,
        customer.id,
        "haarschnitt",
        "dr-smith",
        NAME,
        EMAIL,
        False,
    )
    assert (booking.starts_at, booking.ends_at) == (ours.start, ours.end)
    assert columns(customer, "company", "number", "name", "email") == ("salon-beispiel", NUMBER, NAME, EMAIL)


async def test_calcom_knows_whose_call_the_booking_is(salon: Salon, caller: Caller) -> None:
    ours = next(booked for booked in salon.bookings if booked.made_by == "api")

    assert (ours.metadata["company"], ours.metadata["call"]) == ("salon-beispiel", caller.call_id)
    assert columns_of(ours.attendees[0]) == (NAME, EMAIL, NUMBER, "de", "Europe/Berlin")


def columns_of(attendee: Any) -> tuple[Any, ...]:
    return (attendee.name, attendee.email, attendee.phone_number, attendee.language, attendee.time_zone)


async def test_operators_find_the_call_by_company_outcome_race_and_moment(salon: Salon, caller: Caller) -> None:
    wanted = "Company = 'salon-beispiel' AND CallOutcome = 'booked' AND RaceDetected = true"
    moment = "SlotStart > '2025-10-16T07:29:00Z' AND SlotStart < '2025-10-16T07:31:00Z'"

    async def listed() -> list[WorkflowExecution]:
        found = salon.temporal.list_workflows(f"{wanted} AND {moment} AND WorkflowId = 'call/{caller.call_id}'")
        return [execution async for execution in found]

    [execution] = await eventually(listed)
    assert execution.id == f"call/{caller.call_id}"


async def test_what_the_temporal_ui_shows_unencrypted_names_nobody(salon: Salon, caller: Caller) -> None:
    handle = salon.workflow(caller)
    description = await handle.describe()
    metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    history = await handle.fetch_history()
    summaries = [
        event.user_metadata.summary.data.decode() for event in history.events if event.HasField("user_metadata")
    ]

    assert await description.static_summary() == "salon-beispiel / zentrale"
    assert "booked" in metadata.current_details
    assert "Thu 16 Oct 2025 09:30" in metadata.current_details
    shown = "\n".join(
        [
            description.id,
            metadata.current_details,
            str(description.search_attributes),
            str(description.typed_search_attributes),
            *summaries,
        ]
    )
    assert any("is Thu 16 Oct 2025 09:00 still free?" in summary for summary in summaries)
    for secret in (*NAME.split(), EMAIL, NUMBER, NUMBER[-8:], CALCOM_KEY, RETELL_KEY):
        assert secret not in shown


async def test_the_history_holds_no_key(salon: Salon, caller: Caller) -> None:
    history = await salon.workflow(caller).fetch_history()
    written = b"".join(event.SerializeToString() for event in history.events)

    assert NAME.encode() in written
    assert CALCOM_KEY.encode() not in written
    assert RETELL_KEY.encode() not in written
    assert CALCOM_KEY not in json.dumps(history.to_json_dict())


async def test_no_log_line_names_a_caller(salon: Salon, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for library in ("asyncio", "aiosqlite", "sqlalchemy", "httpx", "httpcore"):
        caplog.set_level("WARNING", library)
    caller = salon.rings(from_number=NUMBER)
    await caller.say("check_customer")
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00", name=NAME, email=EMAIL)
    salon.fails("slots", "status", status=503, times=2)
    salon.fails("bookings.create", "lost_answer")
    assert (await caller.say("book_appointment", name=NAME, email=EMAIL, phone=NUMBER)).status == "booked"
    await caller.say("check_availability", datum="{{date}}", uhrzeit="bald", name=NAME * 30)
    await caller.hang_up()
    await salon.recorded(caller)

    assert caplog.messages
    for line in caplog.text.splitlines():
        assert not [secret for secret in (*NAME.split(), EMAIL, NUMBER[-8:], CALCOM_KEY, RETELL_KEY) if secret in line]
