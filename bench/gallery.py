"""Which figures of a family are drawn, and how."""

from collections.abc import Callable, Iterable, Mapping

from bench.figures import Figure, Figures
from bench.pictures import Bar, Group, bars
from bench.play import TURNS
from bench.systems import PLAIN
from bench.turns import PERCENTS, USUAL


def _turns(figures: Figures) -> str:
    """What is added under the usual condition."""
    usual = {"calendar_ms": USUAL.calendar_ms, "calls_a_second": USUAL.calls_a_second, "companies": USUAL.companies}
    rows = [row for row in figures if row["system"] != PLAIN.name and usual.items() <= row.items()]
    groups = [
        Group(
            f"{turn} p{percent}",
            [_bar(row, "system", f"added_p{percent}", "ms") for row in rows if row["turn"] == turn],
        )
        for turn in TURNS
        for percent in PERCENTS
    ]
    return bars("Milliseconds added to the plain baseline", "50 ms calendar, 10 calls a second", groups, "ms")


def _throughput(figures: Figures) -> str:
    """Calls a second."""
    groups = [Group("", [_bar(row, "system", "booked", "per_s") for row in figures])]
    return bars("Calls booked a second, as fast as it goes", "Calendar without latency, 2 cores", groups, "a second")


def _per_call(figures: Figures) -> str:
    """Processor time by process."""
    rows = [row for row in figures if str(row["what"]).startswith("CPU ms")]
    groups = _groups(rows, "what", lambda row: Bar(str(row["system"]), float(row["per_call"])))
    return bars("Processor time of a booked call", "Calls one after the other", groups, "ms")


def _recovery(figures: Figures) -> str:
    """Every case, by settings."""
    groups = _groups(figures, "case", lambda row: _bar(row, "settings", "", "s"))
    return bars("From a worker's death to the next answer", "Median of five rounds", groups, "s")


def _waiting(figures: Figures) -> str:
    """Memory, by how many calls wait."""
    rows = [row for row in figures if str(row["what"]).startswith("MB of")]
    groups = _groups(rows, "what", lambda row: Bar(f"{row['waiting']} waiting", float(row["median"])))
    return bars("Memory while calls wait", "Resident, at rest", groups, "MB")


def _startup(figures: Figures) -> str:
    """Until a process, or all of it, is ready."""
    rows = [row for row in figures if str(row["what"]).startswith(("ready", "first call"))]
    groups = _groups(rows, "process", lambda row: _bar(row, "what", "", "s"))
    return bars("From the command to being ready", "Median of five rounds", groups, "s")


def _holds(figures: Figures) -> str:
    """Holds a second, by companies and processes."""
    groups = _groups(
        [row | {"among": f"{row['companies']} companies, {row['processes']} processes"} for row in figures],
        "among",
        lambda row: Bar(
            str(row["database"]),
            *(float(row[f"holds_a_second{end}"]) for end in ("", "_min", "_max")),
        ),
    )
    return bars("Holds a second", "200 callers at once", groups, "a second")


def _transports(figures: Figures) -> str:
    """Requests a second over connections that are kept."""
    rows = [row | {"asked by": f"{row['clients']} clients"} for row in figures if row["connection"] == "kept"]
    groups = _groups(rows, "asked by", lambda row: _bar(row, "transport", "requests", "per_second"))
    return bars("Requests a second to a calendar", "Over TLS, connections kept", groups, "a second")


PICTURES: Mapping[str, Callable[[Figures], str]] = {
    "turns": _turns,
    "throughput": _throughput,
    "per-call": _per_call,
    "recovery": _recovery,
    "waiting": _waiting,
    "startup": _startup,
    "holds": _holds,
    "transports": _transports,
}
"""What draws each family that has a picture."""


def _bar(row: Figure, series: str, name: str, unit: str) -> Bar:
    """Take a bar from figures like ``name_unit``, ``name_min_unit`` and ``name_max_unit``, or ``median_unit``."""
    keys = [f"{name}_{end}{unit}" for end in ("", "min_", "max_")] if name else [f"{m}_{unit}" for m in _OF_ROUNDS]
    return Bar(str(row[series]), *(float(row[key]) for key in keys))


_OF_ROUNDS = ("median", "min", "max")


def _groups(rows: Iterable[Figure], by: str, bar: Callable[[Figure], Bar]) -> list[Group]:
    """Put rows that have the same in common into one group, in their order."""
    grouped: dict[str, list[Bar]] = {}
    for row in rows:
        grouped.setdefault(str(row[by]), []).append(bar(row))
    return [Group(name, drawn) for name, drawn in grouped.items()]
