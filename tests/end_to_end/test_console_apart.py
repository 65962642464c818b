"""The console has no part in a call: whatever becomes of it, callers notice nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.many_calls import keep, many_calls
from simulator.business import SALON, workdays
from simulator.caller import Caller
from simulator.desk import Desk
from simulator.stack import Stack, running_stack
from store.engine import close, create_engine
from store.holds import Holds
from tests.databases import Databases

pytestmark = [pytest.mark.alone, pytest.mark.timeout(180)]

CALLS_BEFORE = 3000
CALLERS = 4
VISITORS = 60

EXPENSIVE = ("/?period=30d", "/calls?period=30d&text=call", "/calls.csv?period=30d", "/calendars")


@pytest.fixture(scope="module")
def database_url(databases: Databases) -> Iterator[str]:
    with databases.new("nothing") as url:
        yield url


@pytest.fixture(scope="module")
async def stack(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack with a console that nobody replaces, and with a history."""
    folder = tmp_path_factory.mktemp("apart")
    async with running_stack(folder, settings={"DATABASE_URL": database_url}, with_console=True) as stack:
        yield stack


@pytest.fixture(scope="module")
async def engine(stack: Stack, database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url)
    now = datetime.now(UTC)
    for rows in many_calls(CALLS_BEFORE, now - timedelta(days=29), now):
        await keep(engine, rows)
    yield engine
    await close(engine)


@asynccontextmanager
async def flooded(stack: Stack) -> AsyncIterator[None]:
    """Let visitors ask for expensive pages, each for one after the other, as long as calls are made."""
    answered = asyncio.Event()

    async def visit(first: int) -> None:
        for page in islice(cycle(EXPENSIVE), first, None):
            await http.get(page)
            answered.set()

    everybody = httpx.Limits(max_connections=VISITORS)
    async with (
        httpx.AsyncClient(base_url=stack.console_url, timeout=60, limits=everybody) as http,
        asyncio.TaskGroup() as visitors,
    ):
        visits = [visitors.create_task(visit(first)) for first in range(VISITORS)]
        await answered.wait()
        yield
        for each in visits:
            each.cancel()


@asynccontextmanager
async def standing_still(stack: Stack) -> AsyncIterator[None]:
    """Stop the console in the middle of whatever it does."""
    os.kill(stack.pids["Console"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(stack.pids["Console"], signal.SIGCONT)


@asynccontextmanager
async def killed(stack: Stack) -> AsyncIterator[None]:
    os.kill(stack.pids["Console"], signal.SIGKILL)
    yield


@pytest.mark.parametrize(("days_ahead", "console"), [(0, flooded), (1, standing_still), (2, killed)])
async def test_every_slot_is_held_and_booked_while_the_console_is(
    stack: Stack, engine: AsyncEngine, days_ahead: int, console: Callable[[Stack], AbstractAsyncContextManager[None]]
) -> None:
    days = workdays(datetime.now(SALON.zone).date())
    day = [next(days) for _ in range(1 + days_ahead)][-1]
    wished = [SALON.at(day, hour) for hour in range(9, 9 + CALLERS)]
    async with (
        httpx.AsyncClient(base_url=stack.webhook_url, timeout=30) as webhook,
        httpx.AsyncClient(base_url=stack.calendar_url) as calendar,
    ):
        callers = [
            Caller(webhook, stack.retell_api_key, SALON.number, f"+4915550{days_ahead}{number:05d}", name="Ann Lee")
            for number in range(CALLERS)
        ]
        async with console(stack):
            offers = await asyncio.gather(
                *(
                    caller.say("check_availability", datum=f"{day:%d.%m.%Y}", uhrzeit=SALON.clock(start))
                    for caller, start in zip(callers, wished, strict=True)
                )
            )
            held = await Holds(engine).live("salon-beispiel", "dr-smith")
            yeses = await asyncio.gather(*(caller.say("book_appointment", name="Ann Lee") for caller in callers))
            ends = await asyncio.gather(*(caller.hang_up() for caller in callers))
        booked = [booked.start for booked in await Desk(calendar).ledger() if booked.start in wished]

    assert [offer.status for offer in offers] == ["available"] * CALLERS
    assert {hold.call_id: hold.start for hold in held if hold.start in wished} == {
        caller.call_id: start for caller, start in zip(callers, wished, strict=True)
    }
    assert [yes.status for yes in yeses] == ["booked"] * CALLERS
    assert [end.status_code for end in ends] == [200] * CALLERS
    assert booked == wished
