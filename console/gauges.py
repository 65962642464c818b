"""What stands at a certain number right now, told to whoever scrapes this process's metrics."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.common import MetricMeter

from store.agenda import live_holds_count
from store.errors import StoreUnavailable
from store.overview import calls_in_progress
from workflows.metrics import CALLS_IN_PROGRESS, HOLDS

EVERY_SECONDS = 2.0

logger = logging.getLogger(__name__)


async def keep_gauges(
    engine: AsyncEngine, meter: MetricMeter, clock: Callable[[], datetime], ending: asyncio.Event
) -> None:
    """Count holds and calls in progress until ``ending``; while the database does not answer they stay as they were.

    A count that has begun is brought to its end: a connection taken from under a query may never be given back.
    """
    known = True
    while not ending.is_set():
        now = clock()
        try:
            HOLDS.set(meter, await live_holds_count(engine, now))
            CALLS_IN_PROGRESS.set(meter, await calls_in_progress(engine, now))
        except (StoreUnavailable, SQLAlchemyError) as error:
            if known:
                logger.warning("holds and calls in progress are not counted: %s", type(error).__name__)
            known = False
        else:
            known = True
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), EVERY_SECONDS)
