"""Where every answer to a function call is noted: as a log line, in the metrics, and as a row for operators.

Names, numbers and addresses go nowhere but into the sentence of the row, which is what the caller heard.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.common import MetricMeter

from starter.arguments import words_in
from starter.outbox import Outbox
from starter.reception import Enquiry
from starter.replies.bodies import Body
from store.tables import Reply
from workflows.metrics import ANSWER_SECONDS, ANSWERS, NONE

_LONGEST_NAME = 100
"""Characters that are kept of the name of a function nobody here has."""

logger = logging.getLogger(__name__)


class Journal:
    """Notes answers; never waits, and never for the database."""

    def __init__(self, engine: AsyncEngine | None = None, meter: MetricMeter = MetricMeter.noop) -> None:
        """Count with ``meter``; keep rows in this database, while it is ``open``, if there is one."""
        self._meter = meter
        self._outbox = Outbox(engine, meter) if engine else None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep rows; at the end those are still written that the database takes at once."""
        if self._outbox is None:
            yield
            return
        async with self._outbox.delivering():
            yield

    def note(self, enquiry: Enquiry, answer: Body, since: datetime, now: datetime) -> None:
        """Note what a caller hears ``now``, who has waited for it ``since``; both aware."""
        status, reason = str(answer["status"]), str(answer.get("reason", NONE))
        seconds = max(0.0, (now - since).total_seconds())
        ANSWERS.add(self._meter, status=status, reason=reason)
        ANSWER_SECONDS.record(self._meter, seconds, function=enquiry.function_name)
        told = {"turn_id": enquiry.turn_id, "status": status, "reason": reason or None, "seconds": round(seconds, 3)}
        logger.info("answered", extra={**enquiry.labels, **told})
        call_id, branch = enquiry.asked.phone_call.call_id, enquiry.branch
        if self._outbox and call_id and branch:
            self._outbox.put(
                Reply(
                    call_id=call_id,
                    company=branch.company.key,
                    branch=branch.key,
                    at=now,
                    function=enquiry.function.name if enquiry.function else (enquiry.asked.name or "")[:_LONGEST_NAME],
                    turn_id=enquiry.turn_id,
                    status=status,
                    reason=reason or None,
                    message=str(answer["message"]),
                    words=words_in(enquiry.asked.arguments),
                    seconds=seconds,
                )
            )
