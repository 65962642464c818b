import pytest

from bench.figures import Spread, added, percentile, spread_of


@pytest.mark.parametrize(
    ("values", "percent", "least"),
    [
        ([30.0, 10.0, 20.0], 50, 20),
        ([10.0, 20.0, 30.0, 40.0], 50, 20),
        ([float(value) for value in range(1, 101)], 95, 95),
        ([float(value) for value in range(1, 101)], 99, 99),
        ([float(value) for value in range(1, 21)], 99, 20),
        ([7.0], 1, 7),
        ([], 99, 0),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(values: list[float], percent: float, least: float) -> None:
    assert percentile(values, percent) == least


def test_a_spread_is_told_by_its_median_and_its_ends() -> None:
    spread = Spread.of([30.04, 10.0, 20.0])

    assert spread.named("p50", "ms") == {"p50_ms": 20.0, "p50_min_ms": 10.0, "p50_max_ms": 30.0}
    assert spread_of({"turn": "check", **spread.named("p50", "ms")}, "p50", "ms") == "20 (10 to 30)"
    assert spread_of({"turn": "check"}, "p50", "ms") == ""


def test_what_is_added_is_taken_round_by_round() -> None:
    assert added([70.0, 90.0, 100.0], [50.0, 80.0, 60.0]) == Spread(20, 10, 40)
    with pytest.raises(ValueError, match="shorter"):
        added([70.0, 90.0], [50.0])
