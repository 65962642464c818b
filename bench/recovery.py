"""How long a caller waits whose worker was killed: before the "yes", with it, and in the middle of the booking.

Every round is a call of its own on the embedded stack. What was offered was asked for again right before the kill: a
worker that has not been heard of for ten seconds is not waited for, so this is the case that takes longest. Nobody is
killed before the offer is stored, which in one process may be a moment after it was heard. The answer budget is long,
so that what is late is seen.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from time import monotonic

import httpx
import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table
from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from bench.figures import Figure, Figures, Spread
from bench.town import Guest, Town, guests, heard
from bench.tuned import Tuning
from simulator.ports import ANY_PORTS
from simulator.process import Process
from simulator.stack import GRACE_SECONDS, READY_SECONDS, Stack, Variant, running_stack

ROUNDS = 5
COMPANIES = 10
PATIENCE_SECONDS = 60
AGAIN_SECONDS = 0.05

UNDER_WAY_SECONDS = 0.4
"""How long a booking step has been running when its worker is killed: its request is at the calendar."""

CAPTION = (
    f"Seconds, median (fastest to slowest) of {ROUNDS}. Wanted: after the restart, or the kill with a second worker, "
    "at most 2; a booking finished within 5, and made once."
)


@dataclass(frozen=True)
class Round:
    """What one round came to; `bookings` is how many the calendar has of the call's slot."""

    seconds: float
    bookings: int


@dataclass(frozen=True)
class Site:
    """A running stack, and what goes on at it."""

    stack: Stack
    tuning: Tuning
    calendar: httpx.AsyncClient
    temporal: Client
    guests: Iterator[Guest]

    async def offered(self) -> "Talk":
        """Let somebody call, and ask for a slot that is offered."""
        talk = Talk(self, next(self.guests))
        await talk.guest.caller.started()
        await talk.asks()
        return talk

    async def goes_wrong(self, kind: str, seconds: float) -> None:
        """Let the next booking meet a fault at the calendar."""
        fault = {"endpoint": "bookings.create", "kind": kind, "seconds": seconds}
        (await self.calendar.post("/_double/faults", json=fault)).raise_for_status()

    @asynccontextmanager
    async def second_worker(self) -> AsyncIterator[None]:
        """Have a second worker for a while; in the end the stack's own is there again."""
        async with _beside(self.stack, "Second worker", self.tuning.worker, ANY_PORTS.free().webhook):
            yield
            await self.stack.start_worker()


@dataclass
class Talk:
    """A call; `asked` is how many questions it has had."""

    site: Site
    guest: Guest
    asked: int = 0

    async def asks(self) -> None:
        """Ask for the slot, which is offered; return once the offer is stored."""
        heard(await self.guest.asks(), "available")
        self.asked += 1
        call = self.site.temporal.get_workflow_handle(f"call/{self.guest.caller.call_id}")
        stored = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
        while True:
            events = (await call.fetch_history()).events
            if [event.event_type for event in events].count(stored) == self.asked:
                break
            await asyncio.sleep(0.02)

    async def says_yes(self) -> float:
        """Agree, and return when the booking was known. Where nobody takes the "yes" it is delivered again."""
        answering = self.guest.says_yes()
        while True:
            try:
                reply = await answering
            except httpx.TransportError:
                await asyncio.sleep(AGAIN_SECONDS)
                answering = self.guest.caller.repeat_last()
            else:
                heard(reply, "booked")
                return monotonic()

    async def is_being_booked(self) -> None:
        """Wait until a worker carries the booking out, and its request is at the calendar."""
        call = self.site.temporal.get_workflow_handle(f"call/{self.guest.caller.call_id}")
        begun = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        while True:
            pending = (await call.describe()).raw_description.pending_activities
            if any(step.activity_type.name == "book_slot" and step.state == begun for step in pending):
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(UNDER_WAY_SECONDS)

    async def over(self) -> int:
        """Hang up; return how many bookings the calendar has of the slot, once the call has come to its end."""
        await self.guest.caller.hang_up()
        await self.site.temporal.get_workflow_handle(f"call/{self.guest.caller.call_id}").result()
        booked = (await self.site.calendar.get("/_double/ledger")).json()["bookings"]
        return sum(booking["metadata"].get("call") == self.guest.caller.call_id for booking in booked)


async def _restarted(site: Site) -> Round:
    talk = await site.offered()
    site.stack.kill_worker()
    begun, yes = monotonic(), asyncio.create_task(talk.says_yes())
    await site.stack.start_worker()
    return Round(await yes - begun, await talk.over())


async def _taken_over(site: Site) -> Round:
    talk = await site.offered()
    async with site.second_worker():
        await talk.asks()
        site.stack.kill_worker()
        begun = monotonic()
        seconds = await talk.says_yes() - begun
        return Round(seconds, await talk.over())


async def _booking_restarted(site: Site, kind: str, seconds: float) -> Round:
    talk = await site.offered()
    await site.goes_wrong(kind, seconds)
    yes = asyncio.create_task(talk.says_yes())
    await talk.is_being_booked()
    site.stack.kill_worker()
    begun = monotonic()
    await site.stack.start_worker()
    return Round(await yes - begun, await talk.over())


async def _booking_taken_over(site: Site, kind: str, seconds: float) -> Round:
    talk = await site.offered()
    async with site.second_worker():
        await talk.asks()
        await site.goes_wrong(kind, seconds)
        yes = asyncio.create_task(talk.says_yes())
        await talk.is_being_booked()
        site.stack.kill_worker()
        begun = monotonic()
        return Round(await yes - begun, await talk.over())


Case = Callable[[Site], Awaitable[Round]]

RESTARTED: Mapping[str, Case] = {
    "killed before the yes: from the restart": _restarted,
    "killed in a booking of 1 s: from the restart": partial(_booking_restarted, kind="delay", seconds=1),
}
TAKEN_OVER: Mapping[str, Case] = {
    "killed before the yes, a second worker: from the kill": _taken_over,
    "killed in a booking of 1 s, a second worker: from the kill": partial(_booking_taken_over, kind="delay", seconds=1),
    "killed in a booking that is lost, a second worker: from the kill": partial(
        _booking_taken_over, kind="timeout", seconds=4
    ),
}
"""A booking that is lost never reaches the calendar's books: nobody can know that, so it is waited for."""

CASES = {**RESTARTED, **TAKEN_OVER}

Plan = Sequence[tuple[Tuning, Mapping[str, Case]]]
"""Which deaths are met with which settings."""

FIRST = dict(islice(RESTARTED.items(), 1))
PLAN: Plan = (
    (Tuning(), CASES),
    (Tuning(together=True), RESTARTED),
    *(
        (tried, FIRST)
        for tried in (
            Tuning(sticky_seconds=10, task_seconds=10),
            Tuning(sticky_seconds=1, task_seconds=2),
            Tuning(reset_sticky=True),
        )
    ),
)
"""As shipped; together with its worker a web process dies, too, and only a restart brings it back. Then what the
settings were chosen among; the first of these is Temporal's stock."""


def measure(console: Console) -> Figures:
    """Kill workers under each of the settings; return one figure for each of them and each case."""
    figures: Figures = []
    for tuning, cases in PLAN:
        with tempfile.TemporaryDirectory(prefix="slotkeeper-") as folder:
            figures += asyncio.run(_measure(Path(folder), console, tuning, cases))
    return figures


def table(figures: Figures) -> Table:
    """The figures as a table: the settings side by side."""
    shown = Table(title="When a worker dies", caption=CAPTION)
    shown.add_column("")
    columns = list(dict.fromkeys(str(row["settings"]) for row in figures))
    for settings in columns:
        shown.add_column(settings, justify="right")
    beside: dict[str, dict[str, str]] = {}
    for row in figures:
        twice = f", {row['most_bookings']} bookings" if row["most_bookings"] != 1 else ""
        cell = f"{row['median_s']:.1f} ({row['min_s']:.1f} to {row['max_s']:.1f}){twice}"
        beside.setdefault(str(row["case"]), {})[str(row["settings"])] = cell
    for case, cells in beside.items():
        shown.add_row(case, *(cells.get(settings, "") for settings in columns))
    return shown


def figure_of(tuning: Tuning, case: str, rounds: Sequence[Round]) -> Figure:
    """Sum up what the rounds of a case came to."""
    spread = Spread.of([each.seconds for each in rounds])
    return {
        "settings": str(tuning),
        "case": case,
        "median_s": round(spread.median, 2),
        "min_s": round(spread.least, 2),
        "max_s": round(spread.most, 2),
        "least_bookings": min(each.bookings for each in rounds),
        "most_bookings": max(each.bookings for each in rounds),
    }


async def _measure(folder: Path, console: Console, tuning: Tuning, cases: Mapping[str, Case]) -> Figures:
    seen: dict[str, list[Round]] = {case: [] for case in cases}
    async with _site(folder, tuning) as site:
        turns = [case for _ in range(ROUNDS) for case in cases]
        for case in track(turns, f"Killing workers, {tuning} …", console=console):
            seen[case].append(await cases[case](site))
    return [figure_of(tuning, case, seen[case]) for case in cases]


@asynccontextmanager
async def _site(folder: Path, tuning: Tuning) -> AsyncIterator[Site]:
    town = Town(COMPANIES, datetime.now(UTC).date())
    catalog, calendar_file = town.write_catalog(folder / "catalog.toml"), town.write_calendar(folder / "calendar.toml")
    patience = {"ANSWER_BUDGET_SECONDS": str(PATIENCE_SECONDS)}
    async with AsyncExitStack() as closing:
        stack = await closing.enter_async_context(
            running_stack(
                folder / "stack",
                settings={**town.keys, "CATALOG_FILE": str(catalog), **patience},
                worker=tuning.worker,
                variant=Variant(together=tuning.together, calendar=calendar_file),
            )
        )
        url = stack.webhook_url
        if tuning.is_of_the_webhook:
            port = ANY_PORTS.free().webhook
            command = (*tuning.webhook, "--port", str(port))
            url = await closing.enter_async_context(_beside(stack, "Second webhook", command, port))
        http = await closing.enter_async_context(
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=2 * PATIENCE_SECONDS)
        )
        calendar = await closing.enter_async_context(
            httpx.AsyncClient(base_url=stack.calendar_url, trust_env=False, timeout=PATIENCE_SECONDS)
        )
        temporal = await Client.connect(stack.temporal_address, data_converter=pydantic_data_converter)
        yield Site(stack, tuning, calendar, temporal, guests(http, stack.retell_api_key, town))


@asynccontextmanager
async def _beside(stack: Stack, name: str, command: Sequence[str], port: int) -> AsyncIterator[str]:
    """Run one more process in the surroundings of the stack's; return its address once it says that it is ready."""
    environment = psutil.Process(stack.worker_pid).environ() | {"HEALTH_BIND": f"127.0.0.1:{port}"}
    del environment["METRICS_BIND"]
    process = Process(name, command, environment, stack.data)
    process.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:

            async def ready() -> str | None:
                return str(http.base_url) if (await http.get("/ready")).is_success else None

            yield await process.until(ready, READY_SECONDS)
        await process.stop(GRACE_SECONDS)
    finally:
        process.kill()
