"""What a caller hears while something is broken, and what has come of the call once it is not."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta

from sqlmodel import col
from temporalio.client import Client

from simulator.caller import Caller, Reply
from store.tables import Booking, Call
from tests.end_to_end.conftest import OpenSalon
from tests.end_to_end.salon import Salon, berlin, eventually

CANNOT_CHECK = "Ich kann die Verfügbarkeit momentan nicht prüfen. Bitte versuchen Sie es später noch einmal."
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


async def test_a_refused_key_is_never_told_as_a_taken_slot(salon: Salon) -> None:
    caller = salon.rings()
    salon.fails("slots", "status", status=401)

    answer = await asks(caller)

    assert (answer.status_code, answer.status, answer.message) == (200, "error", CANNOT_CHECK)


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
    nowhere = await Client.connect("127.0.0.1:1", lazy=True)
    salon = await open_with(answer_budget=1, web_temporal=nowhere)
    caller = salon.rings()

    asked, confirmed, recognised = await asyncio.gather(asks(caller), says_yes(caller), caller.say("check_customer"))

    assert (asked.status_code, asked.status, asked.message) == (200, "error", CANNOT_CHECK)
    assert (confirmed.status_code, confirmed.status) == (200, "error")
    assert "kann im Moment leider nicht sagen, ob die Buchung geklappt hat" in confirmed.message
    assert (recognised.status_code, recognised.status) == (200, "error")
    assert salon.bookings == []


async def test_without_the_database_slots_are_offered_and_booked_and_the_rows_come_later(open_with: OpenSalon) -> None:
    salon = await open_with(store_patience=0.2)
    caller = salon.rings()
    with closing(sqlite3.connect(salon.engine.url.database or "", isolation_level=None)) as somebody_else:
        somebody_else.execute("BEGIN EXCLUSIVE")
        assert (await asks(caller)).status == "available"
        booked = await says_yes(caller)
        assert booked.status == "booked"
        assert await salon.rows(Call) == []
        somebody_else.execute("ROLLBACK")

    await caller.hang_up()
    call = await salon.recorded(caller)
    assert call.outcome == "booked"
    [row] = await salon.rows(Booking, col(Booking.call_id) == caller.call_id)
    assert row.uid == booked.body["booking_uid"]


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
    await caller.think(timedelta(minutes=1).total_seconds())
    assert "ist bereits gebucht" in (await says_yes(caller)).message
    assert len(salon.bookings) == 1
