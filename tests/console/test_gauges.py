"""What the console's process tells whoever scrapes it."""

import asyncio
import re
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.common import MetricMeter
from temporalio.runtime import BufferedMetricUpdate, MetricBuffer, Runtime, TelemetryConfig

from console import gauges
from store.holds import Holds, utc_now
from store.migrate import migrate
from tests.console.conftest import SALON, a_call, a_yes, keep, moments_ago
from tests.databases import StoreWith
from workflows.metrics import CALLS_IN_PROGRESS, DATABASE_UP, HOLDS, RECHECK_FAILURES_IN_ROW


@pytest.fixture
def buffer() -> MetricBuffer:
    return MetricBuffer(10_000)


@pytest.fixture
def meter(buffer: MetricBuffer) -> MetricMeter:
    return Runtime(telemetry=TelemetryConfig(metrics=buffer)).metric_meter


@pytest.fixture
def engine(store_with: StoreWith) -> AsyncEngine:
    """A database without tables: whatever it is asked fails."""
    return store_with("nothing")


@pytest.fixture
async def counting(
    engine: AsyncEngine, meter: MetricMeter, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[asyncio.Task[None]]:
    monkeypatch.setattr(gauges, "EVERY_SECONDS", 0.02)
    ending = asyncio.Event()
    task = asyncio.create_task(gauges.keep_gauges(engine, meter, utc_now, ending))
    yield task
    ending.set()
    await asyncio.wait_for(task, 10)


async def until_set(buffer: MetricBuffer, wanted: dict[str, int]) -> None:
    """Wait until these gauges are set as wanted."""
    seen: dict[str, int] = {}
    async with asyncio.timeout(10):
        while not wanted.items() <= seen.items():
            updates: list[BufferedMetricUpdate] = list(buffer.retrieve_updates())
            seen |= {update.metric.name: int(update.value) for update in updates}
            await asyncio.sleep(0.02)


async def recheck(engine: AsyncEngine, result: str, **ago: float) -> None:
    """Keep a call whose look right before the booking came to this, that long ago."""
    call = a_call(uuid4().hex, moments_ago(**ago))
    await keep(engine, call, a_yes(call, moments_ago(hours=-1), recheck=result))


@pytest.mark.usefixtures("counting")
async def test_holds_and_calls_in_progress_are_counted_as_they_come_and_go(
    engine: AsyncEngine, buffer: MetricBuffer
) -> None:
    await migrate(engine)
    await until_set(buffer, {HOLDS.name: 0, CALLS_IN_PROGRESS.name: 0})
    began = moments_ago(seconds=30)
    await keep(engine, a_call("now", began, outcome="waiting_for_yes", took=None))
    start, end = moments_ago(hours=-1), moments_ago(hours=-2)
    holds = Holds(engine)
    await holds.take(company=SALON, calendar="chair", call_id="now", start=start, end=end, seconds=60, capacity=1)
    await until_set(buffer, {HOLDS.name: 1, CALLS_IN_PROGRESS.name: 1})
    await holds.release("now")
    await keep(engine, a_call("now", began, outcome="hung_up", revision=2))
    await until_set(buffer, {HOLDS.name: 0, CALLS_IN_PROGRESS.name: 0})


@pytest.mark.usefixtures("counting")
async def test_rechecks_that_failed_since_the_last_that_did_not_are_counted_however_far_apart(
    engine: AsyncEngine, buffer: MetricBuffer
) -> None:
    await migrate(engine)
    for hours in (30, 29):
        await recheck(engine, "failed", hours=hours)
    for minutes in (600, 590):
        await recheck(engine, "failed", minutes=minutes)
    await until_set(buffer, {RECHECK_FAILURES_IN_ROW.name: 2})
    await recheck(engine, "passed", minutes=110)
    await until_set(buffer, {RECHECK_FAILURES_IN_ROW.name: 0})
    for number in range(8):
        await recheck(engine, "failed", minutes=100 - 12 * number)
    await until_set(buffer, {RECHECK_FAILURES_IN_ROW.name: 8})
    await recheck(engine, "gone", minutes=2)
    await until_set(buffer, {RECHECK_FAILURES_IN_ROW.name: 0})


async def test_a_database_that_fails_is_asked_again_and_complained_of_once(
    engine: AsyncEngine, buffer: MetricBuffer, counting: asyncio.Task[None], caplog: pytest.LogCaptureFixture
) -> None:
    failed = asyncio.Event()
    event.listen(engine.sync_engine, "handle_error", lambda _: failed.set())
    await asyncio.wait_for(failed.wait(), 10)
    await until_set(buffer, {DATABASE_UP.name: 0})
    await migrate(engine)
    await until_set(buffer, {DATABASE_UP.name: 1, HOLDS.name: 0, CALLS_IN_PROGRESS.name: 0})
    assert not counting.done()
    (complaint,) = [record.getMessage() for record in caplog.records if record.name == gauges.__name__]
    # SQLite and PostgreSQL call a missing table by different names.
    assert re.fullmatch("the database cannot be counted in, the gauges .*: (Operational|Programming)Error", complaint)
