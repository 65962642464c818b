from pathlib import Path

from bench.holds import SECONDS, Answers, figures_of, summary, table


def answers(held: int, *seconds: float, unanswered: int = 0, cpu_seconds: float = 0.0) -> Answers:
    return Answers(list(seconds), held, unanswered, cpu_seconds)


def test_holds_are_counted_over_processes_and_the_middle_round_stands_for_all() -> None:
    each_round = [[answers(100, 0.01), answers(200, 0.02)], [answers(10, 0.01)] * 2, [answers(300, 0.01)] * 2]
    figure = summary(each_round)
    counted = [figure[f"holds_a_second{which}"] for which in ("", "_min", "_max")]
    assert counted == [round(held / SECONDS, 1) for held in (300, 20, 600)]


def test_the_waits_of_all_processes_of_a_round_are_taken_together() -> None:
    waited = [hundredth / 100 for hundredth in range(1, 101)]
    figure = summary([[answers(50, *waited[:50]), answers(50, *waited[50:])]])
    assert (figure["p50_ms"], figure["p95_ms"], figure["max_ms"]) == (500, 950, 1000)
    assert figure["asked"] == 100


def test_what_a_hold_costs_is_all_that_was_spent_for_all_that_were_held() -> None:
    figure = summary([[answers(10, 0.1, cpu_seconds=0.5)], [answers(30, 0.1, cpu_seconds=0.3)]])
    assert figure["cpu_ms"] == 20


def test_a_process_that_gets_less_than_its_share_shows() -> None:
    assert summary([[answers(10, 0.1), answers(10, 0.1)], [answers(5, 0.1), answers(15, 0.1)]])["least_share"] == 0.5


def test_where_nobody_was_answered_there_are_figures_all_the_same() -> None:
    figure = summary([[answers(0, 2.0, unanswered=1)]])
    assert (figure["holds_a_second"], figure["unanswered"], figure["cpu_ms"]) == (0, 1, 0)
    assert table([{"database": "SQLite", "companies": 1, "processes": 1, **figure}]).row_count == 1


def test_slots_are_held_in_one_process_and_in_several_and_for_one_company_and_for_more(tmp_path: Path) -> None:
    figures = list(figures_of({"SQLite": f"sqlite:///{tmp_path}/store.db"}, (1, 2), processes=2, rounds=1, seconds=0.5))
    assert [(row["companies"], row["processes"]) for row in figures] == [(1, 1), (1, 2), (2, 1)]
    for row in figures:
        asked, unanswered, a_second = (float(row[name]) for name in ("asked", "unanswered", "holds_a_second"))
        assert asked >= 200
        assert 0 < round(a_second * 0.5) <= asked - unanswered
