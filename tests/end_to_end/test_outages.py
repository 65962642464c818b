"""What a caller hears while something is broken, and what has come of the call once it is not."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from sqlmodel import col
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from simulator.caller import Caller, Reply
from store.tables import Booking
from tests import databases
from tests.end_to_end.conftest import OpenSalon
from tests.end_to_end.salon import Salon, berlin, eventually
from tests.end_to_end.switchboard import Switchboard

CANNOT_CHECK = "Ich kann die Verfügbarkeit momentan nicht prüfen. Bitte versuchen Sie es später noch einmal."
CANNOT_SAY = (
    "Ich kann im Moment leider nicht sagen, ob die Buchung geklappt hat. Bitte fragen Sie später noch einmal nach."
)
NINE = berlin("2025-10-16T09:00")


async def asks(caller: Caller) -> Reply:
    return await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00")


async def says_yes(caller: Caller) -> Reply:
    return await caller.say("book_appointment", datum="16.10.2025", uhrzeit="09:00", name="Hansi Schmidt")


async def test_a_booking_whose_answer_is_lost_is_one_booking(salon: Salon) -> None:
    caller = salon.rings()
    await asks(caller)
    salon.fails("bookings.create", "lost_answer")

    booked = await says_yes(caller)

    [booking] = salon.bookings
    assert (booked.status, booked.body["booking_uid"]) == ("booked", booking.uid)
    assert booked.body["start"] == "2025-10-16T09:00:00+02:00"
    await caller.hang_up()
    await salon.recorded(caller)
    [row] = await salon.rows(Booking)
    assert (row.uid, row.recovered) == (booking.uid, True)


async def test_a_calendar_that_is_down_is_not_an_empty_calendar(open_with: OpenSalon) -> None:
    salon = await open_with(answer_budget=2)
    salon.fails("slots", "status", status=503, times=None)
    caller = salon.rings()

    answer = await asks(caller)

    assert (answer.status_code, answer.status, answer.message) == (200, "error", CANNOT_CHECK)
    assert answer.body["reason"] == "calendar_unreachable"
    assert "alternatives" not in answer.body

    salon.calendar.faults.clear()
    assert (await asks(caller)).status == "available"
    assert (await says_yes(caller)).status == "booked"


async def test_a_calendar_that_goes_down_while_the_caller_thinks_still_gets_the_booking(salon: Salon) -> None:
    caller = salon.rings()
    await asks(caller)
    salon.fails("slots", "status", status=503, times=None)

    assert (await says_yes(caller)).status == "booked"
    assert salon.booked_starts == [NINE]


async def test_a_refused_key_is_never_told_as_a_taken_slot(salon: Salon, caplog: pytest.LogCaptureFixture) -> None:
    caller = salon.rings()
    salon.fails("slots", "status", status=401)

    answer = await asks(caller)

    assert (answer.status_code, answer.status, answer.message) == (200, "error", CANNOT_CHECK)
    assert "the calendar could not be asked: CalendarNotConfigured" in caplog.text
    caplog.clear()


async def test_a_rate_limit_is_waited_out_within_the_call(salon: Salon) -> None:
    caller = salon.rings()
    salon.fails("slots", "rate_limit", seconds=1)
    salon.fails("bookings.create", "rate_limit", seconds=1)

    offer = await asks(caller)
    assert offer.status == "available"
    assert salon.calendar.traffic.counts()["slots"] == 2

    booked = await says_yes(caller)
    assert booked.status == "booked"
    assert salon.calendar.traffic.counts()["bookings.create"] == 2
    assert salon.booked_starts == [NINE]


async def test_a_rate_limit_beyond_the_callers_patience_is_said_as_such(open_with: OpenSalon) -> None:
    salon = await open_with(answer_budget=1)
    salon.fails("slots", "rate_limit", seconds=60)
    caller = salon.rings()

    answer = await asks(caller)

    assert (answer.status, answer.message) == ("error", CANNOT_CHECK)


async def test_a_slow_calendar_books_on_while_the_caller_is_told_to_wait(open_with: OpenSalon) -> None:
    salon = await open_with(answer_budget=1.5)
    caller = salon.rings()
    assert (await asks(caller)).status == "available"
    let_through = salon.line.keep_waiting("POST", "/v2/bookings")

    pending = await says_yes(caller)
    assert (pending.status_code, pending.status, pending.body["success"]) == (200, "pending", False)
    assert "der Kalender hat aber noch nicht geantwortet" in pending.message
    assert salon.bookings == []

    let_through.set()
    booked = await says_yes(caller)
    assert booked.status == "booked"
    assert salon.booked_starts == [NINE]


async def test_a_race_lost_while_the_caller_was_told_to_wait_is_told_when_asked_again(open_with: OpenSalon) -> None:
    salon = await open_with(answer_budget=1.5)
    caller = salon.rings()
    await asks(caller)
    let_through = salon.line.keep_waiting("POST", "/v2/bookings")
    assert (await says_yes(caller)).status == "pending"

    await salon.stranger_books(NINE)
    let_through.set()

    taken = await says_yes(caller)
    assert (taken.status, taken.body["reason"]) == ("slot_taken", "race_condition_detected")
    assert [a["time"] for a in taken.body["alternatives"]] == ["09:30", "10:00"]
    chosen = taken.body["alternatives"][1]["id"]
    assert (await caller.say("book_appointment", alternative_id=chosen, name="Hansi Schmidt")).status == "booked"
    assert salon.booked_starts == [NINE, berlin("2025-10-16T10:00")]


async def test_a_booking_that_outlasts_the_call_is_finished(open_with: OpenSalon) -> None:
    salon = await open_with(answer_budget=1)
    caller = salon.rings()
    await asks(caller)
    let_through = salon.line.keep_waiting("POST", "/v2/bookings")
    assert (await says_yes(caller)).status == "pending"

    await caller.hang_up()
    let_through.set()

    assert (await salon.recorded(caller)).outcome == "booked"
    assert salon.booked_starts == [NINE]


async def test_without_temporal_a_caller_hears_that_nothing_can_be_checked(open_with: OpenSalon) -> None:
    nowhere = await Client.connect("127.0.0.1:1", lazy=True, data_converter=pydantic_data_converter)
    salon = await open_with(answer_budget=1, web_temporal=nowhere)
    caller = salon.rings()

    asked, confirmed, recognised = await asyncio.gather(asks(caller), says_yes(caller), caller.say("check_customer"))

    assert (asked.status_code, asked.status, asked.message) == (200, "error", CANNOT_CHECK)
    assert asked.body["reason"] == "calendar_unreachable"
    assert (confirmed.status_code, confirmed.status, confirmed.message) == (200, "error", CANNOT_SAY)
    assert (recognised.status_code, recognised.status) == (200, "error")
    assert recognised.message == "Ich kann die Kundendaten momentan nicht abrufen. Bitte fragen Sie nach dem Namen."
    assert salon.bookings == []


async def test_without_temporal_an_event_is_asked_for_again(
    open_with: OpenSalon, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = await Client.connect("127.0.0.1:1", lazy=True, data_converter=pydantic_data_converter)
    salon = await open_with(web_temporal=nowhere)
    caller = salon.rings()

    assert (await caller.started()).status_code == 503
    assert (await caller.hang_up()).status_code == 503
    assert [record.name for record in caplog.records if record.levelno >= logging.ERROR] == 2 * ["starter.door"]
    caplog.clear()
    assert (await salon.http.get("/ready")).json() == {"status": "not ready", "temporal": False, "database": True}


async def test_a_call_goes_on_when_temporal_is_back(open_with: OpenSalon, client: Client) -> None:
    async with Switchboard(client.service_client.config.target_host) as switchboard:
        through_it = await Client.connect(switchboard.address, data_converter=pydantic_data_converter)
        salon = await open_with(answer_budget=1, web_temporal=through_it)
        caller = salon.rings()
        assert (await asks(caller)).status == "available"

        switchboard.unplug()
        away = await says_yes(caller)
        assert (away.status_code, away.status, away.message) == (200, "error", CANNOT_SAY)

        await switchboard.plug_in()
        booked = await eventually(lambda: says_yes(caller), lambda reply: reply.status == "booked")
        assert booked.body["start"] == "2025-10-16T09:00:00+02:00"
        assert salon.booked_starts == [NINE]
        await salon.everybody_hangs_up()


@asynccontextmanager
async def kept_by_somebody_else(salon: Salon) -> AsyncIterator[None]:
    with databases.kept_by_somebody_else(salon.engine.url):
        yield


@asynccontextmanager
async def gone(salon: Salon) -> AsyncIterator[None]:
    await salon.engine.dispose()
    with databases.gone(salon.engine.url):
        yield


@pytest.mark.parametrize("down", [kept_by_somebody_else, gone])
async def test_without_the_database_slots_are_offered_and_booked_and_the_rows_come_later(
    open_with: OpenSalon, down: Callable[[Salon], AbstractAsyncContextManager[None]]
) -> None:
    salon = await open_with(store_patience=0.2)
    caller = salon.rings()
    async with down(salon):
        assert (await asks(caller)).status == "available"
        booked = await says_yes(caller)
        assert booked.status == "booked"

    await caller.hang_up()
    call = await salon.recorded(caller)
    assert call.outcome == "booked"
    [row] = await salon.rows(Booking, col(Booking.call_id) == caller.call_id)
    assert row.uid == booked.body["booking_uid"]


async def test_without_the_database_the_calendar_lets_one_of_five_have_it(open_with: OpenSalon) -> None:
    salon = await open_with()
    callers = [salon.rings() for _ in range(5)]
    async with gone(salon):
        offers = await asyncio.gather(*(asks(caller) for caller in callers))
        assert {offer.status for offer in offers} == {"available"}
        replies = await asyncio.gather(*(says_yes(caller) for caller in callers))

    assert sorted(str(reply.status) for reply in replies) == ["booked", *4 * ["slot_taken"]]
    for reply in replies:
        assert reply.status == "booked" or len(reply.body["alternatives"]) == 2
    assert salon.booked_starts == [NINE]


async def test_a_yes_that_no_worker_hears_is_carried_out_by_the_next(open_with: OpenSalon) -> None:
    salon = await open_with(answer_budget=2)
    caller = salon.rings()
    assert (await asks(caller)).status == "available"

    await salon.worker_stops()
    assert (await says_yes(caller)).status == "pending"
    assert salon.bookings == []

    await salon.worker_starts()
    booked = await eventually(lambda: says_yes(caller), lambda reply: reply.status != "pending")
    assert booked.status == "booked"
    assert salon.booked_starts == [NINE]
    await caller.think(60)
    assert "ist bereits gebucht" in (await says_yes(caller)).message
    assert len(salon.bookings) == 1
