"""How the calls are going, at a glance: what the first page of the console shows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, groupby
from operator import itemgetter

from sqlalchemy import BigInteger, cast, extract, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import col

from store.answer_times import SPANS, begin_of_span
from store.counts import (
    FAILED,
    RATE_LIMITED,
    GapBin,
    Period,
    answers_of,
    count_answers,
    count_calls,
    count_failures_in_row,
    count_races,
    count_yes,
)
from store.engine import reading
from store.errors import QUERY_SECONDS, answers_within
from store.quickness import seconds_of
from store.tables import CalendarAnswers, Call

__all__ = ["AnswerTimes", "GapBin", "Overview", "Period", "calls_in_progress", "overview", "recheck_failures_in_row"]

LONGEST_CALL = timedelta(hours=12)
"""A call that began longer ago and was never seen to end is not in progress, but lost."""

LATELY = timedelta(days=1)
"""Re-checks that failed longer ago say nothing of how things are."""

MOST_POINTS = 60

_WIDTHS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 1440, 10080))


@dataclass(frozen=True)
class AnswerTimes:
    """How quickly Cal.com answered to one endpoint, from ``begins_at`` on, for as long as ``Overview.point_width``.

    ``p50`` and ``p95`` are seconds that half and 95 % of the ``answers`` did not exceed, to about a fifth, whatever
    came of them. ``rate_limited`` are those with status 429, ``failed`` those that never came or told of a wrong
    configuration.
    """

    begins_at: datetime
    p50: float
    p95: float
    answers: int
    rate_limited: int
    failed: int


@dataclass(frozen=True)
class Overview:
    """The calls of a period.

    ``calls_in_progress`` have begun within the last twelve hours and not ended, whatever the period. ``calls`` began
    in the period; ``outcomes`` counts them by outcome. Of those in which the caller said "yes" and which have ended or
    booked (``confirmed``), ``success_rate`` is the share that is ``booked``, from 0 to 1, ``None`` without any.

    ``races`` counts answers in the period that told of somebody faster, by where that was noticed: ``hold``,
    ``recheck``, ``booking``, all always there. ``race_errors`` of them held no alternative, as an error never does, or
    came when nobody listened any more. ``gaps`` is how long callers thought before each "yes". ``rechecks`` counts the
    looks right before booking: ``passed``, ``gone``, ``failed``, and those ``skipped``; of those made, the last
    ``recheck_failures_in_row`` failed.

    ``answer_times`` has the points over time of each endpoint of Cal.com that was asked, in order; a span of
    ``point_width`` without an answer has no point, and the one in which the period begins is there as a whole.
    ``rate_limited`` and ``failed_answers`` count the trouble there was, as in ``AnswerTimes``.
    """

    period: Period
    calls_in_progress: int
    calls: int
    outcomes: Mapping[str, int]
    confirmed: int
    booked: int
    success_rate: float | None
    races: Mapping[str, int]
    race_errors: int
    gaps: tuple[GapBin, ...]
    rechecks: Mapping[str, int]
    recheck_failures_in_row: int
    point_width: timedelta
    answer_times: Mapping[str, tuple[AnswerTimes, ...]]
    rate_limited: int
    failed_answers: int


@answers_within(QUERY_SECONDS)
async def overview(engine: AsyncEngine, period: Period, now: datetime) -> Overview:
    """Count the period; all of it is read from one state of the database.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        connection = await session.connection()
        calls = await count_calls(connection, period)
        races = await count_races(connection, period)
        yes = await count_yes(connection, period)
        width = _point_width(period)
        answer_times = await _answer_times(connection, period, width)
        answers = await count_answers(connection, period)
        return Overview(
            period=period,
            calls_in_progress=await _in_progress(connection, period.company, now),
            calls=calls.calls,
            outcomes=calls.outcomes,
            confirmed=calls.confirmed,
            booked=calls.booked,
            success_rate=calls.success_rate,
            races=races.caught,
            race_errors=races.errors,
            gaps=yes.gaps,
            rechecks=yes.rechecks,
            recheck_failures_in_row=yes.failures_in_row,
            point_width=width,
            answer_times=answer_times,
            rate_limited=answers.rate_limited,
            failed_answers=answers.failed,
        )


@answers_within(QUERY_SECONDS)
async def calls_in_progress(engine: AsyncEngine, now: datetime) -> int:
    """Count the calls that have begun within the last twelve hours and not ended.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        return await _in_progress(await session.connection(), None, now)


@answers_within(QUERY_SECONDS)
async def recheck_failures_in_row(engine: AsyncEngine, now: datetime) -> int:
    """Count how many of the latest re-checks failed, one after the other, within the last day, of all companies.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        return await count_failures_in_row(await session.connection(), Period(now - LATELY, now))


async def _in_progress(connection: AsyncConnection, company: str | None, now: datetime) -> int:
    lasting = [col(Call.ended_at).is_(None), col(Call.started_at) > now - LONGEST_CALL]
    if company is not None:
        lasting.append(col(Call.company) == company)
    return (await connection.execute(select(func.count()).select_from(Call).where(*lasting))).scalar_one()


def _point_width(period: Period) -> timedelta:
    """Return how much time a point stands for, so that there are not too many of them."""
    length = period.until - period.since
    return next((width for width in _WIDTHS if length <= width * MOST_POINTS), _WIDTHS[-1])


async def _answer_times(
    connection: AsyncConnection, period: Period, width: timedelta
) -> dict[str, tuple[AnswerTimes, ...]]:
    seconds = int(width.total_seconds())
    span = max(span for span in SPANS if seconds % span == 0)
    endpoint, quickness = col(CalendarAnswers.endpoint), col(CalendarAnswers.quickness)
    answers, result = func.sum(col(CalendarAnswers.answers)), col(CalendarAnswers.result)
    number = (cast(extract("epoch", col(CalendarAnswers.begins_at)), BigInteger) // seconds).label("number")
    query = (
        select(
            endpoint,
            number,
            quickness,
            answers,
            answers.filter(result == RATE_LIMITED),
            answers.filter(result.in_(FAILED)),
        )
        .where(answers_of(replace(period, since=begin_of_span(period.since, seconds)), span))
        .group_by(endpoint, "number", quickness)
        .order_by(endpoint, "number", quickness)
    )
    points: dict[str, list[AnswerTimes]] = defaultdict(list)
    rows = await connection.execute(query)
    for (asked, at), steps in groupby(rows, key=itemgetter(0, 1)):
        points[asked].append(_point(datetime.fromtimestamp(at * seconds, UTC), [row[2:] for row in steps]))
    return {asked: tuple(each) for asked, each in points.items()}


def _point(begins_at: datetime, steps: Sequence[tuple[int, int, int | None, int | None]]) -> AnswerTimes:
    """Sum up steps of quickness, the quickest first: each with its answers, those rate limited and those failed."""
    total = sum(answers for _, answers, _, _ in steps)
    return AnswerTimes(
        begins_at=begins_at,
        p50=_seconds_at(0.5 * total, steps),
        p95=_seconds_at(0.95 * total, steps),
        answers=total,
        rate_limited=sum(limited or 0 for _, _, limited, _ in steps),
        failed=sum(failed or 0 for _, _, _, failed in steps),
    )


def _seconds_at(rank: float, steps: Sequence[tuple[int, int, int | None, int | None]]) -> float:
    reached = accumulate(answers for _, answers, _, _ in steps)
    return seconds_of(next(step for (step, *_), so_far in zip(steps, reached, strict=True) if so_far >= rank))
