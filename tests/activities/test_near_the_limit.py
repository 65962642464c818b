"""The calendar's steps while Cal.com allows a key few requests more, or none."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from temporalio.exceptions import ApplicationError

from activities.scheduling import SchedulingActivities, booking_key
from tests.activities.fakes import MemoryHolds, Run, ScriptedCalcom
from workflows import steps
from workflows.messages import HoldState, Message, Service
from workflows.requests import (
    Attendee,
    Availability,
    BookingResult,
    BookSlot,
    CalendarFields,
    FreeSlots,
    Line,
    Recheck,
    SlotCheck,
    SlotRecheck,
    SlotSearch,
)

NINE = datetime(2026, 12, 8, 8, 0, tzinfo=UTC)
LISTED = {"8": [{"start": "2026-12-08T08:00:00.000Z"}]}
NOTHING_BOOKED = (False,)
REFUSED = httpx.Response(429, headers={"X-RateLimit-Reset-Default": "40"})


def answer(data: object, *, remaining: int, status: int = 200) -> httpx.Response:
    headers = {"X-RateLimit-Remaining-Default": str(remaining), "X-RateLimit-Reset-Default": "40"}
    return httpx.Response(status, headers=headers, json={"status": "success", "data": data})


@pytest.fixture
def call(service: Service) -> CalendarFields:
    return {
        "call_id": "call_1",
        "company": "salon",
        "timezone": "Europe/Berlin",
        "calcom_api_key_env": "CALCOM_API_KEY",
        "service": service,
        "line": Line(),
    }


@pytest.fixture
def check(call: CalendarFields) -> SlotCheck:
    return SlotCheck(**call, start=NINE, hold_seconds=120, look_from=NINE, look_until=NINE + timedelta(days=10))


@pytest.fixture
def search(call: CalendarFields) -> SlotSearch:
    return SlotSearch(**call, look_from=NINE, look_until=NINE + timedelta(days=10))


@pytest.fixture
def recheck(call: CalendarFields) -> SlotRecheck:
    return SlotRecheck(**call, start=NINE, hold_seconds=120)


@pytest.fixture
def book(call: CalendarFields) -> BookSlot:
    return BookSlot(**call, start=NINE, attendee=Attendee(name="Hansi Hinterseer", language="de"))


def booked(request: BookSlot) -> dict[str, object]:
    return {
        "uid": "uid-1",
        "status": "accepted",
        "start": "2026-12-08T08:00:00.000Z",
        "end": "2026-12-08T08:30:00.000Z",
        "metadata": {"booking_key": booking_key(request)},
    }


async def test_near_the_limit_the_look_before_booking_yields_and_the_booking_does_not(
    check: SlotCheck,
    recheck: SlotRecheck,
    book: BookSlot,
    calcom: ScriptedCalcom,
    holds: MemoryHolds,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.answer("GET", "/v2/slots", answer(LISTED, remaining=30))
    calcom.bookings(answer(booked(book), remaining=29, status=201))

    assert await run(scheduling.check_slot, check) == Availability(listed=True, hold=HoldState.HELD)
    holds.held.clear()
    assert await run(scheduling.recheck_slot, recheck) == Recheck(listed=True, hold=HoldState.HELD, skipped=True)
    assert "call_1" in holds.held
    assert (await run(scheduling.book_slot, book)).result is BookingResult.BOOKED
    assert await run(scheduling.check_slot, check) == Availability(listed=True, hold=HoldState.HELD)

    assert [request.method for request in calcom.requests] == ["GET", "POST", "GET"]


async def test_a_look_that_is_refused_is_skipped_as_well(
    recheck: SlotRecheck, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.answer("GET", "/v2/slots", REFUSED)

    assert await run(scheduling.recheck_slot, recheck) == Recheck(listed=True, hold=HoldState.HELD, skipped=True)


async def test_a_worker_that_knows_no_skipped_looks_yet_does_not_read_one_as_taken(
    recheck: SlotRecheck, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    class RecheckBefore(Message):
        listed: bool
        hold: HoldState

    calcom.answer("GET", "/v2/slots", REFUSED)
    skipped = await run(scheduling.recheck_slot, recheck)

    assert RecheckBefore.model_validate_json(skipped.model_dump_json()).listed


async def test_a_hold_that_is_lost_is_noticed_without_a_look(
    check: SlotCheck,
    recheck: SlotRecheck,
    calcom: ScriptedCalcom,
    holds: MemoryHolds,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.answer("GET", "/v2/slots", answer(LISTED, remaining=30))
    await run(scheduling.check_slot, check)
    holds.held = {"call_2": holds.held["call_1"]}

    assert await run(scheduling.recheck_slot, recheck) == Recheck(listed=False, hold=HoldState.HELD_BY_ANOTHER_CALL)


async def test_an_optional_look_yields_where_the_question_itself_is_asked(
    search: SlotSearch, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.answer("GET", "/v2/slots", answer(LISTED, remaining=30))

    for _ in range(2):
        assert await run(scheduling.find_slots, search) == FreeSlots(starts=(NINE,))
    with pytest.raises(ApplicationError) as caught:
        await run(scheduling.find_slots, search.model_copy(update={"optional": True}))

    assert caught.value.type == steps.RATE_LIMITED
    assert len(calcom.requests) == 2


async def test_the_very_last_requests_are_kept_for_bookings(
    check: SlotCheck,
    search: SlotSearch,
    book: BookSlot,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.answer("GET", "/v2/slots", answer(LISTED, remaining=10))
    calcom.bookings(answer(booked(book), remaining=9, status=201))
    await run(scheduling.check_slot, check)

    for step in (run(scheduling.check_slot, check), run(scheduling.find_slots, search)):
        with pytest.raises(ApplicationError) as caught:
            await step
        assert (caught.value.type, caught.value.next_retry_delay) == (steps.RATE_LIMITED, timedelta(seconds=40))
    assert (await run(scheduling.book_slot, book)).result is BookingResult.BOOKED


async def test_after_a_refusal_a_booking_waits_for_the_reset_unsent(
    check: SlotCheck, book: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.answer("GET", "/v2/slots", REFUSED)
    with pytest.raises(ApplicationError):
        await run(scheduling.check_slot, check)

    with pytest.raises(ApplicationError) as caught:
        await run(scheduling.book_slot, book)

    assert (caught.value.type, caught.value.next_retry_delay) == (steps.RATE_LIMITED, timedelta(seconds=40))
    assert not caught.value.non_retryable
    assert caught.value.details == NOTHING_BOOKED
    assert len(calcom.requests) == 1
