"""Reads of slots that are asked for at the same time are one request to Cal.com."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from activities import calcom_client
from activities.budget import Budgets, Need
from activities.calcom_client import Account, CalcomClient, CalendarAnswer
from activities.calcom_http import calcom_http
from activities.errors import CalcomError, RateLimited, Unreachable
from tests.activities.fakes import KEY, success

TEN = datetime(2026, 12, 8, 10, 0, tzinfo=UTC)
ELEVEN = TEN + timedelta(hours=1)
ACCOUNT = Account("salon", KEY)
READ: dict[str, Any] = {
    "account": ACCOUNT,
    "event_type_id": 10,
    "start": TEN,
    "end": ELEVEN,
    "timezone": "Europe/Berlin",
}


@dataclass
class Calcom:
    """Answers no sooner than it is told to, all with the same."""

    answer: httpx.Response = field(default_factory=lambda: success({"day": [{"start": TEN.isoformat()}]}))
    asked: list[httpx.Request] = field(default_factory=list)
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: int = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.is_asked.set()
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return httpx.Response(self.answer.status_code, headers=self.answer.headers, content=self.answer.content)


@pytest.fixture
def calcom() -> Calcom:
    return Calcom()


@pytest.fixture
def seen() -> list[CalendarAnswer]:
    return []


@pytest.fixture
def budgets() -> Budgets:
    return Budgets(clock=lambda: TEN)


@pytest.fixture
async def client(calcom: Calcom, seen: list[CalendarAnswer], budgets: Budgets) -> AsyncIterator[CalcomClient]:
    async with calcom_http("https://calcom.example", httpx.MockTransport(calcom)) as http:
        yield CalcomClient(http, clock=lambda: TEN, observe=seen.append, budgets=budgets)


async def told(calcom: Calcom, *reads: asyncio.Task[tuple[datetime, ...]]) -> list[Any]:
    """Let Cal.com answer, and return what those who asked were told, errors among it."""
    calcom.may_answer.set()
    return await asyncio.gather(*reads, return_exceptions=True)


def reading(client: CalcomClient, **other: Any) -> asyncio.Task[tuple[datetime, ...]]:
    return asyncio.create_task(client.slots(**READ | other))


@pytest.mark.parametrize("fresh", [False, True])
async def test_a_read_that_is_asked_for_ahead_is_joined_by_the_step_that_needs_it(
    fresh: bool, client: CalcomClient, calcom: Calcom, seen: list[CalendarAnswer]
) -> None:
    ahead = reading(client, fresh=fresh)
    await calcom.is_asked.wait()
    step = reading(client, fresh=fresh)

    assert await told(calcom, ahead, step) == [(TEN,), (TEN,)]
    assert len(calcom.asked) == 1
    assert [answer[:3] for answer in seen] == [("salon", "slots", "ok")]


@pytest.mark.parametrize("fresh", [False, True])
async def test_a_read_that_has_been_answered_is_asked_again(fresh: bool, client: CalcomClient, calcom: Calcom) -> None:
    for _ in range(2):
        await told(calcom, reading(client, fresh=fresh))

    assert len(calcom.asked) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"account": Account("another", KEY)},
        {"account": Account("salon", "another")},
        {"event_type_id": 11},
        {"start": TEN - timedelta(minutes=1)},
        {"end": ELEVEN + timedelta(minutes=1)},
        {"timezone": "Europe/London"},
        {"fresh": True},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_a_read_that_differs_in_anything_is_a_request_of_its_own(
    other: dict[str, Any], client: CalcomClient, calcom: Calcom
) -> None:
    await told(calcom, reading(client), reading(client, **other))

    assert len(calcom.asked) == 2


async def test_the_same_moments_are_the_same_read_in_whatever_zone_they_are_told(
    client: CalcomClient, calcom: Calcom
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    reads = [reading(client), reading(client, start=TEN.astimezone(berlin), end=ELEVEN.astimezone(berlin))]

    assert await told(calcom, *reads) == [(TEN,), (TEN,)]
    assert len(calcom.asked) == 1


@pytest.mark.parametrize(("answer", "error"), [(httpx.Response(500), Unreachable), (httpx.Response(429), RateLimited)])
async def test_an_error_is_told_to_all_and_counted_once(
    answer: httpx.Response, error: type[CalcomError], client: CalcomClient, calcom: Calcom, seen: list[CalendarAnswer]
) -> None:
    calcom.answer = answer
    heard = await told(calcom, reading(client), reading(client))

    assert [type(what) for what in heard] == [error, error]
    assert [answer.result for answer in seen] == [error.result]


async def test_the_step_keeps_the_read_that_the_door_no_longer_waits_for(client: CalcomClient, calcom: Calcom) -> None:
    ahead = reading(client)
    await calcom.is_asked.wait()
    step = reading(client)
    await asyncio.sleep(0)
    ahead.cancel()
    await asyncio.wait([ahead])

    assert await told(calcom, step) == [(TEN,)]
    assert (len(calcom.asked), calcom.cancelled) == (1, 0)


async def test_a_read_that_nobody_waits_for_is_given_up(
    client: CalcomClient, calcom: Calcom, seen: list[CalendarAnswer]
) -> None:
    reads = [reading(client), reading(client)]
    await calcom.is_asked.wait()
    for read in reads:
        read.cancel()
    await asyncio.wait(reads)

    assert calcom.cancelled == 1
    assert [answer[:3] for answer in seen] == [("salon", "slots", "unreachable")]


async def test_a_time_limit_ends_the_wait_of_all(
    monkeypatch: pytest.MonkeyPatch, client: CalcomClient, calcom: Calcom
) -> None:
    monkeypatch.setattr(calcom_client, "SLOTS_SECONDS", 0.01)
    heard = await asyncio.gather(reading(client), reading(client), return_exceptions=True)

    assert [type(what) for what in heard] == [Unreachable, Unreachable]
    assert calcom.cancelled == 1


def near_the_limit(budgets: Budgets, remaining: int) -> None:
    headers = {"X-RateLimit-Remaining-Default": str(remaining), "X-RateLimit-Reset-Default": "60"}
    budgets.note(KEY, httpx.Response(200, headers=headers), TEN)


async def test_two_who_share_a_read_take_one_request_of_the_budget(
    client: CalcomClient, calcom: Calcom, budgets: Budgets
) -> None:
    near_the_limit(budgets, 12)
    reads = [reading(client), reading(client), reading(client)]
    await calcom.is_asked.wait()

    assert budgets.wait(KEY, Need.QUESTION) is None
    await told(calcom, *reads)


async def test_a_caller_who_waits_is_not_refused_for_joining_what_matters_less(
    client: CalcomClient, calcom: Calcom, budgets: Budgets
) -> None:
    near_the_limit(budgets, 50)
    optional, question = reading(client, need=Need.OPTIONAL), reading(client, need=Need.QUESTION)

    assert await told(calcom, optional, question) == [(TEN,), (TEN,)]
    assert len(calcom.asked) == 1


async def test_what_would_be_refused_by_itself_may_join_what_is_under_way(
    client: CalcomClient, calcom: Calcom, budgets: Budgets
) -> None:
    near_the_limit(budgets, 50)
    question = reading(client, need=Need.QUESTION)
    await calcom.is_asked.wait()
    optional = reading(client, need=Need.OPTIONAL)

    assert await told(calcom, optional, question) == [(TEN,), (TEN,)]


async def test_a_read_that_is_refused_for_its_need_leaves_the_next_one_its_own(
    client: CalcomClient, calcom: Calcom, budgets: Budgets
) -> None:
    near_the_limit(budgets, 50)
    [refused] = await told(calcom, reading(client, need=Need.OPTIONAL))
    assert isinstance(refused, RateLimited)

    assert await told(calcom, reading(client, need=Need.QUESTION)) == [(TEN,)]
