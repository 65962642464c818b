import asyncio
import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect
from typer.testing import CliRunner, Result

from starter.cli import app
from starter.figures import span_of
from store.calls import save_call
from store.engine import close, create_engine
from store.migrate import migrate
from store.tables import Call, Turn
from tests.databases import DatabaseWith

runner = CliRunner()


@pytest.fixture
def url(database_with: DatabaseWith, monkeypatch: pytest.MonkeyPatch) -> str:
    url = database_with("nothing")
    monkeypatch.setenv("DATABASE_URL", url)
    return url


async def tables_in(url: str) -> list[str]:
    engine = create_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda inner: inspect(inner).get_table_names())
    await close(engine)
    return names


def calls(*arguments: str) -> Result:
    return runner.invoke(app, ["calls", *arguments])


def keep(url: str, *told: dict[str, Any]) -> None:
    """Keep calls of a minute ago that met a race, each with what its caller was told."""

    async def save() -> None:
        engine = create_engine(url)
        await migrate(engine)
        then = datetime.now(UTC) - timedelta(minutes=1)
        for number, words in enumerate(told):
            call_id = f"call-{number}"
            turn = Turn(call_id=call_id, position=0, company="salon", turn_id="yes", kind="confirmation", **words)
            turn.race_caught_at, turn.confirmed_at, turn.answered_at, turn.gap_seconds = "recheck", then, then, 14.0
            call = Call(
                call_id=call_id, revision=1, company="salon", branch="mitte", outcome="hung_up", started_at=then
            )
            await save_call(engine, call, [turn], [])
        await close(engine)

    asyncio.run(save())


HANDLED = {"status": "slot_taken", "alternatives": [datetime(2025, 10, 16, 10, tzinfo=UTC)]}
HARD_ERROR = {"status": "error", "alternatives": []}


def test_a_database_without_calls_has_none(url: str) -> None:
    keep(url)
    result = calls("--json")
    assert result.exit_code == 0
    figures = json.loads(result.stdout)
    assert (figures["calls"], figures["success_rate"], figures["fires"]) == (0, None, False)


def test_a_database_that_is_not_there_is_not_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/nowhere/store.db")
    result = calls()
    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith("DATABASE_URL: ")
    assert "slotkeeper catalog apply" in line
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_tables_is_told_and_left_alone(url: str) -> None:
    result = calls()
    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith("DATABASE_URL: ")
    assert "slotkeeper catalog apply" in line
    assert asyncio.run(tables_in(url)) == []


def test_a_race_that_was_handled_fires_nothing(url: str) -> None:
    keep(url, HANDLED)
    result = calls("--json", "--since", "1h")
    assert result.exit_code == 0
    figures = json.loads(result.stdout)
    assert (figures["races_caught"], figures["races_handled"]) == ({"hold": 0, "recheck": 1, "booking": 0}, 1)
    assert figures["gap_seconds"] == {"median": 14, "p95": 14}


def test_an_error_that_reached_a_caller_ends_with_status_1(url: str) -> None:
    keep(url, HANDLED, HARD_ERROR)
    result = calls("--json")
    assert result.exit_code == 1
    figures = json.loads(result.stdout)
    firing = [trigger for trigger in figures["triggers"] if trigger["fires"]]
    assert firing == [{"name": "race_errors_reaching_callers", "value": 1, "limit": 0, "fires": True}]


def test_the_table_says_what_fires(url: str) -> None:
    keep(url, HARD_ERROR)
    result = calls("--company", "salon")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert any("salon" in line for line in lines)
    assert [line for line in lines if "FIRES" in line and "Race errors" in line]


def test_the_keys_of_the_json_stay(url: str) -> None:
    keep(url, HANDLED)
    figures = json.loads(calls("--json").stdout)
    assert list(figures) == [
        "since",
        "until",
        "company",
        "calls",
        "outcomes",
        "confirmed_calls",
        "booked_calls",
        "success_rate",
        "success_goal",
        "races",
        "races_caught",
        "races_handled",
        "race_errors",
        "races_after_yes",
        "caught_before_booking",
        "rechecks",
        "rechecks_passed_yet_refused",
        "recheck_failures_in_row",
        "calcom_rate_limited",
        "gap_seconds",
        "triggers",
        "fires",
    ]
    assert datetime.fromisoformat(figures["until"]) - datetime.fromisoformat(figures["since"]) == timedelta(days=7)


@pytest.mark.usefixtures("url")
@pytest.mark.parametrize("since", ["", "7", "d", "7 d", "-7d", "0d", "7y", "1.5h", "99999w", "٧d"])
def test_a_span_that_is_none_is_refused_in_one_line(since: str) -> None:
    result = calls("--since", since)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == ["--since: is no span of time; write one like 30m, 12h, 7d or 4w"]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        (" 4w ", timedelta(weeks=4)),
        ("007d", timedelta(days=7)),
        ("9999w", timedelta(weeks=9999)),
    ],
)
def test_a_span_is_read(text: str, span: timedelta) -> None:
    assert span_of(text) == span


def test_a_company_nobody_has_heard_of_is_refused(url: str) -> None:
    keep(url, HANDLED)
    result = calls("--company", "saloon")
    assert result.exit_code == 2
    assert result.stderr.startswith("--company: ")


def test_a_database_that_does_not_answer_is_no_trigger(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DATABASE_URL", f"postgresql://me:secret@127.0.0.1:{unused.getsockname()[1]}/slotkeeper")
        result = calls()
    assert result.exit_code == 3
    assert result.stderr.startswith("DATABASE_URL: ")
    assert "secret" not in result.output
