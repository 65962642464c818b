"""How quickly Cal.com answers, counted as it answers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import Insert
from sqlalchemy.ext.asyncio import AsyncEngine

from store.engine import insert, write
from store.errors import QUERY_SECONDS, answers_within
from store.tables import CalendarAnswers

MINUTE = 60
HOUR = 3600
DAY = 86400
SPANS = (MINUTE, HOUR, DAY)
"""The spans of time answers are counted in, in seconds: short ones to look at today, long ones to look back."""

_KEY = ("company", "span_seconds", "begins_at", "endpoint", "result", "quickness")


@answers_within(QUERY_SECONDS)
async def add_answers(engine: AsyncEngine, rows: Sequence[CalendarAnswers]) -> None:
    """Add to what has been counted, all or nothing: each row to the minute, the hour and the day it lies in.

    What counts is ``begins_at``; rows may repeat one another, and their ``span_seconds`` does not matter. Raises
    ``StoreUnavailable`` when the database does not answer: whether the rows were added is then not
    known, and adding them again may count them twice.
    """
    counted = [_in_span(row, span) for row in rows for span in SPANS]
    if not counted:
        return
    # In one order for everybody: two workers that add to the same rows must not wait for each other in a circle.
    counted.sort(key=lambda values: tuple(str(values[name]) for name in _KEY))
    await write(engine, lambda connection: connection.execute(_add(connection.dialect.name), counted))


def begin_of_span(moment: datetime, seconds: int) -> datetime:
    """Return when the span of so many seconds began in which a moment lies; all spans are counted from 1970 on, UTC."""
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


@cache
def _add(dialect: str) -> Insert:
    new = insert(dialect, CalendarAnswers)
    more = CalendarAnswers.answers + new.excluded.answers
    return new.on_conflict_do_update(index_elements=_KEY, set_={"answers": more})


def _in_span(row: CalendarAnswers, seconds: int) -> dict[str, object]:
    span = {"span_seconds": seconds, "begins_at": begin_of_span(row.begins_at, seconds)}
    return row.model_dump() | span
