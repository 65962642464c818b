"""One caller who tries to keep everybody else from a calendar."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from simulator.caller import Caller
from store.holds import LiveHold
from store.tables import Turn
from tests.end_to_end.salon import BERLIN, Salon, berlin, eventually

HOARDER = "+4915550166666"
SLOTS = [berlin(f"2025-10-{day}T09:00") + n * timedelta(minutes=30) for day in (16, 17, 20) for n in range(17)][:50]


async def wishes(caller: Caller, start: datetime) -> str | None:
    local = start.astimezone(BERLIN)
    return (await caller.say("check_availability", datum=f"{local:%d.%m.%Y}", uhrzeit=f"{local:%H:%M}")).status


async def all_wish(salon: Salon, from_number: str, starts: Sequence[datetime]) -> list[LiveHold]:
    """Let calls from one number wish for these, three at a time; each is offered. Returns what is held then."""
    for some in range(0, len(starts), 3):
        callers = [(salon.rings(from_number=from_number), start) for start in starts[some : some + 3]]
        assert set(await asyncio.gather(*(wishes(caller, start) for caller, start in callers))) == {"available"}
    return await salon.live_holds()


async def test_one_caller_with_fifty_calls_holds_three_slots_and_everybody_else_is_served(salon: Salon) -> None:
    kept = {hold.start for hold in await all_wish(salon, HOARDER, SLOTS)}
    assert len(kept) == 3
    turns = await eventually(lambda: salon.rows(Turn), lambda rows: len(rows) == len(SLOTS))
    assert sorted(turn.hold or "" for turn in turns) == ["held"] * 3 + ["over_limit"] * 47

    left = [start for start in SLOTS if start not in kept]
    served = [(salon.rings(), start) for start in left[::5]]
    assert [await wishes(caller, start) for caller, start in served] == ["available"] * 10
    assert kept | {start for _, start in served} == {hold.start for hold in await salon.live_holds()}
    for caller, start in served:
        booked = await caller.say("book_appointment", name="Erika Muster")
        assert (booked.status, datetime.fromisoformat(str(booked.body["start"]))) == ("booked", start)


async def test_who_was_offered_a_slot_without_a_hold_hears_the_truth_when_he_says_yes(salon: Salon) -> None:
    await all_wish(salon, HOARDER, SLOTS[:3])
    quick, slow = salon.rings(from_number=HOARDER), salon.rings(from_number=HOARDER)
    contested, uncontested = SLOTS[5], SLOTS[7]
    for caller, start in ((slow, contested), (quick, uncontested)):
        assert await wishes(caller, start) == "available"
    neighbour = salon.rings()
    assert await wishes(neighbour, contested) == "available"

    assert (await quick.say("book_appointment", name="Hansi Hinterseer")).status == "booked"
    lost = await slow.say("book_appointment", name="Hansi Hinterseer")
    assert (lost.status, len(lost.body["alternatives"])) == ("slot_taken", 2)
    assert (await neighbour.say("book_appointment", name="Erika Muster")).status == "booked"
    assert salon.booked_starts == [contested, uncontested]


async def test_callers_who_withhold_their_numbers_keep_a_third_of_what_the_dialled_number_may_hold(
    salon: Salon,
) -> None:
    kept = {hold.start for hold in await all_wish(salon, "anonymous", SLOTS[:20])}
    assert len(kept) == 10
    assert await wishes(salon.rings(), SLOTS[45]) == "available"
    assert {hold.start for hold in await salon.live_holds()} == kept | {SLOTS[45]}
