"""What may go wrong on the way to a calendar, on demand."""

import asyncio
from contextlib import suppress
from typing import Any, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from simulator.calcom import problems

Endpoint = Literal[
    "slots",
    "reservations",
    "bookings.create",
    "bookings.list",
    "bookings.get",
    "bookings.cancel",
    "bookings.reschedule",
    "bookings.confirm",
    "bookings.decline",
    "event-types",
    "me",
    "any",
]
Kind = Literal["delay", "timeout", "status", "reset", "rate_limit", "lost_answer", "stale", "garbage"]


class Fault(BaseModel):
    """One thing going wrong.

    Attributes:
        endpoint: whose requests it strikes.
        kind: `delay` answers late; `timeout` stays silent, then breaks the connection; `status` answers with
            `status` and changes nothing; `reset` breaks the connection and changes nothing; `rate_limit` answers
            429; `lost_answer` does what was asked, then breaks the connection; `stale` lists slots as they were
            when the fault was added; `garbage` answers with a page of HTML.
        seconds: how long `delay`, `timeout` (60) and `lost_answer` (0) wait, or what a 429 names as reset (60).
        status: for `status` (500) and `garbage` (502).
        message: for `status`, instead of the phrase of the status.
        times: how many requests it strikes; none strikes until cleared.
        after: how many matching requests pass before.
    """

    model_config = ConfigDict(extra="forbid")

    endpoint: Endpoint
    kind: Kind
    seconds: float | None = Field(default=None, ge=0)
    status: int | None = Field(default=None, ge=200, le=599)
    message: str | None = None
    times: int | None = Field(default=1, ge=1)
    after: int = Field(default=0, ge=0)


class FaultPlan:
    """The faults still to strike, in the order they were added; each request is struck by one at most."""

    def __init__(self) -> None:
        """No faults."""
        self._waiting: list[tuple[Fault, Any]] = []

    def add(self, fault: Fault, memory: Any = None) -> None:
        """Adds a fault; `memory` is handed back when it strikes."""
        self._waiting.append((fault.model_copy(), memory))

    def clear(self) -> None:
        """Calls all faults off."""
        self._waiting.clear()

    def strike(self, endpoint: str) -> tuple[Fault, Any] | None:
        """The fault a request to the endpoint meets, if any; uses it up."""
        for waiting in list(self._waiting):
            fault, _ = waiting
            if fault.endpoint not in ("any", endpoint) or (fault.kind == "stale" and endpoint != "slots"):
                continue
            if fault.after:
                fault.after -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self._waiting.remove(waiting)
            return waiting
        return None


class BrokenConnection(httpx.RemoteProtocolError):
    """The connection ended without an answer.

    One class for both ways of running: raised inside an in-process client it already is the transport error a caller
    has to expect, and under a server the exception makes the server drop the connection.
    """


class BrokenAnswer(Response):
    """An answer that begins and never comes.

    A server turns an exception into a 500 as long as nothing was sent; so the head goes out first, promising a body,
    and the client is left with an incomplete message.
    """

    def __init__(self, after_seconds: float = 0) -> None:
        """Breaks off after that silence, or as soon as the client hangs up."""
        super().__init__()
        self.after_seconds = after_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keeps silent, sends the head, breaks off."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.after_seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        raise BrokenConnection("the connection broke before the answer")


async def before_answer(fault: Fault) -> Response | None:
    """Lets a fault do its part before the request is looked at; a response replaces the answer."""
    match fault.kind:
        case "delay":
            await asyncio.sleep(fault.seconds or 0)
        case "timeout":
            return BrokenAnswer(60 if fault.seconds is None else fault.seconds)
        case "reset":
            return BrokenAnswer()
        case "rate_limit":
            raise problems.TooManyRequests(60 if fault.seconds is None else round(fault.seconds))
        case "garbage":
            return HTMLResponse("<html><body><h1>Bad gateway</h1></body></html>", fault.status or 502)
        case "status":
            return _answer_with(fault.status or 500, fault.message)
        case "lost_answer" | "stale":
            pass
    return None


def after_answer(fault: Fault, response: Response) -> Response:
    """Lets a fault do its part when the request has had its effect."""
    return BrokenAnswer(fault.seconds or 0) if fault.kind == "lost_answer" else response


def _answer_with(status: int, message: str | None) -> Response:
    if status < 400:
        return JSONResponse({"status": "success", "data": None}, status)
    if status >= 500:
        raise problems.EngineFailure(status, message or "Internal server error")
    raise problems.Refused(status, message or "The double was told to refuse this request.")
