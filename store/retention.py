"""What is deleted as it grows old, a little at a time and beside everything else, by every worker.

Calls go when they and their appointments are older than wanted, with their turns and bookings; so do what callers were
told, and customers with the last booking of theirs. Holds go when they have run out. Cal.com's answer times stay by the
hour and by the day; by the minute they are looked at for a day only.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, exists
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from store.answer_times import MINUTE
from store.engine import writing
from store.errors import QUERY_SECONDS, StoreUnavailable, answers_within
from store.holds import utc_now
from store.tables import Booking, CalendarAnswers, Call, Customer, Hold, Reply, Turn

MINUTES_KEPT = timedelta(days=3)
"""How long answer times by the minute stay: longer than any view that is drawn by the minute reaches back."""

EVERY_SECONDS = 3600.0
"""Between two rounds of a worker."""

PAUSE_SECONDS = 0.5
"""Between two transactions, in which whoever waits for the database has it."""

_CALLS, _REPLIES, _HOLDS, _ANSWERS = 50, 500, 500, timedelta(minutes=10)
"""What one transaction deletes: it has SQLite's one write lock for some tens of milliseconds."""

logger = logging.getLogger(__name__)


@asynccontextmanager
async def pruning(
    engine: AsyncEngine, keep_calls_days: float | None, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[None]:
    """Delete what is too old, once an hour while the context lasts; any number of workers may do so at once.

    Calls are kept for so many days, or for good where that is ``None``. A database that does not answer is asked again
    in the next round.
    """
    stop = asyncio.Event()
    rounds = asyncio.create_task(_go_round(engine, keep_calls_days, clock, stop))
    try:
        yield
    finally:
        stop.set()
        await rounds


async def _go_round(
    engine: AsyncEngine, keep_calls_days: float | None, clock: Callable[[], datetime], stop: asyncio.Event
) -> None:
    while not stop.is_set():
        try:
            await prune(engine, clock(), keep_calls_days, stop)
        except StoreUnavailable as error:
            logger.warning("what is too old stays for another hour: %s", error)
        except (SQLAlchemyError, ValueError) as error:
            # SQLite's driver says by a ValueError that a connection is gone.
            logger.error("what is too old is not deleted: %s", type(error).__name__)
        await _wait(stop, EVERY_SECONDS)


async def prune(
    engine: AsyncEngine, now: datetime, keep_calls_days: float | None, stop: asyncio.Event | None = None
) -> None:
    """Delete all that is too old ``now``, or until ``stop`` is set.

    Raises ``StoreUnavailable`` when the database does not answer; what was deleted before stays deleted.
    """
    stop = stop or asyncio.Event()
    await _until_done(lambda: delete_holds(engine, now), stop)
    await _until_done(lambda: delete_minutes(engine, now - MINUTES_KEPT), stop)
    if keep_calls_days is not None:
        before = now - timedelta(days=keep_calls_days)
        await _until_done(lambda: delete_calls(engine, before), stop)
        await _until_done(lambda: delete_replies(engine, before), stop)


async def _until_done(delete_some: Callable[[], Awaitable[int]], stop: asyncio.Event) -> None:
    while not stop.is_set() and await delete_some():
        await _wait(stop, PAUSE_SECONDS)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


@answers_within(QUERY_SECONDS)
async def delete_calls(engine: AsyncEngine, before: datetime, most: int = _CALLS) -> int:
    """Delete the oldest calls that began ``before``, with turns and bookings; return how many they were.

    A call with an appointment that is not over by then stays. Customers nobody has a booking of any more go as well.
    """
    still_to_come = exists().where(col(Booking.call_id) == col(Call.call_id), col(Booking.ends_at) >= before)
    oldest = select(Call.call_id).where(col(Call.started_at) < before, ~still_to_come).order_by(col(Call.started_at))
    async with writing(engine) as session:
        # Another worker's calls are passed over: it deletes them this moment.
        calls = (await session.exec(oldest.limit(most).with_for_update(skip_locked=True))).all()
        if calls:
            await delete_bookings(session, calls)
            await session.exec(delete(Turn).where(col(Turn.call_id).in_(calls)))
            await session.exec(delete(Call).where(col(Call.call_id).in_(calls)))
        return len(calls)


async def delete_bookings(session: AsyncSession, calls: Collection[str]) -> None:
    """Delete the bookings of these calls, and those of their customers who have no other."""
    of_calls = col(Booking.call_id).in_(calls)
    theirs = (await session.exec(select(Booking.customer_id).where(of_calls).distinct())).all()
    await session.exec(delete(Booking).where(of_calls))
    # Locked before they are looked at: a booking that is written for one of them meanwhile is then seen, or waits; and
    # of two who delete bookings of one customer the later sees that none is left. In order: nobody waits in a ring.
    named = select(Customer.id).where(col(Customer.id).in_(theirs)).order_by(col(Customer.id)).with_for_update()
    ids = (await session.exec(named)).all()
    no_other = ~exists().where(col(Booking.customer_id) == col(Customer.id))
    await session.exec(delete(Customer).where(col(Customer.id).in_(ids), no_other))


@answers_within(QUERY_SECONDS)
async def delete_replies(engine: AsyncEngine, before: datetime, most: int = _REPLIES) -> int:
    """Delete the oldest of what callers were told ``before``; return how much it was.

    Replies are numbered as they are said, so the oldest have the lowest numbers. Not all belong to a call that is kept.
    """
    oldest = select(Reply.id).order_by(col(Reply.id)).limit(most).with_for_update(skip_locked=True)
    async with writing(engine) as session:
        ids = (await session.exec(oldest)).all()
        deleted = await session.exec(delete(Reply).where(col(Reply.id).in_(ids), col(Reply.at) < before))
        return int(deleted.rowcount)


@answers_within(QUERY_SECONDS)
async def delete_holds(engine: AsyncEngine, now: datetime, most: int = _HOLDS) -> int:
    """Delete holds that have run out; return how many they were. One that is being renewed is passed over."""
    over = select(Hold.call_id).where(col(Hold.expires_at) <= now).limit(most).with_for_update(skip_locked=True)
    async with writing(engine) as session:
        calls = (await session.exec(over)).all()
        await session.exec(delete(Hold).where(col(Hold.call_id).in_(calls)))
        return len(calls)


@answers_within(QUERY_SECONDS)
async def delete_minutes(engine: AsyncEngine, before: datetime, most: timedelta = _ANSWERS) -> int:
    """Delete the oldest minutes, so many, of Cal.com's answer times ``before``; return how many rows they were."""
    by_minute = col(CalendarAnswers.span_seconds) == MINUTE
    begins_at = col(CalendarAnswers.begins_at)
    async with writing(engine) as session:
        oldest = (await session.exec(select(begins_at).where(by_minute).order_by(begins_at).limit(1))).first()
        if oldest is None or oldest >= before:
            return 0
        deleted = await session.exec(delete(CalendarAnswers).where(by_minute, begins_at < min(oldest + most, before)))
        return int(deleted.rowcount)
