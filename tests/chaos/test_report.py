"""A storm's report says what held, and the page keeps the figures of long runs and names tests that exist."""

import ast
import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from tests.chaos import __main__ as command
from tests.chaos.evidence import Breach, Evidence, Injected, Store
from tests.chaos.example import example
from tests.chaos.promises import PROMISES
from tests.chaos.report import BEGIN, END, PAGE, Figures, keep_evidence, print_report, record_run
from tests.chaos.storm import Plan, Tell

ROOT = PAGE.parents[1]
BROKEN = Breach(3, "call_x", ["call_x of salon: told booked, and there is none", "09:00:00.000 yes() -> booked"])


@pytest.fixture
async def evidence() -> Evidence:
    return await example("booked")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    page = tmp_path / "reliability.md"
    page.write_text(f"# Reliability\n\n{BEGIN}\n\n{END}\n\nThe end.\n")
    return page


def printed(evidence: Evidence, breaches: list[Breach]) -> str:
    text = StringIO()
    print_report(Console(file=text, width=200), evidence, breaches)
    return text.getvalue()


def runs_on(page: Path) -> list[list[str]]:
    lines = (line for line in page.read_text().splitlines() if line.startswith("| 2"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_promise_is_listed_with_what_was_looked_at(evidence: Evidence) -> None:
    text = printed(evidence, [])
    for promise in PROMISES:
        assert promise.sentence in text
    assert text.count("kept") == len(PROMISES)
    for looked_at in ("1 confirmations", "1 bookings", "2 answers", "1 histories", "2 texts", "6 rows"):
        assert looked_at in text


def test_a_broken_promise_is_told_with_its_story_and_how_to_repeat_it(evidence: Evidence) -> None:
    text = printed(evidence, [BROKEN, BROKEN])
    assert "broken, 2x" in text
    assert text.count("kept") == len(PROMISES) - 1
    for line in (*BROKEN.story, "make chaos SECONDS=600 SEED=7"):
        assert line in text


def test_what_is_told_is_printed_as_it_is(evidence: Evidence) -> None:
    assert "[red]yes[/red]" in printed(evidence, [replace(BROKEN, story=["[red]yes[/red]"])])


def test_the_figures_count_what_happened(evidence: Evidence) -> None:
    first, yes = evidence.calls[0].exchanges
    lost = replace(first, status_code=None, body={}, seconds=30)
    event = replace(first, what="call_ended", seconds=30)
    stranger = replace(evidence.ledger[0], uid="other", call_id=None)
    storm = replace(
        evidence,
        calls=[replace(evidence.calls[0], exchanges=[replace(first, seconds=1), replace(yes, seconds=3), lost, event])],
        ledger=[*evidence.ledger, stranger],
        injected=[
            Injected(first.sent_at - timedelta(seconds=2), "killed", killed="worker"),
            Injected(yes.sent_at - timedelta(seconds=1), "killed", killed="worker"),
            Injected(yes.sent_at + timedelta(seconds=9), "killed", killed="webhook"),
            Injected(yes.sent_at, "slow", fault="delay"),
            Injected(yes.sent_at, "a stranger books"),
        ],
    )
    figures = Figures.of(storm)
    assert (figures.calls, figures.confirmations, figures.bookings, figures.strangers) == (1, 1, 1, 1)
    assert figures.outcomes == {"available": 1, "booked": 1}
    assert figures.kills == {"worker": 2, "webhook": 1}
    assert figures.faults == {"delay": 1}
    assert (figures.answers, figures.unanswered, figures.longest) == (2, 1, 3)
    assert 1 <= figures.p50 <= figures.p95 <= figures.longest
    assert figures.slowest_recovery == pytest.approx(4)


def test_a_storm_in_which_nothing_happened_has_figures_too(evidence: Evidence) -> None:
    nothing = replace(evidence, calls=[], ledger=[])
    assert Figures.of(nothing).longest == 0
    assert "none" in printed(nothing, [])


def test_a_run_in_which_nobody_booked_is_told_to_prove_nothing(evidence: Evidence) -> None:
    nobody = replace(evidence, calls=[])
    assert "proves nothing" in printed(nobody, [])
    assert "proves nothing" not in printed(evidence, [])


@pytest.mark.parametrize(("calls", "status"), [(1, 0), (0, command.BROKEN_PROMISE)])
async def test_the_command_fails_where_nobody_booked(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch, calls: int, status: int
) -> None:
    async def rages(_plan: Plan, _tell: Tell) -> Evidence:
        return replace(evidence, seconds=1, calls=evidence.calls[:calls], histories=[], ledger=[], store=Store())

    async def no_breach(_evidence: Evidence) -> list[Breach]:
        return []

    monkeypatch.setattr(command, "rage", rages)
    monkeypatch.setattr(command, "judge", no_breach)
    application = typer.Typer()
    application.command()(command.main)
    ended = await asyncio.to_thread(CliRunner().invoke, application, ["--seconds", "1", "--seed", "7"])
    assert ended.exit_code == status


def test_a_long_run_is_written_onto_the_page(evidence: Evidence, page: Path) -> None:
    assert record_run(evidence, [], page)
    ((date, seed, seconds, calls, confirmations, bookings, kills, faults, answers, *_times, breaches),) = runs_on(page)
    assert (date, seed, seconds) == ("2026-12-01", "7", "600")
    assert (calls, confirmations, bookings, kills, faults, answers, breaches) == ("1", "1", "1", "0", "0", "2", "0")
    text = page.read_text()
    assert text.startswith("# Reliability\n")
    assert text.endswith("The end.\n")


def test_a_run_that_broke_a_promise_is_written_down_as_well(evidence: Evidence, page: Path) -> None:
    record_run(evidence, [BROKEN], page)
    assert runs_on(page)[0][-1] == "1"


def test_a_short_run_leaves_the_page_as_it_is(evidence: Evidence, page: Path) -> None:
    before = page.read_text()
    assert not record_run(replace(evidence, seconds=599), [], page)
    assert page.read_text() == before


def test_a_seed_has_one_line_and_the_last_ten_runs_stay(evidence: Evidence, page: Path) -> None:
    for seed in (*range(1, 13), 5):
        record_run(replace(evidence, seed=seed), [], page)
    assert [run[1] for run in runs_on(page)] == ["3", "4", "6", "7", "8", "9", "10", "11", "12", "5"]


def test_a_page_without_a_place_for_runs_is_refused(evidence: Evidence, page: Path) -> None:
    page.write_text("# Reliability\n")
    with pytest.raises(ValueError, match="no place"):
        record_run(evidence, [], page)


def test_the_page_has_a_place_for_runs_and_every_promise() -> None:
    text = PAGE.read_text()
    assert text.index(BEGIN) < text.index(END)
    for promise in PROMISES:
        assert f"\n{promise.number}. **{promise.sentence}.**" in text


def test_every_test_the_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE.read_text())
    assert len(named) > len(PROMISES)
    for file, name in named:
        defined = ast.parse((ROOT / file).read_text()).body
        names = {
            each.name for each in defined if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        assert not name or name in names, f"{file}::{name}"


def test_of_a_broken_promise_everything_is_kept_that_explains_it(evidence: Evidence, tmp_path: Path) -> None:
    [told] = evidence.histories
    breach = replace(BROKEN, call_id=told.workflow_id.removeprefix("call/"))
    kept = keep_evidence(evidence, [breach], tmp_path)
    assert BROKEN.story[0] in (kept / "stories.txt").read_text()
    assert (kept / f"{breach.call_id}.json").read_text() == told.history.to_json()
    assert {f"{place}.txt" for place in evidence.texts} < {file.name for file in kept.iterdir()}
