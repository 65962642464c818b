"""How the store says that it did not answer."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

P = ParamSpec("P")
R = TypeVar("R")

QUERY_SECONDS = 2.0
"""The longest a question to the store may take: a caller is listening, and the calendar has to be asked as well."""

_CONNECTION_IS_GONE = ("Connection closed", "no active connection")
"""What SQLite's driver (aiosqlite 0.22.1) says of it, by a ``ValueError``."""

_log = logging.getLogger(__name__)
_let_go: set[asyncio.Task[Any]] = set()


class StoreUnavailable(Exception):
    """The database did not answer, or not in time. Whether it did what it was asked is not known; ask again."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise ``StoreUnavailable`` where the database cannot be reached, is locked or too slow.

    Errors of our own making (a faulty statement, a missing table, a broken constraint) pass through unchanged.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable("no connection to the database became free in time") from error
    except DBAPIError as error:
        if not _is_outage(error):
            raise
        raise StoreUnavailable(f"the database did not answer: {type(error.orig).__name__}") from error
    except ValueError as error:
        if str(error) not in _CONNECTION_IS_GONE:
            raise
        raise StoreUnavailable("the connection to the database is gone") from error
    except OSError as error:
        raise StoreUnavailable(f"the database cannot be reached: {type(error).__name__}") from error


def answers_within(
    seconds: float,
) -> Callable[[Callable[P, Coroutine[Any, Any, R]]], Callable[P, Coroutine[Any, Any, R]]]:
    """Decorate a query: it answers within ``seconds`` or raises ``StoreUnavailable``.

    A query that is late is cancelled but not waited for: against a server that hangs, the driver alone takes ten
    more seconds to give a connection up.
    """

    def decorate(query: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        @wraps(query)
        async def bounded(*args: P.args, **kwargs: P.kwargs) -> R:
            task = asyncio.create_task(query(*args, **kwargs))
            try:
                await asyncio.wait({task}, timeout=seconds)
            finally:
                give_up(task)
            if not task.done():
                raise StoreUnavailable(f"the database has not answered within {seconds:g} s")
            with translated():
                return task.result()

        return bounded

    return decorate


def give_up(query: asyncio.Task[Any]) -> None:
    """Cancel what has not ended, and leave it to come to rest by itself."""
    if not query.done():
        _let_go.add(query)
        query.add_done_callback(_settled)
        query.cancel()


async def let_go_of() -> None:
    """Wait until queries that were given up have come to rest, as long as a query may take."""
    with suppress(TimeoutError):
        async with asyncio.timeout(QUERY_SECONDS):
            while _let_go:
                # One that comes to rest may have given up another.
                await asyncio.wait(set(_let_go))


def _is_outage(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    # SQLite calls a faulty statement or schema as operational as a locked file; only the code tells them apart.
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return isinstance(error, OperationalError) and code != sqlite3.SQLITE_ERROR


def _settled(task: asyncio.Task[Any]) -> None:
    _let_go.discard(task)
    if not task.cancelled() and (error := task.exception()):
        _log.warning("a query that was given up ended with %s", type(error).__name__)
