"""Signs of life of steps that take their time, so that one whose worker was killed is soon tried again."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

BEAT_SECONDS = 0.5
"""A step that is over by then costs nothing."""

SENT_EVERY = timedelta(seconds=1)
"""Temporal's library sends at most one in this time. Its own 80 % of the timeout would make 0.4 s of delay a death."""


class Heartbeats(Interceptor):
    """Gives signs of life for every activity that has a heartbeat timeout; the details stay those it gave last."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Take part in every activity."""
        return _Heart(next)


class _Heart(ActivityInboundInterceptor):
    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._said = _Said(outbound)
        super().init(self._said)

    async def execute_activity(self, input: ExecuteActivityInput) -> object:
        if activity.info().heartbeat_timeout is None:
            return await super().execute_activity(input)
        beating = asyncio.create_task(self._beat())
        try:
            result: object = await super().execute_activity(input)
            return result
        finally:
            beating.cancel()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._said.again()


class _Said(ActivityOutboundInterceptor):
    """Remembers the details; those of an earlier attempt stand until there are new ones."""

    _last: tuple[Any, ...] | None = None

    def heartbeat(self, *details: Any) -> None:
        self._last = details
        super().heartbeat(*details)

    def again(self) -> None:
        super().heartbeat(*(activity.info().heartbeat_details if self._last is None else self._last))
