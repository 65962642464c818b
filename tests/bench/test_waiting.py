import io

import pytest
from rich.console import Console

from bench import waiting
from bench.figures import Figures


def test_the_table_has_the_numbers_of_waiting_calls_side_by_side() -> None:
    figures: Figures = [
        {"waiting": 0, "what": "MB of Worker", "median": 120},
        {"waiting": 0, "what": "a yes", "median": 41.6, "min": 30.2, "max": 99.9},
        {"waiting": 1000, "what": "MB of Worker", "median": 1234},
        {"waiting": 1000, "what": "calls made a second", "median": 11},
    ]
    paper = io.StringIO()
    Console(file=paper, width=200).print(waiting.table(figures))
    rows = {line.split("│")[1].strip(): line.split("│")[2:4] for line in paper.getvalue().splitlines() if "│" in line}
    assert [cell.strip() for cell in rows["MB of Worker"]] == ["120", "1,234"]
    assert [cell.strip() for cell in rows["a yes"]] == ["42 (30 to 100)", ""]
    assert [cell.strip() for cell in rows["calls made a second"]] == ["", "11"]


@pytest.mark.alone
@pytest.mark.timeout(180)
def test_memory_and_answers_are_measured_with_none_waiting_and_with_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "COMPANIES", 7)
    monkeypatch.setattr(waiting, "ASKED", 2)
    monkeypatch.setattr(waiting, "REST_SECONDS", 0.5)
    monkeypatch.setattr(waiting, "CALLS", (12,))
    figures = waiting.measure(Console(file=io.StringIO()))
    seen = {(row["waiting"], row["what"]): float(row["median"]) for row in figures}
    for crowd in (0, 12):
        for what in ("MB of Worker", "MB of Temporal", "a new caller's question", "a new caller's yes"):
            assert seen[crowd, what] > 0
    assert seen[12, "the yes of who waited longest"] > 0
    assert seen[12, "the yes of who came last"] > 0
    assert seen[12, "calls not offered their slot"] == 0
