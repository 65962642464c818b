import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from store.answer_times import add_answers
from store.engine import reading
from store.tables import CalendarAnswers

MINUTE = datetime(2025, 10, 16, 9, 41, tzinfo=UTC)


def answers(count: int, begins_at: datetime = MINUTE, **more: Any) -> CalendarAnswers:
    values: dict[str, Any] = {"company": "salon", "endpoint": "slots", "result": "ok", "quickness": 20}
    return CalendarAnswers(span_seconds=60, begins_at=begins_at, answers=count, **values | more)


async def kept(engine: AsyncEngine) -> list[tuple[int, datetime, int]]:
    async with reading(engine) as session:
        rows = select(CalendarAnswers.span_seconds, CalendarAnswers.begins_at, CalendarAnswers.answers)
        return list(
            await session.exec(rows.order_by(col(CalendarAnswers.span_seconds), col(CalendarAnswers.begins_at)))
        )


async def test_answers_are_counted_by_the_minute_the_hour_and_the_day(engine: AsyncEngine) -> None:
    await add_answers(engine, [answers(2), answers(3, MINUTE + timedelta(minutes=1))])
    assert await kept(engine) == [
        (60, MINUTE, 2),
        (60, MINUTE + timedelta(minutes=1), 3),
        (3600, MINUTE.replace(minute=0), 5),
        (86400, MINUTE.replace(hour=0, minute=0), 5),
    ]


async def test_what_is_added_again_is_added(engine: AsyncEngine) -> None:
    for _ in range(3):
        await add_answers(engine, [answers(2), answers(1)])
    assert [count for _, _, count in await kept(engine)] == [9, 9, 9]


async def test_a_moment_within_a_minute_of_another_zone_counts_in_its_minute(engine: AsyncEngine) -> None:
    said = MINUTE.astimezone(ZoneInfo("Asia/Kathmandu")) + timedelta(seconds=12.5)
    await add_answers(engine, [answers(1, said)])
    assert [begins_at for _, begins_at, _ in await kept(engine)] == [
        MINUTE,
        MINUTE.replace(minute=0),
        MINUTE.replace(hour=0, minute=0),
    ]


async def test_workers_that_add_at_once_lose_nothing(engine: AsyncEngine) -> None:
    rows = [answers(1, quickness=step) for step in range(8)]
    await asyncio.gather(*(add_answers(engine, rows[turn:] + rows[:turn]) for turn in range(8)))
    assert sum(count for span, _, count in await kept(engine) if span == 60) == 64


async def test_nothing_is_added_of_nothing(engine: AsyncEngine) -> None:
    await add_answers(engine, [])
    assert await kept(engine) == []
