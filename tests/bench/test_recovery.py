import io

import pytest
from rich.console import Console

from bench import recovery
from bench.recovery import CASES, Round, figure_of, measure, table
from bench.tuned import Tuning


def test_a_case_is_summed_up_by_its_median_its_extremes_and_the_bookings_that_came_of_it() -> None:
    rounds = [Round(2.5, 1), Round(0.25, 2), Round(1.125, 1)]
    assert figure_of(Tuning(sticky_seconds=1), "killed", rounds) == {
        "settings": "sticky_seconds 1.0",
        "case": "killed",
        "median_s": 1.12,
        "min_s": 0.25,
        "max_s": 2.5,
        "least_bookings": 1,
        "most_bookings": 2,
    }


def test_the_table_has_the_settings_side_by_side_and_says_where_a_slot_was_not_booked_once() -> None:
    figures = [
        figure_of(tuning, case, [Round(seconds, bookings)])
        for tuning, seconds, bookings in ((Tuning(), 1.25, 1), (Tuning(reset_sticky=True), 7.5, 2))
        for case in ("one", "other")
    ]
    paper = io.StringIO()
    Console(file=paper, width=200).print(table(figures))
    [row] = [line for line in paper.getvalue().splitlines() if "other" in line]
    assert "1.2 (1.2 to 1.2)" in row
    assert "7.5 (7.5 to 7.5), 2 bookings" in row


@pytest.mark.alone
@pytest.mark.timeout(180)
def test_callers_whose_worker_is_killed_are_timed_until_they_have_their_booking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [before_the_yes, in_the_booking] = [
        case for case in CASES if case.startswith(("killed before the yes: ", "killed in a booking of 1 s: "))
    ]
    tuning = Tuning(sticky_seconds=1, task_seconds=2, reset_sticky=True)
    monkeypatch.setattr(recovery, "PLAN", [(tuning, {case: CASES[case] for case in (before_the_yes, in_the_booking)})])
    monkeypatch.setattr(recovery, "ROUNDS", 1)
    figures = measure(Console(file=io.StringIO()))
    assert [(row["settings"], row["case"]) for row in figures] == [
        (str(tuning), before_the_yes),
        (str(tuning), in_the_booking),
    ]
    assert all(row["least_bookings"] == row["most_bookings"] == 1 for row in figures)
    assert all(0 < float(row["min_s"]) <= float(row["median_s"]) <= float(row["max_s"]) for row in figures)
