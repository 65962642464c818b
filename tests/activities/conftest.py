"""A scripted Cal.com, holds in memory, and the activities between them."""

import dataclasses
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from temporalio.testing import ActivityEnvironment

from activities.calcom_client import CalcomClient, calcom_http
from activities.scheduling import SchedulingActivities
from store.errors import StoreUnavailable
from workflows.messages import Service

RECORDED = Path(__file__).parents[1] / "data" / "calcom-recorded.json"
NOW = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
KEY = "cal_live_secret"

Script = httpx.Response | Exception | Callable[[httpx.Request], Any]
Answer = TypeVar("Answer")
Message = TypeVar("Message")


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
        return await answer if isinstance(answer, Awaitable) else answer


class MemoryHolds:
    """What ``store.holds.Holds`` promises, without expiry."""

    def __init__(self) -> None:
        self.live: dict[str, tuple[str, str, datetime, datetime]] = {}
        self.shortened: list[tuple[str, float]] = []
        self.down = False

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
    ) -> bool:
        others = await self.of_others(company=company, calendar=calendar, call_id=call_id, since=start, until=end)
        if len(others) >= capacity:
            return False
        self.live[call_id] = (company, calendar, start, end)
        return True

    async def release(self, call_id: str) -> None:
        self._answer()
        self.live.pop(call_id, None)

    async def shorten(self, call_id: str, seconds: float) -> None:
        self._answer()
        self.shortened.append((call_id, seconds))

    async def of_others(
        self, *, company: str, calendar: str, call_id: str, since: datetime, until: datetime
    ) -> list[tuple[datetime, datetime]]:
        self._answer()
        return [
            (start, end)
            for holder, (*where, start, end) in self.live.items()
            if holder != call_id and where == [company, calendar] and start < until and since < end
        ]

    def _answer(self) -> None:
        if self.down:
            raise StoreUnavailable("the database has not answered within 2 s")


def success(data: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json={"status": "success", "data": data})


@pytest.fixture(scope="session")
def recorded() -> dict[str, dict[str, Any]]:
    """The exchanges recorded from a real server, by name."""
    return {exchange["name"]: exchange for exchange in json.loads(RECORDED.read_text())["exchanges"]}


@pytest.fixture(scope="session")
def replayed(recorded: dict[str, dict[str, Any]]) -> Callable[[str], httpx.Response]:
    """Make the response of a recorded exchange."""

    def replay(name: str) -> httpx.Response:
        response = recorded[name]["response"]
        return httpx.Response(response["status"], headers=response["headers"], json=response["body"])

    return replay


@pytest.fixture
def calcom() -> ScriptedCalcom:
    return ScriptedCalcom()


@pytest.fixture
async def client(calcom: ScriptedCalcom) -> AsyncIterator[CalcomClient]:
    async with calcom_http("https://calcom.example", httpx.MockTransport(calcom)) as http:
        yield CalcomClient(http, clock=lambda: NOW)


@pytest.fixture
def holds() -> MemoryHolds:
    return MemoryHolds()


@pytest.fixture
def scheduling(client: CalcomClient, holds: MemoryHolds) -> SchedulingActivities:
    return SchedulingActivities(client, holds, {"CALCOM_API_KEY": KEY})  # type: ignore[arg-type]  # same signatures


@pytest.fixture
def service() -> Service:
    return Service(key="haarschnitt", name="Herrenhaarschnitt", event_type_id=10, duration_minutes=30, calendar="smith")


@pytest.fixture
def run() -> Callable[..., Awaitable[Any]]:
    """Run an activity as the given attempt."""

    async def run(step: Callable[[Message], Awaitable[Answer]], request: Message, *, attempt: int = 1) -> Answer:
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(environment.info, attempt=attempt)
        return await environment.run(step, request)

    return run
