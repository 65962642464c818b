"""Rounds of a measurement: the same calls against one system after the other, so that what changes hits all alike.

Each system is freshly started and alone on the machine. In every other round the systems come in the opposite order.
"""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.figures import Figure, Spread
from bench.play import Run, play, warm_up
from bench.systems import System, running
from bench.town import ZONE, Town

COMPANIES = 100


@dataclass(frozen=True)
class Condition:
    """How calls come.

    Attributes:
        calendar_ms: After how long the calendar answers.
        seconds: For how long calls are begun.
        calls_a_second: How many on average; 0 lets ``callers`` make theirs one after the other.
        callers: How many of these there are.
        companies: How many companies are called.
        rounds: How often it is played.
    """

    calendar_ms: int
    seconds: float
    calls_a_second: float = 0
    callers: int = 0
    companies: int = COMPANIES
    rounds: int = 1

    def __str__(self) -> str:
        """Name it on the progress line."""
        calls = f"{self.calls_a_second:g} calls a second" if self.calls_a_second else f"{self.callers} callers"
        return f"{self.calendar_ms} ms, {self.companies} companies, {calls}"


_ENDS = ("_min_ms", "_max_ms")

Plan = Mapping[Condition, Sequence[System]]
"""Which systems are measured under which conditions."""

Measured = Mapping[tuple[Condition, System], Sequence[Run]]
"""The runs of all rounds, in their order."""


def sittings(plan: Plan) -> Iterator[tuple[int, System, Sequence[Condition]]]:
    """Yield which system is started next, in which round (from 0 on), and under which conditions it is measured then.

    Conditions that differ in companies or calendar need another start; what is alike stands together in the plan.
    """
    for number in range(max(condition.rounds for condition in plan)):
        due = [condition for condition in plan if number < condition.rounds]
        for _, alike in groupby(due, key=lambda condition: (condition.companies, condition.calendar_ms)):
            conditions = list(alike)
            systems = list(dict.fromkeys(system for condition in conditions for system in plan[condition]))
            for system in reversed(systems) if number % 2 else systems:
                yield number, system, [condition for condition in conditions if system in plan[condition]]


async def play_rounds(console: Console, plan: Plan) -> Measured:
    """Play all rounds of the plan."""
    measured: dict[tuple[Condition, System], list[Run]] = defaultdict(list)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        line = progress.add_task("", total=sum(condition.rounds * len(systems) for condition, systems in plan.items()))
        for number, system, conditions in sittings(plan):
            named = f"round {number + 1}, {system.name}"
            progress.update(line, description=f"{named}: starting")
            town = Town(conditions[0].companies, datetime.now(ZONE).date())
            with tempfile.TemporaryDirectory(prefix="slotkeeper-") as folder:
                async with running(system, Path(folder), town, conditions[0].calendar_ms / 1000) as live:
                    await warm_up(live)
                    for place, condition in enumerate(conditions):

                        def tell(calls: int, what: str = f"{named}: {condition}") -> None:
                            progress.update(line, description=f"{what}: {calls} calls")

                        run = await play(
                            live,
                            f"run-{place}",
                            seconds=condition.seconds,
                            calls_a_second=condition.calls_a_second,
                            callers=condition.callers,
                            seed=number,
                            told=tell,
                        )
                        measured[condition, system].append(run)
                        progress.advance(line)
    return measured


def tally(runs: Sequence[Run]) -> Figure:
    """Return what was counted in the runs of one system: calls, failures, offers without a hold, and what a call cost.

    ``cpu_..._ms`` is what each process computed for a call, with what it does while nobody calls.
    """
    calls = sum(len(run.calls) for run in runs)
    failures = sum((run.failures for run in runs), Counter[str]())
    figure: Figure = {
        "calls": calls,
        "not_booked": failures.total(),
        "failures": ", ".join(f"{failure} {count}" for failure, count in failures.most_common()),
        "unheld": sum(run.unheld for run in runs),
        "requests_per_call": round(sum(run.requests for run in runs) / max(1, calls), 2),
    }
    for process in runs[0].cpu_ms:
        figure |= Spread.of([run.cpu_ms_per_call[process] for run in runs]).named(f"cpu_{process.lower()}", "ms")
    return figure


def cpu_of(figure: Figure) -> str:
    """Show what each process computed for a call, as ``tally`` has counted it."""
    spent = {key: value for key, value in figure.items() if key.startswith("cpu_") and not key.endswith(_ENDS)}
    return ", ".join(f"{key[4:-3]} {milliseconds:.0f}" for key, milliseconds in spent.items())
