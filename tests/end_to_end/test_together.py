"""Web process and worker in one: a look is begun once, and what is told early is what is kept."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from simulator.caller import Caller
from tests.end_to_end.conftest import OpenSalon
from tests.end_to_end.salon import Salon, berlin, eventually
from workflows.appointment import AppointmentWorkflow
from workflows.messages import Answer, ConfirmationId

NINE = berlin("2025-10-16T09:00")
SLOTS = ("GET", "/v2/slots")


@pytest.fixture
async def salon(open_with: OpenSalon) -> Salon:
    return await open_with(together=True)


async def asks(caller: Caller) -> Any:
    return await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00")


async def says_yes(caller: Caller) -> Any:
    return await caller.say("book_appointment", name="Hansi Schmidt")


async def is_at(salon: Salon, caller: Caller, step: str) -> None:
    """Return once a worker has given a sign of life of this step."""

    async def alive() -> bool:
        seen = await salon.workflow(caller).describe()
        pending = seen.raw_description.pending_activities
        return any(a.activity_type.name == step and a.HasField("last_heartbeat_time") for a in pending)

    await eventually(alive)


async def kept(salon: Salon, caller: Caller) -> dict[str, Answer]:
    """Return what Temporal has kept of every turn that was told early."""
    handle = salon.workflow(caller)
    return {
        turn_id: await handle.execute_update(AppointmentWorkflow.outcome, ConfirmationId(turn_id=turn_id))
        for turn_id in salon.told
    }


async def test_a_look_begun_before_its_step_is_the_steps_own(salon: Salon) -> None:
    caller = salon.rings()
    await caller.started()
    gate = salon.line.keep_waiting(*SLOTS)

    asking = asyncio.create_task(asks(caller))
    await salon.line.waiting(*SLOTS)
    await is_at(salon, caller, "check_slot")
    gate.set()
    assert (await asking).status == "available"
    assert salon.calendar.traffic.counts() == {"slots": 1}

    gate.clear()
    confirming = asyncio.create_task(says_yes(caller))
    await is_at(salon, caller, "recheck_slot")
    gate.set()
    assert (await confirming).status == "booked"
    assert salon.calendar.traffic.counts() == {"slots": 2, "bookings.create": 1}
    assert salon.booked_starts == [NINE]


async def test_a_calendar_quicker_than_its_step_is_asked_only_once(salon: Salon) -> None:
    first, second = salon.rings(), salon.rings()
    await asks(first)
    before = salon.calendar.traffic.counts()["slots"]
    await second.say("check_availability", datum="16.10.2025", uhrzeit="10:00")
    assert salon.calendar.traffic.counts()["slots"] == before + 1


async def one_yes(salon: Salon, caller: Caller) -> None:
    await asks(caller)
    await says_yes(caller)


async def a_returning_caller(salon: Salon, caller: Caller) -> None:
    await one_yes(salon, salon.rings(from_number=caller.from_number))
    await salon.everybody_hangs_up()
    salon.told.clear()
    await caller.started()
    await caller.say("check_availability", datum="17.10.2025", uhrzeit="10:00")
    await caller.say("book_appointment")


async def the_first_free(salon: Salon, caller: Caller) -> None:
    await caller.say("find_next_available")
    await says_yes(caller)


async def a_race_lost(salon: Salon, caller: Caller) -> None:
    await asks(caller)
    await salon.stranger_books(NINE)
    await says_yes(caller)
    await caller.say("book_appointment", name="Hansi Schmidt", alternative_id="a1")


async def an_explicit_yes(salon: Salon, caller: Caller) -> None:
    await caller.say("book_appointment", datum="16.10.2025", uhrzeit="09:00", name="Hansi Schmidt")


async def an_answer_lost_on_the_way(salon: Salon, caller: Caller) -> None:
    await asks(caller)
    salon.fails("bookings.create", "lost_answer")
    await says_yes(caller)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (one_yes, ["available", "booked"]),
        (a_returning_caller, ["available", "booked"]),
        (the_first_free, ["available", "booked"]),
        (a_race_lost, ["available", "booked"]),
        (an_explicit_yes, ["booked"]),
        (an_answer_lost_on_the_way, ["available", "booked"]),
    ],
)
async def test_what_is_told_early_is_what_is_kept(
    salon: Salon, call: Callable[[Salon, Caller], Awaitable[None]], told: list[str]
) -> None:
    caller = salon.rings()
    await call(salon, caller)
    assert [answer.status for answer in salon.told.values()] == told
    assert await kept(salon, caller) == salon.told


async def test_a_booking_is_told_while_temporal_is_still_keeping_it(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = salon.rings()
    await asks(caller)

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(WorkflowHandle, "execute_update", never)
    booked = await says_yes(caller)
    [booking] = salon.bookings
    assert (booked.status, booked.body["booking_uid"]) == ("booked", booking.uid)


async def test_what_only_the_workflow_can_say_is_waited_for(salon: Salon) -> None:
    caller = salon.rings()
    await salon.stranger_books(NINE)
    answer = await asks(caller)
    assert (answer.status, len(answer.body["alternatives"])) == ("unavailable", 2)
    assert salon.told == {}
