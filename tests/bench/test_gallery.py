"""The pictures of families are drawn from what those families measure: by the functions that make their figures."""

from bench import recovery
from bench.gallery import PICTURES
from bench.recovery import Round
from bench.startup import figure_of
from bench.transports import Load, Series
from bench.tuned import Tuning


def test_start_up_is_drawn_until_something_is_ready_and_imports_are_not() -> None:
    figures = [
        figure_of("Worker", "ready", [1.2, 1.4, 1.3]),
        figure_of("Worker", "import of pydantic", [0.31, 0.32, 0.33]),
        figure_of("make up", "first call answered, again", [5.5, 6.5, 6.0]),
    ]
    picture = PICTURES["startup"](figures)

    assert ">1.3 s (1.2 to 1.4)<" in picture
    assert ">6 s (5.5 to 6.5)<" in picture
    assert "pydantic" not in picture


def test_transports_are_drawn_by_how_many_ask_over_connections_that_are_kept() -> None:
    series = [Series("ours", Load(4)), Series("ours", Load(1, "new"))]
    for each, seconds in zip(series, (1.0, 2.0), strict=True):
        each.add([0.01] * 1000, seconds, 0.5)
    picture = PICTURES["transports"]([each.figure() for each in series])

    assert ">4 clients<" in picture
    assert ">1,000 a second (1,000 to 1,000)<" in picture
    assert ">1 clients<" not in picture


def test_deaths_are_drawn_by_case_and_settings() -> None:
    tunings = (Tuning(), Tuning(sticky_seconds=1))
    figures = [recovery.figure_of(tuning, "killed", [Round(1.5, 1), Round(2.5, 1)]) for tuning in tunings]
    picture = PICTURES["recovery"](figures)

    assert picture.count(">2 s (1.5 to 2.5)<") == 2
    assert all(f">{tuning}<" in picture for tuning in tunings)
    assert picture.count(">killed<") == 1
