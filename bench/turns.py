"""How long a caller waits for an answer, and how much of that is ours: each system beside the plain baseline."""

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Figures, Spread, added, percentile, spread_of
from bench.play import TURNS, Run
from bench.rounds import Condition, Measured, play_rounds, tally
from bench.systems import APART, PLAIN, STOCK, TOGETHER, System

PERCENTS = (50, 95, 99)

USUAL = Condition(calendar_ms=50, seconds=15, calls_a_second=10, rounds=5)
"""What the bounds are for."""

CONDITIONS = (
    *(Condition(calendar_ms=0, seconds=seconds, calls_a_second=rate) for rate, seconds in ((1, 10), (10, 10), (30, 6))),
    Condition(calendar_ms=50, seconds=10, calls_a_second=1),
    USUAL,
    Condition(calendar_ms=50, seconds=6, calls_a_second=30),
    *(
        Condition(calendar_ms=300, seconds=seconds, calls_a_second=rate)
        for rate, seconds in ((1, 10), (10, 10), (30, 6))
    ),
    *(Condition(calendar_ms=50, seconds=10, calls_a_second=10, companies=companies) for companies in (10, 1000)),
)

CAPTION = (
    f"Milliseconds, p50 / p95 / p99; {USUAL} has {USUAL.rounds} rounds, of which these are the median (least to most), "
    "all else one. Added: beyond the plain baseline of the same round. Calls that were not booked are left out."
)


def measure(console: Console) -> Figures:
    """Play all rounds; one figure for each condition, system and turn."""
    plan = {condition: (PLAIN, APART, TOGETHER, *([STOCK] if condition == USUAL else [])) for condition in CONDITIONS}
    return figures_of(asyncio.run(play_rounds(console, plan)))


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
        "rounds": condition.rounds,
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
    """Lay the figures out, a condition and turn a line, the systems side by side."""
    laid_out = Table(title="What a caller waits", caption=CAPTION)
    for heading in ("calendar ms", "calls/s", "companies", "turn"):
        laid_out.add_column(heading)
    systems = list(dict.fromkeys(str(row["system"]) for row in figures))
    for system in systems:
        laid_out.add_column(system if system == PLAIN.name else f"{system}, added", justify="right")
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for row in figures:
        named = tuple(str(row[key]) for key in ("calendar_ms", "calls_a_second", "companies", "turn"))
        lines.setdefault(named, {})[str(row["system"])] = _cell(row)
    for named, cells in lines.items():
        laid_out.add_row(*named, *(cells.get(system, "") for system in systems))
    return laid_out


def _cell(row: Figure) -> str:
    name = "p" if row["system"] == PLAIN.name else "added_p"
    told = " / ".join(spread_of(row, f"{name}{percent}", "ms") for percent in PERCENTS)
    return f"{told}; {row['not_booked']} of {row['calls']} not booked" if row["not_booked"] else told
