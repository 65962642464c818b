"""A scripted Cal.com, holds in memory, and how an activity is run."""

import dataclasses
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar

import httpx
from temporalio.testing import ActivityEnvironment

from activities.calcom_client import Account
from store.errors import StoreUnavailable
from store.holds import NOBODYS_LINE, Holds, Line, OverLimit
from workflows.options import BOOK

KEY = "cal_live_secret"
ACCOUNT = Account("salon", KEY)

Script = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]
Replayed = Callable[[str], httpx.Response]
Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Run(Protocol):
    """Runs an activity as the given attempt."""

    async def __call__(
        self, step: Callable[[Request], Awaitable[Answer]], request: Request, *, attempt: int = 1
    ) -> Answer: ...


def environment_of_a_step(**more: Any) -> ActivityEnvironment:
    """Return where a step runs that has as much time as a booking, with what else is known of it."""
    environment = ActivityEnvironment()
    known = {"schedule_to_close_timeout": BOOK["schedule_to_close_timeout"], **more}
    environment.info = dataclasses.replace(environment.info, **known)
    return environment


class ScriptedCalcom:
    """Answers each kind of request from its script, the last answer for ever, and remembers what was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._scripts: dict[tuple[str, str], list[Script]] = {}

    def answer(self, method: str, path: str, *script: Script) -> None:
        self._scripts[method, path] = list(script)

    def slots(self, *starts: str) -> None:
        self.answer("GET", "/v2/slots", lambda _: success({"day": [{"start": start} for start in starts]}))

    def bookings(self, *script: Script) -> None:
        self.answer("POST", "/v2/bookings", *script)

    def lookups(self, *script: Script) -> None:
        self.answer("GET", "/v2/bookings", *script)

    def asked(self, method: str, path: str) -> list[httpx.Request]:
        return [request for request in self.requests if (request.method, request.url.path) == (method, path)]

    @property
    def booked_bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.asked("POST", "/v2/bookings")]

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        script = self._scripts[request.method, request.url.path]
        step = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, httpx.Response):
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        answer = step(request)
        return answer if isinstance(answer, httpx.Response) else await answer


class MemoryHolds(Holds):
    """What ``store.holds.Holds`` promises, without expiry; ``over_limit``: no line with limits may have more."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, str, datetime, datetime]] = {}
        self.shortened: list[tuple[str, float]] = []
        self.down = False
        self.over_limit = False
        self.lines: list[Line] = []

    async def take(
        self,
        *,
        company: str,
        calendar: str,
        call_id: str,
        start: datetime,
        end: datetime,
        seconds: float,
        capacity: int,
        line: Line = NOBODYS_LINE,
    ) -> bool:
        others = await self.of_others(company=company, calendar=calendar, call_id=call_id, since=start, until=end)
        if len(others) >= capacity:
            return False
        self.lines.append(line)
        if self.over_limit and (line.most_of_caller, line.most_of_dialled) != (None, None):
            raise OverLimit
        self.held[call_id] = (company, calendar, start, end)
        return True

    async def release(self, call_id: str) -> None:
        self._answer()
        self.held.pop(call_id, None)

    async def shorten(self, call_id: str, seconds: float) -> None:
        self._answer()
        self.shortened.append((call_id, seconds))

    async def of_others(
        self, *, company: str, calendar: str, call_id: str, since: datetime, until: datetime
    ) -> list[tuple[datetime, datetime]]:
        self._answer()
        return [
            (start, end)
            for holder, (*where, start, end) in self.held.items()
            if holder != call_id and where == [company, calendar] and start < until and since < end
        ]

    def _answer(self) -> None:
        if self.down:
            raise StoreUnavailable("the database has not answered within 2 s")


def success(data: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json={"status": "success", "data": data})
