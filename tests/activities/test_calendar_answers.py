"""Whoever observes the client is told of every answer of Cal.com's: what was asked, by whom, and what came of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette

from activities.calcom_answers import Booking
from activities.calcom_client import Account, CalcomClient, CalendarAnswer
from activities.calcom_http import calcom_http
from activities.errors import CalcomError, NotConfigured
from simulator.calcom import Config, Fault, create_app
from tests.activities.fakes import ScriptedCalcom, success
from workflows.metrics import CALENDAR_ENDPOINTS, CALENDAR_RESULTS

MONDAY = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
NINE = datetime(2026, 12, 8, 8, 0, tzinfo=UTC)
ACCOUNT = Account("salon", "cal_test_0123456789abcdef")
EVENT_TYPE = 900003

Ask = Callable[[CalcomClient], Awaitable[object]]


def book(client: CalcomClient, start: datetime = NINE, email: str = "ann@example.com") -> Awaitable[Booking]:
    return client.create_booking(
        ACCOUNT,
        EVENT_TYPE,
        start,
        name="Ann Lee",
        email=email,
        timezone="Europe/Berlin",
        language="de",
        metadata={},
    )


def slots(client: CalcomClient) -> Awaitable[object]:
    return client.slots(ACCOUNT, EVENT_TYPE, NINE, NINE + timedelta(days=1), "Europe/Berlin")


async def cancel_a_booking(client: CalcomClient) -> None:
    await client.cancel_booking(ACCOUNT, (await book(client)).uid, "changed mind")


async def move_a_booking(client: CalcomClient) -> None:
    await client.reschedule_booking(ACCOUNT, (await book(client)).uid, NINE + timedelta(hours=1), "later")


async def look_at_a_booking(client: CalcomClient) -> None:
    await client.get_booking(ACCOUNT, (await book(client)).uid)


async def book_twice(client: CalcomClient) -> None:
    await book(client)
    await book(client, email="bob@example.com")


@pytest.fixture
def seen() -> list[CalendarAnswer]:
    return []


@pytest.fixture
def double() -> Starlette:
    return create_app(Config.load(), clock=lambda: MONDAY)


@pytest.fixture
async def client(double: Starlette, seen: list[CalendarAnswer]) -> AsyncIterator[CalcomClient]:
    async with calcom_http("http://calcom.example", httpx.ASGITransport(double)) as http:
        yield CalcomClient(http, observe=seen.append)


@pytest.mark.parametrize(
    ("ask", "endpoint"),
    [
        (slots, "slots"),
        (book, "bookings.create"),
        (lambda client: client.list_bookings(ACCOUNT, EVENT_TYPE, NINE, NINE + timedelta(days=1)), "bookings.list"),
        (look_at_a_booking, "bookings.get"),
        (cancel_a_booking, "bookings.cancel"),
        (move_a_booking, "bookings.reschedule"),
        (lambda client: client.event_type(ACCOUNT, EVENT_TYPE), "event-types"),
        (lambda client: client.me(ACCOUNT), "me"),
    ],
)
async def test_every_kind_of_request_has_its_name(
    ask: Ask, endpoint: str, client: CalcomClient, seen: list[CalendarAnswer]
) -> None:
    await ask(client)

    assert seen[-1][:3] == ("salon", endpoint, "ok")
    assert endpoint in CALENDAR_ENDPOINTS
    assert all(answer.seconds >= 0 for answer in seen)


@pytest.mark.parametrize(
    ("ask", "fault", "endpoint", "result"),
    [
        (book_twice, None, "bookings.create", "taken"),
        (lambda client: book(client, MONDAY + timedelta(minutes=10)), None, "bookings.create", "refused"),
        (lambda client: book(client, MONDAY - timedelta(days=1)), None, "bookings.create", "refused"),
        (lambda client: client.get_booking(ACCOUNT, "nope"), None, "bookings.get", "not_found"),
        (slots, Fault(endpoint="slots", kind="rate_limit"), "slots", "rate_limited"),
        (lambda client: client.me(Account("salon", "cal_another")), None, "me", "not_configured"),
        (slots, Fault(endpoint="slots", kind="status", status=500), "slots", "unreachable"),
        (slots, Fault(endpoint="slots", kind="garbage"), "slots", "unreachable"),
        (slots, Fault(endpoint="slots", kind="reset"), "slots", "unreachable"),
    ],
)
async def test_every_kind_of_answer_has_its_name(
    ask: Ask,
    fault: Fault | None,
    endpoint: str,
    result: str,
    client: CalcomClient,
    double: Starlette,
    seen: list[CalendarAnswer],
) -> None:
    if fault:
        double.state.calendar.add_fault(fault)

    with pytest.raises(CalcomError):
        await ask(client)

    assert seen[-1][:3] == ("salon", endpoint, result)
    assert result in CALENDAR_RESULTS


async def test_an_answer_nobody_waited_for_is_none(calcom: ScriptedCalcom, seen: list[CalendarAnswer]) -> None:
    asked = asyncio.Event()

    async def never(_: httpx.Request) -> httpx.Response:
        asked.set()
        return await asyncio.Future[httpx.Response]()

    calcom.answer("GET", "/v2/me", never)
    async with calcom_http("https://calcom.example", httpx.MockTransport(calcom)) as http:
        asking = asyncio.create_task(CalcomClient(http, observe=seen.append).me(ACCOUNT))
        await asked.wait()
        asking.cancel()
        await asyncio.wait({asking})

    assert [answer[:3] for answer in seen] == [("salon", "me", "unreachable")]


async def test_what_was_never_asked_has_no_answer(client: CalcomClient, seen: list[CalendarAnswer]) -> None:
    with pytest.raises(NotConfigured):
        await client.me(Account("salon", ""))

    assert seen == []


async def test_an_unobserved_client_answers_as_well(calcom: ScriptedCalcom) -> None:
    calcom.answer("GET", "/v2/me", success({"id": 1, "timeZone": "Europe/Berlin"}))
    async with calcom_http("https://calcom.example", httpx.MockTransport(calcom)) as http:
        assert (await CalcomClient(http).me(ACCOUNT)).id == 1


def test_an_account_does_not_show_its_key() -> None:
    assert ACCOUNT.api_key not in repr(ACCOUNT)
