"""Who waits for whom when many ask at once, and what becomes of what is given up."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from store.calls import find_customer
from store.engine import close, create_engine, write
from store.errors import StoreUnavailable
from store.holds import Holds
from tests.databases import StoreWith, kept_by_somebody_else

NINE = datetime(2025, 10, 16, 9, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
MANY = 40
"""Far more callers than there are connections."""
A_SHORT_PATIENCE = 0.4

on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def holds(engine: AsyncEngine) -> Holds:
    return Holds(engine)


async def take(holds: Holds, call_id: str, place: int = 0, calendar: str = "chair") -> bool:
    """Ask until there is an answer: on a busy machine many at once do not all get one in a caller's time."""
    start = NINE + place * HALF_HOUR
    while True:
        with suppress(StoreUnavailable):
            return await holds.take(
                company="salon",
                calendar=calendar,
                call_id=call_id,
                start=start,
                end=start + HALF_HOUR,
                seconds=120,
                capacity=1,
            )


async def held(holds: Holds) -> list[str]:
    return [hold.call_id for hold in await holds.live("salon", "chair")]


async def test_many_calls_at_once_all_get_the_slots_they_ask_for(holds: Holds) -> None:
    names = [f"call-{number:02}" for number in range(MANY)]
    assert all(await asyncio.gather(*(take(holds, name, place) for place, name in enumerate(names))))
    assert await held(holds) == names


async def test_of_those_who_ask_for_one_slot_in_one_process_the_first_gets_it(holds: Holds) -> None:
    granted = await asyncio.gather(*(take(holds, f"call-{number}") for number in range(MANY)))
    assert granted == [True] + [False] * (MANY - 1)


async def test_reading_waits_for_no_writer_however_many_of_them_wait(holds: Holds, engine: AsyncEngine) -> None:
    await take(holds, "first")
    async with engine.begin() as blocker:
        await blocker.execute(text("UPDATE calendar SET key = key"))
        waiting = [asyncio.create_task(take(holds, f"call-{number}", number)) for number in range(1, MANY)]
        assert await held(holds) == ["first"]
        assert await find_customer(engine, "salon", "+4915550100001", now=NINE) is None
        assert not any(each.done() for each in waiting)
    assert all(await asyncio.gather(*waiting))


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_calendar_that_many_ask_for_keeps_nobody_from_another(holds: Holds, engine: AsyncEngine) -> None:
    await take(holds, "first")
    async with engine.begin() as blocker:
        await blocker.execute(text("UPDATE calendar SET key = key"))
        waiting = [asyncio.create_task(take(holds, f"call-{number}", number)) for number in range(1, MANY)]
        assert await held(holds) == ["first"]
        assert await take(holds, "elsewhere", calendar="other chair")
        assert not any(each.done() for each in waiting)
    assert all(await asyncio.gather(*waiting))


async def test_a_write_that_fails_leaves_nothing_behind(engine: AsyncEngine) -> None:
    def fails(connection: Connection) -> None:
        _add_a_calendar(connection)
        raise LookupError

    with pytest.raises(LookupError):
        await write(engine, fails)
    assert await write(engine, _calendars) == 0


def _calendars(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM calendar")).scalar_one())


async def test_a_write_that_is_given_up_before_its_turn_is_not_begun(holds: Holds, engine: AsyncEngine) -> None:
    await take(holds, "first")
    async with engine.begin() as blocker:
        await blocker.execute(text("UPDATE calendar SET key = key"))
        second, third = (asyncio.create_task(take(holds, name, place)) for place, name in ((1, "second"), (2, "third")))
        assert await held(holds) == ["first"]
        third.cancel()
        with suppress(asyncio.CancelledError):
            await third
    assert await second
    assert await take(holds, "fourth", 3)
    assert await held(holds) == ["first", "second", "fourth"]


@on_sqlite
async def test_closing_waits_for_what_is_being_written(holds: Holds, engine: AsyncEngine, url: str) -> None:
    with kept_by_somebody_else(engine.url):
        last = asyncio.create_task(take(holds, "last"))
        assert await held(holds) == []
        closing = asyncio.create_task(close(engine))
        await asyncio.sleep(0)
    await closing
    assert await last
    again = create_engine(url)
    assert await held(Holds(again)) == ["last"]
    await close(again)


@on_sqlite
async def test_an_engine_whose_connections_are_given_up_makes_new_ones(holds: Holds, engine: AsyncEngine) -> None:
    await take(holds, "first")
    await engine.dispose()
    assert await take(holds, "second", 1)
    assert await held(holds) == ["first", "second"]


@on_sqlite
async def test_whoever_asks_first_writes_first_whatever_it_is(holds: Holds) -> None:
    done: list[str] = []

    async def noted(name: str, asking: Awaitable[object]) -> None:
        await asking
        done.append(name)

    wishes = [f"{what} {number}" for number in range(MANY // 2) for what in ("take", "release")]
    asking = [holds.release(wish) if wish.startswith("release") else take(holds, wish) for wish in wishes]
    await asyncio.gather(*(noted(wish, each) for wish, each in zip(wishes, asking, strict=True)))
    assert done == wishes


async def test_a_long_line_is_waited_in_and_nobody_in_it_hears_that_there_is_no_connection(
    store_with: StoreWith,
) -> None:
    engine = store_with("tables", patience=A_SHORT_PATIENCE)
    await write(engine, _add_a_calendar)
    served = await asyncio.gather(*(write(engine, _look_long_at_the_calendar, "chair") for _ in range(MANY)))
    assert served == [1] * MANY


def _add_a_calendar(connection: Connection) -> None:
    connection.execute(text("INSERT INTO calendar (company, key) VALUES ('salon', 'chair')"))


def _look_long_at_the_calendar(connection: Connection) -> int:
    """Keep everybody else away for some milliseconds: all in line take longer than a connection is waited for."""
    connection.execute(text("UPDATE calendar SET key = key"))
    counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT count(*) FROM n"
    connection.execute(text(counting)).scalar_one()
    return _calendars(connection)


@on_sqlite
async def test_a_line_behind_somebody_elses_lock_is_told_together(store_with: StoreWith) -> None:
    engine = store_with("tables", patience=A_SHORT_PATIENCE)
    with kept_by_somebody_else(engine.url):
        # Each on its own would wait for the lock anew.
        async with asyncio.timeout(MANY * A_SHORT_PATIENCE / 2):
            told = await asyncio.gather(*(write(engine, _calendars) for _ in range(MANY)), return_exceptions=True)
    assert {type(each) for each in told} == {OperationalError}
    assert await write(engine, _calendars) == 0
