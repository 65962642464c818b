import pytest

from bench.check import BOUNDS, CONDITION, SYSTEMS, failures, ratios
from bench.rounds import Measured
from bench.systems import PLAIN, TOGETHER
from bench.turns import USUAL
from tests.bench.made import played, run

WHAT = ("check_p50", "check_p95", "confirm_p50", "confirm_p95", "cpu")

MEASURED: Measured = {
    (USUAL, PLAIN): [run(played(50, 100), Plain=10, Calendar=99), run(played(100, 200), Plain=10, Calendar=99)],
    (USUAL, TOGETHER): [
        run(played(60, 150), Temporal=30, Slotkeeper=30, Calendar=1),
        run(played(120, 300), Temporal=50, Slotkeeper=30, Calendar=1),
    ],
}


def bounds(**changed: float) -> dict[str, dict[str, float]]:
    return {"together": dict.fromkeys(WHAT, 10.0) | changed}


def test_ours_is_held_beside_the_baseline_of_the_same_rounds() -> None:
    found = {each.what: each.ratio for each in ratios(MEASURED, bounds())}

    assert found == pytest.approx(
        {"check_p50": 1.2, "check_p95": 1.2, "confirm_p50": 1.5, "confirm_p95": 1.5, "cpu": 7}
    )


def test_a_bound_is_kept_up_to_itself_and_broken_beyond() -> None:
    kept = {each.what: each.is_kept for each in ratios(MEASURED, bounds(confirm_p50=1.5, cpu=6.9))}

    assert kept == {what: what != "cpu" for what in WHAT}


def test_what_has_no_bound_is_no_pass() -> None:
    with pytest.raises(KeyError, match="cpu"):
        ratios(MEASURED, {"together": dict.fromkeys(WHAT[:-1], 10.0)})


def test_a_call_that_failed_is_told_whatever_the_ratios_are() -> None:
    one = run(played(60, 0, "error"), played(60, 90))
    two = run(played(60, 90), unheld=1)

    assert failures(MEASURED) == []
    assert failures({(USUAL, TOGETHER): [one, two]}) == [
        "together: 1 of 2 calls failed, 0 offers were unheld",
        "together: 0 of 1 calls failed, 1 offers were unheld",
    ]


def test_the_committed_bounds_are_for_what_is_compared() -> None:
    import tomllib

    committed = tomllib.loads(BOUNDS.read_text(encoding="utf-8"))

    assert {name: set(of_system) for name, of_system in committed.items()} == {
        system.name: set(WHAT) for system in SYSTEMS
    }
    assert all(bound > 1 for of_system in committed.values() for bound in of_system.values())
    assert CONDITION.rounds % 2
