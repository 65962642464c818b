from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.calcom import Calendar, Config, create_app

HERE = Path(__file__).parent
KEY = "cal_test_0123456789abcdef"


@dataclass
class HandClock:
    now: datetime = datetime(2026, 11, 22, 10, 10, 31, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Api:
    """The double's API with the usual version headers."""

    http: httpx.AsyncClient
    calendar: Calendar

    async def slots(self, **query: object) -> httpx.Response:
        wanted = {"eventTypeId": 10, "start": "2026-12-08T08:00:00Z", "end": "2026-12-08T09:30:00Z", **query}
        params = {name: str(value) for name, value in wanted.items() if value is not None}
        return await self.http.get("/v2/slots", params=params, headers={"cal-api-version": "2024-09-04"})

    async def starts(self, **query: object) -> list[str]:
        days = (await self.slots(**query)).json()["data"]
        return [slot["start"] for day in days.values() for slot in day]

    async def book(
        self,
        start: str = "2026-12-08T09:00:00Z",
        kind: int = 10,
        email: str | None = "ann@example.com",
        *,
        attendee: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        **extra: object,
    ) -> httpx.Response:
        person = {"name": "Ann Lee", "timeZone": "Europe/Berlin", **({"email": email} if email else {})}
        body = {"start": start, "eventTypeId": kind, "attendee": {**person, **(attendee or {})}, **extra}
        versions = {"cal-api-version": "2024-08-13", **(headers or {})}
        return await self.http.post("/v2/bookings", json=body, headers=versions)

    async def act(self, uid: str, verb: str, **body: object) -> httpx.Response:
        return await self.http.post(f"/v2/bookings/{uid}/{verb}", json=body, headers={"cal-api-version": "2024-08-13"})

    async def list(self, key: str | None = KEY, **query: object) -> httpx.Response:
        headers = {"cal-api-version": "2024-08-13", **({"Authorization": f"Bearer {key}"} if key else {})}
        params = {name: str(value) for name, value in query.items()}
        return await self.http.get("/v2/bookings", params=params, headers=headers)

    async def reserve(self, start: str = "2026-12-08T09:00:00Z", kind: int = 10, **extra: object) -> httpx.Response:
        body = {"eventTypeId": kind, "slotStart": start, **extra}
        return await self.http.post("/v2/slots/reservations", json=body, headers={"cal-api-version": "2024-09-04"})


MakeApi = Callable[..., Api]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def make_api(clock: HandClock) -> AsyncIterator[MakeApi]:
    clients: list[httpx.AsyncClient] = []

    def make(**changes: object) -> Api:
        config = Config.load(HERE / "recorded.toml").model_copy(update=changes)
        app = create_app(config, clock)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cal")
        clients.append(client)
        return Api(client, app.state.calendar)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    return make_api()
