"""A worker that is killed costs its callers little: another one takes the call over."""

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from tests.end_to_end.salon import eventually
from tests.lifecycle.site import UP_WITHIN, Site, identity

pytestmark = pytest.mark.timeout(400)

TAKEN_OVER_WITHIN = 3.0
"""Seconds from the question until another worker takes it: the sticky queue's 2 s, and a second for Temporal to see to
it. Measured on Temporal's own clock, as the times of its events are."""

SCHEDULED = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED


def led_by(event: HistoryEvent, worker: str) -> bool:
    led = event.event_type == STARTED
    return led and event.workflow_task_started_event_attributes.identity.startswith(worker)


async def test_the_question_after_a_kill_is_answered_by_another_worker_within_three_seconds(site: Site) -> None:
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
    assert (await talk.says_yes()).status == "booked"

    since = (await talk.events())[before:]
    asked = next(event for event in since if event.event_type == SCHEDULED)
    taken_over = next(event for event in since if led_by(event, identity(other)))
    waited = taken_over.event_time.ToDatetime() - asked.event_time.ToDatetime()
    assert waited.total_seconds() <= TAKEN_OVER_WITHIN
    await talk.hangs_up()
    assert len((await site.ledger())["bookings"]) == 1
