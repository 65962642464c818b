"""How many slots can be held in a second while 200 calls want one at once: on SQLite, and on PostgreSQL where it runs.

All want slots of one calendar, or of the calendars of 10, 100 and 1 000 companies. Every call wants a slot of its own,
gets it, and lets it go again; then its place is taken by the next. The calls share one process, as in one worker; those
of one calendar are measured in four processes as well. A hold's time is what the caller waits for it, in the queue,
too. PostgreSQL runs beside on the same machine, without waiting for its disk.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from statistics import median
from time import perf_counter, process_time

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.databases import empty_databases
from bench.figures import Figure, Figures, percentile
from store.engine import close, create_engine
from store.errors import StoreUnavailable
from store.holds import Holds, Line
from store.migrate import migrate

CALLERS = 200
COMPANIES = (1, 10, 100, 1_000)
MANY_PROCESSES = 4
ROUNDS = 3
SECONDS = 3.0

NINE = datetime(2025, 10, 16, 9, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)

CAPTION = (
    f"{CALLERS} calls at once, for {SECONDS:g} s; median (least, most) of {ROUNDS} rounds. CPU is that of our own"
    " processes, for letting go as well. Unanswered: StoreUnavailable, of all that were asked for. Least share: what"
    " the process that got least held in the worst round; 1 is as much as the others."
)

_barrier: Barrier


@dataclass
class Answers:
    """What the callers of one process got; ``held`` are those that were granted before time was up."""

    seconds: list[float] = field(default_factory=list)
    held: int = 0
    unanswered: int = 0
    cpu_seconds: float = 0.0


def measure(console: Console) -> Figures:
    """Let callers hold slots, and return one figure for each database, number of companies and of processes."""
    with empty_databases(console) as urls:
        return list(track(figures_of(urls), "Holding slots …", len(urls) * (len(COMPANIES) + 1), console=console))


def figures_of(
    urls: Mapping[str, str],
    companies: Sequence[int] = COMPANIES,
    processes: int = MANY_PROCESSES,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
) -> Iterator[Figure]:
    """Measure on empty databases, by name; the calendar of one company alone in several processes, too."""
    for database, url in urls.items():
        asyncio.run(_prepare(url, max(companies)))
        for number in companies:
            for among in (1, processes) if number == 1 else (1,):
                answers = _in_processes(url, number, among, rounds, seconds)
                yield {"database": database, "companies": number, "processes": among, **summary(answers, seconds)}


def table(figures: Figures) -> Table:
    """Lay the figures out, a line each."""
    laid_out = Table(title="Holding slots, all at once", caption=CAPTION)
    laid_out.add_column("")
    for heading in (
        "companies",
        "processes",
        "holds a second",
        "p50 ms",
        "p95 ms",
        "CPU ms a hold",
        "unanswered",
        "least share",
    ):
        laid_out.add_column(heading, justify="right")
    for row in figures:
        laid_out.add_row(
            str(row["database"]),
            f"{row['companies']:,}",
            str(row["processes"]),
            f"{row['holds_a_second']:,.0f} ({row['holds_a_second_min']:,.0f}, {row['holds_a_second_max']:,.0f})",
            f"{row['p50_ms']:.0f}",
            f"{row['p95_ms']:.0f}",
            f"{row['cpu_ms']:.2f}",
            f"{row['unanswered']} of {row['asked']}",
            f"{row['least_share']:.2f}",
        )
    return laid_out


async def _prepare(url: str, companies: int) -> None:
    """Make the database, with every calendar used once."""
    engine = create_engine(url)
    await migrate(engine)
    holds = Holds(engine)
    for company in range(companies):
        await _hold(holds, company, 0, 0)
    await close(engine)


def _in_processes(url: str, companies: int, processes: int, rounds: int, seconds: float) -> list[list[Answers]]:
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, context, _meet_at, (context.Barrier(processes),)) as pool:
        call_all = partial(_call_all, url, companies, seconds)
        callers = [range(each, CALLERS, processes) for each in range(processes)]
        return [list(pool.map(call_all, callers)) for _ in range(rounds)]


def summary(rounds: Sequence[Sequence[Answers]], seconds: float = SECONDS) -> Figure:
    """Summarise rounds of so many seconds, each of them the answers of its processes.

    ``least_share`` is what the process that got least held, where 1 is as much as the others.
    """
    held = [sum(answers.held for answers in each) for each in rounds]
    waited = [[waits for answers in each for waits in answers.seconds] for each in rounds]
    cpu_seconds = sum(answers.cpu_seconds for each in rounds for answers in each)
    return {
        "holds_a_second": round(median(held) / seconds, 1),
        "holds_a_second_min": round(min(held) / seconds, 1),
        "holds_a_second_max": round(max(held) / seconds, 1),
        "p50_ms": round(1000 * median(percentile(each, 50) for each in waited), 1),
        "p95_ms": round(1000 * median(percentile(each, 95) for each in waited), 1),
        "max_ms": round(1000 * max(map(max, waited)), 1),
        "cpu_ms": round(1000 * cpu_seconds / max(1, sum(held)), 3),
        "unanswered": sum(answers.unanswered for each in rounds for answers in each),
        "asked": sum(map(len, waited)),
        "least_share": round(min(_least_share([answers.held for answers in each]) for each in rounds), 2),
    }


def _least_share(held: Sequence[int]) -> float:
    return min(held) * len(held) / max(1, sum(held))


def _meet_at(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier


def _call_all(url: str, companies: int, seconds: float, callers: range) -> Answers:
    return asyncio.run(_calls(url, companies, seconds, callers))


async def _calls(url: str, companies: int, seconds: float, callers: range) -> Answers:
    engine = create_engine(url)
    holds = Holds(engine)
    await asyncio.gather(*(_hold(holds, 0, caller, 0) for caller in callers[:20]))
    _barrier.wait(timeout=60)
    answers, cpu, until = Answers(), process_time(), perf_counter() + seconds
    await asyncio.gather(*(_call_on(holds, companies, caller, until, answers) for caller in callers))
    answers.cpu_seconds = process_time() - cpu
    await close(engine)
    return answers


async def _call_on(holds: Holds, companies: int, caller: int, until: float, answers: Answers) -> None:
    """Call again and again, each time another of the companies."""
    number = 0
    while (asked_at := perf_counter()) < until:
        held = await _hold(holds, (caller + number * CALLERS) % companies, caller, number)
        answered_at = perf_counter()
        answers.seconds.append(answered_at - asked_at)
        answers.unanswered += held is None
        answers.held += bool(held) and answered_at < until
        with suppress(StoreUnavailable):
            await holds.release(_call_id(caller, number))
        number += 1


async def _hold(holds: Holds, company: int, caller: int, number: int) -> bool | None:
    """Return whether the slot is held; ``None`` where nobody answered."""
    start = NINE + caller * HALF_HOUR
    try:
        return await holds.take(
            company=f"company-{company}",
            calendar="chair",
            call_id=_call_id(caller, number),
            start=start,
            end=start + HALF_HOUR,
            seconds=120,
            capacity=1,
            line=Line(f"+4915550{caller:06}", "+493055500020", 3, CALLERS),
        )
    except StoreUnavailable:
        return None


def _call_id(caller: int, number: int) -> str:
    return f"call-{caller}-{number}"
