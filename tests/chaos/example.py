"""What a storm leaves behind that consisted of one call: made of a golden history, with everything in order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowExecutionStatus, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter

from store.tables import Booking, Call, Reply, Turn
from tests.chaos.evidence import Evidence, Exchange, LedgerBooking, PhoneCall, Store, Told
from tests.chaos.promises.recorded import Recorded, read, written_at_once
from tests.replay.record import HISTORIES
from workflows.messages import TurnKind, TurnRecord
from workflows.requests import CallRecord

WAY = timedelta(milliseconds=2)
"""How long a request is on its way."""

_NOT_FREE = ("slot_taken", "unavailable", "no_availability")

NAME = "Hansi Schmidt"
NUMBER = "+4915550100001"


async def example(name: str) -> Evidence:
    """Return the evidence of one recorded call."""
    text = (HISTORIES / f"{name}.json").read_text()
    told = Told(f"call/{name}", WorkflowExecutionStatus.COMPLETED, WorkflowHistory.from_json(f"call/{name}", text))
    told = replace(told, at_once=await written_at_once(told, pydantic_data_converter))
    recorded = await read(told, pydantic_data_converter)
    assert recorded is not None
    record = recorded.record
    assert record is not None
    exchanges = [_exchange(turn, record, _words(recorded, turn)) for turn in record.turns]
    phone = PhoneCall(
        call_id=record.call_id,
        company=record.company,
        name=NAME,
        number=NUMBER,
        exchanges=exchanges,
        said_yes=[place for place, turn in enumerate(record.turns) if turn.kind is TurnKind.CONFIRMATION],
        hung_up=True,
    )
    return Evidence(
        seed=7,
        seconds=600,
        budget_seconds=8,
        settled_at=datetime(2026, 12, 1, tzinfo=UTC),
        calls=[phone],
        ledger=[*_ledger(recorded), *_strangers(record)],
        histories=[told],
        store=Store([_row(record)], _turns(record), _bookings(record), _replies(record, exchanges)),
        texts={"log of worker": "ready\n", "ids": told.workflow_id},
        planted=[NAME, NUMBER],
    )


def _words(recorded: Recorded, turn: TurnRecord) -> Mapping[str, str]:
    """Return what was said to the turn, as an agent passes it on."""
    yes = next((yes.said for yes in recorded.yes if yes.said.wish.turn_id == turn.turn_id), None)
    if yes is None:
        return {"datum": "16.10.2025", "uhrzeit": "09:00"}
    said = {
        "datum": yes.wish.day and f"{yes.wish.day:%d.%m.%Y}",
        "uhrzeit": yes.wish.time_of_day and f"{yes.wish.time_of_day:%H:%M}",
        "alternative_id": yes.alternative_id,
        "name": NAME,
    }
    return {name: words for name, words in said.items() if words}


def _exchange(turn: TurnRecord, record: CallRecord, words: Mapping[str, str]) -> Exchange:
    """Return the exchange whose answer the turn was."""
    asked_at = (turn.received_at or turn.answered_at) - WAY
    confirmed = turn.kind is TurnKind.CONFIRMATION
    body: dict[str, object] = {"status": turn.status.value, "message": f"You hear: {turn.status}."}
    if turn.wished_start:
        body["requested_start"] = turn.wished_start.isoformat()
    if turn.status == "booked":
        booking = next(booking for booking in record.bookings if booking.start == turn.wished_start)
        body |= {"booking_uid": booking.uid, "start": booking.start.isoformat()}
    if turn.alternatives:
        body["alternatives"] = [
            {"id": f"a{place}", "start": start.isoformat()} for place, start in enumerate(turn.alternatives, start=1)
        ]
    if turn.reason:
        body["reason"] = turn.reason.value
    return Exchange(
        sent_at=asked_at,
        seconds=(turn.answered_at + WAY - asked_at).total_seconds(),
        what="book_appointment" if confirmed else "check_availability",
        args=words,
        status_code=200,
        body=body,
        meant=turn.wished_start,
    )


def _ledger(recorded: Recorded) -> Sequence[LedgerBooking]:
    return [
        LedgerBooking(
            uid=step.booking[0],
            event_type_id=900003,
            host="drsmith",
            start=step.booking[1],
            end=step.booking[1] + timedelta(minutes=30),
            created_at=(step.ended_at or step.began_at) - timedelta(milliseconds=2),
            stands=True,
            call_id=recorded.call.call_id,
        )
        for step in recorded.steps
        if step.booking
    ]


def _strangers(record: CallRecord) -> Sequence[LedgerBooking]:
    """Return what others booked: the moments the call was told it cannot have."""
    return [
        LedgerBooking(
            uid=f"uid-stranger-{turn.turn_id}",
            event_type_id=900003,
            host="drsmith",
            start=turn.wished_start,
            end=turn.wished_start + timedelta(minutes=30),
            created_at=turn.answered_at - WAY,
            stands=True,
            call_id=None,
        )
        for turn in record.turns
        if turn.wished_start and turn.status in _NOT_FREE
    ]


def _row(record: CallRecord) -> Call:
    return Call(
        call_id=record.call_id,
        revision=record.revision,
        company=record.company,
        branch=record.branch,
        outcome=record.outcome,
        started_at=record.started_at,
        ended_at=record.ended_at,
    )


def _turns(record: CallRecord) -> Sequence[Turn]:
    return [
        Turn(
            call_id=record.call_id,
            position=position,
            company=record.company,
            turn_id=turn.turn_id,
            kind=turn.kind,
            wished_start=turn.wished_start,
            status=turn.status,
            answered_at=turn.answered_at,
        )
        for position, turn in enumerate(record.turns)
    ]


def _bookings(record: CallRecord) -> Sequence[Booking]:
    return [
        Booking(
            uid=booking.uid,
            call_id=record.call_id,
            company=record.company,
            customer_id="customer",
            service=booking.service,
            calendar=booking.calendar,
            starts_at=booking.start,
            ends_at=booking.end,
            name=booking.name,
        )
        for booking in record.bookings
    ]


def _replies(record: CallRecord, exchanges: Sequence[Exchange]) -> Sequence[Reply]:
    return [
        Reply(
            call_id=record.call_id,
            company=record.company,
            branch=record.branch,
            at=exchange.sent_at + timedelta(seconds=exchange.seconds) - WAY / 2,
            function=exchange.what,
            status=exchange.status,
            message=str(exchange.body["message"]),
            seconds=exchange.seconds,
        )
        for exchange in exchanges
    ]
