"""One embedded stack, to be attacked: every process of it a real one."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from simulator.caller import Caller
from simulator.stack import Stack, running_stack
from tests.attack.wire import CALLER, KEY, SALON
from tests.databases import Databases

PLACES = 40


@asynccontextmanager
async def attacked(directory: Path, database_url: str) -> AsyncIterator[Stack]:
    """Start what is to be attacked."""
    settings = {"RETELL_API_KEY": KEY, "ANSWER_BUDGET_SECONDS": "5", "DATABASE_URL": database_url}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WEBHOOK_CONCURRENCY", str(PLACES))
        async with running_stack(directory, settings=settings) as running:
            yield running


@pytest.fixture(scope="package")
async def stack(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> AsyncIterator[Stack]:
    with databases.new("nothing") as database_url:
        async with attacked(tmp_path_factory.mktemp("attacked"), database_url) as running:
            yield running


@pytest.fixture(scope="package")
def address(stack: Stack) -> tuple[str, int]:
    return where_it_listens(stack)


def where_it_listens(stack: Stack) -> tuple[str, int]:
    """Where the web process listens."""
    where = urlsplit(stack.webhook_url)
    assert where.hostname is not None
    assert where.port is not None
    return where.hostname, where.port


@pytest.fixture
async def rings(stack: Stack) -> AsyncIterator[Callable[[], Caller]]:
    async with calling(stack) as rings:
        yield rings


@asynccontextmanager
async def calling(stack: Stack) -> AsyncIterator[Callable[[], Caller]]:
    """Let somebody call the salon; every request comes on a connection of its own."""
    alone = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=stack.webhook_url, trust_env=False, timeout=20, limits=alone) as http:
        yield lambda: Caller(http, KEY, SALON, CALLER)
