"""One worker process: builds what the steps need, runs until SIGTERM, then finishes what it has begun."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.worker import Worker

from activities.answer_times import AnswerTimes
from activities.attempts import Attempts
from activities.calcom_client import CalcomClient, calcom_http
from activities.records import RecordActivities
from activities.scheduling import SchedulingActivities
from starter.connect import Connection, connect, read_connection
from starter.logs import configure_logging
from starter.settings import Settings, exit_on_bad_settings, load_settings, open_database
from store.engine import close
from store.errors import StoreUnavailable
from store.holds import Holds
from store.migrate import migrate
from workflows import options
from workflows.appointment import AppointmentWorkflow
from workflows.messages import TASK_QUEUE

logger = logging.getLogger("slotkeeper.worker")

DRAIN = options.BOOK["start_to_close_timeout"] + timedelta(seconds=5)
"""On SIGTERM running steps may finish: longer than the longest attempt. An orchestrator's grace period goes above."""

STICKY_LIMIT = timedelta(seconds=2)
"""A caller whose worker was killed waits this long before another worker takes the call over (10 s by default)."""

PATIENCE_SECONDS = 60.0
"""How long a worker waits for a Temporal that does not answer before it gives up with exit status 1."""

RETRY_SECONDS = 2.0


def build_worker(
    client: Client,
    scheduling: SchedulingActivities,
    records: RecordActivities,
    *,
    task_queue: str = TASK_QUEUE,
    drain: timedelta = DRAIN,
) -> Worker:
    """Put a worker together: the conversation, and every step it may ask for."""
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[AppointmentWorkflow],
        activities=[
            scheduling.check_slot,
            scheduling.find_slots,
            scheduling.hold_slot,
            scheduling.recheck_slot,
            scheduling.book_slot,
            scheduling.release_hold,
            records.find_customer,
            records.record_call,
        ],
        interceptors=[Attempts()],
        graceful_shutdown_timeout=drain,
        sticky_queue_schedule_to_start_timeout=STICKY_LIMIT,
    )


@asynccontextmanager
async def running_worker(
    client: Client, engine: AsyncEngine, settings: Settings, connection: Connection
) -> AsyncIterator[Worker]:
    """Run a worker with real dependencies on an up-to-date database; leaving the context drains it."""
    await migrate(engine)
    times = AnswerTimes(engine, connection.meter)
    async with times.kept(), calcom_http(settings.calcom_base_url) as http:
        connection.tracing.see_questions(http)
        scheduling = SchedulingActivities(CalcomClient(http, observe=times.count), Holds(engine), os.environ)
        async with build_worker(client, scheduling, RecordActivities(engine)) as worker:
            yield worker


async def connected(connection: Connection, stop: asyncio.Event) -> Client | None:
    """Connect to Temporal; where it does not answer, try for a while and say so. ``None``: told to stop meanwhile.

    Raises:
        RuntimeError: Temporal has not answered for ``PATIENCE_SECONDS``.
        SettingsError: Its address or its TLS settings cannot be used.
    """
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not stop.is_set():
        try:
            return await connect(connection)
        except RuntimeError as error:
            if time.monotonic() > give_up_at:
                raise
            logger.warning("Temporal does not answer, trying again: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RETRY_SECONDS)
    return None


async def main() -> None:
    """Run one worker until it is told to stop."""
    configure_logging("worker")
    settings = load_settings("CALCOM_API_KEY")
    connection = read_connection(settings, "slotkeeper-worker")
    engine = open_database(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stopping in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stopping, stop.set)
    try:
        client = await connected(connection, stop)
        if client is None:
            return
        async with running_worker(client, engine, settings, connection):
            logger.info("working on task queue %s", TASK_QUEUE)
            await stop.wait()
            logger.info("stopping: what has begun is finished first")
    finally:
        await close(engine)


if __name__ == "__main__":
    try:
        with exit_on_bad_settings():
            asyncio.run(main())
    except (RuntimeError, StoreUnavailable) as error:
        sys.exit(f"the worker could not start or had to stop: {error}")
    finally:
        # CPython 3.11 may abort while finalizing right after its last Temporal call; half a second lets the bridge's
        # threads come to rest first.
        time.sleep(0.5)
