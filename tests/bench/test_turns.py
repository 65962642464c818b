from io import StringIO

from rich.console import Console

from bench import throughput, turns
from bench.figures import Figures
from bench.gallery import PICTURES
from bench.rounds import Measured
from bench.systems import APART, PLAIN
from tests.bench.made import played, run

MEASURED: Measured = {
    (turns.USUAL, PLAIN): [run(played(60, 110), Plain=5), run(played(80, 130), Plain=5), run(played(70, 100), Plain=5)],
    (turns.USUAL, APART): [
        run(played(90, 150), Worker=50),
        run(played(100, 190), played(5, 0, "pending"), Worker=50),
        run(played(120, 170), Worker=50),
    ],
}


def figures() -> Figures:
    return turns.figures_of(MEASURED)


def test_what_is_added_is_ours_beyond_the_baseline_of_the_same_round() -> None:
    check, confirm = (row for row in figures() if row["system"] == "apart")

    # A question that was answered well counts, whatever became of the "yes".
    assert (check["added_p50_ms"], check["added_p50_min_ms"], check["added_p50_max_ms"]) == (30, -75, 50)
    assert (check["added_p99_ms"], check["added_p99_min_ms"]) == (30, 20)
    assert (confirm["p50_ms"], confirm["added_p50_ms"], confirm["added_p50_max_ms"]) == (170, 60, 70)
    assert (confirm["calls"], confirm["not_booked"], confirm["failures"]) == (4, 1, "confirm: pending 1")


def test_the_baseline_adds_nothing_to_itself() -> None:
    assert [row["turn"] for row in figures()] == ["check", "check", "confirm", "confirm"]
    plain = [row for row in figures() if row["system"] == "plain"]
    assert [row["p50_ms"] for row in plain] == [70, 110]
    assert not any("added" in key for row in plain for key in row)


def test_the_table_and_the_picture_show_it() -> None:
    paper = StringIO()
    Console(file=paper, width=200).print(turns.table(figures()))

    assert "60 (40 to 70)" in paper.getvalue()
    assert "1 of 4" in paper.getvalue()
    assert "60 ms (40 to 70)" in PICTURES["turns"](figures())


def test_calls_a_second_are_laid_out_with_what_they_cost() -> None:
    figures = throughput.figures_of({(throughput.FLAT_OUT, APART): MEASURED[turns.USUAL, APART]})
    paper = StringIO()
    Console(file=paper, width=200).print(throughput.table(figures))

    assert (figures[0]["booked_per_s"], figures[0]["check_p50_ms"], figures[0]["not_booked"]) == (0.2, 90, 1)
    assert "worker 50" in paper.getvalue()
    assert ">apart<" in PICTURES["throughput"](figures)
