"""``make bench-check``: whether ours has grown slower beside the plain baseline of the same run; a few minutes.

Times alone would say how busy the machine is. Ratios to a baseline that was played in the same rounds say what we did.
"""

import asyncio
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.figures import percentile
from bench.play import TURNS, Run
from bench.rounds import Condition, Measured, play_rounds
from bench.systems import APART, PLAIN, TOGETHER
from bench.turns import USUAL

BOUNDS = Path(__file__).with_name("ratios.toml")
CONDITION = replace(USUAL, rounds=3)
SYSTEMS = (APART, TOGETHER)
PERCENTS = (50, 95)

Bounds = Mapping[str, Mapping[str, float]]
"""The most that each ratio may be, by system and by what is compared."""


@dataclass(frozen=True)
class Ratio:
    """So many times the baseline's; ``bound`` is the most it may be."""

    system: str
    what: str
    ratio: float
    bound: float

    @property
    def is_kept(self) -> bool:
        """Whether it is within the bound."""
        return self.ratio <= self.bound


def ratios(measured: Measured, bounds: Bounds) -> list[Ratio]:
    """Hold every system beside the baseline: medians over the rounds of what is so many times as much.

    Raises:
        KeyError: There is no bound for something that is compared.
    """
    [baseline] = [runs for (_, system), runs in measured.items() if system == PLAIN]
    return [
        Ratio(system.name, what, ratio, bounds[system.name][what])
        for (_, system), runs in measured.items()
        if system != PLAIN
        for what, ratio in _compared(runs, baseline)
    ]


def failures(measured: Measured) -> list[str]:
    """Say which systems failed calls, or offered without a hold: that is no matter of bounds."""
    return [
        f"{system.name}: {run.failures.total()} of {len(run.calls)} calls failed, {run.unheld} offers were unheld"
        for (_, system), runs in measured.items()
        for run in runs
        if run.failures or run.unheld
    ]


def _compared(runs: Sequence[Run], baseline: Sequence[Run]) -> Iterator[tuple[str, float]]:
    for turn in TURNS:
        for percent in PERCENTS:
            ours = (percentile(run.milliseconds(turn), percent) for run in runs)
            plain = (percentile(run.milliseconds(turn), percent) for run in baseline)
            yield f"{turn}_p{percent}", median(mine / theirs for mine, theirs in zip(ours, plain, strict=True))
    spent = (_cpu_ms(run) for run in runs)
    yield "cpu", median(mine / _cpu_ms(theirs) for mine, theirs in zip(spent, baseline, strict=True))


def _cpu_ms(run: Run) -> float:
    return sum(spent for process, spent in run.cpu_ms_per_call.items() if process != "Calendar")


def _table(compared: Sequence[Ratio], condition: Condition) -> Table:
    title = f"Times the plain baseline's: {condition}"
    laid_out = Table(title=title, caption=f"Median of {condition.rounds} rounds.")
    for heading in ("", "what"):
        laid_out.add_column(heading)
    for heading in ("ratio", "at most"):
        laid_out.add_column(heading, justify="right")
    laid_out.add_column("")
    for each in compared:
        verdict = "kept" if each.is_kept else "[bold red]broken[/]"
        laid_out.add_row(each.system, each.what, f"{each.ratio:.2f}", f"{each.bound:g}", verdict)
    return laid_out


def run(
    rounds: Annotated[int, typer.Option(min=1)] = CONDITION.rounds,
    seconds: Annotated[float, typer.Option(help="How long calls are begun in each.")] = CONDITION.seconds,
) -> None:
    """Measure, compare, and end with exit status 1 where a bound is broken or a call failed."""
    console, condition = Console(), replace(CONDITION, rounds=rounds, seconds=seconds)
    bounds = tomllib.loads(BOUNDS.read_text(encoding="utf-8"))
    measured = asyncio.run(play_rounds(console, {condition: (PLAIN, *SYSTEMS)}))
    compared, failed = ratios(measured, bounds), failures(measured)
    console.print(_table(compared, condition))
    for line in failed:
        console.print(line, style="bold red")
    if failed or not all(each.is_kept for each in compared):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(run)
