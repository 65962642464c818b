import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from temporalio.client import Client

from tests.databases import DatabaseWith
from tests.end_to_end.salon import Salon, open_salon

OpenSalon = Callable[..., Awaitable[Salon]]


@pytest.fixture(autouse=True)
def no_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where something broke unforeseen: callers are spared it, tests are not. Who expects an error clears it."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []


@pytest.fixture
async def open_with(client: Client, database_with: DatabaseWith) -> AsyncIterator[OpenSalon]:
    """Open a salon that is not the usual one."""
    async with AsyncExitStack() as closing:

        async def open_one(**changes: Any) -> Salon:
            return await closing.enter_async_context(open_salon(client, database_with("catalog"), **changes))

        yield open_one


@pytest.fixture
async def salon(open_with: OpenSalon) -> Salon:
    return await open_with()
