"""Forgetting a person: nothing that is kept has their number, their name or their words any more.

Calls and their turns have but the number: without it they stay, for the figures. What a caller was told, what was
booked, and for whom, is deleted.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, delete, exists, func, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from store.engine import reading, writing
from store.errors import QUERY_SECONDS, answers_within
from store.retention import delete_bookings
from store.tables import FORGOTTEN, Booking, Call, Customer, Hold, Reply

_AT_ONCE = 200
"""Calls that are forgotten in one transaction."""


@dataclass(frozen=True)
class KnownCall:
    """A call of the person; ``ended_at`` is ``None`` where its end was never recorded."""

    call_id: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Traces:
    """What is kept of a person: calls, the earliest first, and the ids of bookings at Cal.com, in order of time.

    ``replies`` and ``customers`` are counted.
    """

    calls: tuple[KnownCall, ...]
    bookings: tuple[str, ...]
    replies: int
    customers: int

    def __bool__(self) -> bool:
        """Whether anything is kept at all."""
        return bool(self.calls or self.customers)


@answers_within(QUERY_SECONDS)
async def find_traces(engine: AsyncEngine, number: str, company: str | None = None) -> Traces:
    """Return what is kept of who has this number (E.164), by a company's key or by all.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    theirs = _calls_of(number, company)
    async with reading(engine) as session:
        calls = await session.exec(
            select(Call.call_id, Call.started_at, Call.ended_at).where(*theirs).order_by(col(Call.started_at))
        )
        ids = select(Call.call_id).where(*theirs)
        booked = select(Booking.uid).where(col(Booking.call_id).in_(ids)).order_by(col(Booking.starts_at))
        replies = select(func.count()).select_from(Reply).where(col(Reply.call_id).in_(ids))
        customers = select(func.count()).select_from(Customer).where(*_customers_of(number, company))
        return Traces(
            calls=tuple(KnownCall(*call) for call in calls),
            bookings=tuple(await session.exec(booked)),
            replies=(await session.exec(replies)).one(),
            customers=(await session.exec(customers)).one(),
        )


async def forget(engine: AsyncEngine, number: str, calls: Collection[str], company: str | None = None) -> None:
    """Forget who has this number (E.164), as far as these ``calls`` go; not the customer another call has booked for.

    Forgotten calls keep what they came to; a record of them that is written later changes nothing. Raises
    ``StoreUnavailable`` when the database does not answer; done again, it goes on where it stopped.
    """
    left = iter(calls)
    while some := list(islice(left, _AT_ONCE)):
        await _forget_calls(engine, number, some)
    await _forget_customers(engine, number, company)


@answers_within(QUERY_SECONDS)
async def _forget_calls(engine: AsyncEngine, number: str, calls: Sequence[str]) -> None:
    theirs = (col(Call.call_id).in_(calls), col(Call.caller_number) == number)
    async with writing(engine) as session:
        # In the order in which replies lock them.
        await session.exec(select(Call.call_id).where(*theirs).order_by(col(Call.call_id)).with_for_update())
        # First, so that a record which is being written waits, and is then too old.
        await session.exec(update(Call).where(*theirs).values(caller_number=None, revision=FORGOTTEN))
        await session.exec(delete(Reply).where(col(Reply.call_id).in_(calls)))
        await session.exec(delete(Hold).where(col(Hold.call_id).in_(calls)))
        await delete_bookings(session, calls)


@answers_within(QUERY_SECONDS)
async def _forget_customers(engine: AsyncEngine, number: str, company: str | None) -> None:
    no_booking = ~exists().where(col(Booking.customer_id) == col(Customer.id))
    async with writing(engine) as session:
        await session.exec(delete(Customer).where(*_customers_of(number, company), no_booking))


def _calls_of(number: str, company: str | None) -> list[ColumnElement[bool]]:
    by_number = [col(Call.caller_number) == number]
    return by_number if company is None else [*by_number, col(Call.company) == company]


def _customers_of(number: str, company: str | None) -> list[ColumnElement[bool]]:
    by_number = [col(Customer.number) == number]
    return by_number if company is None else [*by_number, col(Customer.company) == company]
