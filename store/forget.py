"""Forgetting a person: nothing that is kept has their number, their name or their words any more.

A person's calls are those from their number, and those in which it was given for a booking. Calls and their turns have
but the number: without it they stay, for the figures. What a caller was told, what was booked, and for whom, is
deleted.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, CompoundSelect, and_, delete, exists, func, union, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

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
    ids = _calls_of(number, company)
    async with reading(engine) as session:
        theirs = select(Call.call_id, Call.started_at, Call.ended_at).where(col(Call.call_id).in_(ids))
        calls = await session.exec(theirs.order_by(col(Call.started_at)))
        booked = select(Booking.uid).where(col(Booking.call_id).in_(ids)).order_by(col(Booking.starts_at))
        replies = select(func.count()).select_from(Reply).where(col(Reply.call_id).in_(ids))
        customers = select(func.count()).select_from(Customer).where(_customers_of(number, company))
        return Traces(
            calls=tuple(KnownCall(*call) for call in calls),
            bookings=tuple(await session.exec(booked)),
            replies=(await session.exec(replies)).one(),
            customers=(await session.exec(customers)).one(),
        )


async def forget(engine: AsyncEngine, number: str, calls: Collection[str], company: str | None = None) -> None:
    """Forget who has this number (E.164), as far as these ``calls`` of theirs go.

    Not the customer another call has booked for; that one is named as it was there. Forgotten calls keep what they came
    to; a record of them that is written later changes nothing. Raises ``StoreUnavailable`` when the database does not
    answer; done again, it goes on where it stopped.
    """
    left = iter(calls)
    while some := list(islice(left, _AT_ONCE)):
        await _forget_calls(engine, some)
    await _forget_customers(engine, number, company)


@answers_within(QUERY_SECONDS)
async def _forget_calls(engine: AsyncEngine, calls: Sequence[str]) -> None:
    theirs = col(Call.call_id).in_(calls)
    async with writing(engine) as session:
        # In the order in which replies lock them.
        await session.exec(select(Call.call_id).where(theirs).order_by(col(Call.call_id)).with_for_update())
        # First, so that a record which is being written waits, and is then too old.
        await session.exec(update(Call).where(theirs).values(caller_number=None, revision=FORGOTTEN))
        await session.exec(delete(Reply).where(col(Reply.call_id).in_(calls)))
        await session.exec(delete(Hold).where(col(Hold.call_id).in_(calls)))
        booked_for = select(Booking.customer_id, Booking.name).where(col(Booking.call_id).in_(calls))
        named = (await session.exec(booked_for.distinct())).all()
        await delete_bookings(session, calls)
        await _rename_customers(session, named)


async def _rename_customers(session: AsyncSession, named: Collection[tuple[str | None, str]]) -> None:
    """Give customers who stay and have one of these names that of the first booking of theirs that is left."""
    ids, names = [customer for customer, _ in named], [name for _, name in named]
    theirs = select(Booking.name).where(col(Booking.customer_id) == col(Customer.id))
    first = theirs.order_by(col(Booking.starts_at), col(Booking.uid)).limit(1)
    await session.exec(
        update(Customer)
        .where(col(Customer.id).in_(ids), col(Customer.name).in_(names))
        .values(name=first.scalar_subquery(), email=first.with_only_columns(col(Booking.email)).scalar_subquery())
    )


@answers_within(QUERY_SECONDS)
async def _forget_customers(engine: AsyncEngine, number: str, company: str | None) -> None:
    no_booking = ~exists().where(col(Booking.customer_id) == col(Customer.id))
    async with writing(engine) as session:
        await session.exec(delete(Customer).where(_customers_of(number, company), no_booking))


def _calls_of(number: str, company: str | None) -> CompoundSelect[tuple[str]]:
    rang = select(Call.call_id).where(col(Call.caller_number) == number)
    gave = select(Booking.call_id).where(col(Booking.phone) == number)
    if company is not None:
        rang, gave = rang.where(Call.company == company), gave.where(Booking.company == company)
    return union(rang, gave)


def _customers_of(number: str, company: str | None) -> ColumnElement[bool]:
    """Return which customers have the number, or the name of a booking it was given for."""
    have = select(Customer.id).where(col(Customer.number) == number)
    same = and_(col(Booking.customer_id) == col(Customer.id), col(Booking.name) == col(Customer.name))
    named = select(Customer.id).join(Booking, same).where(col(Booking.phone) == number)
    if company is not None:
        have, named = have.where(Customer.company == company), named.where(Customer.company == company)
    return col(Customer.id).in_(union(have, named))
