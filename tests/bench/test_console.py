import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from bench import console, databases
from bench.postgres import NoPostgres


@contextmanager
def no_postgres() -> Iterator[str]:
    raise NoPostgres("none is wanted here")
    yield


def test_every_question_is_measured_for_every_span_and_said_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "CALLS", 300)
    monkeypatch.setattr(console, "ROUNDS", 2)
    monkeypatch.setattr(databases, "temporary_postgres", no_postgres)
    paper = io.StringIO()
    out = Console(file=paper, width=200)
    figures = console.measure(out)
    asked = {(row["question"], row["span"], row["companies"]) for row in figures}
    assert asked == {
        (question, span, who) for question in console.QUESTIONS for span in console.SPANS for who in ("all", "one")
    }
    out.print(console.table(figures))
    shown = paper.getvalue()
    assert "PostgreSQL is left out: none is wanted here" in shown
    assert all(question in shown for question in console.QUESTIONS)
