"""The way to the database: SQLite by default, PostgreSQL by URL.

What callers wait for, and what is written after every turn, is carried out whole (``write``, ``read``): each a function
of a connection. What operators ask and what is tidied up goes step by step (``writing``, ``reading``).
"""

from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from store.errors import QUERY_SECONDS, let_go_of
from store.postgres import SNAPSHOT, PostgresEngine
from store.sqlite import DEFERRED, SqliteEngine

R = TypeVar("R")

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}

_SNAPSHOT: Mapping[str, dict[str, str]] = {"sqlite": DEFERRED, "postgresql": SNAPSHOT}
"""What makes a transaction see one state of the database from its first look on."""

_LOCK_SHARE = 0.75
"""Waiting for a lock or a connection ends before the query does, so that the database itself says what was missing."""


def create_engine(url: str | URL, *, patience: float = QUERY_SECONDS) -> AsyncEngine:
    """Return an engine for ``sqlite:///path`` or ``postgresql://user:password@host/name``.

    No connection is made yet; only the directory of an SQLite file is created. ``patience`` in seconds bounds every
    statement and what it waits for. Raises ``ValueError`` for any other kind of URL, without repeating it: it may
    carry a password; ``OSError`` where the directory cannot be created.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, patience)
    return _postgres(parsed, patience)


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """Open a transaction that writes: committed at the end, rolled back on an error.

    SQLite takes its one write lock at once: a transaction that first reads could otherwise not become a writer
    after somebody else has written.
    """
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        yield session


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """Open a transaction that only reads: it waits for no writer, and sees none of what is written meanwhile."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        # Not as options of the engine: a query given up while they are carried out would lose its connection.
        await session.connection(execution_options=_SNAPSHOT[engine.dialect.name])
        yield session


async def write(engine: AsyncEngine, work: Callable[[Connection], R], line: Hashable = None) -> R:
    """Carry out a transaction that writes: committed at the end of ``work``, rolled back on an error.

    ``work`` may run in another thread, and to its end when nobody waits for it any more: it touches nothing but its
    connection, and what nobody changes meanwhile. Those of one process that would wait for one another in the database
    anyway name the same ``line``: they are carried out in the order in which they were asked for, and only the first of
    them takes a connection. On SQLite all that write stand in one line. How long to wait in it is up to who asks.
    """
    return await _made_here(engine).write(work, line)


async def read(engine: AsyncEngine, work: Callable[[Connection], R]) -> R:
    """Carry out a transaction that only reads, as ``write`` does one that writes; it is such as ``reading`` opens."""
    return await _made_here(engine).read(work)


async def close(engine: AsyncEngine) -> None:
    """Give up the connections of a process that ends.

    Queries that were given up come to rest first: one that is cancelled once more by the end of its event loop leaves
    SQLite's driver waiting for ever.
    """
    await let_go_of()
    await engine.dispose()


def insert(dialect: str, table: type[SQLModel]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that understands ON CONFLICT, which both databases write alike and SQLAlchemy keeps apart."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _parsed(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError("not a database URL; write sqlite:///path or postgresql://user:password@host/name") from error
    if parsed.drivername not in _DRIVERS:
        raise ValueError(
            f"no database of kind {parsed.drivername!r} is known;"
            " write sqlite:///path or postgresql://user:password@host/name"
        )
    return parsed.set(drivername=_DRIVERS[parsed.drivername])


def _made_here(engine: AsyncEngine) -> SqliteEngine | PostgresEngine:
    if isinstance(engine, SqliteEngine | PostgresEngine):
        return engine
    raise TypeError("an engine that create_engine has not made carries nothing out whole")


def _sqlite(url: URL, patience: float) -> AsyncEngine:
    if not url.database or url.database == ":memory:":
        raise ValueError("an SQLite database in memory cannot be shared between processes; write sqlite:///path")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    return SqliteEngine(url, patience * _LOCK_SHARE)


def _postgres(url: URL, patience: float) -> AsyncEngine:
    milliseconds = int(patience * 1000)
    limits = f"-c statement_timeout={milliseconds} -c lock_timeout={int(milliseconds * _LOCK_SHARE)}"
    options = " ".join(filter(None, [_text(url.query.get("options")), limits]))
    connect_args = {"connect_timeout": int(QUERY_SECONDS), "options": options}
    return PostgresEngine(url, connect_args, patience * _LOCK_SHARE)


def _text(option: str | tuple[str, ...] | None) -> str | None:
    return " ".join(option) if isinstance(option, tuple) else option
