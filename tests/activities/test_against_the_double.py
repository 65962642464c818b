"""The activities on the Cal.com double and a real store: what one call does, others and faults permitting."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import httpx
import pytest
from starlette.applications import Starlette
from temporalio.exceptions import ApplicationError

from activities.calcom_client import Account, CalcomClient
from activities.calcom_http import calcom_http
from activities.scheduling import SchedulingActivities
from simulator.calcom import Config, Fault, create_app
from simulator.calcom.records import Booking
from store.holds import Holds
from tests.activities.fakes import Run
from tests.databases import StoreWith
from workflows.messages import HoldState, Service
from workflows.requests import (
    Attendee,
    BookingResult,
    BookSlot,
    CalendarRequest,
    HoldRelease,
    SlotCheck,
    SlotRecheck,
    SlotSearch,
)

Request = TypeVar("Request", bound=CalendarRequest)

MONDAY = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
NINE = datetime(2026, 12, 8, 8, 0, tzinfo=UTC)
KEY = "cal_test_0123456789abcdef"
SERVICES = {
    "single": Service(key="cut", name="Cut", event_type_id=900003, duration_minutes=30, calendar="drsmith"),
    "awaiting": Service(key="ask", name="Ask", event_type_id=12, duration_minutes=30, calendar="drsmith"),
    "seated": Service(key="group", name="Group", event_type_id=1, duration_minutes=60, calendar="drsmith", capacity=2),
    "team": Service(key="team", name="Team", event_type_id=900005, duration_minutes=30, calendar="team", capacity=2),
}


@pytest.fixture
def double() -> Starlette:
    return create_app(Config.load(), clock=lambda: MONDAY)


@pytest.fixture
async def client(double: Starlette) -> AsyncIterator[CalcomClient]:
    async with calcom_http("http://calcom.example", httpx.ASGITransport(double)) as http:
        yield CalcomClient(http)


@pytest.fixture
def scheduling(client: CalcomClient, store_with: StoreWith) -> SchedulingActivities:
    return SchedulingActivities(client, Holds(store_with("tables")), {"CALCOM_API_KEY": KEY})


def request(
    of: type[Request], call_id: str = "call_1", service: str = "single", start: datetime = NINE, **fields: object
) -> Request:
    day = start.replace(hour=0)
    window = {"look_from": day, "look_until": day + timedelta(days=1)}
    common = {
        "call_id": call_id,
        "company": "salon",
        "timezone": "Europe/Berlin",
        "calcom_api_key_env": "CALCOM_API_KEY",
        "service": SERVICES[service],
        "start": start,
        "hold_seconds": 120,
        "attendee": Attendee(name="Hansi Hinterseer", language="de"),
    }
    return of(**{name: value for name, value in (window | common | fields).items() if name in of.model_fields})


def standing(double: Starlette) -> list[Booking]:
    return [booking for booking in double.state.calendar.bookings.values() if booking.status != "cancelled"]


async def stranger_books(client: CalcomClient, start: datetime = NINE, event_type_id: int = 900003) -> None:
    await client.create_booking(
        Account("salon", KEY),
        event_type_id,
        start,
        name="Ann Lee",
        email="ann@example.com",
        timezone="Europe/Berlin",
        language="de",
        metadata={},
    )


async def test_a_slot_is_checked_looked_at_again_and_booked(
    scheduling: SchedulingActivities, double: Starlette, run: Run
) -> None:
    assert (await run(scheduling.check_slot, request(SlotCheck))).hold is HoldState.HELD
    assert (await run(scheduling.recheck_slot, request(SlotRecheck))).listed
    assert (await run(scheduling.book_slot, request(BookSlot))).result is BookingResult.BOOKED
    assert NINE not in (await run(scheduling.find_slots, request(SlotSearch))).starts
    assert len(standing(double)) == 1


async def test_looking_again_sees_past_the_slot_cache(
    scheduling: SchedulingActivities, client: CalcomClient, run: Run
) -> None:
    """The double's clock stands still, so that its cache never ages."""
    assert (await run(scheduling.check_slot, request(SlotCheck))).listed
    assert (await run(scheduling.recheck_slot, request(SlotRecheck))).listed
    await stranger_books(client)

    assert (await run(scheduling.check_slot, request(SlotCheck))).listed
    assert not (await run(scheduling.recheck_slot, request(SlotRecheck))).listed
    assert NINE not in (await run(scheduling.find_slots, request(SlotSearch))).starts


async def test_a_refusal_that_took_long_is_believed(
    scheduling: SchedulingActivities, double: Starlette, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second request could still be under way when the step is given up."""
    for call in ("call_1", "call_2"):
        await run(scheduling.book_slot, request(BookSlot, call, "team"))
    created = double.state.calendar.traffic.counts()["bookings.create"]
    one_too_many = {"service": SERVICES["team"].model_copy(update={"capacity": 3})}
    monkeypatch.setattr("activities.scheduling.QUICK_REFUSAL_SECONDS", 0.0)

    outcome = await run(scheduling.book_slot, request(BookSlot, "call_3", "team").model_copy(update=one_too_many))

    assert outcome.result is BookingResult.TAKEN
    assert double.state.calendar.traffic.counts()["bookings.create"] == created + 1


async def test_a_slot_a_stranger_took_is_taken(
    scheduling: SchedulingActivities, client: CalcomClient, double: Starlette, run: Run
) -> None:
    await stranger_books(client)

    assert (await run(scheduling.book_slot, request(BookSlot))).result is BookingResult.TAKEN
    assert len(standing(double)) == 1


async def test_of_two_who_could_take_the_moment_both_are_booked_by_calls_that_book_at_once(
    scheduling: SchedulingActivities, double: Starlette, run: Run
) -> None:
    """The calendar gives both the same one first: neither has been booked when it looks who is free."""
    meeting = asyncio.Barrier(2)

    async def meet() -> None:
        if meeting.n_waiting or not standing(double):
            await meeting.wait()

    double.state.calendar.gap = meet
    wishes = [request(BookSlot, f"call_{number}", "team") for number in range(2)]
    outcomes = await asyncio.gather(*(run(scheduling.book_slot, wish) for wish in wishes))

    assert [outcome.result for outcome in outcomes] == [BookingResult.BOOKED] * 2
    assert len({booking.host for booking in standing(double)}) == 2


@pytest.mark.parametrize("service", ["single", "awaiting", "seated", "team"])
async def test_a_lost_answer_is_found_again(
    service: str, scheduling: SchedulingActivities, double: Starlette, run: Run
) -> None:
    double.state.calendar.faults.add(Fault(endpoint="bookings.create", kind="lost_answer"))

    outcome = await run(scheduling.book_slot, request(BookSlot, service=service))

    assert outcome.result is BookingResult.BOOKED
    assert outcome.recovered
    assert outcome.awaits_host is (service == "awaiting")
    assert [booking.uid for booking in standing(double)] == [outcome.booking_uid]


@pytest.mark.parametrize("service", ["single", "awaiting", "seated", "team"])
async def test_a_second_yes_finds_what_the_first_booked_under_another_address_while_another_call_has_the_hold(
    service: str, scheduling: SchedulingActivities, double: Starlette, run: Run
) -> None:
    double.state.calendar.faults.add(Fault(endpoint="bookings.create", kind="lost_answer"))
    double.state.calendar.faults.add(Fault(endpoint="bookings.list", kind="status", status=503))
    with pytest.raises(ApplicationError) as caught:
        await run(scheduling.book_slot, request(BookSlot, service=service))
    assert caught.value.details == (True,)
    await run(scheduling.release_hold, HoldRelease(call_id="call_1"))
    for call_id in ("call_2", "call_3"):
        await run(scheduling.recheck_slot, request(SlotRecheck, call_id, service=service))

    with_address = Attendee(name="Hansi Hinterseer", language="de", email="hansi@example.com")
    outcome = await run(
        scheduling.book_slot, request(BookSlot, service=service, attendee=with_address, look_first=True)
    )

    assert outcome.result is BookingResult.BOOKED
    assert outcome.recovered
    assert not outcome.mail_reaches_caller
    assert [booking.uid for booking in standing(double)] == [outcome.booking_uid]


async def test_of_five_calls_one_is_offered_the_slot_and_gets_it(
    scheduling: SchedulingActivities, double: Starlette, run: Run
) -> None:
    calls = [f"call_{n}" for n in range(5)]

    checks = await asyncio.gather(*(run(scheduling.check_slot, request(SlotCheck, call)) for call in calls))

    assert sorted(check.hold for check in checks) == [HoldState.HELD] + 4 * [HoldState.HELD_BY_ANOTHER_CALL]
    assert all(NINE not in check.starts for check in checks)
    outcomes = await asyncio.gather(*(run(scheduling.book_slot, request(BookSlot, call)) for call in calls))
    assert sorted(outcome.result for outcome in outcomes) == [
        BookingResult.BOOKED,
        *4 * [BookingResult.HELD_BY_ANOTHER_CALL],
    ]
    assert len(standing(double)) == 1


async def test_without_any_hold_the_calendar_lets_one_of_five_have_it(
    scheduling: SchedulingActivities, double: Starlette, run: Run
) -> None:
    requests = [request(BookSlot, f"call_{n}", hold_seconds=None) for n in range(5)]

    outcomes = await asyncio.gather(*(run(scheduling.book_slot, wanted) for wanted in requests))

    assert sorted(outcome.result for outcome in outcomes) == [BookingResult.BOOKED] + 4 * [BookingResult.TAKEN]
    assert len(standing(double)) == 1


async def test_a_team_of_two_takes_two_calls_and_not_a_third(
    scheduling: SchedulingActivities, double: Starlette, run: Run
) -> None:
    calls = ["call_1", "call_2", "call_3"]

    holds = [(await run(scheduling.check_slot, request(SlotCheck, call, service="team"))).hold for call in calls]
    outcomes = [await run(scheduling.book_slot, request(BookSlot, call, service="team")) for call in calls]

    assert holds == [HoldState.HELD, HoldState.HELD, HoldState.HELD_BY_ANOTHER_CALL]
    assert [outcome.result for outcome in outcomes[:2]] == [BookingResult.BOOKED] * 2
    assert outcomes[2].result is not BookingResult.BOOKED
    assert len({booking.host for booking in standing(double)}) == 2
