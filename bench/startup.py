"""How long it takes from a command to its being ready, and which imports that time goes into.

Each process is ended and started again on the embedded stack with everything else up; then the whole stack is started
as `make up` starts it, up to the first call that is answered: in an empty folder, and in the one it has just left.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.figures import Figure, Figures, Spread
from bench.town import heard
from simulator.business import SALON
from simulator.caller import Caller
from simulator.process import Process
from simulator.stack import GRACE_SECONDS, READY_SECONDS, ROOT, SETTINGS, Variant, running_stack
from simulator.up import Running

ROUNDS = 5
HEAVIEST = 5

IMPORTS: Mapping[str, str] = {
    "Worker": "import worker",
    "Webhook": "import starter.cli",
    "Slotkeeper": "import starter.cli, worker",
    "Console": "import starter.cli, console.serving",
    "Calendar": "import simulator.calcom.__main__",
    "make up": "import simulator.__main__",
}
"""What each process imports before it does anything."""

CAPTION = (
    f"Seconds, median (fastest to slowest) of {ROUNDS}. The {HEAVIEST} heaviest packages of each process are timed by "
    "the interpreter itself, which slows it down. Wanted of `make up`: the first answer within 10."
)


def measure(console: Console) -> Figures:
    """Start everything again and again; return one figure for each process and each part of its time."""
    figures = asyncio.run(_processes(console))
    figures += asyncio.run(_whole(console))
    for name, statement in IMPORTS.items():
        figures += _imports(console, name, statement)
    return figures


def table(figures: Figures) -> Table:
    """The figures as a table."""
    shown = Table(title="From the command to being ready", caption=CAPTION)
    shown.add_column("")
    shown.add_column("")
    shown.add_column("s", justify="right")
    for row in figures:
        cell = f"{row['median_s']:.2f} ({row['min_s']:.2f} to {row['max_s']:.2f})"
        shown.add_row(str(row["process"]), str(row["what"]), cell)
    return shown


def import_times(report: str) -> Counter[str]:
    """Sum up what `python -X importtime` reports: the microseconds of each package's own modules, by package."""
    times: Counter[str] = Counter()
    for line in report.splitlines():
        match line.removeprefix("import time:").split("|"):
            case [own, _, module] if own.strip().isdigit():
                times[module.strip().partition(".")[0]] += int(own)
    return times


def figure_of(process: str, what: str, seconds: Sequence[float]) -> Figure:
    """Sum up what the rounds came to."""
    spread = Spread.of(seconds)
    return {
        "process": process,
        "what": what,
        "median_s": round(spread.median, 3),
        "min_s": round(spread.least, 3),
        "max_s": round(spread.most, 3),
    }


async def _processes(console: Console) -> Figures:
    figures: Figures = []
    for variant in (Variant(), Variant(together=True)):
        with tempfile.TemporaryDirectory(prefix="slotkeeper-") as folder:
            async with running_stack(Path(folder), with_console=not variant.together, variant=variant) as stack:
                names = ["Slotkeeper"] if variant.together else list(stack.pids)
                seconds: dict[str, list[float]] = {name: [] for name in names}
                for _ in track(range(ROUNDS), f"Starting {', '.join(names)} …", console=console):
                    for name, took in seconds.items():
                        await stack.end(name, warned=True)
                        begun = monotonic()
                        await stack.begin(name)
                        took.append(monotonic() - begun)
        figures += [figure_of(name, "ready", took) for name, took in seconds.items()]
    return figures


async def _whole(console: Console) -> Figures:
    seconds: dict[str, list[float]] = {}
    for _ in track(range(ROUNDS), "Starting the stack, up to the first answer …", console=console):
        with tempfile.TemporaryDirectory(prefix="slotkeeper-") as folder:
            for which in ("in an empty folder", "again"):
                up, answered = await _until_answered(Path(folder))
                seconds.setdefault(f"ready, {which}", []).append(up)
                seconds.setdefault(f"first call answered, {which}", []).append(answered)
    return [figure_of("make up", what, took) for what, took in seconds.items()]


async def _until_answered(folder: Path) -> tuple[float, float]:
    """Start the stack in a folder, and end it; return the seconds until it was up, and until it answered a call."""
    kept = {k: v for k, v in os.environ.items() if k not in SETTINGS and not k.startswith("TEMPORAL_")}
    process = Process("up", [sys.executable, "-m", "simulator", "up"], kept | {"PYTHONPATH": str(ROOT)}, folder)

    async def noted() -> str | None:
        running = Running.find(folder / ".data")
        return running.model_dump_json() if running else None

    begun = monotonic()
    process.start()
    try:
        running = Running.model_validate_json(await process.until(noted, 2 * READY_SECONDS))
        up = monotonic() - begun
        async with httpx.AsyncClient(base_url=running.webhook_url, trust_env=False, timeout=30) as http:
            caller = Caller(http, running.retell_api_key, SALON.number)
            heard(await caller.say("find_next_available"), "available")
        return up, monotonic() - begun
    finally:
        await process.stop(2 * GRACE_SECONDS)


def _imports(console: Console, name: str, statement: str) -> Figures:
    plain: list[float] = []
    reports: list[Counter[str]] = []
    for _ in track(range(ROUNDS), f"Imports of {name} …", console=console):
        begun = monotonic()
        _python("-c", statement)
        plain.append(monotonic() - begun)
        reports.append(import_times(_python("-X", "importtime", "-c", statement)))
    total = sum(reports, Counter[str]())
    figures = [figure_of(name, "interpreter and imports", plain)]
    for package, _ in total.most_common(HEAVIEST):
        figures.append(figure_of(name, f"import of {package}", [report[package] / 1e6 for report in reports]))
    return figures


def _python(*arguments: str) -> str:
    """Run the interpreter, and return what it reports."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, check=True).stderr  # noqa: S603 - ours
