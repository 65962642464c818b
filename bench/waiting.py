"""What thousands of calls cost that wait for their "yes", and how quick the next answer is among them.

The calls are made through the webhook, several at once, as calls come in: each begins, asks for a slot of its own, and
is offered it. When all is at rest memory is read, and what the processes do meanwhile; then callers are answered one
after the other: new ones, those that have waited longest (whom a worker may have put aside), and those that came last.
They book and hang up, so that those who wait become a few less.
"""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import monotonic

import httpx
import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from bench.figures import Figure, Figures, Spread
from bench.town import Guest, Town, guests, heard
from simulator.stack import Stack, Variant, running_stack

CALLS = (1_000, 10_000)
COMPANIES = 1_000
AT_ONCE = 16
ASKED = 25
"""Callers whose answers are timed, of each kind."""

REST_SECONDS = 10.0
SIX_HOURS = "21600"
"""Nobody's patience and no hold ends while calls are made."""

CAPTION = (
    f"Answers in milliseconds, median (fastest to slowest) of {ASKED}; resident memory in MB; processor time over "
    f"{REST_SECONDS:g} s. Wanted: with 10 000 calls waiting worker and Temporal together under 1 000 MB, and the next "
    "answer as quick as with none."
)


def measure(console: Console) -> Figures:
    """Let more and more calls wait, up to each of the numbers in turn; return figures for none and for each."""
    with tempfile.TemporaryDirectory(prefix="slotkeeper-") as folder:
        return asyncio.run(_measure(Path(folder), console))


def table(figures: Figures) -> Table:
    """The figures as a table: the numbers of waiting calls side by side."""
    shown = Table(title='Calls that wait for their "yes"', caption=CAPTION)
    shown.add_column("")
    crowds = list(dict.fromkeys(row["waiting"] for row in figures))
    for waiting in crowds:
        shown.add_column(f"{waiting:,} waiting", justify="right")
    beside: dict[str, dict[object, str]] = {}
    for row in figures:
        cell = f"{row['median']:,.0f}" + (f" ({row['min']:,.0f} to {row['max']:,.0f})" if "min" in row else "")
        beside.setdefault(str(row["what"]), {})[row["waiting"]] = cell
    for what, cells in beside.items():
        shown.add_row(what, *(cells.get(waiting, "") for waiting in crowds))
    return shown


@dataclass
class Crowd:
    """Those who wait, in the order they came, and who else may call; `turned_away` counts those who were not offered
    what they asked for."""

    guests: Iterator[Guest]
    waiting: list[Guest] = field(default_factory=list)
    turned_away: int = 0

    async def grow(self, size: int, shown: Progress) -> float:
        """Let people call, several at once, until so many have been answered; return how many were a second."""
        missing = size - len(self.waiting)
        task, begun = shown.add_task(f"{size:,} calls that wait …", total=missing), monotonic()
        coming = islice(self.guests, missing)

        async def line() -> None:
            for guest in coming:
                if await _is_offered(guest):
                    self.waiting.append(guest)
                else:
                    self.turned_away += 1
                shown.advance(task)

        async with asyncio.TaskGroup() as lines:
            for _ in range(AT_ONCE):
                lines.create_task(line())
        return missing / (monotonic() - begun)

    def first(self) -> list[Guest]:
        """Call up those who have waited longest."""
        called, self.waiting = self.waiting[:ASKED], self.waiting[ASKED:]
        return called

    def last(self) -> list[Guest]:
        """Call up those who came last."""
        called, self.waiting = self.waiting[-ASKED:], self.waiting[:-ASKED]
        return called


async def _measure(folder: Path, console: Console) -> Figures:
    town = Town(COMPANIES, datetime.now(UTC).date())
    catalog, calendar = town.write_catalog(folder / "catalog.toml"), town.write_calendar(folder / "calendar.toml")
    patience = {"CONFIRMATION_WINDOW_SECONDS": SIX_HOURS, "HOLD_SECONDS": SIX_HOURS}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    async with (
        running_stack(
            folder / "stack",
            settings={**town.keys, "CATALOG_FILE": str(catalog), **patience},
            variant=Variant(calendar=calendar),
        ) as stack,
        httpx.AsyncClient(base_url=stack.webhook_url, trust_env=False, timeout=60) as http,
    ):
        crowd = Crowd(guests(http, stack.retell_api_key, town))
        with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as shown:
            await crowd.grow(ASKED, shown)
            await _answers(crowd.first())
            figures = await _seen(stack, crowd)
            for size in CALLS:
                pace = await crowd.grow(size, shown)
                figures += [{"waiting": size, "what": "calls made a second", "median": round(pace, 1)}]
                figures += await _seen(stack, crowd, size)
        figures += [{"waiting": max(CALLS), "what": "calls not offered their slot", "median": crowd.turned_away}]
    return figures


async def _seen(stack: Stack, crowd: Crowd, waiting: int = 0) -> Figures:
    """Return what is at rest, and then how quickly callers are answered."""
    await asyncio.sleep(REST_SECONDS)
    pids = stack.pids
    before = {name: _cpu_seconds(pid) for name, pid in pids.items()}
    await asyncio.sleep(REST_SECONDS)
    figures: Figures = []
    for name, pid in pids.items():
        memory = psutil.Process(pid).memory_info().rss / 1e6
        busy = (_cpu_seconds(pid) - before[name]) / REST_SECONDS
        figures.append({"what": f"MB of {name}", "median": round(memory)})
        figures.append({"what": f"% of a core, {name}, at rest", "median": round(100 * busy, 1)})
    new = list(islice(crowd.guests, ASKED))
    figures.append(_spread("a new caller's question", [await _asked(guest) for guest in new]))
    figures.append(_spread("a new caller's yes", await _answers(new)))
    if waiting:
        figures.append(_spread("the yes of who waited longest", await _answers(crowd.first())))
        figures.append(_spread("the yes of who came last", await _answers(crowd.last())))
    return [{"waiting": waiting, **row} for row in figures]


async def _is_offered(guest: Guest) -> bool:
    await guest.caller.started()
    return (await guest.asks()).status == "available"


async def _asked(guest: Guest) -> float:
    """Return the milliseconds until a new caller was offered the slot."""
    await guest.caller.started()
    return 1000 * heard(await guest.asks(), "available").seconds


async def _answers(called: Sequence[Guest]) -> list[float]:
    """Let callers agree to what they were offered; return the milliseconds until each had the booking."""
    waited = []
    for guest in called:
        waited.append(1000 * heard(await guest.says_yes(), "booked").seconds)
        await guest.caller.hang_up()
    return waited


def _spread(what: str, milliseconds: Sequence[float]) -> Figure:
    spread = Spread.of(milliseconds)
    return {
        "what": what,
        "median": round(spread.median, 1),
        "min": round(spread.least, 1),
        "max": round(spread.most, 1),
    }


def _cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
