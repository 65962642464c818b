"""The steps that keep our own copy: the call as it went, and who is calling.

Neither stands between a caller and a booking: while the database is away, Temporal tries again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.exceptions import ApplicationError

from store.calls import find_customer, save_call
from store.errors import StoreUnavailable
from store.holds import utc_now
from store.tables import Booking, Call, Turn
from workflows.messages import Appointment, BookingRecord, Caller, StepRecord, TurnRecord
from workflows.requests import CallRecord, CustomerLookup


class RecordActivities:
    """Keeps calls in the store and finds customers there."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime] = utc_now) -> None:
        """Work on the database behind ``engine``; ``clock`` tells a visit from an appointment still to come."""
        self._engine = engine
        self._clock = clock

    @activity.defn
    async def record_call(self, record: CallRecord) -> None:
        """Keep our own copy of the call; an older revision never overwrites a newer one."""
        call = Call(
            call_id=record.call_id,
            revision=record.revision,
            company=record.company,
            branch=record.branch,
            caller_number=record.caller_number,
            outcome=record.outcome,
            started_at=record.started_at,
            ended_at=record.ended_at,
            hang_up_reason=record.hang_up_reason,
            steps=_steps(record.steps),
        )
        turns = [_turn(record, position, turn) for position, turn in enumerate(record.turns)]
        bookings = [_booking(record, booking) for booking in record.bookings]
        with _retried():
            await save_call(self._engine, call, turns, bookings)

    @activity.defn
    async def find_customer(self, request: CustomerLookup) -> Caller:
        """Recognise a caller by company and number."""
        with _retried():
            customer = await find_customer(self._engine, request.company, request.number, now=self._clock())
        if customer is None:
            return Caller()
        return Caller(
            found=True,
            customer_id=customer.id,
            name=customer.name,
            last_visit=customer.last_visit,
            appointments=tuple(Appointment(start=start, end=end) for start, end in customer.appointments),
        )


@contextmanager
def _retried() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        raise ApplicationError(str(error), type="StoreUnavailable") from error


def _steps(steps: Iterable[StepRecord]) -> list[dict[str, Any]]:
    return [step.model_dump(mode="json") for step in steps]


def _gap_seconds(turn: TurnRecord) -> float | None:
    if turn.offered_at is None or turn.confirmed_at is None:
        return None
    return (turn.confirmed_at - turn.offered_at).total_seconds()


def _turn(record: CallRecord, position: int, turn: TurnRecord) -> Turn:
    return Turn(
        call_id=record.call_id,
        position=position,
        company=record.company,
        turn_id=turn.turn_id,
        kind=turn.kind,
        wished_start=turn.wished_start,
        service=turn.service,
        status=turn.status,
        reason=turn.reason,
        race_caught_at=turn.caught_at,
        alternatives=list(turn.alternatives),
        hold=turn.hold,
        held_until=turn.held_until,
        recheck=turn.recheck,
        received_at=turn.received_at,
        offered_at=turn.offered_at,
        confirmed_at=turn.confirmed_at,
        answered_at=turn.answered_at,
        gap_seconds=_gap_seconds(turn),
        heard=turn.heard,
        steps=_steps(turn.steps),
    )


def _booking(record: CallRecord, booking: BookingRecord) -> Booking:
    return Booking(
        uid=booking.uid,
        call_id=record.call_id,
        company=record.company,
        service=booking.service,
        calendar=booking.calendar,
        starts_at=booking.start,
        ends_at=booking.end,
        name=booking.name,
        email=booking.email,
        phone=booking.phone,
        recovered=booking.recovered,
    )
