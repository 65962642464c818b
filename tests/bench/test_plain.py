from datetime import UTC

from bench.town import FIRST_EVENT_TYPE
from simulator.calcom import Fault
from simulator.caller import Caller
from tests.bench.conftest import TOWN, Office

NAME = {"name": "Ada Miller"}


async def test_a_free_slot_is_offered_looked_at_again_and_booked(office: Office) -> None:
    caller, wanted = office.rings(), next(TOWN.appointments())
    offer = await caller.say("check_availability", **wanted.words)
    booked = await caller.say("book_appointment", **NAME)

    assert (offer.status, booked.status) == ("available", "booked")
    [booking] = office.calendar.bookings.values()
    assert (booking.uid, booking.start) == (booked.body["booking_uid"], wanted.start.astimezone(UTC))
    assert booking.attendees[0].name == "Ada Miller"
    assert office.calendar.traffic.counts() == {"slots": 2, "bookings.create": 1}


async def test_a_slot_that_was_taken_meanwhile_is_not_booked_and_others_are_named(office: Office) -> None:
    caller, wanted = office.rings(), next(TOWN.appointments())
    await caller.say("check_availability", **wanted.words)
    await office.calendar.stranger_books(FIRST_EVENT_TYPE, wanted.start)
    taken = await caller.say("book_appointment", **wanted.words, **NAME)
    office.calendar.slot_answers.clear()
    asked_again = await caller.say("check_availability", **wanted.words)

    assert (taken.status, taken.body["reason"]) == ("slot_taken", "race_condition_detected")
    assert [booking.made_by for booking in office.calendar.bookings.values()] == ["stranger"]
    assert asked_again.status == "unavailable"
    assert len(asked_again.body["alternatives"]) == 2
    assert wanted.start.isoformat() not in [other["start"] for other in asked_again.body["alternatives"]]


async def test_nobody_hears_an_error_of_the_calendars(office: Office) -> None:
    office.calendar.add_fault(Fault(endpoint="slots", kind="status", status=500))
    caller, wanted = office.rings(), next(TOWN.appointments())

    assert (await caller.say("check_availability", **wanted.words)).status == "error"
    assert (await caller.say("check_availability", **wanted.words)).status == "available"
    assert (await caller.say("check_availability")).status == "available"


async def test_it_keeps_nothing_of_a_call_that_has_ended_and_lets_in_no_strangers(office: Office) -> None:
    caller, wanted = office.rings(), next(TOWN.appointments())
    await caller.say("check_availability", **wanted.words)
    await caller.hang_up()
    forged = Caller(office.http, "key_forged_0123456789", wanted.number)

    assert (await caller.say("book_appointment", **NAME)).status == "missing_required_fields"
    assert (await forged.say("check_availability", **wanted.words)).status_code == 401
