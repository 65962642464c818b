"""One request on its way through the double: fault, key, rate limit, endpoint, headers, log."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator.calcom.calendar import Calendar
from simulator.calcom.config import Host
from simulator.calcom.documents import instant
from simulator.calcom.faults import BrokenAnswer, after_answer, before_answer
from simulator.calcom.problems import NO_AUTHENTICATION, Problem, Refused, TooManyRequests
from simulator.calcom.traffic import Line

LEGACY = "2024-04-15"
_VERSIONS = frozenset((LEGACY, "2024-06-11", "2024-06-14", "2024-08-13", "2024-09-04", "2026-02-25"))


@dataclass(frozen=True)
class Exchange:
    """A request with what is known about it.

    `caller` is the user whose key came along, `stale` the calendar a frozen slot list still sees.
    """

    request: Request
    calendar: Calendar
    caller: Host | None
    stale: Calendar | None = None

    @property
    def version(self) -> str:
        """The API version in force: a missing or unknown one silently means the oldest."""
        version = self.request.headers.get("cal-api-version", LEGACY)
        return version if version in _VERSIONS else LEGACY

    def need_version(self, *versions: str) -> None:
        """Answers 404, as for a route that does not exist, unless one of the versions is in force."""
        if self.version not in versions:
            raise no_such_route(self.request)

    def need_caller(self) -> Host:
        """The user whose key came along; without one 403, not 401."""
        if self.caller is None:
            raise Refused(403, NO_AUTHENTICATION)
        return self.caller

    async def body(self) -> dict[str, Any]:
        """The JSON object in the body; empty without one."""
        raw = await self.request.body()
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            raise Refused(400, "Unexpected token in JSON at position 0") from None
        if not isinstance(body, dict):
            raise Refused(400, "Bad Request")
        return body


Handler = Callable[[Exchange], Awaitable[Response]]


def endpoint(name: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """The handler behind everything a request meets on its way; `name` is what faults and the log call it."""

    async def serve(request: Request) -> Response:
        calendar: Calendar = request.app.state.calendar
        leaves_at = asyncio.get_running_loop().time() + calendar.config.latency_seconds
        response = await _answer(name, handler, request, calendar)
        response.headers["X-Request-Id"] = str(uuid.uuid4())
        calendar.traffic.add(
            Line(
                at=calendar.clock(),
                endpoint=name,
                method=request.method,
                path=request.url.path,
                query=request.url.query,
                version=request.headers.get("cal-api-version"),
                status=None if isinstance(response, BrokenAnswer) else response.status_code,
            )
        )
        # What was asked for has been done: a booking stands before its answer leaves, as on the real server.
        if (left := leaves_at - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(left)
        return response

    return serve


def refusal(problem: Problem, request: Request, calendar: Calendar) -> Response:
    """A problem as an answer."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return JSONResponse(problem.body(path, instant(calendar.clock())), problem.status)


def no_such_route(request: Request) -> Refused:
    """The 404 of a route, or of a version of it, that does not exist."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Refused(404, f"Cannot {request.method} {path}")


async def _answer(name: str, handler: Handler, request: Request, calendar: Calendar) -> Response:
    bucket = request.headers.get("authorization") or f"address {request.client.host if request.client else ''}"
    reset = None
    fault, memory = calendar.faults.strike(name) or (None, None)
    # Whatever takes its time has the request already: it goes on when whoever asked waits no longer.
    await request.body()
    try:
        response = await before_answer(fault) if fault else None
        if response is None:
            caller = _authenticate(request, calendar)
            calendar.throttle.spend(bucket, calendar.clock())
            response = await handler(Exchange(request, calendar, caller, stale=memory))
    except Problem as problem:
        reset = problem.reset if isinstance(problem, TooManyRequests) else None
        response = refusal(problem, request, calendar)
    response = after_answer(fault, response) if fault else response
    response.headers.update(calendar.throttle.headers(bucket, calendar.clock(), reset))
    return response


def _authenticate(request: Request, calendar: Calendar) -> Host | None:
    """The key's owner. A wrong key is refused even where none is needed."""
    authorization = request.headers.get("authorization")
    if authorization is None:
        return None
    key = authorization.removeprefix("Bearer ")
    if (username := calendar.config.api_keys.get(key)) is not None:
        return calendar.config.host(username)
    raise Refused(401, "CustomThrottlerGuard - Invalid API Key" if key.startswith("cal_") else "Invalid Access Token.")
