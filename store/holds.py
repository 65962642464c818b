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
from functools import cache
from math import ceil
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, and_, bindparam, delete, func, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from store.engine import insert, read, reading, write
from store.errors import QUERY_SECONDS, answers_within
from store.tables import Calendar, Hold

_Row = dict[str, Any]


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
        wish: _Row = {
            "call_id": call_id,
            "company": company,
            "calendar": calendar,
            "starts_at": start,
            "ends_at": end,
            "caller": digest_of(company, line.known_caller) if line.known_caller else None,
            "dialled": line.dialled,
        }
        length = timedelta(seconds=seconds)
        return await write(
            self._engine,
            lambda connection: _take(connection, wish, self._clock, length, capacity, line),
            (company, calendar),
        )

    @answers_within(QUERY_SECONDS)
    async def release(self, call_id: str) -> None:
        """Let the call's hold go; nothing happens if there is none."""
        await write(self._engine, lambda connection: connection.execute(_RELEASE, {"call": call_id}))

    @answers_within(QUERY_SECONDS)
    async def shorten(self, call_id: str, seconds: float) -> None:
        """Let the call's hold end in ``seconds`` from now, or earlier where it would have anyway."""
        values = {"call": call_id, "end": self._clock() + timedelta(seconds=seconds)}
        await write(self._engine, lambda connection: connection.execute(_SHORTEN, values))

    @answers_within(QUERY_SECONDS)
    async def of_others(
        self, *, company: str, calendar: str, call_id: str, since: datetime, until: datetime
    ) -> list[tuple[datetime, datetime]]:
        """Return the live intervals of other calls that overlap ``[since, until)``, in order of time."""
        wanted = {"company": company, "calendar": calendar, "call_id": call_id, "starts_at": since, "ends_at": until}
        wanted |= {"now": self._clock()}
        return await read(self._engine, lambda connection: _intervals(connection, wanted))

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


# Statements are put together once: all that is left to do for a hold is then to fill them in.

_COMPANYS = col(Hold.company) == bindparam("company")
_ON_CALENDAR = and_(_COMPANYS, col(Hold.calendar) == bindparam("calendar"))
_OF_OTHERS = col(Hold.call_id) != bindparam("call_id")
_LIVE = col(Hold.expires_at) > bindparam("now")
_EXPIRED = col(Hold.expires_at) <= bindparam("now")
_OVERLAPPING = and_(col(Hold.starts_at) < bindparam("ends_at"), col(Hold.ends_at) > bindparam("starts_at"))

_CALENDAR = (
    select(Calendar.key)
    .where(Calendar.company == bindparam("company"), Calendar.key == bindparam("calendar"))
    .with_for_update()
)
_COUNTS = select(
    func.count().filter(_ON_CALENDAR, _LIVE, _OVERLAPPING),
    func.count().filter(_LIVE, col(Hold.caller) == bindparam("caller")),
    func.count().filter(_LIVE, col(Hold.dialled) == bindparam("dialled")),
    func.count().filter(_ON_CALENDAR, _EXPIRED),
).where(_COMPANYS, _OF_OTHERS)
_SWEEP = delete(Hold).where(
    # Without waiting: a call may be moving its expired hold away this moment.
    col(Hold.call_id).in_(select(Hold.call_id).where(_ON_CALENDAR, _EXPIRED).with_for_update(skip_locked=True))
)
_RELEASE = delete(Hold).where(col(Hold.call_id) == bindparam("call"))
_SHORTEN = (
    update(Hold)
    .where(col(Hold.call_id) == bindparam("call"), col(Hold.expires_at) > bindparam("end"))
    .values(expires_at=bindparam("end"))
)
_INTERVALS = (
    select(Hold.starts_at, Hold.ends_at)
    .where(_ON_CALENDAR, _OF_OTHERS, _LIVE, _OVERLAPPING)
    .order_by(col(Hold.starts_at), col(Hold.ends_at))
)


@cache
def _keep(dialect: str) -> Insert:
    """Write the call's one hold, in place of the one it has."""
    new = insert(dialect, Hold)
    return new.on_conflict_do_update(index_elements=["call_id"], set_=dict(new.excluded.items()))


@cache
def _add_calendar(dialect: str) -> Insert:
    return insert(dialect, Calendar).on_conflict_do_nothing()


class _Counts(NamedTuple):
    """Live holds of other calls: on any of the wished time, of the same caller, through the same dialled number.

    ``expired`` are those on the same calendar that have run out.
    """

    there: int
    of_caller: int
    of_dialled: int
    expired: int


def _take(
    connection: Connection, wish: _Row, clock: Callable[[], datetime], length: timedelta, capacity: int, line: Line
) -> bool:
    _lock(connection, wish["company"], wish["calendar"])
    now = clock()
    others = _Counts(*connection.execute(_COUNTS, wish | {"now": now}).one())
    if others.there >= capacity:
        return False
    if _reached(others.of_caller, line.most_of_known_caller) or _reached(others.of_dialled, line.most_of_dialled):
        raise OverLimit
    connection.execute(_keep(connection.dialect.name), wish | {"expires_at": now + length})
    if others.expired:
        connection.execute(_SWEEP, wish | {"now": now})
    return True


def _lock(connection: Connection, company: str, calendar: str) -> None:
    """Wait until no other transaction decides about this calendar; SQLite has seen to it at BEGIN already."""
    names = {"company": company, "calendar": calendar}
    if connection.execute(_CALENDAR, names).first() is None:
        connection.execute(_add_calendar(connection.dialect.name), {"company": company, "key": calendar})
        connection.execute(_CALENDAR, names)


def _reached(count: int, most: int | None) -> bool:
    return most is not None and count >= most


def _intervals(connection: Connection, wanted: _Row) -> list[tuple[datetime, datetime]]:
    return [(start, end) for start, end in connection.execute(_INTERVALS, wanted)]
