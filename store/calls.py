"""Our own copy of each call, and the customers its bookings made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Insert, and_, bindparam, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col

from store.engine import insert, read, write
from store.errors import QUERY_SECONDS, answers_within
from store.numbers import e164
from store.tables import Booking, Call, Customer, Turn

_Row = dict[str, Any]


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
    row = call.model_dump() | _summary(turns, bookings)
    its_turns, its_bookings = [turn.model_dump() for turn in turns], [booking.model_dump() for booking in bookings]
    await write(engine, lambda connection: _save(connection, row, its_turns, its_bookings))


@answers_within(QUERY_SECONDS)
async def find_customer(engine: AsyncEngine, company: str, number: str, *, now: datetime) -> KnownCustomer | None:
    """Return the customer of ``company`` with this number, or ``None``; a withheld number belongs to nobody.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    wanted = e164(number)
    if wanted is None:
        return None
    whom = {"company": company, "number": wanted, "now": now}
    return await read(engine, lambda connection: _find(connection, whom))


def _summary(turns: Sequence[Turn], bookings: Sequence[Booking]) -> _Row:
    """Return what the call is looked up by."""
    yes = [turn for turn in turns if turn.confirmed_at is not None]
    return {
        "service": next((turn.service for turn in turns if turn.service), None),
        "wished_start": next((turn.wished_start for turn in turns if turn.wished_start), None),
        "booked_start": bookings[-1].starts_at if bookings else None,
        "race_caught_at": next((turn.race_caught_at for turn in turns if turn.race_caught_at), None),
        "gap_seconds": next((turn.gap_seconds for turn in yes if turn.gap_seconds is not None), None),
        "confirmed": bool(yes),
    }


_TURNS_BEYOND = delete(Turn).where(col(Turn.call_id) == bindparam("call"), col(Turn.position) >= bindparam("count"))
_BOOKED = select(col(Booking.uid)).where(col(Booking.uid).in_(bindparam("uids", expanding=True)))
_HAS_NUMBER = and_(col(Customer.company) == bindparam("company"), col(Customer.number) == bindparam("number"))
_CUSTOMER = select(col(Customer.id)).where(_HAS_NUMBER)
_OF_CUSTOMER = col(Booking.customer_id) == col(Customer.id)
_HAS_BEGUN = col(Booking.starts_at) <= bindparam("now")
_LAST_VISIT = select(func.max(col(Booking.starts_at))).where(_OF_CUSTOMER, _HAS_BEGUN).correlate(Customer)
_KNOWN = (
    select(
        col(Customer.id),
        col(Customer.name),
        _LAST_VISIT.scalar_subquery(),
        col(Booking.starts_at),
        col(Booking.ends_at),
    )
    .join(Booking, and_(_OF_CUSTOMER, ~_HAS_BEGUN), isouter=True)
    .where(_HAS_NUMBER)
    .order_by(col(Booking.starts_at))
)


@cache
def _write_newer(dialect: str) -> Insert:
    """Write the call's row, unless this revision or a newer one is there; of two writers one waits for the other.

    A call may end twice with the same revision: Temporal refuses the end of a call in which something was said just
    then, and what was written down within that workflow task has been written down.
    """
    new = insert(dialect, Call)
    ended_later = and_(col(Call.revision) == new.excluded.revision, col(Call.ended_at) < new.excluded.ended_at)
    return new.on_conflict_do_update(
        index_elements=["call_id"],
        set_=dict(new.excluded.items()),
        where=or_(col(Call.revision) < new.excluded.revision, ended_later),
    ).returning(col(Call.call_id))


@cache
def _write_turn(dialect: str) -> Insert:
    new = insert(dialect, Turn)
    return new.on_conflict_do_update(index_elements=["call_id", "position"], set_=dict(new.excluded.items()))


@cache
def _add_customer(dialect: str) -> Insert:
    return insert(dialect, Customer).on_conflict_do_nothing(index_elements=["company", "number"])


@cache
def _add_booking(dialect: str) -> Insert:
    return insert(dialect, Booking)


def _save(connection: Connection, call: _Row, turns: Sequence[_Row], bookings: Sequence[_Row]) -> None:
    dialect = connection.dialect.name
    if connection.execute(_write_newer(dialect), call).first() is None:
        return
    connection.execute(_TURNS_BEYOND, {"call": call["call_id"], "count": len(turns)})
    if turns:
        connection.execute(_write_turn(dialect), turns)
    if bookings:
        kept = set(connection.execute(_BOOKED, {"uids": [booking["uid"] for booking in bookings]}).scalars())
        for booking in bookings:
            if booking["uid"] not in kept:
                found = {"customer_id": _customer_of(connection, call, booking)}
                given = {"email": booking["email"] or None, "phone": e164(booking["phone"])}
                connection.execute(_add_booking(dialect), booking | found | given)


def _customer_of(connection: Connection, call: _Row, booking: _Row) -> str:
    """Find the customer by the caller's number, or make a new one; without a number it is always a new one."""
    whose = {"company": call["company"], "number": e164(call["caller_number"])}
    made = whose | {"id": str(uuid4()), "name": booking["name"], "email": booking["email"] or None}
    connection.execute(_add_customer(connection.dialect.name), made)
    return made["id"] if whose["number"] is None else str(connection.execute(_CUSTOMER, whose).scalar_one())


def _find(connection: Connection, whom: _Row) -> KnownCustomer | None:
    found = connection.execute(_KNOWN, whom).all()
    if not found:
        return None
    customer_id, name, last_visit, *_ = found[0]
    appointments = tuple((start, end) for *_, start, end in found if start is not None)
    return KnownCustomer(customer_id, name, last_visit, appointments)
