"""The connections to the web process: none may stay without asking for something, and none keep others out.

uvicorn bounds what comes within a request's headers (16 KiB), but not how long they may take, how many connections are
open, how many requests wait on one, nor how long somebody takes to read an answer.
"""

import asyncio
import logging
import resource
from itertools import chain
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from starter.admission import BODY_SECONDS

SILENCE_SECONDS = 10.0
"""How long a connection may be open without a whole request having come, at its beginning and between requests."""

READING_SECONDS = 5.0
"""How long the other side may take to read an answer, on top of what the answer itself may take."""

WIRES_PER_PLACE = 8
"""So many connections may be open for each request that may be served: the more there are, the longer it takes a flood
to push out one that has just been opened and is about to ask."""

_OTHER_FILES = 200
"""Files and connections the process has open besides: the database's, Temporal's, its own."""

logger = logging.getLogger(__name__)


class Wires:
    """All connections of the process; makes one at a call, as uvicorn asks for it.

    Where there are too many, the one that has been silent longest is hung up, or where none is silent the one whose
    request has been coming in longest. A platform's connection asks for something as soon as it is open, all at once,
    and is answered soon, so what is hung up under a flood is the flood.
    """

    def __init__(self, places: int, answer_seconds: float) -> None:
        """Leave room for what can be served at once in so many ``places``, as far as the system allows open files.

        ``answer_seconds`` is how long an answer may take once the request is whole.
        """
        self.most = _openable(WIRES_PER_PLACE * places)
        self.busy_seconds = BODY_SECONDS + answer_seconds + READING_SECONDS
        self._silent: dict[Wire, None] = {}
        self._asking: dict[Wire, None] = {}

    def __call__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> "Wire":
        """Return what a new connection is handled with."""
        return Wire(self, config, server_state, app_state, _loop)

    def opened(self, wire: "Wire") -> None:
        """Take notice of a new connection; another gives way to it if need be."""
        if len(self._silent) + len(self._asking) >= self.most:
            self._least_missed().hang_up()
        self._silent[wire] = None

    def answered(self, wire: "Wire") -> None:
        """Take notice that nothing is asked for there any more."""
        if wire in self._asking:
            del self._asking[wire]
            self._silent[wire] = None

    def asked(self, wire: "Wire") -> None:
        """Take notice that something is asked for there."""
        if wire in self._silent:
            del self._silent[wire]
            self._asking[wire] = None

    def closed(self, wire: "Wire") -> None:
        """Forget a connection."""
        self._silent.pop(wire, None)
        self._asking.pop(wire, None)

    def _least_missed(self) -> "Wire":
        still_sending = (wire for wire in self._asking if not wire.has_all)
        return next(chain(self._silent, still_sending, self._asking))


class Wire(H11Protocol):
    """One connection."""

    def __init__(
        self,
        wires: Wires,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Be one of these."""
        super().__init__(config, server_state, app_state, _loop)
        self._wires = wires
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait(SILENCE_SECONDS)
        self._wires.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cease to be there."""
        self._cease_waiting()
        self._wires.closed(self)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Take in what came; whatever is not yet a whole request changes nothing about the waiting."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._wait(self._wires.busy_seconds)
            self._wires.asked(self)

    def on_response_complete(self) -> None:
        """Wait for the next request; if it is there already, this one was the last.

        No voice platform and no proxy asks again before it has heard the answer, and who does could ask for ever. The
        waiting goes on while the connection is being closed, since that waits for all of the answer to be taken.
        """
        if self.conn.their_state is h11.DONE and self.conn.trailing_data[0]:
            self.transport.close()
        super().on_response_complete()
        self._wait(SILENCE_SECONDS)
        self._wires.answered(self)

    @property
    def has_all(self) -> bool:
        """Whether the whole request is here, with its body."""
        return not self.cycle.more_body

    def hang_up(self) -> None:
        """End the connection, whatever is still to be sent."""
        self._cease_waiting()
        self._wires.closed(self)
        self.transport.abort()

    def _wait(self, seconds: float) -> None:
        self._cease_waiting()
        self._patience = self.loop.call_later(seconds, self.hang_up)

    def _cease_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _openable(wanted: int) -> int:
    """Return how many connections can be open at once, at most as many as ``wanted``; asks the system for as many."""
    needed = wanted + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, allowed - _OTHER_FILES)
