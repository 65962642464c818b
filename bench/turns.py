"""How long a caller waits for an answer, and how much of that is ours: each system beside the plain baseline."""

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Figures, Spread, added, percentile, spread_of
from bench.play import TURNS, Run
from bench.rounds import Condition, Measured, play_rounds, tally
from bench.systems import APART, PLAIN, STOCK, TOGETHER, System

ROUNDS = 5
PERCENTS = (50, 95, 99)

USUAL = Condition(calendar_ms=50, seconds=15, calls_a_second=10)
"""What the bounds are for."""

CONDITIONS = (
    *(
        Condition(calendar_ms=ms, seconds=seconds, calls_a_second=rate)
        for ms in (0, 50, 300)
        for rate, seconds in ((1, 15), (10, 15), (30, 8))
    ),
    *(Condition(calendar_ms=50, seconds=15, calls_a_second=10, companies=companies) for companies in (10, 1000)),
)

CAPTION = (
    f"Milliseconds, median of {ROUNDS} rounds (least to most). Added: beyond the plain baseline of the same round. Not "
    "booked: calls that failed, which are left out of the times."
)


def measure(console: Console) -> Figures:
    """Play all rounds; one figure for each condition, system and turn."""
    plan = {condition: (PLAIN, APART, TOGETHER, *([STOCK] if condition == USUAL else [])) for condition in CONDITIONS}
    return figures_of(asyncio.run(play_rounds(console, plan, ROUNDS)))


def figures_of(measured: Measured) -> Figures:
    """Sum the runs up; every condition must have been played against the baseline."""
    return [
        _figure(condition, system, turn, runs, measured[condition, PLAIN])
        for condition in dict.fromkeys(condition for condition, _ in measured)
        for turn in TURNS
        for (under, system), runs in measured.items()
        if under == condition
    ]


def _figure(condition: Condition, system: System, turn: str, runs: Sequence[Run], baseline: Sequence[Run]) -> Figure:
    figure: Figure = {
        "calendar_ms": condition.calendar_ms,
        "calls_a_second": condition.calls_a_second,
        "companies": condition.companies,
        "system": system.name,
        "turn": turn,
        "late_p99_ms": round(max(1000 * percentile([call.late for call in run.calls], 99) for run in runs), 1),
    }
    for percent in PERCENTS:
        ours = [percentile(run.milliseconds(turn), percent) for run in runs]
        figure |= Spread.of(ours).named(f"p{percent}", "ms")
        if system != PLAIN:
            plain = [percentile(run.milliseconds(turn), percent) for run in baseline]
            figure |= added(ours, plain).named(f"added_p{percent}", "ms")
    return figure | tally(runs)


def table(figures: Figures) -> Table:
    """Lay the figures out, the systems below one another."""
    laid_out = Table(title="What a caller waits", caption=CAPTION)
    for heading in ("calendar ms", "calls/s", "companies", "turn", ""):
        laid_out.add_column(heading)
    for heading in ("p50", "p95", "p99", "added p50", "added p95", "added p99", "not booked"):
        laid_out.add_column(heading, justify="right")
    for row in figures:
        laid_out.add_row(
            *(str(row[key]) for key in ("calendar_ms", "calls_a_second", "companies", "turn", "system")),
            *(f"{row[f'p{percent}_ms']:.0f}" for percent in PERCENTS),
            *(spread_of(row, f"added_p{percent}", "ms") for percent in PERCENTS),
            f"{row['not_booked']} of {row['calls']}",
        )
    return laid_out
