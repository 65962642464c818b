from collections.abc import Mapping

import pytest

from bench import per_call, recovery, throughput, turns, waiting
from bench.__main__ import Family
from bench.bounds import BOUNDS, Bound, in_all, of_row, table, times
from bench.figures import Figures, Spread
from bench.page import markdown
from bench.rounds import Measured
from bench.startup import figure_of
from bench.systems import APART, PLAIN, TOGETHER
from tests.bench.made import played, run

TOLD: Figures = [
    {"what": "MB of Worker", "waiting": 0, "median": 100},
    {"what": "MB of Worker", "waiting": 10, "median": 150},
    {"what": "a yes", "waiting": 0, "median": 40.0, "min": 20.0, "max": 90.0},
    {"system": "apart", "booked_per_s": 30.5, "booked_min_per_s": 29.0, "booked_max_per_s": 33.0},
    {"case": "killed", "median_s": 1.5, "min_s": 1.0, "max_s": 2.5},
]


def rows_of(figures: Mapping[str, Figures]) -> dict[str, list[str]]:
    """Return the page's lines of the bounds: limit, measured and verdict, by what is promised."""
    lines = [line for line in markdown(table(figures)).splitlines()[2:] if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return {what: rest for what, *rest in cells}


def test_a_figure_is_read_with_the_ends_its_family_gives_it() -> None:
    assert of_row("booked", "per_s", system="apart")(TOLD) == Spread(30.5, 29, 33)
    assert of_row("median", "s", case="killed")(TOLD) == Spread(1.5, 1, 2.5)
    assert of_row("median", what="a yes", waiting=0)(TOLD) == Spread(40, 20, 90)
    assert of_row("median", what="MB of Worker", waiting=10)(TOLD) == Spread(150, 150, 150)


def test_figures_are_added_up_and_compared() -> None:
    few, many = (of_row("median", what="MB of Worker", waiting=waiting) for waiting in (0, 10))

    assert in_all(few, many)(TOLD).median == 250
    assert times(many, few)(TOLD).median == 1.5


def test_what_was_not_measured_is_no_zero() -> None:
    with pytest.raises(LookupError, match="together"):
        of_row("booked", "per_s", system="together")(TOLD)


def test_a_bound_is_kept_up_to_itself_and_tells_by_how_much_it_is_broken() -> None:
    most = Bound("turns", "added", 12, " ms", of_row("added"))
    least = Bound("throughput", "calls", 40, " a second", of_row("booked"), is_least=True)

    assert [most.verdict(Spread.of([median])) for median in (12, 15.5)] == ["yes", "no, by 3.5 ms"]
    assert [least.verdict(Spread.of([median])) for median in (40, 38)] == ["yes", "no, by 2 a second"]


def test_without_figures_nothing_is_kept() -> None:
    assert {rest[-1] for rest in rows_of({}).values()} == {"not measured"}
    assert len(rows_of({})) == len(BOUNDS)


def test_every_bound_reads_a_family_there_is() -> None:
    assert {bound.family for bound in BOUNDS} <= set(Family)


def test_the_bounds_read_what_the_families_write() -> None:
    usual: Measured = {
        (turns.USUAL, PLAIN): [run(played(60, 110))],
        (turns.USUAL, APART): [run(played(90, 150), played(90, 0, "error"), unheld=1)],
        (turns.USUAL, TOGETHER): [run(played(70, 130))],
    }
    flat_out: Measured = {
        (throughput.FLAT_OUT, system): [run(*[played(9, 9)] * 100, seconds=seconds)]
        for system, seconds in ((APART, 2), (TOGETHER, 4))
    }
    deaths = [
        recovery.figure_of(tuning, case, [recovery.Round(1.5, 1), recovery.Round(1.25, bookings)])
        for tuning, cases in recovery.PLAN
        for case, bookings in zip(cases, (2, 1, 1, 1, 1), strict=False)
    ]
    read = rows_of(
        {
            "turns": turns.figures_of(usual),
            "throughput": throughput.figures_of(flat_out),
            "per-call": [
                {"system": system.name, "what": what, "per_call": 14.0}
                for system in per_call.SYSTEMS
                for what in ("history events", "billable actions", "bytes of history", "requests to Cal.com")
            ],
            "recovery": deaths,
            "waiting": [
                {"what": what, "waiting": number, "median": 450.0}
                for number in (0, waiting.CALLS[-1])
                for what in (
                    *("MB of Worker", "MB of Temporal"),
                    *("a new caller's question", "a new caller's yes", "the yes of who waited longest"),
                )
            ],
            "startup": [figure_of("make up", "first call answered, in an empty folder", [8, 9, 12])],
        }
    )

    assert "not measured" not in {rest[-1] for rest in read.values()}
    broken = {what.partition(" (")[0]: rest[1:] for what, rest in read.items() if rest[-1] != "yes"}
    assert broken == {
        "together, confirm: added p50": ["20", "no, by 5 ms"],
        "apart: calls failed, offers unheld": ["2", "no, by 2"],
        "together: complete calls a second": ["25", "no, by 15 a second"],
        "together: requests to Cal.com, a booked call": ["14", "no, by 11"],
        "apart: requests to Cal.com, a booked call": ["14", "no, by 11"],
        "most bookings of a call, whatever was killed": ["2", "no, by 1"],
    }
