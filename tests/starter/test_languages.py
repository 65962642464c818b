"""A language is one file: what there is a file of is spoken everywhere, anything else is refused by name."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from starter import replies
from starter.cli import app
from starter.directory import Directory
from starter.replies.language import language, languages
from starter.settings import Settings
from starter.webhook import create_app
from store.catalog import CatalogError, apply_catalog, load_catalog, load_catalog_file
from store.engine import close, create_engine
from tests.databases import StoreWith
from tests.starter.conftest import CATALOG, NOW
from tests.starter.fakes import KEY, FakeConversation, Retell
from workflows.messages import Answer, AnswerStatus

FRENCH = """
from dataclasses import replace

from starter.replies.en import LANGUAGE as ENGLISH

LANGUAGE = replace(
    ENGLISH,
    locale="fr",
    day_pattern="EEEE d MMMM",
    time_pattern="H'h'mm",
    available="Le rendez-vous du {day} à {time} est libre. Je le réserve ?",
    agent=replace(ENGLISH.agent, locale="fr-FR", begin_message="Bonjour, ici {business}."),
)
"""

runner = CliRunner()


@pytest.fixture
def french(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "languages"
    folder.mkdir()
    (folder / "fr.py").write_text(FRENCH)
    monkeypatch.setattr(replies, "__path__", [*replies.__path__, str(folder)])
    yield
    sys.modules.pop("starter.replies.fr", None)
    language.cache_clear()


@pytest.fixture
def french_catalog(tmp_path: Path) -> Path:
    file = tmp_path / "french.toml"
    file.write_text(CATALOG.read_text().replace('language = "de"', 'language = "fr"'))
    return file


def test_german_and_english_are_spoken() -> None:
    assert languages() == ("de", "en")


@pytest.mark.usefixtures("french")
async def test_a_third_language_is_one_file(french_catalog: Path, store_with: StoreWith) -> None:
    assert languages() == ("de", "en", "fr")
    engine = store_with("tables")
    await apply_catalog(engine, load_catalog_file(french_catalog))
    conversation = FakeConversation(Answer(status=AnswerStatus.AVAILABLE, start=datetime(2025, 10, 16, 7, tzinfo=UTC)))
    webhook = create_app(
        settings=Settings(retell_api_key=SecretStr(KEY)),
        conversation=conversation,
        directory=Directory(engine, await load_catalog(engine)),
        clock=lambda: NOW,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(webhook), base_url="http://webhook") as http:
        body = await Retell(http).function("check_availability", {"datum": "16.10.", "uhrzeit": "9 Uhr"})
        clock = await Retell(http).function("current_time_berlin")
    assert body["message"] == "Le rendez-vous du jeudi 16 octobre à 9h00 est libre. Je le réserve ?"
    assert conversation.wishes[0][0].branch.language == "fr"
    assert clock["weekday"] == "mardi"


@pytest.mark.usefixtures("french")
def test_a_third_language_leads_an_agent(french_catalog: Path) -> None:
    arguments = ["agent-config", "--url", "https://booking.example", "--catalog", str(french_catalog)]
    config = json.loads(runner.invoke(app, arguments).stdout)
    assert config["language"] == "fr-FR"
    assert config["retellLlmData"]["begin_message"] == "Bonjour, ici Salon Beispiel."


@pytest.mark.parametrize(
    "command",
    [
        ["catalog", "check"],
        ["catalog", "apply"],
        ["agent-config", "--url", "https://booking.example", "--catalog"],
    ],
)
def test_a_language_nobody_speaks_is_refused_by_name(command: list[str], french_catalog: Path) -> None:
    result = runner.invoke(app, [*command, str(french_catalog)])
    assert result.exit_code == 2
    assert result.stderr == (
        f'{french_catalog}: company[0] "salon-beispiel": language: is not spoken here; write one of de, en\n'
    )


def test_what_is_no_language_code_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(CATALOG.read_text().replace('language = "de"', 'language = "Deutsch"'))
    result = runner.invoke(app, ["catalog", "check", str(file)])
    assert result.exit_code == 2
    assert result.stderr == (
        f'{file}: company[0] "salon-beispiel": language: is no language code; write its two letters, like "de"\n'
    )


async def test_no_webhook_starts_with_a_language_nobody_speaks(french_catalog: Path) -> None:
    engine = create_engine("sqlite:///unused.db")
    with pytest.raises(CatalogError, match='database: company\\[0\\] "salon-beispiel": language: is not spoken here'):
        Directory(engine, load_catalog_file(french_catalog))
    await close(engine)


async def test_a_catalog_in_a_language_nobody_speaks_does_not_replace_the_one_that_serves(
    french_catalog: Path, store_with: StoreWith, caplog: pytest.LogCaptureFixture
) -> None:
    engine = store_with("tables")
    await apply_catalog(engine, load_catalog_file(french_catalog))
    directory = Directory(engine, load_catalog_file(CATALOG))
    assert not await directory.refresh()
    branch = directory.branch_for("+493055500020")
    assert branch is not None
    assert branch.company.language == "de"
    assert "the catalog was not refreshed: CatalogError" in caplog.text
