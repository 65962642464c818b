"""A worker that is killed costs its callers little: another one takes the call over."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from activities.heartbeats import BEAT_SECONDS
from simulator.caller import Reply
from simulator.process import Process
from tests.end_to_end.salon import eventually
from tests.lifecycle.site import UP_WITHIN, Site, Talk, identity

pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]

TAKEN_OVER_WITHIN = 3.0
"""Seconds from the question until another worker takes it: the sticky queue's 2 s, and a second for Temporal to see to
it. Measured on Temporal's own clock, as the times of its events are."""

STEP_OVER_WITHIN = 10.0
"""Seconds a step takes, on the same clock, whose worker is killed in the middle; an attempt to book may take 25."""

SCHEDULED = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


def led_by(event: HistoryEvent, worker: str) -> bool:
    led = event.event_type == COMPLETED
    return led and event.workflow_task_completed_event_attributes.identity.startswith(worker)


@pytest.mark.parametrize(
    ("says", "hears"), [(Talk.asks, "available"), (Talk.says_yes, "booked")], ids=["a question", "a yes"]
)
async def test_what_is_said_after_a_kill_is_taken_by_another_worker_within_three_seconds(
    site: Site, says: Callable[[Talk], Awaitable[Reply]], hears: str
) -> None:
    web = await site.web("Webhook")
    killed = await site.worker("Killed worker")
    talk = site.rings(web)
    assert (await talk.asks()).status == "available"
    other = await site.worker("Other worker")
    # A worker that was heard of just now is waited for; one that has been silent for ten seconds is not even asked.
    assert (await talk.asks()).status == "available"
    await eventually(talk.rests, within=UP_WITHIN)
    assert (await talk.led_by()).startswith(identity(killed))
    before = len(await talk.events())

    killed.kill()
    assert (await says(talk)).status == hears

    since = (await talk.events())[before:]
    asked = next(event for event in since if event.event_type == SCHEDULED)
    taken_over = next(event for event in since if led_by(event, identity(other)))
    waited = taken_over.event_time.ToDatetime() - asked.event_time.ToDatetime()
    assert waited.total_seconds() <= TAKEN_OVER_WITHIN
    await talk.hangs_up()
    assert len((await site.ledger())["bookings"]) == (hears == "booked")


def seconds_of(events: Sequence[HistoryEvent], step: str) -> float:
    """Return how long a call's last step of that name took."""
    asked_for = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    begun = [
        event
        for event in events
        if event.event_type == asked_for and event.activity_task_scheduled_event_attributes.activity_type.name == step
    ][-1]
    over = next(
        event for event in events if event.activity_task_completed_event_attributes.scheduled_event_id == begun.event_id
    )
    return (over.event_time.ToDatetime() - begun.event_time.ToDatetime()).total_seconds()


async def killed_in_the_middle(talk: Talk, step: str, workers: Sequence[Process]) -> None:
    """Kill the worker that carries out that step, once it has been waiting for the calendar for a while."""

    async def waiting() -> str | None:
        seen = await talk.at(step)
        if seen is None or not seen.HasField("last_heartbeat_time"):
            return None
        lived = seen.last_heartbeat_time.ToDatetime() - seen.last_started_time.ToDatetime()
        return seen.last_worker_identity if lived.total_seconds() > BEAT_SECONDS / 2 else None

    busy = await eventually(waiting, within=UP_WITHIN)
    assert busy is not None
    next(worker for worker in workers if busy.startswith(identity(worker))).kill()


async def test_a_booking_whose_worker_is_killed_in_the_middle_is_made_once_and_soon(site: Site) -> None:
    web = await site.web("Webhook")
    workers = [await site.worker("One worker"), await site.worker("Other worker")]
    talk = site.rings(web)
    assert (await talk.asks()).status == "available"
    # For longer than a death is unnoticed: whoever asked again at once would ask beside the first request.
    await site.goes_wrong("bookings.create", "delay", seconds=5)
    booking = asyncio.create_task(talk.says_yes())

    await killed_in_the_middle(talk, "book_slot", workers)

    assert (await booking).status == "booked"
    await talk.hangs_up()
    ledger = await site.ledger()
    assert len(ledger["bookings"]) == 1
    assert ledger["requests"]["bookings.create"] == 1
    assert seconds_of(await talk.events(), "book_slot") < STEP_OVER_WITHIN


async def test_a_question_whose_worker_is_killed_in_the_middle_is_answered_by_another_soon(site: Site) -> None:
    web = await site.web("Webhook")
    workers = [await site.worker("One worker"), await site.worker("Other worker")]
    talk = site.rings(web)
    await site.goes_wrong("slots", "delay", seconds=2.5)
    asked = asyncio.create_task(talk.asks())

    await killed_in_the_middle(talk, "check_slot", workers)

    assert (await asked).status == "available"
    assert seconds_of(await talk.events(), "check_slot") < STEP_OVER_WITHIN
    await talk.hangs_up()
