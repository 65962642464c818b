"""Many calls at once while much goes wrong: whoever hears "booked" has a booking, and nobody else has one."""

import asyncio
from datetime import datetime
from random import Random

from simulator.caller import Caller, Reply
from tests.end_to_end.salon import Salon, berlin

TIMES = ("09:00", "09:30", "10:00", "10:30")
SETTLED = ("booked", "slot_taken", "unavailable", "no_availability")


async def wants_an_appointment(caller: Caller, rng: Random) -> str | None:
    """Ask, say yes, and take alternatives until it is booked; return its start."""
    heard = await caller.say("check_availability", datum="16.10.2025", uhrzeit=rng.choice(TIMES))
    for _ in range(20):
        assert heard.status_code == 200
        assert heard.status in (*SETTLED, "available", "pending", "error"), heard.text
        if heard.status == "booked":
            return str(heard.body["start"])
        heard = await goes_on(caller, heard, rng)
    return None


async def goes_on(caller: Caller, heard: Reply, rng: Random) -> Reply:
    if offers := heard.body.get("alternatives"):
        choice = {"alternative_id": rng.choice(offers)["id"]}
    elif heard.status == "available":
        choice = {}
    elif start := heard.body.get("requested_start"):
        choice = {"datetime": start}
    else:
        return await caller.say("book_appointment", name="Hansi Schmidt")
    return await caller.say("book_appointment", **choice, name="Hansi Schmidt")


async def test_whoever_hears_booked_has_exactly_one_booking(salon: Salon) -> None:
    rng = Random(14)  # noqa: S311 - repeatable, not secret
    callers = [salon.rings() for _ in range(10)]
    await salon.stranger_books(berlin("2025-10-16T09:30"))
    for kind in ("lost_answer", "reset", "status", "garbage", "lost_answer"):
        salon.fails("bookings.create", kind, after=rng.randrange(3))
    for kind in ("reset", "status", "garbage"):
        salon.fails("slots", kind, after=rng.randrange(20))
    salon.fails("bookings.list", "reset")

    heard = await asyncio.gather(*(wants_an_appointment(caller, rng) for caller in callers))

    told = {c.call_id: datetime.fromisoformat(start) for c, start in zip(callers, heard, strict=True) if start}
    ours = [booking for booking in salon.bookings if booking.made_by == "api"]
    assert {str(booking.metadata["call"]): booking.start for booking in ours} == told
    assert len(ours) == len(told) == len(callers)
