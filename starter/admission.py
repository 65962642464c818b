"""How much the web process takes on at once: what is more is turned away before it costs memory.

Strangers take no place of voice platforms' requests. While a body arrives nobody has proved who sends it:
``Bodies`` bounds how many there are and how much they hold. What has proved where it comes from is served in
``Places``, where calls in progress go before new ones.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

BODY_SECONDS = 5.0
"""How long a body may take to arrive; the voice platforms send theirs in one go."""

BODIES_PER_PLACE = 4
"""So many bodies may arrive at once for each request that may be served: half of the connections there may be."""

BODIES_BYTES = 32 * 1024 * 1024
"""How much all the bodies that are arriving may hold together."""

TURNED_AWAY = {"Retry-After": "1"}
"""Headers of an answer that asks to come again: a second on, places are free."""

_CALLS_REMEMBERED = 10_000
_COMPLAIN_EVERY = 10.0

logger = logging.getLogger(__name__)


class Busy(Exception):
    """Every place is taken."""


class _Complaint:
    """A warning that is not repeated as long as its cause goes on: a flood must not become one of log lines."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._quiet_until = 0.0

    def make(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._quiet_until:
            logger.warning(self._text)
        self._quiet_until = now + _COMPLAIN_EVERY


class _Arriving:
    """One body on its way, since ``since`` on the loop's clock."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.limit = asyncio.timeout(BODY_SECONDS)
        self.bytes = 0
        self.gave_way = False


class Bodies:
    """The bodies that are arriving; where there are too many, the oldest gives way, where they hold too much, the
    one that has held most for longest.

    A platform's body is small and there as soon as its headers are, so what gives way under a flood is the flood.
    """

    def __init__(self, most: int, most_bytes: int = BODIES_BYTES) -> None:
        """Take in at most so many bodies at once, which hold at most so many bytes together."""
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._arriving: dict[_Arriving, None] = {}
        self._complaint = _Complaint("bodies of requests give way: too many arrive at once, or too slowly")

    async def read(self, request: Request) -> bytes:
        """Return the request's body.

        Raises:
            HTTPException: 408 where it takes too long, 503 where it had to give way, 400 where it broke off.
        """
        body = _Arriving(asyncio.get_running_loop().time())
        self._arriving[body] = None
        chunks: list[bytes] = []
        try:
            async with body.limit:
                self._make_room()
                async for chunk in request.stream():
                    chunks.append(chunk)
                    if not body.gave_way:
                        body.bytes += len(chunk)
                        self._bytes += len(chunk)
                        self._make_room()
                    if body.gave_way:
                        raise TimeoutError
        except TimeoutError:
            # The rest of the body is not waited for either.
            if body.gave_way:
                raise HTTPException(503, "too much at once", TURNED_AWAY | {"Connection": "close"}) from None
            raise HTTPException(408, "the body took too long", {"Connection": "close"}) from None
        except ClientDisconnect:
            raise HTTPException(HTTPStatus.BAD_REQUEST, "the body broke off") from None
        finally:
            self._let_go(body)
        return b"".join(chunks)

    def _make_room(self) -> None:
        now = asyncio.get_running_loop().time()
        if len(self._arriving) > self._most:
            self._send_off(next(iter(self._arriving)), now)
        while self._bytes > self._most_bytes:
            self._send_off(max(self._arriving, key=lambda body: body.bytes * (now - body.since)), now)

    def _send_off(self, body: _Arriving, now: float) -> None:
        body.gave_way = True
        self._let_go(body)
        if not body.limit.expired():
            body.limit.reschedule(now)
        self._complaint.make()

    def _let_go(self, body: _Arriving) -> None:
        if body in self._arriving:
            del self._arriving[body]
            self._bytes -= body.bytes


class Places:
    """What is being served; the last quarter of the places is kept for calls in progress."""

    def __init__(self, most: int) -> None:
        """Serve at most so many requests at once."""
        self._most = most
        self._for_new_calls = max(1, most - most // 4)
        self._taken = 0
        self._in_progress: OrderedDict[str, None] = OrderedDict()
        self._complaint = _Complaint("requests are turned away: as many are being served as WEBHOOK_CONCURRENCY allows")

    @contextmanager
    def one_for(self, call_id: str | None) -> Iterator[None]:
        """Serve one request of this call, if there is a place for it; raises ``Busy`` if not.

        A call is in progress once it has had a place here.
        """
        known = call_id in self._in_progress
        if self._taken >= (self._most if known else self._for_new_calls):
            self._complaint.make()
            raise Busy
        if call_id is not None:
            self._remember(call_id)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    def _remember(self, call_id: str) -> None:
        self._in_progress[call_id] = None
        self._in_progress.move_to_end(call_id)
        if len(self._in_progress) > _CALLS_REMEMBERED:
            self._in_progress.popitem(last=False)
