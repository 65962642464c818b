"""A process that is told to stop finishes what it has begun, and calls go on elsewhere."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import httpx
import pytest
from temporalio.api.history.v1 import HistoryEvent

from simulator.process import Process
from store.errors import StoreUnavailable
from tests.end_to_end.salon import eventually
from tests.lifecycle.site import UP_WITHIN, Site, Talk, Web, completed_tasks, ended, identity

pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]

CALLERS = 6


def tell(process: Process, number: signal.Signals) -> None:
    assert process.pid is not None
    os.kill(process.pid, number)


def tried_again(events: Sequence[HistoryEvent], after: datetime) -> list[str]:
    """Return why steps were tried again after a moment.

    Not those whose database did not answer in time: a file that many write to keeps one waiting now and then. A
    workflow task that was given to a worker just as it left is no step: another worker takes it when its time is over.
    """
    late = [event for event in events if event.event_time.ToDatetime(UTC) > after]
    failures = [event.activity_task_started_event_attributes.last_failure for event in late]
    return [
        str(failure)
        for failure in failures
        if failure.ByteSize() and failure.application_failure_info.type != StoreUnavailable.__name__
    ]


class SteadyCalls:
    """Callers one after the other, some at a time, until told that it is enough."""

    def __init__(self, site: Site, web: Web) -> None:
        self._site = site
        self._web = web
        self._enough = asyncio.Event()
        self.heard: Counter[str | None] = Counter()
        self.talks: list[Talk] = []

    async def __aenter__(self) -> "SteadyCalls":
        self._calling = [asyncio.create_task(self._call()) for _ in range(CALLERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._enough.set()
        await asyncio.gather(*self._calling)

    async def go_on(self, calls: int = CALLERS) -> None:
        """Wait until so many calls more have begun and ended."""
        wanted = len(self.talks) + calls + CALLERS

        async def begun() -> int:
            return len(self.talks)

        await eventually(begun, wanted.__le__, within=UP_WITHIN)

    async def _call(self) -> None:
        while not self._enough.is_set():
            talk = self._site.rings(self._web)
            self.talks.append(talk)
            for turn in (talk.asks, talk.says_yes):
                self.heard[(await turn()).status] += 1
                await talk.caller.think(0.3)
            await talk.hangs_up()


async def test_a_worker_told_to_stop_under_load_finishes_what_it_has_begun_and_no_step_is_tried_twice(
    site: Site,
) -> None:
    web = await site.web("Webhook")
    leaving = await site.worker("Leaving worker")
    slow = site.rings(web)
    assert (await slow.asks()).status == "available"
    await site.goes_wrong("any", "delay", seconds=0.2, times=None)

    async with SteadyCalls(site, web) as calls:
        await calls.go_on()
        staying = await site.worker("Staying worker")
        await site.goes_wrong("bookings.create", "delay", seconds=3)
        booking = asyncio.create_task(slow.says_yes())
        await eventually(partial(slow.at, "book_slot"))
        told_at = datetime.now(UTC)
        tell(leaving, signal.SIGTERM)
        assert await ended(leaving) == 0
        await calls.go_on()

    assert (await booking).status == "booked"
    await slow.hangs_up()
    assert set(calls.heard) == {"available", "booked"}
    assert calls.heard["available"] == calls.heard["booked"] == len(calls.talks)
    histories = await site.histories()
    assert [why for events in histories for why in tried_again(events, told_at)] == []
    leaders = [{task.identity for task in completed_tasks(events)} for events in histories]
    assert any(leader.startswith(identity(leaving)) for leader in leaders[0])
    assert all(leader.startswith(identity(staying)) for leader in leaders[-1])
    ledger = await site.ledger()
    assert len(ledger["bookings"]) == len(site.callers)


async def test_answers_under_way_are_delivered_by_a_web_process_that_was_told_to_stop(site: Site) -> None:
    leaving, staying = await site.web("Leaving webhook"), await site.web("Staying webhook")
    await site.worker("Worker")
    await site.goes_wrong("slots", "delay", seconds=4, times=5)
    talks = [site.rings(leaving) for _ in range(5)]
    asked = [asyncio.create_task(talk.asks()) for talk in talks]
    for talk in talks:
        await eventually(partial(talk.at, "check_slot"))

    tell(leaving.process, signal.SIGTERM)
    heard = [await answer for answer in asked]

    assert await ended(leaving.process) == 0
    assert [reply.status for reply in heard] == ["available"] * 5
    for talk in talks:
        talk.caller.http = staying.http
        assert (await talk.says_yes()).status == "booked"
        await talk.hangs_up()


async def test_a_web_process_that_lingers_says_that_it_is_not_ready_and_still_serves(site: Site) -> None:
    await site.worker("Worker")
    web = await site.web("Webhook", "--linger", "60")
    talk = site.rings(web)

    tell(web.process, signal.SIGTERM)

    async def said() -> int:
        return (await web.http.get("/ready")).status_code

    await eventually(said, (503).__eq__)
    assert (await web.http.get("/ready")).json()["staying"] is False
    assert (await web.http.get("/health")).status_code == 200
    assert (await talk.asks()).status == "available"
    tell(web.process, signal.SIGTERM)
    assert await ended(web.process) == 0
    with pytest.raises(httpx.ConnectError):
        await web.http.get("/ready")
