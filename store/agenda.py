"""Calendars as operators see them: bookings of ours, and what is held for callers who think."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, func, select

from store.engine import reading
from store.errors import QUERY_SECONDS, answers_within
from store.holds import LiveHold
from store.tables import Booking, Branch, Calendar, Call, Hold, Service, Turn

LONGEST_APPOINTMENT = timedelta(days=1)
"""The catalog takes no longer ones."""

MOST_HOLDERS = 10
"""Of those who once held a time, so many of the latest are named: whoever held it before them has let it go."""


@dataclass(frozen=True)
class Agenda:
    """Part of a calendar: bookings of ours and live holds, each in order of their start."""

    bookings: Sequence[Booking]
    holds: Sequence[LiveHold]


@answers_within(QUERY_SECONDS)
async def list_calendars(engine: AsyncEngine, company: str) -> list[str]:
    """Return the keys of a company's calendars: those its services take time of now, then those of former times.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        offered = await session.exec(
            select(Service.calendar)
            .join(Branch, and_(col(Branch.company) == Service.company, col(Branch.key) == Service.branch))
            .where(Service.company == company, col(Service.active))
            .order_by(col(Branch.position), col(Service.position))
        )
        known = await session.exec(select(Calendar.key).where(Calendar.company == company).order_by(col(Calendar.key)))
        return list(dict.fromkeys([*offered, *known]))


@answers_within(QUERY_SECONDS)
async def agenda(
    engine: AsyncEngine, company: str, calendar: str, since: datetime, until: datetime, now: datetime
) -> Agenda:
    """Return what overlaps ``[since, until)``; a hold is live until it runs out, at ``LiveHold.expires_at``.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        bookings = await session.exec(
            select(Booking)
            .where(
                Booking.company == company,
                Booking.calendar == calendar,
                col(Booking.starts_at) > since - LONGEST_APPOINTMENT,
                col(Booking.starts_at) < until,
                col(Booking.ends_at) > since,
            )
            .order_by(col(Booking.starts_at), col(Booking.uid))
        )
        holds = await session.exec(
            select(Hold)
            .where(
                Hold.company == company,
                Hold.calendar == calendar,
                col(Hold.starts_at) < until,
                col(Hold.ends_at) > since,
                col(Hold.expires_at) > now,
            )
            .order_by(col(Hold.starts_at), col(Hold.call_id))
        )
        live = [LiveHold(hold.call_id, hold.starts_at, hold.ends_at, hold.expires_at) for hold in holds]
        return Agenda(bookings.all(), live)


@answers_within(QUERY_SECONDS)
async def who_held(
    engine: AsyncEngine, company: str, calendar: str, since: datetime, until: datetime, asked_by: datetime
) -> list[tuple[str, datetime]]:
    """Return the calls that held some of ``[since, until)``, and the start of what each held; the latest first.

    They asked for it until ``asked_by``; whether they still held it then is not looked at. The calendar is that of
    their services today. At most ``MOST_HOLDERS``.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        takes = await session.exec(
            select(Service.branch, Service.key, Service.duration_minutes).where(
                Service.company == company, Service.calendar == calendar
            )
        )
        lasts = {(branch, key): timedelta(minutes=minutes) for branch, key, minutes in takes}
        if not lasts:
            return []
        held = await session.exec(
            select(Turn.call_id, Turn.wished_start, Turn.service, Call.branch)
            .join(Call, col(Call.call_id) == Turn.call_id)
            .where(
                Turn.company == company,
                col(Turn.wished_start) > since - max(lasts.values()),
                col(Turn.wished_start) < until,
                col(Turn.service).in_({key for _, key in lasts}),
                Turn.hold == "held",
                col(Turn.received_at) <= asked_by,
            )
            .order_by(col(Turn.received_at).desc())
        )
        found = {
            (call_id, start): None
            for call_id, start, service, branch in held
            if start is not None and start + lasts.get((branch, service or ""), timedelta()) > since
        }
        return list(found)[:MOST_HOLDERS]


@answers_within(QUERY_SECONDS)
async def live_holds_count(engine: AsyncEngine, now: datetime) -> int:
    """Count the holds that have not run out, of all calendars.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        live = select(func.count()).select_from(Hold).where(col(Hold.expires_at) > now)
        return (await session.exec(live)).one()
