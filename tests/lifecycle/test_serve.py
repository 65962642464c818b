"""Web process and worker in one: both begin and end together, and what it leaves behind another process takes over."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest

from simulator.caller import Reply
from simulator.process import Process
from tests.end_to_end.salon import eventually
from tests.lifecycle.site import RETELL_KEY, ROOT, UP_WITHIN, Site, Web, answers, ended, identity
from tests.lifecycle.test_drain import SteadyCalls, tell, tried_again

pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]

COMMAND = "from starter.cli import app; app()"

BREAKS_WHEN_TOLD = """
import asyncio, signal
from temporalio.bridge.worker import Worker
poll = Worker.poll_activity_task

async def until_told(worker):
    told, polling = asyncio.Event(), asyncio.ensure_future(poll(worker))
    polling.add_done_callback(lambda done: done.exception())
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, told.set)
    await asyncio.wait({polling, asyncio.ensure_future(told.wait())}, return_when=asyncio.FIRST_COMPLETED)
    if told.is_set():
        Worker.poll_activity_task = poll
        raise RuntimeError("refused for good")
    return await polling

Worker.poll_activity_task = until_told
"""
"""A worker whom Temporal gives no work any more, for good, once the process is sent SIGUSR1."""

IMPATIENT = "from starter import patience; patience.PATIENCE_SECONDS = patience.RETRY_SECONDS = 0.1; "


Serve = Callable[..., Awaitable[Web]]


@pytest.fixture
async def serve(site: Site) -> AsyncIterator[Serve]:
    """Starts web process and worker in one, by that name, and returns once both say that they are ready."""
    async with AsyncExitStack() as closing:

        async def served(name: str, *, before: str = "", **settings: str) -> Web:
            url = f"http://127.0.0.1:{site.free_port()}"
            command = [sys.executable, "-c", before + COMMAND, "serve", "--port", url.rpartition(":")[2]]
            process = await site.worker(name, command, **settings)
            await process.until(lambda: answers(f"{url}/ready"), UP_WITHIN)
            http = httpx.AsyncClient(base_url=url, trust_env=False, timeout=60)
            return Web(process, await closing.enter_async_context(http))

        yield served


def lines_of(process: Process) -> list[dict[str, object]]:
    """Return what a process has logged."""
    said = process.log.read_text().splitlines()
    return [json.loads(line) for line in said if line.startswith("{")]


async def test_told_to_stop_under_load_it_delivers_its_answers_then_finishes_its_steps_and_nothing_is_lost(
    site: Site, serve: Serve
) -> None:
    leaving = await serve("Leaving")
    talks = [site.rings(leaving) for _ in range(8)]
    assert [(await talk.asks()).status for talk in talks] == ["available"] * len(talks)
    await site.goes_wrong("bookings.create", "delay", seconds=3, times=len(talks))
    booking = [asyncio.create_task(talk.says_yes()) for talk in talks]
    for talk in talks:
        await eventually(partial(talk.at, "book_slot"), within=UP_WITHIN)

    told_at = datetime.now(UTC)
    tell(leaving.process, signal.SIGTERM)
    heard = [await answer for answer in booking]
    assert await ended(leaving.process) == 0

    assert [reply.status for reply in heard] == ["booked"] * len(talks)
    assert {line["process"] for line in lines_of(leaving.process)} == {"serve"}
    staying = await serve("Staying")
    for talk in talks:
        talk.caller.http = staying.http
        [booked] = (await talk.hangs_up()).bookings
        assert booked.start == talk.moment
    assert [why for events in await site.histories() for why in tried_again(events, told_at)] == []
    ledger = await site.ledger()
    assert (len(ledger["bookings"]), ledger["requests"]["bookings.create"]) == (len(talks), len(talks))


async def test_beside_a_worker_and_another_web_process_a_call_is_carried_out_by_any_of_them(
    site: Site, serve: Serve
) -> None:
    both = await serve("Both")
    worker, web = await site.worker("Worker"), await site.web("Webhook")
    async with SteadyCalls(site, both) as through_both, SteadyCalls(site, web) as through_web:
        for calls in (through_both, through_web):
            await calls.go_on(4)
    for calls in (through_both, through_web):
        assert set(calls.heard) == {"available", "booked"}
        assert calls.heard["available"] == calls.heard["booked"] == len(calls.talks)
    leaders = [await talk.led_by() for calls in (through_both, through_web) for talk in calls.talks]
    assert {leader.partition("@")[0] for leader in leaders} == {str(both.process.pid), str(worker.pid)}
    assert len((await site.ledger())["bookings"]) == len(site.callers)


async def test_killed_in_the_middle_of_a_booking_another_takes_the_call_over_and_books_once(
    site: Site, serve: Serve
) -> None:
    killed = await serve("Killed")
    talk = site.rings(killed)
    assert (await talk.asks()).status == "available"
    await site.goes_wrong("bookings.create", "delay", seconds=5)
    unheard = asyncio.create_task(talk.says_yes())
    await eventually(partial(talk.at, "book_slot"), within=UP_WITHIN)
    killed.process.kill()
    with pytest.raises(httpx.TransportError):
        await unheard

    other = await serve("Other")
    talk.caller.http = other.http

    async def says_it_again() -> Reply:
        return await talk.says_yes()

    assert (await eventually(says_it_again, lambda reply: reply.status != "pending", UP_WITHIN)).status == "booked"
    assert (await talk.led_by()).startswith(identity(other.process))
    assert len((await talk.hangs_up()).bookings) == 1
    ledger = await site.ledger()
    assert (len(ledger["bookings"]), ledger["requests"]["bookings.create"]) == (1, 1)


async def test_where_its_worker_cannot_go_on_answers_under_way_are_delivered_and_it_ends_with_exit_status_1(
    site: Site, serve: Serve
) -> None:
    # An offer that the workflow hears of after the answer budget is none, and another process takes a while to begin.
    breaking = await serve("Breaking", before=BREAKS_WHEN_TOLD, ANSWER_BUDGET_SECONDS="110")
    talk = site.rings(breaking)
    await site.goes_wrong("slots", "delay", seconds=2.5)
    asked = asyncio.create_task(talk.asks())
    await eventually(partial(talk.at, "check_slot"), within=UP_WITHIN)

    tell(breaking.process, signal.SIGUSR1)
    assert (await asked).status == "available"
    assert await ended(breaking.process) == 1
    said = breaking.process.log.read_text().splitlines()
    assert said[-1] == "the worker could not start or had to stop: Activity worker failed"

    talk.caller.http = (await serve("Other")).http
    assert (await talk.says_yes()).status == "booked"
    await talk.hangs_up()


async def started(folder: Path, temporal: str, before: str = "") -> asyncio.subprocess.Process:
    """Start the process where no Temporal may be."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", before + COMMAND, "serve", "--port", "0"),
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "CALCOM_API_KEY": "cal_test_0123456789",
            "DATABASE_URL": f"sqlite:///{folder}/kept.db",
            "RETELL_API_KEY": RETELL_KEY,
            "TEMPORAL_ADDRESS": temporal,
            "TEMPORAL_CONFIG_FILE": os.devnull,
        },
        stdout=DEVNULL,
        stderr=PIPE,
    )


WAITS = "Temporal could not be used, trying again"


@pytest.fixture
def away(unused_tcp_port_factory: Callable[[], int]) -> str:
    return f"127.0.0.1:{unused_tcp_port_factory()}"


async def test_without_temporal_it_waits_says_so_and_gives_up_with_exit_status_1(tmp_path: Path, away: str) -> None:
    process = await started(tmp_path, away, IMPATIENT)
    _, said = await process.communicate()
    assert process.returncode == 1
    *waited, last = said.decode().splitlines()
    assert {json.loads(line)["event"].partition(":")[0] for line in waited} == {WAITS}
    assert last.startswith("the worker could not start or had to stop: ")


async def test_while_it_waits_for_temporal_it_can_be_stopped(tmp_path: Path, away: str) -> None:
    process = await started(tmp_path, away)
    assert process.stderr is not None
    assert json.loads(await process.stderr.readline())["event"].startswith(WAITS)
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
