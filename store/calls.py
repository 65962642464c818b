"""Our own copy of each call, and the customers its bookings made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from store.engine import insert, reading, writing
from store.errors import QUERY_SECONDS, answers_within
from store.numbers import e164
from store.tables import Booking, Call, Customer, Turn


@dataclass(frozen=True)
class KnownCustomer:
    """A customer found by number.

    ``last_visit`` is the start of the latest appointment that has begun, ``appointments`` are start and end of those
    still to come.
    """

    id: str
    name: str
    last_visit: datetime | None
    appointments: tuple[tuple[datetime, datetime], ...] = ()


@answers_within(QUERY_SECONDS)
async def save_call(engine: AsyncEngine, call: Call, turns: Sequence[Turn], bookings: Sequence[Booking]) -> None:
    """Keep the call with its turns and bookings, all or nothing; what is kept with this revision or a newer one stays.

    A booking seen for the first time finds its customer by company and caller number, or makes a new one; without a
    number it always makes a new one. A customer's name stays as it was first stored: names are misheard. Raises
    ``StoreUnavailable`` when the database does not answer.
    """
    async with writing(engine) as session:
        if not await _is_news(session, _summarised(call, turns, bookings)):
            return
        await session.exec(delete(Turn).where(col(Turn.call_id) == call.call_id))
        if turns:
            await session.exec(insert(session, Turn).values([turn.model_dump() for turn in turns]))
        uids = [booking.uid for booking in bookings]
        kept = (await session.exec(select(Booking.uid).where(col(Booking.uid).in_(uids)))).all()
        for booking in bookings:
            if booking.uid not in kept:
                customer_id = await _customer_of(session, call, booking)
                found = {"customer_id": customer_id, "email": booking.email or None}
                await session.exec(insert(session, Booking).values(booking.model_dump() | found))


@answers_within(QUERY_SECONDS)
async def find_customer(engine: AsyncEngine, company: str, number: str, *, now: datetime) -> KnownCustomer | None:
    """Return the customer of ``company`` with this number, or ``None``; a withheld number belongs to nobody.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    wanted = e164(number)
    if wanted is None:
        return None
    async with reading(engine) as session:
        has_number = select(Customer).where(Customer.company == company, Customer.number == wanted)
        customer = (await session.exec(has_number)).first()
        if customer is None:
            return None
        visits = select(func.max(Booking.starts_at)).where(
            Booking.customer_id == customer.id, col(Booking.starts_at) <= now
        )
        last_visit = (await session.exec(visits)).one()
        to_come = select(Booking.starts_at, Booking.ends_at).where(
            Booking.customer_id == customer.id, col(Booking.starts_at) > now
        )
        appointments = (await session.exec(to_come.order_by(col(Booking.starts_at)))).all()
        return KnownCustomer(customer.id, customer.name, last_visit, tuple((s, e) for s, e in appointments))


def _summarised(call: Call, turns: Sequence[Turn], bookings: Sequence[Booking]) -> Call:
    """Add to the call what it is looked up by."""
    yes = [turn for turn in turns if turn.confirmed_at is not None]
    call.service = next((turn.service for turn in turns if turn.service), None)
    call.wished_start = next((turn.wished_start for turn in turns if turn.wished_start), None)
    call.booked_start = bookings[-1].starts_at if bookings else None
    call.race_caught_at = next((turn.race_caught_at for turn in turns if turn.race_caught_at), None)
    call.gap_seconds = next((turn.gap_seconds for turn in yes if turn.gap_seconds is not None), None)
    call.confirmed = bool(yes)
    return call


async def _is_news(session: AsyncSession, call: Call) -> bool:
    """Write the call's row, unless this revision or a newer one is there; of two writers one waits for the other."""
    statement = insert(session, Call)
    row = call.model_dump()
    written = await session.exec(
        statement.values(row)
        .on_conflict_do_update(
            index_elements=["call_id"],
            set_={name: statement.excluded[name] for name in row},
            where=col(Call.revision) < statement.excluded.revision,
        )
        .returning(col(Call.call_id))
    )
    return written.first() is not None


async def _customer_of(session: AsyncSession, call: Call, booking: Booking) -> str:
    number = e164(call.caller_number)
    made = Customer(
        id=str(uuid4()), company=call.company, number=number, name=booking.name, email=booking.email or None
    )
    await session.exec(
        insert(session, Customer).values(made.model_dump()).on_conflict_do_nothing(index_elements=["company", "number"])
    )
    if number is None:
        return made.id
    found = select(Customer.id).where(Customer.company == call.company, Customer.number == number)
    return (await session.exec(found)).one()
