"""One call, with everything that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from store.engine import reading
from store.errors import QUERY_SECONDS, answers_within
from store.tables import Booking, Call, Customer, Reply, Service, Turn


@dataclass(frozen=True)
class CallStory:
    """A call, its turns and what the caller was told in order, its bookings by their start.

    ``customer_name`` is the name the customer was first stored with, found by this call's bookings or else by the
    caller's number; ``None`` where nobody knows. ``calendar`` is the key of the one the call was about: that of its
    last booking, else of its service as the catalog has it today.
    """

    call: Call
    turns: Sequence[Turn]
    replies: Sequence[Reply]
    bookings: Sequence[Booking]
    customer_name: str | None
    calendar: str | None


@answers_within(QUERY_SECONDS)
async def call_story(engine: AsyncEngine, call_id: str) -> CallStory | None:
    """Return all that is known of a call, or ``None`` where there is none of this id.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        call = await session.get(Call, call_id)
        if call is None:
            return None
        turns = await session.exec(select(Turn).where(Turn.call_id == call_id).order_by(col(Turn.position)))
        replies = await session.exec(
            select(Reply).where(Reply.call_id == call_id).order_by(col(Reply.at), col(Reply.id))
        )
        booked = select(Booking).where(Booking.call_id == call_id).order_by(col(Booking.starts_at), col(Booking.uid))
        bookings = (await session.exec(booked)).all()
        return CallStory(
            call=call,
            turns=turns.all(),
            replies=replies.all(),
            bookings=bookings,
            customer_name=await _customer_name(session, call, bookings),
            calendar=bookings[-1].calendar if bookings else await _calendar(session, call),
        )


async def _customer_name(session: AsyncSession, call: Call, bookings: Sequence[Booking]) -> str | None:
    name = select(Customer.name)
    if bookings:
        return (await session.exec(name.where(Customer.id == bookings[-1].customer_id))).first()
    if call.caller_number is None:
        return None
    by_number = name.where(Customer.company == call.company, Customer.number == call.caller_number)
    return (await session.exec(by_number)).first()


async def _calendar(session: AsyncSession, call: Call) -> str | None:
    calendar = select(Service.calendar).where(
        Service.company == call.company, Service.branch == call.branch, Service.key == call.service
    )
    return (await session.exec(calendar)).first()
