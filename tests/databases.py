"""Databases for tests, of the kind asked for: SQLite, or PostgreSQL with ``DATABASES=postgresql`` in the environment.

With ``DATABASES`` set, tests of the other kind are left out, and with PostgreSQL those that need no database as well:
they show nothing new there.
"""

import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.postgres import Server
from store.catalog import apply_catalog, load_catalog_file
from store.engine import close, create_engine
from store.migrate import migrate
from store.tables import Table

CATALOG = Path(__file__).parents[1] / "catalog.toml"

ASKED_FOR = os.environ.get("DATABASES", "")
USUAL = "sqlite"

Holding = Literal["nothing", "tables", "catalog"]
"""What is in a new database: nothing at all, the empty tables, or the repository's catalog in them."""

DatabaseWith = Callable[[Holding], str]


class StoreWith(Protocol):
    """Opens a new database."""

    def __call__(self, holding: Holding, **options: float) -> AsyncEngine: ...


class Databases(Protocol):
    """One kind of database; URLs are those of ``store.engine.create_engine``."""

    def new(self, holding: Holding) -> AbstractContextManager[str]:
        """Make a database of one's own, and remove it at the end."""


@dataclass(frozen=True)
class SqliteDatabases:
    """Files, each in a folder of its own."""

    folder: Path

    @contextmanager
    def new(self, holding: Holding) -> Iterator[str]:
        folder = self.folder / uuid4().hex
        folder.mkdir()
        if holding == "nothing":
            (folder / "store.db").touch()
        else:
            shutil.copy(self.folder / holding, folder / "store.db")
        try:
            yield f"sqlite:///{folder / 'store.db'}"
        finally:
            shutil.rmtree(folder)


@dataclass(frozen=True)
class PostgresDatabases:
    """Databases of one server; ``server`` is the URL of its administrator's."""

    server: str

    @contextmanager
    def new(self, holding: Holding) -> Iterator[str]:
        name, template = f"test_{uuid4().hex}", "template1" if holding == "nothing" else holding
        self.administer("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            yield self.url(name)
        finally:
            self.administer("DROP DATABASE {} WITH (FORCE)", name)

    def administer(self, command: str, *names: str) -> None:
        """Carry out a command in which ``{}`` stands for each of the names."""
        with psycopg.connect(self.server, autocommit=True) as admin:
            admin.execute(sql.SQL(command).format(*(sql.Identifier(name) for name in names)))

    def url(self, name: str) -> str:
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)


@contextmanager
def kept_by_somebody_else(url: URL) -> Iterator[None]:
    """Let somebody else have all of the database to himself: who asks waits for him."""
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(url.database or "", isolation_level=None)) as somebody_else:
            somebody_else.execute("BEGIN EXCLUSIVE")
            yield
            somebody_else.execute("ROLLBACK")
        return
    with psycopg.connect(_libpq(url)) as somebody_else:
        tables = somebody_else.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in tables)
        somebody_else.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names))
        yield
        somebody_else.rollback()


@contextmanager
def gone(url: URL) -> Iterator[None]:
    """Take the database away. An SQLite file that is open already stays: close the engine first."""
    if url.get_backend_name() == "sqlite":
        folder = Path(url.database or "").parent
        elsewhere = folder.rename(folder.with_name(f"{folder.name}-elsewhere"))
        try:
            yield
        finally:
            elsewhere.rename(folder)
        return
    server = PostgresDatabases(_libpq(url.set(database="postgres")))
    server.administer("ALTER DATABASE {} ALLOW_CONNECTIONS false", url.database or "")
    cut_off(url)
    try:
        yield
    finally:
        server.administer("ALTER DATABASE {} ALLOW_CONNECTIONS true", url.database or "")


def cut_off(url: URL) -> None:
    """End every connection to a database on PostgreSQL; new ones are taken."""
    with psycopg.connect(_libpq(url.set(database="postgres"))) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url.database])


async def everything_in(engine: AsyncEngine) -> str:
    """Return every row of every table, written out."""
    async with engine.connect() as reading:
        rows = [row for table in Table.metadata.sorted_tables for row in await reading.execute(table.select())]
    return "\n".join(map(str, rows))


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


async def _fill(url: str, holding: Holding) -> None:
    engine = create_engine(url)
    await migrate(engine)
    if holding == "catalog":
        await apply_catalog(engine, load_catalog_file(CATALOG))
    await close(engine)


@pytest.fixture(scope="session")
async def sqlite(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    folder = tmp_path_factory.mktemp("databases")
    for holding in ("tables", "catalog"):
        await _fill(f"sqlite:///{folder / holding}", holding)
    return SqliteDatabases(folder)


@pytest.fixture(scope="session")
async def postgresql(postgres_server: Server) -> PostgresDatabases:
    """Skips where no server can be run."""
    databases = PostgresDatabases(postgres_server.url)
    for holding in ("tables", "catalog"):
        databases.administer("CREATE DATABASE {}", holding)
        await _fill(databases.url(holding), holding)
    return databases


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """The kind that was asked for."""
    found: Databases = request.getfixturevalue(ASKED_FOR or USUAL)
    return found


@pytest.fixture
def database_with(databases: Databases) -> Iterator[DatabaseWith]:
    """Make a database for this test; takes what it holds, returns its URL."""
    with ExitStack() as removing:
        yield lambda holding: removing.enter_context(databases.new(holding))


@pytest.fixture
async def store_with(database_with: DatabaseWith) -> AsyncIterator[StoreWith]:
    """Make a database for this test and open it; ``options`` are those of ``create_engine``."""
    async with AsyncExitStack() as closing_all:

        def store(holding: Holding, **options: float) -> AsyncEngine:
            engine = create_engine(database_with(holding), **options)
            closing_all.push_async_callback(close, engine)
            return engine

        yield store


def pytest_configure(config: pytest.Config) -> None:
    # A connection that is given up while it is being made cannot be closed by anybody but the garbage collector.
    config.addinivalue_line("filterwarnings", "ignore:<psycopg.AsyncConnection .* was deleted while still open")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not ASKED_FOR:
        return
    if ASKED_FOR not in ("sqlite", "postgresql"):
        raise pytest.UsageError(f"DATABASES: write sqlite or postgresql, not {ASKED_FOR!r}")
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (kept if _shows_something_on(ASKED_FOR, item) else left_out).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def _shows_something_on(kind: str, item: pytest.Item) -> bool:
    needs: set[str] = set(getattr(item, "fixturenames", ()))
    callspec = getattr(item, "callspec", None)
    of_kind = callspec.params.get("databases") if callspec else None
    if of_kind:
        return bool(of_kind == kind)
    if kind == "sqlite":
        return "postgres_server" not in needs
    return bool(needs & {"databases", "postgres_server"})
