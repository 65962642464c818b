"""PostgreSQL's way to carry a transaction out whole: who waits for his turn does not wait with a connection.

A pool gives a connection that comes back to whoever asks next, though others have waited longer, and tells those it has
kept waiting that there is none. Here they stand in line, as long as they care to.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from store.errors import give_up

R = TypeVar("R")

SNAPSHOT = {"isolation_level": "REPEATABLE READ"}
"""Options of a connection whose transactions read: they see one state of the database."""

_PLACES = 10
_STEP_BY_STEP = 5
"""Connections that are left for transactions step by step, whatever is being carried out whole."""


class PostgresEngine(AsyncEngine):
    """A PostgreSQL database: connections for transactions step by step, and places for those carried out whole."""

    def __init__(self, url: URL, connect_args: dict[str, Any], pool_seconds: float) -> None:
        """Connect with ``connect_args``; step by step, wait ``pool_seconds`` for a connection."""
        engine = create_async_engine(
            url,
            connect_args=connect_args,
            pool_size=_PLACES,
            max_overflow=_STEP_BY_STEP,
            pool_timeout=pool_seconds,
            pool_pre_ping=True,
            # Every new connection would ask for a type that nobody here uses.
            use_native_hstore=False,
            hide_parameters=True,
        )
        super().__init__(engine.sync_engine)
        self._places = asyncio.Semaphore(_PLACES)
        self._lines: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    async def write(self, work: Callable[[Connection], R], line: Hashable = None) -> R:
        """Carry out a transaction that writes, after those of this process that stand in the same line before it."""
        async with self._turn_in(line), self._places:
            return await _left_when_given_up(self._written(work))

    async def read(self, work: Callable[[Connection], R]) -> R:
        """Carry out a transaction that reads; it waits for no writer."""
        async with self._places:
            return await _left_when_given_up(self._read(work))

    async def _written(self, work: Callable[[Connection], R]) -> R:
        async with self.begin() as connection:
            return await connection.run_sync(work)

    async def _read(self, work: Callable[[Connection], R]) -> R:
        async with self.connect() as connection:
            # Not as options of the engine: a query given up while they are carried out would lose its connection.
            await connection.execution_options(**SNAPSHOT)
            return await connection.run_sync(work)

    @asynccontextmanager
    async def _turn_in(self, line: Hashable) -> AsyncIterator[None]:
        if line is None:
            yield
            return
        async with self._lines.setdefault(line, asyncio.Lock()):
            yield


async def _left_when_given_up(transaction: Coroutine[Any, Any, R]) -> R:
    """Carry it out; whoever gives it up leaves its place in line to the next at once.

    Not even then does psycopg give a connection up whose server does not answer: it asks it to cancel first, for ten
    seconds.
    """
    carried_out = asyncio.create_task(transaction)
    try:
        return await asyncio.shield(carried_out)
    finally:
        give_up(carried_out)
