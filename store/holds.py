"""Holds: between an offer and the "yes", the time offered is kept for one call.

A hold is a half-open interval ``[start, end)`` of a calendar: two holds that only touch do not meet. A call has at
most one hold. Holds expire by themselves, so that a process which dies leaves nothing behind that needs mending.

How many are live at once is limited for the number that calls and for the one that is called. The limits are a brake
and no promise: calls that take holds on different calendars of a company at the same moment do not see each other.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import NamedTuple

from sqlalchemy import and_, delete, false, func, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from store.engine import insert, reading, writing
from store.errors import QUERY_SECONDS, answers_within
from store.tables import Calendar, Hold


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class OverLimit(Exception):
    """The slot could be held, but whoever calls, or was called, has as many holds as they may have."""


@dataclass(frozen=True)
class Line:
    """The two ends of a call, in E.164, and how many live holds each may have within a company; ``None`` has no limit.

    All callers who withhold their numbers from one dialled number count as one caller, who may have a third, rounded
    up, of what that number may; where it is not known either they count for nobody.
    """

    caller: str | None = None
    dialled: str | None = None
    most_of_caller: int | None = None
    most_of_dialled: int | None = None

    @property
    def known_caller(self) -> str | None:
        """Who the holds are counted for."""
        return self.caller or (self.dialled and f"withheld through {self.dialled}")

    @property
    def most_of_known_caller(self) -> int | None:
        """How many live holds that one may have."""
        if self.caller:
            return self.most_of_caller
        return self.most_of_dialled and ceil(self.most_of_dialled / 3)


def digest_of(company: str, number: str) -> str:
    """Return what stands for a caller (an E.164 number) in a hold: 32 hexadecimal digits, others in another company.

    It keeps the number out of sight, not from anybody who means to find out: all numbers there are can be tried in
    minutes. But a hold that has run out is deleted within the hour, and the call's own row has the number itself.
    """
    return hmac.new(company.encode(), number.encode(), hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True)
class LiveHold:
    """What an operator sees of a hold; all moments are aware, in UTC."""

    call_id: str
    start: datetime
    end: datetime
    expires_at: datetime


NOBODYS_LINE = Line()


class Holds:
    """Who has which time of which calendar, decided by the database.

    All methods take aware datetimes and raise ``StoreUnavailable`` when the database does not answer in time; then
    nobody knows whether the change was made, and asking again is safe.
    """

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime] = utc_now) -> None:
        """Keep holds in the database behind ``engine``, expiring by ``clock``."""
        self._engine = engine
        self._clock = clock

    @answers_within(QUERY_SECONDS)
    async def take(
        self,
        *,
        company: str,
        calendar: str,
        call_id: str,
        start: datetime,
        end: datetime,
        seconds: float,
        capacity: int,
        line: Line = NOBODYS_LINE,
    ) -> bool:
        """Hold ``[start, end)`` for ``seconds`` from now, unless ``capacity`` other calls hold some of it.

        The call's own hold never stands in its way: the same interval is renewed, another one replaces it. A refusal
        changes nothing, and neither does an error.

        Raises:
            OverLimit: Other calls of the ``line`` have as many live holds as there may be.
            ValueError: The interval is empty, or a duration or capacity is not positive.
        """
        if start >= end or seconds <= 0 or capacity < 1:
            raise ValueError("a hold needs start before end, seconds above 0 and a capacity of at least 1")
        async with writing(self._engine) as session:
            await _lock(session, company, calendar)
            now = self._clock()
            wanted = Hold(
                call_id=call_id,
                company=company,
                calendar=calendar,
                starts_at=start,
                ends_at=end,
                expires_at=now + timedelta(seconds=seconds),
                caller=digest_of(company, line.known_caller) if line.known_caller else None,
                dialled=line.dialled,
            )
            others = await _count_others(session, wanted, now)
            if others.there >= capacity:
                return False
            if _reached(others.of_caller, line.most_of_known_caller):
                raise OverLimit
            if _reached(others.of_dialled, line.most_of_dialled):
                raise OverLimit
            row = wanted.model_dump()
            await session.exec(
                insert(session, Hold).values(row).on_conflict_do_update(index_elements=["call_id"], set_=row)
            )
            await _sweep(session, company, calendar, now)
            return True

    @answers_within(QUERY_SECONDS)
    async def release(self, call_id: str) -> None:
        """Let the call's hold go; nothing happens if there is none."""
        async with writing(self._engine) as session:
            await session.exec(delete(Hold).where(col(Hold.call_id) == call_id))

    @answers_within(QUERY_SECONDS)
    async def shorten(self, call_id: str, seconds: float) -> None:
        """Let the call's hold end in ``seconds`` from now, or earlier where it would have anyway."""
        expires_at = self._clock() + timedelta(seconds=seconds)
        async with writing(self._engine) as session:
            await session.exec(
                update(Hold)
                .where(col(Hold.call_id) == call_id, col(Hold.expires_at) > expires_at)
                .values(expires_at=expires_at)
            )

    @answers_within(QUERY_SECONDS)
    async def of_others(
        self, *, company: str, calendar: str, call_id: str, since: datetime, until: datetime
    ) -> list[tuple[datetime, datetime]]:
        """Return the live intervals of other calls that overlap ``[since, until)``, in order of time."""
        async with reading(self._engine) as session:
            found = await session.exec(
                select(Hold.starts_at, Hold.ends_at)
                .where(
                    Hold.company == company,
                    Hold.calendar == calendar,
                    col(Hold.call_id) != call_id,
                    col(Hold.starts_at) < until,
                    col(Hold.ends_at) > since,
                    col(Hold.expires_at) > self._clock(),
                )
                .order_by(col(Hold.starts_at), col(Hold.ends_at))
            )
            return list(found)

    @answers_within(QUERY_SECONDS)
    async def live(self, company: str, calendar: str) -> list[LiveHold]:
        """Return all live holds of a calendar, in order of time."""
        async with reading(self._engine) as session:
            found = await session.exec(
                select(Hold)
                .where(Hold.company == company, Hold.calendar == calendar, col(Hold.expires_at) > self._clock())
                .order_by(col(Hold.starts_at), col(Hold.call_id))
            )
            return [LiveHold(hold.call_id, hold.starts_at, hold.ends_at, hold.expires_at) for hold in found]


class _Counts(NamedTuple):
    """Live holds of other calls: on any of the wished time, of the same caller, through the same dialled number."""

    there: int
    of_caller: int
    of_dialled: int


async def _count_others(session: AsyncSession, wanted: Hold, now: datetime) -> _Counts:
    there = and_(
        col(Hold.calendar) == wanted.calendar,
        col(Hold.starts_at) < wanted.ends_at,
        col(Hold.ends_at) > wanted.starts_at,
    )
    counts = select(
        func.count().filter(there),
        func.count().filter(col(Hold.caller) == wanted.caller if wanted.caller else false()),
        func.count().filter(col(Hold.dialled) == wanted.dialled if wanted.dialled else false()),
    )
    others = counts.where(
        Hold.company == wanted.company, col(Hold.call_id) != wanted.call_id, col(Hold.expires_at) > now
    )
    return _Counts(*(await session.exec(others)).one())


def _reached(count: int, most: int | None) -> bool:
    return most is not None and count >= most


async def _lock(session: AsyncSession, company: str, calendar: str) -> None:
    """Wait until no other transaction decides about this calendar; SQLite has seen to it at BEGIN already."""
    row = select(Calendar).where(Calendar.company == company, Calendar.key == calendar).with_for_update()
    if (await session.exec(row)).first() is None:
        await session.exec(insert(session, Calendar).values(company=company, key=calendar).on_conflict_do_nothing())
        await session.exec(row)


async def _sweep(session: AsyncSession, company: str, calendar: str, now: datetime) -> None:
    """Delete what has expired, last and without waiting: a call may be moving its expired hold away this moment."""
    expired = (
        select(Hold.call_id)
        .where(Hold.company == company, Hold.calendar == calendar, col(Hold.expires_at) <= now)
        .with_for_update(skip_locked=True)
    )
    await session.exec(delete(Hold).where(col(Hold.call_id).in_(expired)))
