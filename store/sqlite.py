"""SQLite's way to carry a transaction out whole: in a thread, and those that write one after the other.

An asynchronous driver goes to its thread and back three or four times for every statement, and meanwhile keeps the one
write lock; who waits for the lock sleeps, and looks again from time to time. Carried out whole, a transaction goes
there and back once, and the writers of a process stand in line.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

R = TypeVar("R")

DEFERRED = {"sqlite_begin": "DEFERRED"}
"""Options of a connection whose transactions read: they take no lock, and see one state of the database."""

_POOL_SIZE = 5


class SqliteEngine(AsyncEngine):
    """An SQLite file: connections for transactions step by step, and threads for those that are carried out whole."""

    def __init__(self, url: URL, lock_seconds: float) -> None:
        """Wait ``lock_seconds`` for the write lock while another process has it, or for a connection."""
        options: dict[str, Any] = {
            "connect_args": {"timeout": lock_seconds},
            "pool_size": _POOL_SIZE,
            "max_overflow": 0,
            "pool_timeout": lock_seconds,
            "hide_parameters": True,
        }
        super().__init__(create_async_engine(url, **options).sync_engine)
        self._in_threads = create_engine(url.set(drivername="sqlite"), pool_use_lifo=True, **options)
        for each in (self.sync_engine, self._in_threads):
            event.listen(each, "connect", _prepare)
            event.listen(each, "begin", _begin)
        self._that_read = self._in_threads.execution_options(**DEFERRED)
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(_POOL_SIZE - 1, "store-reader")

    async def write(self, work: Callable[[Connection], R]) -> R:
        """Carry out a transaction that writes, after those that were asked for before it."""
        return await _whole(self._writer, self._in_threads, work)

    async def read(self, work: Callable[[Connection], R]) -> R:
        """Carry out a transaction that reads; it waits for no writer."""
        return await _whole(self._readers, self._that_read, work)

    async def dispose(self, close: bool = True) -> None:
        """Close all connections, after what is being written."""
        await super().dispose(close)
        await asyncio.get_running_loop().run_in_executor(self._writer, self._in_threads.dispose, close)


async def _whole(threads: ThreadPoolExecutor, engine: Engine, work: Callable[[Connection], R]) -> R:
    """Carry out a transaction in one of the threads; given up before its turn has come, it is not begun."""

    def transaction() -> R:
        with engine.begin() as connection:
            return work(connection)

    return await asyncio.get_running_loop().run_in_executor(threads, transaction)


def _prepare(connection: DBAPIConnection, _: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    # What is erased is overwritten, however SQLite was built.
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # BEGIN is ours, not the driver's:
    # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#enabling-non-legacy-sqlite-transactional-modes-with-the-sqlite3-or-aiosqlite-driver
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")
