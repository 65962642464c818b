"""What is counted of calls over a span of time: how they ended, their races, their re-checks, how long callers thought.

A call belongs to the time it began in, a turn to the time it was answered in.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from store.answer_times import HOUR, MINUTE, begin_of_span
from store.tables import CalendarAnswers, Call, Turn

CAUGHT_AT = ("hold", "recheck", "booking")
"""Where a race can be caught."""

RECHECK_RESULTS = ("passed", "gone", "failed", "skipped")
"""What a look right before a booking can come to; a skipped one was not made."""

RATE_LIMITED = "rate_limited"
FAILED = ("unreachable", "not_configured")
"""What comes of asking Cal.com where it is in trouble."""

GAP_BOUNDS = (2, 4, 6, 8, 10, 14, 20, 30, 45, 60, 120)
"""The longest gap of each bin of the histogram but the last, in seconds."""


@dataclass(frozen=True)
class Period:
    """A span of time, half-open: from ``since`` until before ``until``; of one company by its key, or of all."""

    since: datetime
    until: datetime
    company: str | None = None

    def covers(self, company: str, moment: datetime) -> ColumnElement[bool]:
        """Return the condition that these two columns of a table lie in the period."""
        in_time = and_(col(moment) >= self.since, col(moment) < self.until)
        return in_time if self.company is None else and_(col(company) == self.company, in_time)


@dataclass(frozen=True)
class CallCounts:
    """How the calls of a period went.

    ``outcomes`` counts all ``calls`` by outcome. ``confirmed`` are those in which the caller said "yes" at least once
    and which have ended or booked something; ``booked`` are those of them whose outcome is ``booked``.
    """

    calls: int
    outcomes: dict[str, int]
    confirmed: int
    booked: int

    @property
    def success_rate(self) -> float | None:
        """The share of ``confirmed`` that is ``booked``, from 0 to 1; ``None`` where nobody said "yes"."""
        return self.booked / self.confirmed if self.confirmed else None


@dataclass(frozen=True)
class RaceCounts:
    """The races of a period: turns in which somebody else was faster.

    ``caught`` counts all of them by where they were noticed; every key of ``CAUGHT_AT`` is there. ``errors`` are those
    that reached their caller: the answer held no alternative, as an error never does, or came when nobody listened any
    more. ``after_yes`` are those noticed in answer to a "yes", ``booking_refused`` those of them where only the booking
    itself told. ``after_passed_recheck`` were noticed although a look right before had found the slot free.
    """

    caught: dict[str, int]
    errors: int
    after_yes: int
    booking_refused: int
    after_passed_recheck: int

    @property
    def total(self) -> int:
        """All races."""
        return sum(self.caught.values())


@dataclass(frozen=True)
class GapBin:
    """How many gaps were longer than the bin before, and at most ``up_to`` seconds; ``None``: longer than all bins."""

    up_to: int | None
    count: int


@dataclass(frozen=True)
class YesCounts:
    """What followed every "yes" of a period.

    ``rechecks`` counts looks right before a booking by what they came to; every key of ``RECHECK_RESULTS`` is there.
    ``failures_in_row`` is how many of the latest of them failed, one after the other. ``gaps`` tells how long callers
    thought between an offer and their "yes".
    """

    rechecks: dict[str, int]
    failures_in_row: int
    gaps: tuple[GapBin, ...]


@dataclass(frozen=True)
class AnswerCounts:
    """Trouble with Cal.com in a period: answers 429, and answers that never came or told of a wrong configuration."""

    rate_limited: int
    failed: int


async def count_calls(connection: AsyncConnection, period: Period) -> CallCounts:
    """Count the calls that began in the period."""
    settled = or_(col(Call.ended_at).is_not(None), col(Call.outcome) == "booked")
    query = (
        select(col(Call.outcome), func.count(), func.count().filter(and_(col(Call.confirmed), settled)))
        .where(period.covers(Call.company, Call.started_at))
        .group_by(col(Call.outcome))
    )
    rows = (await connection.execute(query)).all()
    return CallCounts(
        calls=sum(calls for _, calls, _ in rows),
        outcomes={outcome: calls for outcome, calls, _ in rows},
        confirmed=sum(confirmed for _, _, confirmed in rows),
        booked=sum(confirmed for outcome, _, confirmed in rows if outcome == "booked"),
    )


async def count_races(connection: AsyncConnection, period: Period) -> RaceCounts:
    """Count the races in turns answered in the period."""
    in_vain = or_(~col(Turn.heard), func.json_array_length(Turn.alternatives) == 0)
    after_yes = col(Turn.confirmed_at).is_not(None)
    query = (
        select(
            col(Turn.race_caught_at),
            func.count(),
            func.count().filter(in_vain),
            func.count().filter(after_yes),
            func.count().filter(col(Turn.recheck) == "passed"),
        )
        .where(period.covers(Turn.company, Turn.answered_at), col(Turn.race_caught_at).is_not(None))
        .group_by(col(Turn.race_caught_at))
    )
    rows = (await connection.execute(query)).all()
    caught = dict.fromkeys(CAUGHT_AT, 0)
    return RaceCounts(
        caught=caught | {str(row[0]): row[1] for row in rows},
        errors=sum(row[2] for row in rows),
        after_yes=sum(row[3] for row in rows),
        booking_refused=sum(row[3] for row in rows if row[0] == "booking"),
        after_passed_recheck=sum(row[4] for row in rows),
    )


async def count_yes(connection: AsyncConnection, period: Period) -> YesCounts:
    """Count what followed every "yes" answered in the period."""
    gap, recheck = col(Turn.gap_seconds), col(Turn.recheck)
    query = select(
        func.count(gap),
        *(func.count().filter(gap <= bound) for bound in GAP_BOUNDS),
        *(func.count().filter(recheck == result) for result in RECHECK_RESULTS),
    ).where(*_yes(period))
    gaps, *counts = (await connection.execute(query)).one()
    up_to, results = counts[: len(GAP_BOUNDS)], counts[len(GAP_BOUNDS) :]
    rechecks = dict(zip(RECHECK_RESULTS, results, strict=True))
    return YesCounts(
        rechecks=rechecks,
        failures_in_row=await count_failures_in_row(connection, period) if rechecks["failed"] else 0,
        gaps=tuple(
            GapBin(bound, reached - before)
            for bound, before, reached in zip((*GAP_BOUNDS, None), (0, *up_to), (*up_to, gaps), strict=True)
        ),
    )


async def gap_at(connection: AsyncConnection, period: Period, share: float, gaps: int) -> float | None:
    """Return the gap in seconds that ``share`` of the ``gaps`` of the period do not exceed; ``None`` without any."""
    if not gaps:
        return None
    rank = max(0, math.ceil(share * gaps) - 1)
    gap = col(Turn.gap_seconds)
    query = select(gap).where(*_yes(period), gap.is_not(None)).order_by(gap).offset(rank).limit(1)
    return (await connection.execute(query)).scalars().first()


async def count_failures_in_row(connection: AsyncConnection, period: Period) -> int:
    """Count how many of the latest looks right before a booking in the period failed, one after the other."""
    worked = (
        select(col(Turn.answered_at))
        .where(*_yes(period), col(Turn.recheck).in_(("passed", "gone")))
        .order_by(col(Turn.answered_at).desc())
        .limit(1)
    )
    last = (await connection.execute(worked)).scalars().first()
    failed = select(func.count()).select_from(Turn).where(*_yes(period), col(Turn.recheck) == "failed")
    return (
        await connection.execute(failed if last is None else failed.where(col(Turn.answered_at) > last))
    ).scalar_one()


def _yes(period: Period) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return period.covers(Turn.company, Turn.answered_at), col(Turn.confirmed_at).is_not(None)


async def count_answers(connection: AsyncConnection, period: Period) -> AnswerCounts:
    """Count Cal.com's answers in the period, to the minute in periods up to a day, else to the hour.

    The minute or hour in which the period begins is part of it as a whole.
    """
    span = MINUTE if period.until - period.since <= timedelta(days=1) else HOUR
    answers, result = func.sum(col(CalendarAnswers.answers)), col(CalendarAnswers.result)
    query = select(answers.filter(result == RATE_LIMITED), answers.filter(result.in_(FAILED)))
    rate_limited, failed = (await connection.execute(query.where(answers_of(period, span)))).one()
    return AnswerCounts(rate_limited=int(rate_limited or 0), failed=int(failed or 0))


def answers_of(period: Period, span: int) -> ColumnElement[bool]:
    """Return the condition for answers in the period, counted in spans of so many seconds, the first as a whole."""
    whole = replace(period, since=begin_of_span(period.since, span))
    covered = whole.covers(CalendarAnswers.company, CalendarAnswers.begins_at)
    return and_(col(CalendarAnswers.span_seconds) == span, covered)
