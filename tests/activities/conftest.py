"""The activities between a scripted Cal.com and holds in memory."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from activities.calcom_client import CalcomClient
from activities.calcom_http import calcom_http
from activities.scheduling import SchedulingActivities
from tests.activities.fakes import (
    KEY,
    Answer,
    MemoryHolds,
    Replayed,
    Request,
    Run,
    ScriptedCalcom,
    environment_of_a_step,
)
from workflows.messages import Service

RECORDED = Path(__file__).parents[1] / "data" / "calcom-recorded.json"
NOW = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def recorded() -> dict[str, dict[str, Any]]:
    """The exchanges recorded from a real server, by name."""
    return {exchange["name"]: exchange for exchange in json.loads(RECORDED.read_text())["exchanges"]}


@pytest.fixture(scope="session")
def replayed(recorded: dict[str, dict[str, Any]]) -> Replayed:
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
    return SchedulingActivities(client, holds, {"CALCOM_API_KEY": KEY})


@pytest.fixture
def service() -> Service:
    return Service(key="haarschnitt", name="Herrenhaarschnitt", event_type_id=10, duration_minutes=30, calendar="smith")


@pytest.fixture
def run() -> Run:
    """Run an activity as the given attempt; the one before has ended, and said so."""

    async def run(step: Callable[[Request], Awaitable[Answer]], request: Request, *, attempt: int = 1) -> Answer:
        said = (None,) if attempt > 1 else ()
        return await environment_of_a_step(attempt=attempt, heartbeat_details=said).run(step, request)

    return run
