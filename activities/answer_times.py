"""How quickly Cal.com answers, kept for operators aside from the answers themselves."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.common import MetricMeter

from activities.calcom_client import CalendarAnswer
from store.answer_times import MINUTE, add_answers
from store.errors import StoreUnavailable
from store.holds import utc_now
from store.quickness import step_of
from store.tables import CalendarAnswers
from workflows.metrics import CALCOM_REQUEST_SECONDS, ROWS_LOST

MOST_ROWS = 10_000
"""So much is remembered while the database is away: an hour and a half of what five busy companies ask."""

ROWS_AT_ONCE = 500
"""So many go into one transaction, which has to end within the time the store gives a question."""

EVERY_SECONDS = 1.0

LAST_SECONDS = 3.0
"""How long a process that ends may take for what has not been written yet: a little more than the store itself has."""

logger = logging.getLogger(__name__)


class _Row(NamedTuple):
    """What is counted together; in order of time, as the oldest is written, and given up, first."""

    begins_at: datetime
    company: str
    endpoint: str
    result: str
    quickness: int


class AnswerTimes:
    """Counts Cal.com's answers as they come, and adds the counts to the store about once a second.

    While the database is away counts gather in memory, and the oldest minutes are given up when they become too many.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        meter: MetricMeter,
        clock: Callable[[], datetime] = utc_now,
        most_rows: int = MOST_ROWS,
    ) -> None:
        """Write to the database behind ``engine``; ``clock`` tells the minute an answer came in."""
        self._engine = engine
        self._meter = meter
        self._clock = clock
        self._most_rows = most_rows
        self._counts: Counter[_Row] = Counter()
        self._is_away = False
        ROWS_LOST.add(meter, 0, table="calendar_answers")

    def count(self, answer: CalendarAnswer) -> None:
        """Count an answer; nothing is waited for."""
        CALCOM_REQUEST_SECONDS.record(self._meter, answer.seconds, endpoint=answer.endpoint, result=answer.result)
        minute = self._clock().replace(second=0, microsecond=0)
        row = _Row(minute, answer.company, answer.endpoint, answer.result, step_of(answer.seconds))
        self._counts[row] += 1
        if len(self._counts) > self._most_rows:
            oldest = min(self._counts).begins_at
            self._give_up([row for row in self._counts if row.begins_at == oldest])

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Write while the context lasts, and what is left when it ends; what takes too long then is given up."""
        stop = asyncio.Event()
        keeping = asyncio.create_task(self._keep(stop))
        try:
            yield
        finally:
            stop.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(keeping, LAST_SECONDS)
            self._give_up(list(self._counts))

    async def flush(self) -> None:
        """Write what has been counted, oldest first; while the database is away it is kept for the next time.

        A database that answers too late may have taken what it is then told again.
        """
        rows = sorted(self._counts)
        for first in range(0, len(rows), ROWS_AT_ONCE):
            # What is left of them: some may have been given up meanwhile.
            written = {row: n for row in rows[first : first + ROWS_AT_ONCE] if (n := self._counts[row])}
            try:
                await add_answers(self._engine, [_stored(row, answers) for row, answers in written.items()])
            except StoreUnavailable as error:
                if not self._is_away:
                    logger.warning("Cal.com's answer times wait for the database: %s", error)
                self._is_away = True
                return
            except SQLAlchemyError as error:
                logger.error("Cal.com's answer times are refused by the database: %s", type(error).__name__)
                self._give_up(list(written))
                return
            self._is_away = False
            # Answers have been counted meanwhile.
            self._counts -= Counter(written)

    async def _keep(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.flush()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
        await self.flush()

    def _give_up(self, rows: list[_Row]) -> None:
        if not rows:
            return
        for row in rows:
            del self._counts[row]
        logger.warning("%d rows of Cal.com's answer times are given up: the database did not take them", len(rows))
        ROWS_LOST.add(self._meter, len(rows), table="calendar_answers")


def _stored(row: _Row, answers: int) -> CalendarAnswers:
    return CalendarAnswers(**row._asdict(), span_seconds=MINUTE, answers=answers)
