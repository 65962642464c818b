"""Both kinds of database, empty or migrated, one of its own for every test."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from store.engine import close, create_engine
from store.migrate import migrate
from tests.databases import Databases, DatabaseWith
from tests.store.processes import Processes


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Each kind in turn."""
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def url(database_with: DatabaseWith) -> str:
    """URL of an empty database."""
    return database_with("nothing")


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a migrated database."""
    engine = create_engine(url)
    await migrate(engine)
    yield engine
    await close(engine)


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    """Other processes to race against each other."""
    processes = Processes()
    yield processes
    processes.close()
