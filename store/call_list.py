"""The list of calls: found, sorted and turned over page by page by the database."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, UnaryExpression, extract, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col

from store.counts import Period
from store.engine import reading
from store.errors import QUERY_SECONDS, answers_within
from store.numbers import e164
from store.tables import Call


class Named(NamedTuple):
    """Keys of what goes by a name: a company, one of its branches, or a service of that."""

    company: str
    branch: str | None = None
    service: str | None = None


@dataclass(frozen=True)
class CallFilter:
    """Which calls: begun in the ``period``, and all that is said besides.

    ``text`` is found, in upper or lower case, anywhere in the call id; or it is the key of a company, a branch or a
    service, exactly; or the caller's whole number, written in any way. ``named`` is what else ``text`` stands for:
    calls of any of these are found as well. ``race`` leaves only calls in which somebody else was faster.
    """

    period: Period
    text: str = ""
    named: frozenset[Named] = frozenset()
    outcome: str | None = None
    race: bool = False


class SortBy(StrEnum):
    """What the list can be sorted by; calls that lack it come last, equal ones in order of call id."""

    STARTED_AT = "started_at"
    COMPANY = "company"
    SERVICE = "service"
    WISHED_START = "wished_start"
    OUTCOME = "outcome"
    RACE_CAUGHT_AT = "race_caught_at"
    GAP_SECONDS = "gap_seconds"
    DURATION = "duration"


@dataclass(frozen=True)
class CallLine:
    """One call of the list.

    ``service`` and ``wished_start`` are those named first, ``booked_start`` is what was booked last,
    ``race_caught_at`` is where its first race was noticed (``hold``, ``recheck``, ``booking``), ``gap_seconds`` how
    long the caller thought before the first "yes". ``ended_at`` and ``duration`` are ``None`` while it lasts.
    """

    call_id: str
    started_at: datetime
    ended_at: datetime | None
    company: str
    branch: str
    service: str | None
    wished_start: datetime | None
    booked_start: datetime | None
    outcome: str
    race_caught_at: str | None
    gap_seconds: float | None

    @property
    def duration(self) -> timedelta | None:
        """How long the call took."""
        return None if self.ended_at is None else self.ended_at - self.started_at


_COLUMNS = [col(getattr(Call, each.name)) for each in fields(CallLine)]


@dataclass(frozen=True)
class CallPage:
    """One page of the list, and how many calls are on all pages together; ``total`` is exact."""

    lines: tuple[CallLine, ...]
    total: int


@answers_within(QUERY_SECONDS)
async def list_calls(
    engine: AsyncEngine,
    wanted: CallFilter,
    page: int = 0,
    size: int = 50,
    sort: SortBy = SortBy.STARTED_AT,
    descending: bool = True,
) -> CallPage:
    """Return page number ``page``, counted from 0, of ``size`` calls each.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        connection = await session.connection()
        found = _conditions(wanted)
        total = (await connection.execute(select(func.count()).select_from(Call).where(*found))).scalar_one()
        if not total:
            return CallPage((), 0)
        lines = select(*_COLUMNS).where(*found).order_by(*_order(sort, descending=descending))
        rows = await connection.execute(lines.offset(page * size).limit(size))
        return CallPage(tuple(CallLine(*row) for row in rows), total)


async def export_calls(engine: AsyncEngine, wanted: CallFilter, portion: int = 1000) -> AsyncIterator[CallLine]:
    """Yield all calls, the latest first, with no more than a ``portion`` of them in memory at a time.

    Each portion is a question of its own: whoever takes his time keeps no connection and no lock. Raises
    ``StoreUnavailable`` when the database does not answer, which can happen in the middle.
    """
    last: CallLine | None = None
    while lines := await _next_lines(engine, wanted, last, portion):
        for line in lines:
            yield line
        last = lines[-1]


@answers_within(QUERY_SECONDS)
async def _next_lines(engine: AsyncEngine, wanted: CallFilter, after: CallLine | None, count: int) -> list[CallLine]:
    began, call_id = col(Call.started_at), col(Call.call_id)
    lines = select(*_COLUMNS).where(*_conditions(wanted)).order_by(began.desc(), call_id.desc())
    if after is not None:
        lines = lines.where(began <= after.started_at, or_(began < after.started_at, call_id < after.call_id))
    async with reading(engine) as session:
        rows = await (await session.connection()).execute(lines.limit(count))
        return [CallLine(*row) for row in rows]


def _order(sort: SortBy, *, descending: bool) -> list[UnaryExpression[Any]]:
    if sort is SortBy.DURATION:
        by: ColumnElement[Any] = extract("epoch", col(Call.ended_at)) - extract("epoch", col(Call.started_at))
    else:
        by = getattr(Call, sort)
    call_id = col(Call.call_id)
    if descending:
        return [by.desc().nulls_last(), call_id.desc()]
    return [by.asc().nulls_last(), call_id.asc()]


def _conditions(wanted: CallFilter) -> list[ColumnElement[bool]]:
    conditions = [wanted.period.covers(Call.company, Call.started_at)]
    if wanted.outcome is not None:
        conditions.append(col(Call.outcome) == wanted.outcome)
    if wanted.race:
        conditions.append(col(Call.race_caught_at).is_not(None))
    if text := wanted.text.strip():
        conditions.append(or_(*_found_by(text), *_called(wanted.named)))
    return conditions


def _found_by(text: str) -> Iterator[ColumnElement[bool]]:
    yield func.lower(col(Call.call_id)).contains(text.lower(), autoescape=True)
    for key in (Call.company, Call.branch, Call.service):
        yield col(key) == text
    if number := e164(text):
        yield col(Call.caller_number) == number


def _called(named: frozenset[Named]) -> Iterator[ColumnElement[bool]]:
    columns = (col(Call.company), col(Call.branch), col(Call.service))
    for depth in range(1, len(columns) + 1):
        keys = sorted(each[:depth] for each in named if sum(key is not None for key in each) == depth)
        if keys:
            yield tuple_(*columns[:depth]).in_(keys)
