import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from starter.cli import app
from tests.starter.conftest import CATALOG
from tests.starter.fakes import KEY

runner = CliRunner()


def test_a_good_catalog_is_shown_and_what_was_not_asked_is_said() -> None:
    result = runner.invoke(app, ["catalog", "check", str(CATALOG)])
    assert result.exit_code == 0
    assert "Herrenhaarschnitt" in result.stdout
    assert "CALCOM_API_KEY is not set" in result.stdout


def test_a_bad_catalog_is_refused_with_one_line_per_problem(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(CATALOG.read_text().replace("Europe/Berlin", "Europe/Atlantis").replace("= 60", "= -60"))
    result = runner.invoke(app, ["catalog", "check", str(bad)])
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(str(bad)) for line in lines)


@pytest.mark.parametrize("command", ["check", "apply"])
def test_a_file_that_is_not_there_is_named(command: str) -> None:
    result = runner.invoke(app, ["catalog", command, "nowhere.toml"])
    assert result.exit_code == 2
    assert result.stderr.startswith("nowhere.toml: ")


def test_an_applied_catalog_is_kept_under_data() -> None:
    for _ in range(2):
        result = runner.invoke(app, ["catalog", "apply", str(CATALOG)])
        assert result.exit_code == 0, result.output
    assert Path(".data/slotkeeper.db").exists()


def test_a_calendar_that_does_not_answer_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALCOM_API_KEY", "cal_test_0123456789")
    monkeypatch.setenv("CALCOM_BASE_URL", "http://127.0.0.1:1")
    result = runner.invoke(app, ["catalog", "check", str(CATALOG)])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 3
    assert "cal_test_0123456789" not in result.output


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({}, "RETELL_API_KEY: is not set; set it in the environment or in .env"),
        ({"RETELL_API_KEY": KEY, "HOLD_SECONDS": "x"}, "HOLD_SECONDS: Input should be a valid number"),
        ({"RETELL_API_KEY": KEY, "DATABASE_URL": "mysql://me:pw@host/db"}, "DATABASE_URL: no database of kind"),
        ({"RETELL_API_KEY": KEY, "DATABASE_URL": "sqlite:////proc/nowhere/kept.db"}, "DATABASE_URL: the folder"),
        ({"RETELL_API_KEY": KEY, "TEMPORAL_PROFILE": "nope"}, "TEMPORAL_PROFILE: Profile 'nope' not found"),
        ({"RETELL_API_KEY": KEY, "METRICS_BIND": "127.0.0.1:99999"}, "METRICS_BIND: must be an IP address"),
        ({"RETELL_API_KEY": KEY, "CATALOG_FILE": "nowhere.toml"}, "nowhere.toml: cannot be read"),
        ({"RETELL_API_KEY": KEY}, "database: holds no catalog"),
    ],
)
def test_the_webhook_does_not_start_with_bad_configuration(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], line: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = runner.invoke(app, ["webhook"])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith(line)


def test_the_console_makes_no_database() -> None:
    result = runner.invoke(app, ["console", "--port", "0"])
    assert result.exit_code == 1
    line = result.stderr.splitlines()[-1]
    assert line.startswith("DATABASE_URL: ")
    assert "slotkeeper catalog apply" in line
    assert not Path(".data").exists()


def test_the_console_does_not_bring_a_database_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("empty.db").touch()
    monkeypatch.setenv("DATABASE_URL", "sqlite:///empty.db")
    result = runner.invoke(app, ["console", "--port", "0"])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("DATABASE_URL: ")
    with closing(sqlite3.connect("empty.db")) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_help_names_the_commands() -> None:
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    assert all(command in result.stdout for command in ("webhook", "catalog", "agent-config"))


AGENT = ["agent-config", "--url", "https://booking.example"]


@pytest.mark.parametrize(("form", "engine"), [("llm", "retellLlmData"), ("flow", "conversationFlow")])
def test_an_agents_configuration_is_printed_as_json_and_nothing_else(form: str, engine: str) -> None:
    result = runner.invoke(app, [*AGENT, "--format", form, "--catalog", str(CATALOG)])
    assert result.exit_code == 0
    config = json.loads(result.stdout)
    assert config["agent_name"] == "Salon Beispiel"
    assert engine in config


def test_one_prompt_is_the_usual_form() -> None:
    assert "retellLlmData" in json.loads(runner.invoke(app, AGENT).stdout)


def test_an_agent_for_another_branch_speaks_its_language() -> None:
    result = runner.invoke(app, [*AGENT, "--catalog", str(CATALOG), "--branch", "riverside-consulting/main-office"])
    config = json.loads(result.stdout)
    assert (config["agent_name"], config["language"]) == ("Riverside Consulting", "en-US")


@pytest.mark.parametrize("place", ["setting", "working directory"])
def test_the_catalog_is_found_where_it_usually_is(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    if place == "setting":
        monkeypatch.setenv("CATALOG_FILE", str(CATALOG))
    else:
        Path("catalog.toml").write_text(CATALOG.read_text())
    assert json.loads(runner.invoke(app, AGENT).stdout)["agent_name"] == "Salon Beispiel"


def test_without_a_catalog_the_agent_speaks_german_in_berlin() -> None:
    config = json.loads(runner.invoke(app, AGENT).stdout)
    assert (config["language"], config["timezone"]) == ("de-DE", "Europe/Berlin")
    assert "die Terminannahme" in config["retellLlmData"]["begin_message"]


def test_the_wait_is_our_own_and_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWER_BUDGET_SECONDS", "3")
    tools = json.loads(runner.invoke(app, AGENT).stdout)["retellLlmData"]["general_tools"]
    assert tools[0]["timeout_ms"] == 5_000


@pytest.mark.parametrize(
    "url",
    [
        "http://booking.example",
        "booking.example",
        "ftp://booking.example",
        "https://",
        "",
        "https://[",
        "https://booking.example:x",
        "https://booking.example/?a=1",
        "https://me:pw@booking.example",
        "https://booking example",
        "http://localhost.example",
    ],
)
def test_an_address_the_voice_platform_could_not_use_is_refused_in_one_line(url: str) -> None:
    result = runner.invoke(app, ["agent-config", "--url", url])
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("--url: ")


@pytest.mark.parametrize(
    ("url", "events"),
    [
        ("https://booking.example/", "https://booking.example/retell/events"),
        ("https://booking.example/phone", "https://booking.example/phone/retell/events"),
        ("http://localhost:8080", "http://localhost:8080/retell/events"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/retell/events"),
    ],
)
def test_an_address_is_taken_without_its_last_slash(url: str, events: str) -> None:
    assert json.loads(runner.invoke(app, ["agent-config", "--url", url]).stdout)["webhook_url"] == events


@pytest.mark.parametrize(("more", "known"), [(["--catalog", str(CATALOG)], "salon-beispiel/zentrale"), ([], "none")])
def test_a_branch_nobody_has_is_refused_with_those_there_are(more: list[str], known: str) -> None:
    result = runner.invoke(app, [*AGENT, *more, "--branch", "salon-beispiel/nowhere"])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("--branch: ")
    assert known in line
