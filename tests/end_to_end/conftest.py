import logging
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from store.catalog import apply_catalog, load_catalog_file
from store.engine import create_engine
from store.migrate import migrate
from tests.end_to_end.salon import CATALOG, Salon, open_salon

OpenSalon = Callable[..., Awaitable[Salon]]


@pytest.fixture(autouse=True)
def no_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where something broke unforeseen: callers are spared it, tests are not. Who expects an error clears it."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []


@pytest.fixture(scope="session")
async def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "new.db"
    engine = create_engine(f"sqlite:///{path}")
    await migrate(engine)
    await apply_catalog(engine, load_catalog_file(CATALOG))
    await engine.dispose()
    return path


@pytest.fixture
async def open_with(client: Client, new_database: Path, tmp_path: Path) -> AsyncIterator[OpenSalon]:
    """Open a salon that is not the usual one."""
    async with AsyncExitStack() as closing:

        async def open_one(**changes: Any) -> Salon:
            (tmp_path / "store").mkdir()
            database = tmp_path / "store" / new_database.name
            shutil.copy(new_database, database)
            return await closing.enter_async_context(open_salon(client, database, **changes))

        yield open_one


@pytest.fixture
async def salon(open_with: OpenSalon) -> Salon:
    return await open_with()
