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
from store.overview import calls_in_progress, recheck_failures_in_row
from workflows.metrics import CALLS_IN_PROGRESS, DATABASE_UP, HOLDS, RECHECK_FAILURES_IN_ROW

EVERY_SECONDS = 2.0

logger = logging.getLogger(__name__)


async def keep_gauges(
    engine: AsyncEngine, meter: MetricMeter, clock: Callable[[], datetime], ending: asyncio.Event
) -> None:
    """Count until ``ending``; while the database does not answer, counts stay as they were and ``DATABASE_UP`` is 0.

    A count that has begun is brought to its end: a connection taken from under a query may never be given back.
    """
    up = True
    while not ending.is_set():
        now = clock()
        try:
            HOLDS.set(meter, await live_holds_count(engine, now))
            CALLS_IN_PROGRESS.set(meter, await calls_in_progress(engine, now))
            RECHECK_FAILURES_IN_ROW.set(meter, await recheck_failures_in_row(engine, now))
        except (StoreUnavailable, SQLAlchemyError) as error:
            if up:
                logger.warning("the database cannot be counted in, the gauges stand still: %s", type(error).__name__)
            up = False
        else:
            up = True
        DATABASE_UP.set(meter, up)
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), EVERY_SECONDS)
