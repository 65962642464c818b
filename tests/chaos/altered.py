"""Evidence that is not as it was: what was said, booked or recorded otherwise, and which promises that breaks."""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from store.tables import Hold
from tests.chaos.evidence import Evidence, Exchange, LedgerBooking
from tests.chaos.example import example
from tests.chaos.promises import PROMISES, judge
from workflows.requests import CallRecord

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HALF_AN_HOUR = timedelta(minutes=30)
HOUR = timedelta(hours=1)

ALL_BUT_REPLAY = [promise for promise in PROMISES if promise.number != 7]


async def broken(evidence: Evidence) -> set[int]:
    """Return the promises that were not kept; histories that were tampered with are not replayed."""
    return {breach.promise for breach in await judge(evidence, ALL_BUT_REPLAY)}


def heard(evidence: Evidence, place: int, body: dict[str, Any] | None = None, **changes: Any) -> Evidence:
    """Return the evidence with another answer, or another question, at a place of the conversation."""
    (call,) = evidence.calls
    exchanges = list(call.exchanges)
    changes |= {"body": {**exchanges[place].body, **body}} if body else {}
    exchanges[place] = replace(exchanges[place], **changes)
    return replace(evidence, calls=[replace(call, exchanges=exchanges)])


def said_further(evidence: Evidence, *further: Exchange, yes: bool = False) -> Evidence:
    """Return the evidence of a conversation that went on."""
    (call,) = evidence.calls
    places = range(len(call.exchanges), len(call.exchanges) + len(further)) if yes else ()
    said = replace(call, exchanges=[*call.exchanges, *further], said_yes=[*call.said_yes, *places])
    return replace(evidence, calls=[said])


def last(evidence: Evidence) -> Exchange:
    """Return what was said last."""
    return evidence.calls[0].exchanges[-1]


def nobody_answers(exchange: Exchange, after: timedelta = SECOND) -> Exchange:
    """Return the same words, said later, to which no answer came."""
    return replace(exchange, sent_at=exchange.sent_at + after, status_code=None, body={}, seconds=0.1)


def in_ledger(evidence: Evidence, **changes: Any) -> Evidence:
    """Return the evidence with the one booking of the call changed."""
    (booking,) = (booking for booking in evidence.ledger if booking.call_id)
    strangers = [booking for booking in evidence.ledger if booking.call_id is None]
    return replace(evidence, ledger=[replace(booking, **changes), *strangers])


def also_booked(evidence: Evidence, **as_in: Any) -> Evidence:
    """Return the evidence with a further booking: a haircut of another call with Dr Smith, unless it says otherwise."""
    return replace(evidence, ledger=[*evidence.ledger, a_booking(evidence, **as_in)])


def a_booking(evidence: Evidence, **as_in: Any) -> LedgerBooking:
    at = last(evidence).sent_at
    start = datetime.fromisoformat("2025-10-16T07:00:00+00:00")
    usual: dict[str, Any] = {
        "uid": "uid-further",
        "event_type_id": 900003,
        "host": "drsmith",
        "start": start,
        "end": as_in.get("start", start) + HALF_AN_HOUR,
        "created_at": at,
        "stands": True,
        "call_id": "call_of_another",
    }
    return LedgerBooking(**(usual | as_in))


def with_history(evidence: Evidence, change: Callable[[list[HistoryEvent]], list[HistoryEvent]]) -> Evidence:
    """Return the evidence with other events in its history."""
    (told,) = evidence.histories
    events = change([deepcopy(event) for event in told.history.events])
    return replace(evidence, histories=[replace(told, history=WorkflowHistory(told.workflow_id, events))])


def place_of(events: Sequence[HistoryEvent], signal: str) -> int:
    """Return where in a history a signal stands."""
    return next(n for n, e in enumerate(events) if e.workflow_execution_signaled_event_attributes.signal_name == signal)


async def a_yes_again(turn_id: str) -> HistoryEvent:
    """Return the signal of a yes, as another turn."""
    (told,) = (await example("booked")).histories
    event = deepcopy(told.history.events[place_of(told.history.events, "confirm")])
    (payload,) = event.workflow_execution_signaled_event_attributes.input.payloads
    said = json.loads(payload.data)
    payload.data = json.dumps({**said, "wish": {**said["wish"], "turn_id": turn_id}}).encode()
    return event


def recorded_otherwise(evidence: Evidence, change: Callable[[dict[str, Any]], None]) -> Evidence:
    """Return the evidence with another record of the call in its history."""

    def rewrite(events: list[HistoryEvent]) -> list[HistoryEvent]:
        for event in events:
            scheduled = event.activity_task_scheduled_event_attributes
            if scheduled.activity_type.name == "record_call":
                (payload,) = scheduled.input.payloads
                record = json.loads(payload.data)
                change(record)
                payload.data = json.dumps(record).encode()
        return events

    def rewritten(record: CallRecord) -> CallRecord:
        fields = record.model_dump(mode="json")
        change(fields)
        return CallRecord.model_validate(fields)

    altered = with_history(evidence, rewrite)
    (told,) = altered.histories
    assert told.at_once is not None
    return replace(altered, histories=[replace(told, at_once=[rewritten(record) for record in told.at_once])])


def steps_named(events: Sequence[HistoryEvent], name: str) -> set[int]:
    """Return the numbers of all events that belong to the steps of a name."""
    begun = {e.event_id for e in events if e.activity_task_scheduled_event_attributes.activity_type.name == name}
    ends = ("activity_task_started_event_attributes", "activity_task_completed_event_attributes")
    return begun | {e.event_id for e in events for end in ends if getattr(e, end).scheduled_event_id in begun}


def of_capacity(evidence: Evidence, capacity: int) -> Evidence:
    """Return the evidence of a call to a calendar that takes so many at a time."""

    def rewrite(events: list[HistoryEvent]) -> list[HistoryEvent]:
        for event in events:
            for payload in event.activity_task_scheduled_event_attributes.input.payloads:
                asked = json.loads(payload.data)
                if isinstance(asked.get("service"), dict):
                    asked["service"]["capacity"] = capacity
                    payload.data = json.dumps(asked).encode()
        return events

    return with_history(evidence, rewrite)


def beside(evidence: Evidence, other: Evidence, began_at: datetime) -> Evidence:
    """Return the evidence with the history of another call, which began at that moment."""
    (told,) = other.histories
    events = [deepcopy(event) for event in told.history.events]
    later = began_at - events[0].event_time.ToDatetime(UTC)
    for event in events:
        event.event_time.FromDatetime(event.event_time.ToDatetime(UTC) + later)
    moved = replace(told, workflow_id="call/beside", history=WorkflowHistory("call/beside", events))
    return replace(evidence, histories=[*evidence.histories, moved])


def without_steps(evidence: Evidence, name: str) -> Evidence:
    """Return the evidence of a call that never took the steps of a name."""

    def never(events: list[HistoryEvent]) -> list[HistoryEvent]:
        steps = steps_named(events, name)
        return [event for event in events if event.event_id not in steps]

    return with_history(evidence, never)


def hold_of(evidence: Evidence, expires_at: datetime) -> Evidence:
    """Return the evidence with a hold that is left."""
    start = datetime.fromisoformat("2025-10-16T07:00:00+00:00")
    hold = Hold(
        call_id=evidence.calls[0].call_id,
        company="salon-beispiel",
        calendar="dr-smith",
        starts_at=start,
        ends_at=start + HALF_AN_HOUR,
        expires_at=expires_at,
    )
    return replace(evidence, store=replace(evidence.store, holds=[hold]))


def nobody_heard(evidence: Evidence) -> Evidence:
    """Return the evidence of a question whose answer was lost."""
    (call,) = evidence.calls
    lost = replace(call.exchanges[0], status_code=None, body={})
    return replace(evidence, calls=[replace(call, exchanges=[lost, *call.exchanges[1:]])])
