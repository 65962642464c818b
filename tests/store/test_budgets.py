"""What Cal.com said of an account, as workers tell each other."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from store.budgets import exchange_budgets
from store.engine import close
from store.errors import StoreUnavailable
from store.tables import CalendarBudget
from tests.databases import gone

TEN = datetime(2026, 12, 8, 10, 0, tzinfo=UTC)


def said(account: str = "one", *, remaining: int = 100, after: float = 0, resets: float = 60) -> CalendarBudget:
    noted_at = TEN + timedelta(seconds=after)
    return CalendarBudget(
        account=account,
        allowed=120,
        remaining=remaining,
        resets_at=TEN + timedelta(seconds=resets),
        noted_at=noted_at,
    )


async def heard(engine: AsyncEngine, now: datetime = TEN) -> dict[str, int]:
    return {row.account: row.remaining for row in await exchange_budgets(engine, [], now)}


async def test_what_was_said_of_accounts_is_read_by_everybody(engine: AsyncEngine) -> None:
    [first] = await exchange_budgets(engine, [said()], TEN)
    await exchange_budgets(engine, [said("two", remaining=3), said("three", remaining=0)], TEN)

    assert first == said()
    assert await heard(engine) == {"one": 100, "two": 3, "three": 0}


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_what_was_said_last_counts_whoever_comes_first(engine: AsyncEngine, order: tuple[int, int]) -> None:
    for after in order:
        await exchange_budgets(engine, [said(remaining=100 - after, after=after)], TEN)

    assert await heard(engine) == {"one": 98}


async def test_a_new_window_has_more_requests_left(engine: AsyncEngine) -> None:
    await exchange_budgets(engine, [said(remaining=0)], TEN)
    await exchange_budgets(engine, [said(remaining=119, after=61, resets=121)], TEN + timedelta(seconds=61))

    assert await heard(engine, TEN + timedelta(seconds=61)) == {"one": 119}


async def test_what_has_been_reset_is_not_read_any_more(engine: AsyncEngine) -> None:
    await exchange_budgets(engine, [said(resets=5), said("two", resets=10)], TEN)

    assert await heard(engine, TEN + timedelta(seconds=5)) == {"two": 100}


async def test_what_was_noted_in_the_future_is_not_read_and_gives_way(engine: AsyncEngine) -> None:
    await exchange_budgets(engine, [said(remaining=0, after=1800, resets=1860)], TEN + timedelta(seconds=1800))
    assert await heard(engine) == {}

    await exchange_budgets(engine, [said(remaining=99)], TEN)
    assert await heard(engine) == {"one": 99}


async def test_clocks_may_differ_a_little(engine: AsyncEngine) -> None:
    await exchange_budgets(engine, [said(remaining=3, after=1)], TEN + timedelta(seconds=1))
    await exchange_budgets(engine, [said(remaining=99)], TEN)

    assert await heard(engine) == {"one": 3}


async def test_many_workers_tell_at_once(engine: AsyncEngine) -> None:
    def told_by(worker: int) -> list[CalendarBudget]:
        rows = [said(account, remaining=100 - worker, after=worker) for account in ("one", "two", "three")]
        return rows if worker % 2 else rows[::-1]

    later = TEN + timedelta(seconds=12)
    await asyncio.gather(*(exchange_budgets(engine, told_by(worker), later) for worker in range(12)))

    assert await heard(engine, later) == {"one": 89, "two": 89, "three": 89}


async def test_a_database_that_is_away_is_said_so(engine: AsyncEngine) -> None:
    await heard(engine)
    await close(engine)
    with gone(engine.url), pytest.raises(StoreUnavailable):
        await heard(engine)
