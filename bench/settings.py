"""What our settings were chosen among: ours as shipped, and with one thing set otherwise, on the same calls."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Figures, Spread, added, percentile, spread_of
from bench.play import TURNS, Run
from bench.rounds import Condition, Measured, cpu_of, play_rounds, tally
from bench.systems import APART, System
from bench.tuned import Tuning
from simulator.stack import Variant
from simulator.temporal import SHIPPED

STEADY = Condition(calendar_ms=50, seconds=8, calls_a_second=10, rounds=3)
FLAT_OUT = Condition(calendar_ms=50, seconds=6, callers=16, rounds=3)

AS_SHIPPED = replace(APART, name="as shipped")

PERCENTS = (50, 95)

CAPTION = (
    f"Milliseconds are p50 / p95 at {STEADY}; as shipped as they are, the others beyond it in the same round. The rest "
    f"is of {FLAT_OUT}. Median of {STEADY.rounds} rounds (least to most)."
)


def _workers() -> Mapping[str, Tuning]:
    return {
        "5 pollers, 1 of them for new calls, as shipped": Tuning(pollers=5, for_any_call=0.2),
        "10 pollers, half of them for new calls": Tuning(pollers=10, for_any_call=0.5),
        "20 pollers, half of them for new calls": Tuning(pollers=20, for_any_call=0.5),
        "in the sandbox": Tuning(sandboxed=True),
        "no eager steps": Tuning(eager=False),
        "garbage collected seldom": Tuning(gc_at_rest=True),
    }


def _servers() -> Iterator[System]:
    def without(name: str) -> tuple[str, ...]:
        return tuple(setting for setting in SHIPPED.dynamic_config if not setting.startswith(name))

    def server(name: str, **changed: tuple[str, ...]) -> System:
        return System(name, Variant(temporal=replace(SHIPPED, **changed)))

    for queue in ("transfer", "timer", "visibility"):
        yield server(f"{queue} queue read at most 20 times a second", dynamic_config=without(f"history.{queue}"))
    yield server("no fairness", dynamic_config=without("matching.enableFairness"))
    one = tuple(f"matching.numTaskqueue{way}Partitions=1" for way in ("Read", "Write"))
    yield server("one partition of the task queue", dynamic_config=(*SHIPPED.dynamic_config, *one))
    yield server("every write waits for the disk", pragmas=())
    yield server("garbage collected a quarter as often", environment=("GOGC=400",))
    yield server("one processor for Temporal", environment=("GOMAXPROCS=1",))


SYSTEMS = (
    AS_SHIPPED,
    *(System(name, Variant(), tuning) for name, tuning in _workers().items()),
    *_servers(),
)


def measure(console: Console) -> Figures:
    """Play all rounds; one figure for each system."""
    return figures_of(asyncio.run(play_rounds(console, {STEADY: SYSTEMS, FLAT_OUT: SYSTEMS})))


def figures_of(measured: Measured) -> Figures:
    """Sum the runs up; as shipped must be among them."""
    systems = dict.fromkeys(system for _, system in measured)
    shipped = measured[STEADY, AS_SHIPPED]
    return [_figure(system, measured[STEADY, system], measured[FLAT_OUT, system], shipped) for system in systems]


def _figure(system: System, steady: Sequence[Run], flat_out: Sequence[Run], shipped: Sequence[Run]) -> Figure:
    figure: Figure = {"settings": system.name}
    for turn in TURNS:
        for percent in PERCENTS:
            ours, theirs = ([percentile(run.milliseconds(turn), percent) for run in of] for of in (steady, shipped))
            spread = Spread.of(ours) if system == AS_SHIPPED else added(ours, theirs)
            figure |= spread.named(f"{turn}_p{percent}", "ms")
    figure |= Spread.of([run.calls_a_second for run in flat_out]).named("booked", "per_s")
    return figure | tally(flat_out)


def table(figures: Figures) -> Table:
    """Lay the figures out, one thing that was set otherwise a line."""
    laid_out = Table(title="What the settings were chosen among", caption=CAPTION)
    laid_out.add_column("")
    for heading in (*(f"{turn} ms" for turn in TURNS), "calls a second"):
        laid_out.add_column(heading, justify="right")
    laid_out.add_column("CPU ms a call")
    for row in figures:
        laid_out.add_row(
            str(row["settings"]),
            *(" / ".join(spread_of(row, f"{turn}_p{percent}", "ms") for percent in PERCENTS) for turn in TURNS),
            spread_of(row, "booked", "per_s"),
            cpu_of(row),
        )
    return laid_out
