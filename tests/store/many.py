"""Some hundreds of calls, in the database and beside it: what is counted there is counted here once more, by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from bench.many_calls import COMPANIES, Row, keep, many_calls
from store.counts import Period
from store.tables import CalendarAnswers, Call, Turn

NOW = datetime(2025, 10, 31, tzinfo=UTC)
SINCE = NOW - timedelta(days=3)
BIRKE = COMPANIES[1]

PERIODS = (
    Period(SINCE, NOW),
    Period(SINCE, NOW, BIRKE),
    Period(NOW - timedelta(hours=7, minutes=11), NOW),
    Period(SINCE + timedelta(hours=5), SINCE + timedelta(hours=23), BIRKE),
    Period(NOW + timedelta(days=1), NOW + timedelta(days=2)),
    Period(SINCE, NOW, "nobody"),
)


@dataclass(frozen=True)
class Made:
    """The rows that are in the database."""

    calls: list[Row]
    turns: list[Row]
    answers: list[Row]

    def of(self, period: Period) -> tuple[list[Row], list[Row]]:
        """Return the calls and the turns of a period."""
        return within(period, self.calls, "started_at"), within(period, self.turns, "answered_at")


async def make_calls(engine: AsyncEngine, count: int = 900) -> Made:
    """Fill the database."""
    made = Made([], [], [])
    for rows in many_calls(count, SINCE, NOW):
        await keep(engine, rows)
        made.calls.extend(rows.get(Call, ()))
        made.turns.extend(rows.get(Turn, ()))
        made.answers.extend(rows.get(CalendarAnswers, ()))
    return made


def within(period: Period, rows: list[Row], moment: str) -> list[Row]:
    """Return the rows of a period."""
    ours = (row for row in rows if period.company in (None, row["company"]))
    return [row for row in ours if period.since <= row[moment] < period.until]


def count(rows: list[Row], condition: Callable[[Row], Any]) -> int:
    """Count the rows of which something is true."""
    return sum(1 for row in rows if condition(row))
