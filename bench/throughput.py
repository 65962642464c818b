"""How many calls a second a system sustains: callers who make one call after the other, as fast as it goes.

The calendar answers at once and Temporal keeps no file: what is left is what we compute. A second counts until the last
call is at rest, so that nothing is lent from the time after.
"""

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Figures, Spread, percentile, spread_of
from bench.play import TURNS, Run
from bench.rounds import Condition, Measured, cpu_of, play_rounds, tally
from bench.systems import APART, PLAIN, TOGETHER, System

FLAT_OUT = Condition(calendar_ms=0, seconds=10, callers=16, rounds=5)
SYSTEMS = (PLAIN, APART.in_memory(), TOGETHER.in_memory())

CAPTION = (
    f"Median of {FLAT_OUT.rounds} rounds (least to most); {FLAT_OUT.callers} callers on the same cores. Unheld: "
    "offers made without a hold."
)


def measure(console: Console) -> Figures:
    """Play all rounds; one figure for each system."""
    return figures_of(asyncio.run(play_rounds(console, {FLAT_OUT: SYSTEMS})))


def figures_of(measured: Measured) -> Figures:
    """Sum the runs up."""
    return [_figure(system, runs) for (_, system), runs in measured.items()]


def _figure(system: System, runs: Sequence[Run]) -> Figure:
    figure: Figure = {"system": system.name}
    figure |= Spread.of([run.calls_a_second for run in runs]).named("booked", "per_s")
    for turn in TURNS:
        figure |= Spread.of([percentile(run.milliseconds(turn), 50) for run in runs]).named(f"{turn}_p50", "ms")
    return figure | tally(runs)


def table(figures: Figures) -> Table:
    """Lay the figures out, a system a line."""
    laid_out = Table(title="Calls a second, as fast as it goes", caption=CAPTION)
    laid_out.add_column("")
    for heading in ("booked a second", "check p50 ms", "confirm p50 ms", "not booked", "unheld", "requests a call"):
        laid_out.add_column(heading, justify="right")
    laid_out.add_column("CPU ms a call")
    for row in figures:
        laid_out.add_row(
            str(row["system"]),
            spread_of(row, "booked", "per_s"),
            *(spread_of(row, f"{turn}_p50", "ms") for turn in TURNS),
            f"{row['not_booked']} of {row['calls']}",
            str(row["unheld"]),
            f"{row['requests_per_call']:g}",
            cpu_of(row),
        )
    return laid_out
