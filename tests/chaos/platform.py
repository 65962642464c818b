"""The voice platform between a caller and the web process: notes what went over the line, and delivers as it likes."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx

from simulator.caller import Reply
from tests.chaos.evidence import Exchange

PATIENCE_SECONDS = 30.0
"""How long a request is repeated that meets nobody: longer than a web process takes to come back."""

AGAIN_AFTER_SECONDS = 0.4
UNANSWERED_SECONDS = 20.0
"""Far beyond any answer budget: an answer that takes this long is a broken promise, not a dead line."""

NAP_SECONDS = 0.02

CONFIRMING = "book_appointment"


class Lateness:
    """How late this process itself is on a busy machine: no answer is slow because nobody looked at it."""

    def __init__(self) -> None:
        """Nothing is known before it is `watched`."""
        self._late: deque[tuple[float, float]] = deque(maxlen=2000)

    async def watched(self) -> None:
        """Notice how late a nap ends, again and again, until cancelled."""
        while True:
            wakes_at = time.perf_counter() + NAP_SECONDS
            await asyncio.sleep(NAP_SECONDS)
            self._late.append((wakes_at, time.perf_counter() - wakes_at))

    def since(self, moment: float) -> float:
        """Return the worst lateness since a moment of the performance counter, in seconds."""
        return max((late for at, late in self._late if at >= moment), default=0.0)


@dataclass(frozen=True)
class Manners:
    """How likely a delivery is made twice, an event comes late, and something said comes again after the hang-up."""

    twice: float = 0.15
    late: float = 0.4
    after_hang_up: float = 0.3


class Platform(httpx.AsyncBaseTransport):
    """One call's line. What meets no answer is sent again, byte for byte, as long as the patience lasts.

    ``meant`` is the moment the caller has in mind; it is noted with what he says from then on, and with its copies.
    """

    def __init__(
        self,
        webhook_url: str,
        random: Random,
        manners: Manners,
        lateness: Lateness,
        line: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Deliver to that address, over a line of its own."""
        self._line = line or httpx.AsyncHTTPTransport()
        self._random = random
        self._manners = manners
        self._lateness = lateness
        self._exchanges: list[Exchange] = []
        self._said: list[httpx.Request] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self.meant: datetime | None = None
        self.http = httpx.AsyncClient(transport=self, base_url=webhook_url, timeout=UNANSWERED_SECONDS)

    @property
    def exchanges(self) -> list[Exchange]:
        """Everything that was sent, in order of time."""
        return sorted(self._exchanges, key=lambda exchange: exchange.sent_at)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Deliver a request until somebody answers it."""
        is_event = request.url.path.endswith("/events")
        if not is_event:
            request.extensions["meant"] = self.meant
        if is_event and self._random.random() < self._manners.late:
            await asyncio.sleep(self._random.uniform(0.1, 1.5))
        if self._random.random() < self._manners.twice:
            self.meanwhile(self._once_more(request, self._random.uniform(0, 1.5)))
        self._said += [] if is_event else [request]
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            response = await self._deliver(request)
            if response is not None and (response.is_success or not is_event):
                return response
            if time.monotonic() > give_up_at:
                raise httpx.ConnectError("nobody answers", request=request)
            await asyncio.sleep(AGAIN_AFTER_SECONDS)

    def meanwhile(self, work: Coroutine[Any, Any, object]) -> None:
        """Let something go on while the call does; it may meet nobody."""
        task = asyncio.create_task(_perhaps(work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def call_is_over(self) -> None:
        """Perhaps say once more what was said earlier."""
        if self._said and self._random.random() < self._manners.after_hang_up:
            self.meanwhile(self._once_more(self._random.choice(self._said), self._random.uniform(0.2, 3)))

    async def come_to_rest(self) -> None:
        """Wait for what is under way, and close the line."""
        while self._under_way:
            await asyncio.gather(*self._under_way)
        await self._line.aclose()

    async def _once_more(self, request: httpx.Request, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        await self._deliver(request, copy=True)

    async def _deliver(self, request: httpx.Request, *, copy: bool = False) -> httpx.Response | None:
        """Send once; ``None`` where no answer came, and nothing is noted where nobody listened."""
        sent_at, asked = datetime.now(UTC), time.perf_counter()
        status_code, content = None, b""
        try:
            response = await self._line.handle_async_request(request)
            content = await response.aread()
            status_code = response.status_code
        except httpx.ConnectError:
            return None
        except httpx.TransportError:
            pass
        seconds, late = time.perf_counter() - asked, self._lateness.since(asked)
        what, args = _words(request)
        body = Reply(status_code or 0, content.decode(errors="replace"), seconds).body
        meant = request.extensions.get("meant")
        said = Exchange(sent_at, seconds, what, args, status_code, body, copy=copy, late=late, meant=meant)
        self._exchanges.append(said)
        return None if status_code is None else httpx.Response(status_code, content=content, request=request)


async def _perhaps(work: Coroutine[Any, Any, object]) -> None:
    with suppress(httpx.TransportError):
        await work


def _words(request: httpx.Request) -> tuple[str, Mapping[str, Any]]:
    body = json.loads(request.content)
    return body.get("event") or body["name"], body.get("args", {})
