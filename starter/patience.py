"""How a process that begins waits for Temporal and for the database."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from starter.connect import Connection, connect
from store.errors import StoreUnavailable
from store.presence import find

Reached = TypeVar("Reached")

PATIENCE_SECONDS = 60.0
"""How long a process that begins waits for what does not answer before it gives up."""

RETRY_SECONDS = 2.0

logger = logging.getLogger(__name__)


async def connected(connection: Connection, stop: asyncio.Event) -> Client | None:
    """Connect to Temporal; where that fails, try for a while and say so. ``None``: told to stop meanwhile.

    Raises:
        RuntimeError: Temporal has not answered for ``PATIENCE_SECONDS``.
        SettingsError: Its address or its TLS settings cannot be used.
    """
    return await _reached("Temporal", partial(connect, connection), stop)


async def database_there(engine: AsyncEngine, stop: asyncio.Event) -> bool:
    """Wait for the database, and say so. False: told to stop meanwhile.

    Raises ``StoreUnavailable`` when it has not answered for ``PATIENCE_SECONDS``.
    """
    return await _reached("the database", partial(_find_database, engine), stop) is not None


async def _find_database(engine: AsyncEngine) -> AsyncEngine:
    await find(engine)
    return engine


async def _reached(
    what: str, reach: Callable[[], Coroutine[object, object, Reached]], stop: asyncio.Event
) -> Reached | None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not stop.is_set():
        trying = asyncio.create_task(reach())
        try:
            if not await _over_before(stop, trying):
                return None
            return trying.result()
        except (RuntimeError, StoreUnavailable) as error:
            if time.monotonic() > give_up_at:
                raise
            logger.warning("%s could not be used, trying again: %s", what, error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RETRY_SECONDS)
        finally:
            trying.cancel()
    return None


async def _over_before(stop: asyncio.Event, task: asyncio.Task[Reached]) -> bool:
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    return task.done()
