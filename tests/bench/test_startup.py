import io

import pytest
from rich.console import Console

from bench import startup

REPORT = """\
import time: self [us] | cumulative | imported package
import time:       200 |        200 |     json.decoder
import time:       100 |        300 |   json
import time:      5000 |       5300 | starter.cli
import time:        50 |         50 | starter
a warning | of | somebody's
"""


def test_what_is_imported_is_summed_up_by_package_without_what_it_imports_itself() -> None:
    assert startup.import_times(REPORT) == {"json": 300, "starter": 5050}


def test_the_table_has_a_row_for_each_figure() -> None:
    figures = [startup.figure_of("Worker", "ready", [2.5, 1.25, 1.75])]
    paper = io.StringIO()
    Console(file=paper, width=200).print(startup.table(figures))
    assert "1.75 (1.25 to 2.50)" in next(line for line in paper.getvalue().splitlines() if "Worker" in line)


@pytest.mark.alone
@pytest.mark.timeout(240)
def test_every_process_the_whole_stack_and_its_imports_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "IMPORTS", {"Reader": "import json"})
    monkeypatch.setattr(startup, "ROUNDS", 1)
    figures = startup.measure(Console(file=io.StringIO()))
    timed = {(row["process"], row["what"]): float(row["median_s"]) for row in figures}
    assert {process for process, what in timed if what == "ready"} == {
        *("Temporal", "Calendar", "Worker", "Webhook", "Console", "Slotkeeper")
    }
    for where in ("in an empty folder", "again"):
        assert 0 < timed["make up", f"ready, {where}"] < timed["make up", f"first call answered, {where}"]
    assert ("Reader", "import of json") in timed
