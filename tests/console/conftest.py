"""The console as a process of its own, a browser to look at it with, and calls to see there."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from starter.settings import Settings
from store.calls import save_call
from store.catalog import apply_catalog, load_catalog_file
from store.engine import close, create_engine
from store.tables import Booking, Call, Turn
from tests.browser import running_browser
from tests.databases import Databases, DatabaseWith, PostgresDatabases, gone

ROOT = Path(__file__).parents[2]
CATALOG = ROOT / "catalog.toml"
SALON, OFFICE = "salon-beispiel", "riverside-consulting"
"""The companies of the catalog: one speaks German, one English."""

CALLER = "+4915112345678"


@dataclass(frozen=True)
class RunningConsole:
    """A console that serves, and the database it reads: whoever tests it writes there.

    ``log`` is the file it logs to.
    """

    address: str
    engine: AsyncEngine
    log: Path
    process: subprocess.Popen[str]


StartConsole = Callable[..., Awaitable[RunningConsole]]
NewPage = Callable[..., Awaitable[Page]]


@contextmanager
def _process(
    database_url: str, directory: Path, more: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    ours = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment |= {"DATABASE_URL": database_url, "PYTHONPATH": str(ROOT), "TEMPORAL_ADDRESS": "127.0.0.1:1", **more}
    with (
        (directory / "console.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-c", "from starter.cli import app; app()", "console", "--port", "0"],
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("slotkeeper "), (directory / "console.log").read_text()
            yield process, line.split()[-1]
        finally:
            process.kill()


@asynccontextmanager
async def running_console(
    directory: Path, database_url: str, *, catalog: Path | None = CATALOG, **settings: str
) -> AsyncIterator[RunningConsole]:
    """Run a console on a database with the usual catalog; ``settings`` are environment variables."""
    engine = create_engine(database_url)
    try:
        if catalog:
            await apply_catalog(engine, load_catalog_file(catalog))
        with _process(database_url, directory, settings) as (process, address):
            yield RunningConsole(address, engine, directory / "console.log", process)
    finally:
        await close(engine)


@pytest.fixture(scope="module")
async def console(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningConsole]:
    """The console most tests of a module share."""
    with databases.new("tables") as url:
        async with running_console(tmp_path_factory.mktemp("console"), url) as running:
            yield running


@pytest.fixture
async def start_console(database_with: DatabaseWith, tmp_path: Path) -> AsyncIterator[StartConsole]:
    """Start a console that is not the usual one: takes what ``running_console`` takes after the directory."""
    async with AsyncExitStack() as stopping:

        async def start(
            database_url: str | None = None, *, catalog: Path | None = CATALOG, **settings: str
        ) -> RunningConsole:
            url = database_url or database_with("tables")
            running = running_console(tmp_path, url, catalog=catalog, **settings)
            return await stopping.enter_async_context(running)

        yield start


@dataclass(frozen=True)
class DatabaseToSwitchOff:
    """A database that answers nobody while it is away."""

    url: str
    _away: ExitStack = field(default_factory=ExitStack)

    async def goes_away(self) -> None:
        self._away.enter_context(gone(make_url(self.url)))

    async def comes_back(self) -> None:
        self._away.close()


@pytest.fixture
def database_to_switch_off(postgresql: PostgresDatabases) -> Iterator[DatabaseToSwitchOff]:
    """A database with tables on PostgreSQL; skips where no server can be run."""
    with postgresql.new("tables") as url:
        yield DatabaseToSwitchOff(url)


@pytest.fixture
async def http(console: RunningConsole) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor without a browser, who reads English."""
    async with httpx.AsyncClient(base_url=console.address, headers={"Accept-Language": "en"}, timeout=20) as client:
        yield client


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest.fixture
async def new_page(browser: Browser) -> AsyncIterator[NewPage]:
    """Open a window of its own, English and 1280 px wide unless told otherwise; errors in its scripts fail the test."""
    broken: list[str] = []
    async with AsyncExitStack() as closing:

        async def open_page(language: str = "en-GB", width: int = 1280, height: int = 900, dark: bool = False) -> Page:
            context = await browser.new_context(
                locale=language,
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
            )
            closing.push_async_callback(context.close)
            page = await context.new_page()
            page.on("pageerror", lambda error: broken.append(str(error)))
            return page

        yield open_page
    assert broken == []


def moments_ago(**span: float) -> datetime:
    """Return the moment that long ago: pages show what happened lately by the real clock."""
    return datetime.now(UTC) - timedelta(**span)


def a_call(
    call_id: str,
    started_at: datetime,
    *,
    company: str = SALON,
    branch: str | None = None,
    outcome: str = "booked",
    took: timedelta | None = timedelta(seconds=70),
    caller_number: str | None = CALLER,
    revision: int = 1,
) -> Call:
    """Return a call as it is kept; it lasts still where it ``took`` nothing."""
    return Call(
        call_id=call_id,
        revision=revision,
        company=company,
        branch=branch or {SALON: "zentrale", OFFICE: "main-office"}[company],
        caller_number=caller_number,
        outcome=outcome,
        started_at=started_at,
        ended_at=None if took is None else started_at + took,
    )


def a_question(call: Call, wished_start: datetime, *, position: int = 0, **differing: object) -> Turn:
    """Return a turn in which the slot was free and held; ``differing`` are columns that are otherwise."""
    asked = call.started_at + timedelta(seconds=10 + 20 * position)
    usual: dict[str, object] = {
        "kind": "question",
        "status": "available",
        "wished_start": wished_start,
        "service": {SALON: "haarschnitt", OFFICE: "consultation"}[call.company],
        "hold": "held",
        "received_at": asked,
        "answered_at": asked + timedelta(seconds=0.4),
    }
    return _turn(call, position, usual | differing)


def a_yes(call: Call, wished_start: datetime, *, position: int = 1, gap: float = 14, **differing: object) -> Turn:
    """Return a turn that booked what was on offer ``gap`` seconds before."""
    said = call.started_at + timedelta(seconds=10 + 20 * position)
    usual: dict[str, object] = {
        "kind": "confirmation",
        "status": "booked",
        "wished_start": wished_start,
        "service": {SALON: "haarschnitt", OFFICE: "consultation"}[call.company],
        "hold": "held",
        "recheck": "passed",
        "received_at": said,
        "offered_at": said - timedelta(seconds=gap),
        "confirmed_at": said,
        "gap_seconds": gap,
        "answered_at": said + timedelta(seconds=0.8),
    }
    return _turn(call, position, usual | differing)


def a_lost_race(call: Call, wished_start: datetime, caught_at: str, *, position: int = 1, gap: float = 14) -> Turn:
    """Return a turn whose caller heard that somebody was faster, and two alternatives."""
    return a_yes(
        call,
        wished_start,
        position=position,
        gap=gap,
        status="slot_taken",
        reason="race_condition_detected",
        race_caught_at=caught_at,
        recheck={"hold": None, "recheck": "gone", "booking": "passed"}[caught_at],
        alternatives=[wished_start + timedelta(minutes=30), wished_start + timedelta(minutes=60)],
    )


def _turn(call: Call, position: int, columns: Mapping[str, object]) -> Turn:
    fixed = {"call_id": call.call_id, "company": call.company, "position": position, "turn_id": f"turn-{position}"}
    return Turn.model_validate(fixed | dict(columns))


async def keep(engine: AsyncEngine, call: Call, *turns: Turn, bookings: tuple[Booking, ...] = ()) -> None:
    """Keep a call as the worker does."""
    await save_call(engine, call, turns, bookings)
