import os
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from starter.directory import Directory
from starter.settings import Settings
from starter.webhook import create_app
from store.catalog import load_catalog
from store.engine import close, create_engine
from tests.databases import Databases
from tests.starter.fakes import KEY, FakeConversation, Retell
from tests.starter.loggers import loggers_as_before

CATALOG = Path(__file__).parents[2] / "catalog.toml"

NOW = datetime(2025, 10, 14, 20, 28, tzinfo=ZoneInfo("Europe/Berlin"))
"""A Tuesday evening."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Run each test in an empty directory, without settings; what it loads from ``.env`` goes with it."""
    before = dict(os.environ)
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    monkeypatch.chdir(tmp_path)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Commands configure the logs of their process."""
    with loggers_as_before():
        yield


@pytest.fixture(scope="session")
async def directory(databases: Databases) -> AsyncIterator[Directory]:
    with databases.new("catalog") as url:
        engine = create_engine(url)
        yield Directory(engine, await load_catalog(engine))
        await close(engine)


@pytest.fixture
def conversation() -> FakeConversation:
    return FakeConversation()


@pytest.fixture
def webhook(conversation: FakeConversation, directory: Directory) -> FastAPI:
    settings = Settings(retell_api_key=SecretStr(KEY))
    return create_app(settings=settings, conversation=conversation, directory=directory, clock=lambda: NOW)


@pytest.fixture
async def retell(webhook: FastAPI) -> AsyncIterator[Retell]:
    transport = httpx.ASGITransport(webhook)
    async with httpx.AsyncClient(transport=transport, base_url="http://webhook") as http:
        yield Retell(http)
