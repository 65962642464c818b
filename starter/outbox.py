"""Rows on their way into the database: nobody waits for them, and they outwait a database that is away."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import islice

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.common import MetricMeter

from store.errors import StoreUnavailable
from store.replies import add_replies
from store.tables import Reply
from workflows.metrics import ROWS_LOST

CAPACITY = 10_000
"""So many rows may wait for the database: some minutes of many calls at once."""

BATCH = 500
"""Rows that are written in one transaction."""

PAUSE_SECONDS = 0.2
"""Between two transactions: an operator who looks on sees a reply as it is said."""

RETRY_SECONDS = 1.0
"""Between two questions to a database that does not answer."""

FLUSH_SECONDS = 3.0
"""How long the rows left over may take when the process ends: longer than the store takes to say that it is down."""

logger = logging.getLogger(__name__)


class Outbox:
    """Writes what callers were told, in the background.

    While the database is away the rows wait. What it refuses, what is too much to wait, and what waits when the process
    ends is lost, and counted.
    """

    def __init__(self, engine: AsyncEngine, meter: MetricMeter = MetricMeter.noop) -> None:
        """Write to this database, while ``delivering``; nothing is written before."""
        self._engine = engine
        self._meter = meter
        self._waiting: deque[Reply] = deque()
        self._news = asyncio.Event()
        self._closing = asyncio.Event()
        self._away = False
        self._losing = False

    def put(self, row: Reply) -> None:
        """Hand a row over; where too many wait already it is lost."""
        if len(self._waiting) < CAPACITY:
            self._waiting.append(row)
            self._news.set()
        else:
            self._lose(1, "too many wait already")

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Write rows as they come; at the end those that are left, as far as that takes no more than a moment."""
        ROWS_LOST.add(self._meter, 0, table="reply")
        delivery = asyncio.create_task(self._deliver())
        try:
            yield
        finally:
            self._closing.set()
            self._news.set()
            await asyncio.wait({delivery}, timeout=FLUSH_SECONDS)
            delivery.cancel()
            await asyncio.wait({delivery})
            if self._waiting:
                self._lose(len(self._waiting), "the process ends")
            if not delivery.cancelled():
                delivery.result()

    async def _deliver(self) -> None:
        while await self._news.wait() and (self._waiting or not self._closing.is_set()):
            await self._write(list(islice(self._waiting, BATCH)))
            if not self._waiting and not self._closing.is_set():
                self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), PAUSE_SECONDS)

    async def _write(self, rows: list[Reply]) -> None:
        """Write the first of those that wait; where the database does not answer they stay, and are written again."""
        try:
            await add_replies(self._engine, rows)
            self._away = self._losing = False
        except StoreUnavailable as error:
            if not self._away:
                self._away = True
                logger.warning("what callers are told waits for the database: %s", error)
            await asyncio.sleep(RETRY_SECONDS)
            return
        except (SQLAlchemyError, ValueError) as error:
            self._lose(len(rows), type(error).__name__)
        for _ in rows:
            self._waiting.popleft()

    def _lose(self, rows: int, why: str) -> None:
        ROWS_LOST.add(self._meter, rows, table="reply")
        if not self._losing:
            self._losing = True
            logger.warning("what callers are told is not kept for operators now: %s", why)
