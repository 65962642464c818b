"""Who calls, and when a call begins and ends for us."""

import gc
from collections.abc import Awaitable, Callable

import pytest
from temporalio.client import WorkflowExecutionStatus

from simulator.caller import ANONYMOUS, Caller, Reply
from store.tables import Customer
from tests.end_to_end.salon import ENGLISH_OFFICE, Salon, berlin, eventually

NUMBER = "+4915550199999"
THURSDAY = {"datum": "16.10.2025", "uhrzeit": "10:00"}


async def books_and_hangs_up(salon: Salon, caller: Caller, name: str = "Hansi Hinterseer", **wish: str) -> None:
    booked = await caller.say("book_appointment", **(THURSDAY | wish), name=name)
    assert booked.status == "booked"
    await caller.hang_up()
    await salon.recorded(caller)


async def test_a_caller_who_has_booked_is_recognised_next_time(salon: Salon) -> None:
    stranger = salon.rings(from_number=NUMBER)
    before = await stranger.say("check_customer")
    assert (before.status, before.body["success"], before.body["found"]) == ("new_customer", True, False)
    await books_and_hangs_up(salon, stranger)

    after = await salon.rings(from_number="0155 50199999").say("check_customer")

    assert (after.status, after.body["name"]) == ("existing_customer", "Hansi Hinterseer")
    assert after.message == "Willkommen zurück, Hansi Hinterseer! Wie kann ich Ihnen helfen?"
    assert after.body["last_visit"] is None
    assert NUMBER[-8:] not in after.text


async def test_an_appointment_that_has_begun_is_the_last_visit(salon: Salon) -> None:
    await books_and_hangs_up(salon, salon.rings(from_number=NUMBER))
    salon.clock.now = berlin("2025-10-20T10:00")

    again = await salon.rings(from_number=NUMBER).say("check_customer")

    assert again.body["last_visit"] == "2025-10-16T10:00:00+02:00"


async def test_a_recognised_caller_need_not_say_the_name_again(salon: Salon) -> None:
    await books_and_hangs_up(salon, salon.rings(from_number=NUMBER))
    caller = salon.rings(from_number=NUMBER)
    await caller.say("check_customer")

    assert (await caller.say("book_appointment", datum="16.10.2025", uhrzeit="11:00")).status == "booked"
    assert [booking.attendees[0].name for booking in salon.bookings] == 2 * ["Hansi Hinterseer"]


async def test_a_customer_of_one_company_is_a_stranger_to_another(salon: Salon) -> None:
    await books_and_hangs_up(salon, salon.rings(from_number=NUMBER))

    assert (await salon.rings(ENGLISH_OFFICE, from_number=NUMBER).say("check_customer")).status == "new_customer"


@pytest.mark.parametrize("withheld", [ANONYMOUS, None, "+4900000000"])
async def test_a_withheld_number_is_never_recognised(salon: Salon, withheld: str | None) -> None:
    await books_and_hangs_up(salon, salon.rings(from_number=withheld))
    again = salon.rings(from_number=withheld)

    assert (await again.say("check_customer")).status == "new_customer"
    await books_and_hangs_up(salon, again, uhrzeit="11:00")

    customers = await salon.rows(Customer)
    assert [(customer.number, customer.name) for customer in customers] == 2 * [(None, "Hansi Hinterseer")]


async def test_the_agent_knows_a_customer_before_it_picks_up(salon: Salon) -> None:
    await books_and_hangs_up(salon, salon.rings(from_number=NUMBER))

    ringing = await salon.rings(from_number=NUMBER).rings()

    variables = ringing.body["call_inbound"]["dynamic_variables"]
    assert variables["customer_name"] == "Hansi Hinterseer"
    assert variables["today"] == "Dienstag, 14.10.2025"


async def test_a_call_begins_with_its_first_event_and_ends_with_its_last(salon: Salon) -> None:
    caller = salon.rings()
    assert (await caller.started()).status_code == 200
    assert await salon.state_of(caller.call_id) is WorkflowExecutionStatus.RUNNING
    assert (await caller.started()).status_code == 200

    await caller.say("check_availability", **THURSDAY)
    assert [hold.start for hold in await salon.live_holds()] == [berlin("2025-10-16T10:00")]

    assert (await caller.hang_up("agent_hangup")).status_code == 200
    call = await salon.recorded(caller)
    assert (call.outcome, call.hang_up_reason) == ("hung_up", "agent_hangup")
    assert await salon.live_holds() == []
    await eventually(lambda: salon.state_of(caller.call_id), lambda state: state is WorkflowExecutionStatus.COMPLETED)


async def test_an_analysed_call_is_over_even_if_its_end_was_not_reported(salon: Salon) -> None:
    caller = salon.rings()
    await caller.say("check_availability", **THURSDAY)

    assert (await caller.analyzed()).status_code == 200

    assert (await salon.recorded(caller)).outcome == "hung_up"
    assert await salon.live_holds() == []
    assert (await caller.hang_up()).status_code == 200


@pytest.mark.parametrize("happens", [Caller.hang_up, Caller.analyzed])
async def test_the_end_of_a_call_we_never_heard_of_does_nothing(
    salon: Salon, happens: Callable[[Caller], Awaitable[Reply]]
) -> None:
    caller = salon.rings()

    assert (await happens(caller)).status_code == 200
    assert await salon.state_of(caller.call_id) is None


async def test_a_word_after_the_end_hears_that_the_call_is_over(salon: Salon) -> None:
    caller = salon.rings()
    await caller.say("check_availability", **THURSDAY)
    await caller.hang_up()
    await salon.recorded(caller)

    assert (await caller.say("check_availability", **THURSDAY)).status == "closed"
    assert (await caller.say("book_appointment", **THURSDAY, name="Hansi Schmidt")).status == "closed"
    assert (await caller.started()).status_code == 200
    assert salon.bookings == []
    # An error that nobody looked at is logged when its future goes; no log may have one.
    gc.collect()


async def test_a_yes_repeated_after_the_end_hears_what_was_booked(salon: Salon) -> None:
    caller = salon.rings()
    await caller.say("book_appointment", **THURSDAY, name="Hansi Schmidt")
    await salon.everybody_hangs_up()

    again = await caller.say("book_appointment", **THURSDAY, name="Hansi Schmidt")

    assert again.status == "booked"
    assert len(salon.bookings) == 1


async def test_a_web_call_has_no_number_of_ours_and_no_effect(salon: Salon) -> None:
    caller = salon.rings(web_call=True)

    assert (await caller.started()).status_code == 200
    answer = await caller.say("book_appointment", **THURSDAY, name="Hansi Schmidt")

    assert (answer.status, answer.body["reason"]) == ("error", "unknown_number")
    assert await salon.state_of(caller.call_id) is None
