import inspect
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.records import RecordActivities
from store.engine import create_engine, reading
from store.tables import Booking, Call, Turn
from tests.databases import StoreWith
from workflows import steps
from workflows.messages import (
    AnswerStatus,
    BookingRecord,
    Caller,
    CallOutcome,
    CaughtAt,
    HoldState,
    Reason,
    RecheckResult,
    StepRecord,
    TurnKind,
    TurnRecord,
)
from workflows.requests import CallRecord, CustomerLookup

STARTED = datetime(2025, 10, 13, 18, 28, tzinfo=UTC)
NINE = datetime(2025, 10, 16, 7, 0, tzinfo=UTC)
TEN = datetime(2025, 10, 16, 10, 0, tzinfo=ZoneInfo("Europe/Berlin"))
NUMBER = "+4915112345678"

STEP = StepRecord(
    name="book_slot", began_at=STARTED + timedelta(seconds=14), ended_at=STARTED + timedelta(seconds=16), attempts=2
)
RECORD = CallRecord(
    call_id="call-1",
    revision=2,
    company="salon",
    branch="mitte",
    caller_number=NUMBER,
    outcome=CallOutcome.BOOKED,
    started_at=STARTED,
    ended_at=STARTED + timedelta(seconds=90),
    hang_up_reason="user_hangup",
    turns=(
        TurnRecord(
            turn_id="turn-1",
            kind=TurnKind.QUESTION,
            wished_start=NINE,
            service="schnitt",
            status=AnswerStatus.AVAILABLE,
            answered_at=STARTED,
        ),
        TurnRecord(
            turn_id="turn-2",
            kind=TurnKind.CONFIRMATION,
            wished_start=NINE,
            service="schnitt",
            status=AnswerStatus.SLOT_TAKEN,
            reason=Reason.RACE_CONDITION_DETECTED,
            caught_at=CaughtAt.BOOKING,
            alternatives=(TEN, TEN + timedelta(days=7)),
            hold=HoldState.HELD,
            held_until=STARTED + timedelta(seconds=120),
            recheck=RecheckResult.PASSED,
            received_at=STARTED + timedelta(seconds=14),
            heard=False,
            steps=(STEP,),
            offered_at=STARTED,
            confirmed_at=STARTED + timedelta(seconds=14),
            answered_at=STARTED + timedelta(seconds=16),
        ),
    ),
    bookings=(
        BookingRecord(
            uid="uid-1",
            service="schnitt",
            calendar="chair",
            start=NINE,
            end=NINE + timedelta(minutes=30),
            name="Anna Muster",
            email="",
            phone="+4915550177777",
            recovered=True,
        ),
    ),
    steps=(STEP,),
)


@pytest.fixture
def engine(store_with: StoreWith) -> AsyncEngine:
    return store_with("tables")


async def run(step: Any, request: Any) -> Any:
    return await ActivityEnvironment().run(step, request)


async def test_a_record_is_kept_whole(engine: AsyncEngine) -> None:
    await run(RecordActivities(engine).record_call, RECORD)
    async with reading(engine) as session:
        call = (await session.exec(select(Call))).one()
        turns = (await session.exec(select(Turn).order_by(col(Turn.position)))).all()
        booking = (await session.exec(select(Booking))).one()
    assert call.model_dump() == {
        "call_id": "call-1",
        "revision": 2,
        "company": "salon",
        "branch": "mitte",
        "caller_number": NUMBER,
        "outcome": "booked",
        "started_at": STARTED,
        "ended_at": STARTED + timedelta(seconds=90),
        "hang_up_reason": "user_hangup",
        "service": "schnitt",
        "wished_start": NINE,
        "booked_start": NINE,
        "race_caught_at": "booking",
        "gap_seconds": 14.0,
        "confirmed": True,
        "steps": [STEP.model_dump(mode="json")],
    }
    assert [turn.turn_id for turn in turns] == ["turn-1", "turn-2"]
    assert turns[1].model_dump() == {
        "call_id": "call-1",
        "position": 1,
        "turn_id": "turn-2",
        "kind": "confirmation",
        "wished_start": NINE,
        "service": "schnitt",
        "status": "slot_taken",
        "reason": "race_condition_detected",
        "race_caught_at": "booking",
        "alternatives": [TEN, TEN + timedelta(days=7)],
        "hold": "held",
        "held_until": STARTED + timedelta(seconds=120),
        "recheck": "passed",
        "received_at": STARTED + timedelta(seconds=14),
        "offered_at": STARTED,
        "confirmed_at": STARTED + timedelta(seconds=14),
        "answered_at": STARTED + timedelta(seconds=16),
        "gap_seconds": 14.0,
        "heard": False,
        "company": "salon",
        "steps": [STEP.model_dump(mode="json")],
    }
    assert booking.customer_id
    assert booking.model_dump(exclude={"customer_id"}) == {
        "uid": "uid-1",
        "call_id": "call-1",
        "company": "salon",
        "service": "schnitt",
        "calendar": "chair",
        "starts_at": NINE,
        "ends_at": NINE + timedelta(minutes=30),
        "name": "Anna Muster",
        "email": None,
        "phone": "+4915550177777",
        "recovered": True,
    }


async def test_a_booking_makes_the_caller_known(engine: AsyncEngine) -> None:
    records = RecordActivities(engine, clock=lambda: NINE)
    lookup = CustomerLookup(company="salon", number=NUMBER)
    assert await run(records.find_customer, lookup) == Caller()
    await run(records.record_call, RECORD)
    caller = await run(records.find_customer, lookup)
    assert (caller.found, caller.name, caller.last_visit) == (True, "Anna Muster", NINE)
    assert caller.customer_id


async def test_a_store_that_is_away_is_tried_again(tmp_path: Path) -> None:
    records = RecordActivities(create_engine(f"sqlite:///{tmp_path}"))
    for step, request in (
        (records.record_call, RECORD),
        (records.find_customer, CustomerLookup(company="salon", number=NUMBER)),
    ):
        with pytest.raises(ApplicationError) as caught:
            await run(step, request)
        assert caught.value.type == "StoreUnavailable"
        assert not caught.value.non_retryable


@pytest.mark.parametrize("name", ["record_call", "find_customer"])
def test_the_steps_are_those_a_workflow_asks_for(name: str) -> None:
    method, step = getattr(RecordActivities, name), getattr(steps, name)
    asked, done = inspect.signature(step), inspect.signature(method)
    assert [each.annotation for each in asked.parameters.values()] == [
        each.annotation for each in done.parameters.values() if each.name != "self"
    ]
    assert asked.return_annotation == done.return_annotation
