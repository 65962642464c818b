import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from temporalio.client import Client

from store.engine import create_engine
from store.migrate import migrate
from tests.end_to_end.salon import Salon, open_salon

OpenSalon = Callable[..., Awaitable[Salon]]


@pytest.fixture(scope="session")
async def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "new.db"
    engine = create_engine(f"sqlite:///{path}")
    await migrate(engine)
    await engine.dispose()
    return path


@pytest.fixture
async def open_with(client: Client, new_database: Path, tmp_path: Path) -> AsyncIterator[OpenSalon]:
    """Open a salon that is not the usual one."""
    async with AsyncExitStack() as closing:

        async def open_one(**changes: object) -> Salon:
            database = shutil.copy(new_database, tmp_path / "slotkeeper.db")
            return await closing.enter_async_context(open_salon(client, database, **changes))  # type: ignore[arg-type]

        yield open_one


@pytest.fixture
async def salon(open_with: OpenSalon) -> Salon:
    return await open_with()
