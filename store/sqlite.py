"""SQLite's way to carry a transaction out whole: in a thread, and those that write one after the other.

An asynchronous driver goes to its thread and back three or four times for every statement, and meanwhile keeps the one
write lock; who waits for the lock sleeps, and looks again from time to time. Carried out whole, a transaction goes
there and back once, and the writers of a process stand in line.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

R = TypeVar("R")

DEFERRED = {"sqlite_begin": "DEFERRED"}
"""Options of a connection whose transactions read: they take no lock, and see one state of the database."""

_POOL_SIZE = 5
_READERS = 4

_NEW_FILE_SECONDS = 1.0
"""So long processes that begin on a new file let each other make it one that is written ahead."""

_LOOKS_AGAIN_MS = 10
"""So long the one writer of a process leaves the waiting to SQLite, which looks after 1, 3, 8 and 10 ms.

Left to it for longer, it would look every 100 ms only, and find another process writing nearly every time.
"""


class SqliteEngine(AsyncEngine):
    """An SQLite file: connections for transactions step by step, and threads for those that are carried out whole."""

    def __init__(self, url: URL, lock_seconds: float) -> None:
        """Wait ``lock_seconds`` for the write lock while another process has it, or for a connection step by step."""
        steps = create_async_engine(
            url,
            connect_args={"timeout": lock_seconds},
            pool_size=_POOL_SIZE,
            max_overflow=0,
            pool_timeout=lock_seconds,
            hide_parameters=True,
        )
        super().__init__(_prepared(steps.sync_engine))
        self._lock_seconds = lock_seconds
        self._writer = _Threads(1, url, lock_seconds)
        self._readers = _Threads(_READERS, url, lock_seconds)
        event.listen(self._writer.engine, "connect", _look_again_soon)

    async def write(self, work: Callable[[Connection], R], _line: Hashable = None) -> R:
        """Carry out a transaction that writes, after all of this process that were asked for before it."""
        return await self._writer.carry_out(work, {"sqlite_lock_until": monotonic() + self._lock_seconds})

    async def read(self, work: Callable[[Connection], R]) -> R:
        """Carry out a transaction that reads; it waits for no writer."""
        return await self._readers.carry_out(work, DEFERRED)

    async def dispose(self, close: bool = True) -> None:
        """Close all connections, after what is being written."""
        await super().dispose(close)
        await self._readers.dispose(close)
        await self._writer.dispose(close)


class _Threads:
    """Threads with a connection each; what they are asked for is begun in that order."""

    def __init__(self, count: int, url: URL, lock_seconds: float) -> None:
        self.engine = _prepared(
            create_engine(
                url.set(drivername="sqlite"),
                connect_args={"timeout": lock_seconds},
                pool_size=count,
                max_overflow=0,
                hide_parameters=True,
            )
        )
        self._threads = ThreadPoolExecutor(count, "store")

    async def carry_out(self, work: Callable[[Connection], R], options: dict[str, Any]) -> R:
        """Carry out a transaction in one of the threads; given up before its turn has come, it is not begun."""

        def transaction() -> R:
            with self.engine.connect().execution_options(**options) as connection, connection.begin():
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, transaction)

    async def dispose(self, close: bool) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, self.engine.dispose, close)


def _prepared(engine: Engine) -> Engine:
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: DBAPIConnection, _: object) -> None:
    connection.isolation_level = None
    until = monotonic() + _NEW_FILE_SECONDS
    while True:
        try:
            _set(connection, "journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # Of two that open a new file at the same time one is refused at once, however long it would have waited.
            if not _is_locked(error) or monotonic() >= until:
                raise
            sleep(_LOOKS_AGAIN_MS / 1000)
    # What is erased is overwritten, however SQLite was built.
    _set(connection, "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON")


def _look_again_soon(connection: DBAPIConnection, _: object) -> None:
    _set(connection, f"busy_timeout = {_LOOKS_AGAIN_MS}")


def _set(connection: DBAPIConnection, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # BEGIN is ours, not the driver's:
    # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#enabling-non-legacy-sqlite-transactional-modes-with-the-sqlite3-or-aiosqlite-driver
    options = connection.get_execution_options()
    mode, until = options.get("sqlite_begin", "IMMEDIATE"), options.get("sqlite_lock_until", 0.0)
    while True:
        try:
            connection.exec_driver_sql(f"BEGIN {mode}")
            return
        except OperationalError as error:
            if not _is_locked(error.orig) or monotonic() >= until:
                raise


def _is_locked(error: BaseException | None) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
