"""One worker process: builds what the steps need, runs until SIGTERM, then finishes what it has begun."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from activities.answer_times import AnswerTimes
from activities.attempts import Attempts
from activities.budget import Budgets
from activities.calcom_client import CalcomClient
from activities.calcom_http import calcom_http
from activities.heartbeats import SENT_EVERY, Heartbeats
from activities.news import News, Tell
from activities.records import RecordActivities
from activities.scheduling import SchedulingActivities
from starter.connect import Connection, read_connection
from starter.health import Readiness, TemporalWatch, told_on
from starter.logs import configure_logging
from starter.patience import connected, database_there
from starter.settings import Settings, exit_on_bad_settings, load_settings, open_database, refuse_weak_keys
from store.catalog import CatalogError, load_catalog
from store.engine import close
from store.errors import StoreUnavailable
from store.holds import Holds
from store.migrate import NotUpToDate, migrate
from store.presence import is_there
from store.retention import pruning
from workflows import options
from workflows.appointment import AppointmentWorkflow
from workflows.messages import TASK_QUEUE
from workflows.requests import SlotCheck, SlotRecheck

logger = logging.getLogger("slotkeeper.worker")

DRAIN = options.BOOK["start_to_close_timeout"] + timedelta(seconds=5)
"""On SIGTERM running steps may finish: longer than the longest attempt. An orchestrator's grace period goes above."""

STICKY_LIMIT = timedelta(seconds=2)
"""A caller whose worker was killed waits this long before another worker takes the call over (10 s by default)."""


def build_worker(
    client: Client,
    scheduling: SchedulingActivities,
    records: RecordActivities,
    *,
    task_queue: str = TASK_QUEUE,
    drain: timedelta = DRAIN,
    version: WorkerDeploymentVersion | None = None,
    tell: Tell | None = None,
) -> Worker:
    """Put a worker together: the conversation, and every step it may ask for; ``tell`` hears what steps come to.

    With a ``version`` every call ends on the version it began on, and new calls are given to the one that operators
    have made the current one.
    """
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
        interceptors=[*([News(tell)] if tell else []), Attempts(), Heartbeats()],
        # The tests run the workflow in the sandbox; entering it for every payload would be a third of a call's cost.
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_heartbeat_throttle_interval=SENT_EVERY,
        graceful_shutdown_timeout=drain,
        sticky_queue_schedule_to_start_timeout=STICKY_LIMIT,
        deployment_config=WorkerDeploymentConfig(
            version=version, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.PINNED
        )
        if version
        else None,
    )


def worker_version(settings: Settings) -> WorkerDeploymentVersion | None:
    """Return the version that ``WORKER_DEPLOYMENT`` and ``WORKER_BUILD_ID`` name."""
    if settings.worker_deployment is None or settings.worker_build_id is None:
        return None
    return WorkerDeploymentVersion(settings.worker_deployment, settings.worker_build_id)


class Duty:
    """Whether this worker can carry calls out."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Have no Temporal and no worker yet."""
        self._engine = engine
        self.temporal: TemporalWatch | None = None
        """Set once Temporal has been reached."""
        self.worker: Worker | None = None
        """Set while there is one that takes work."""

    async def look(self) -> Mapping[str, bool]:
        """Return whether Temporal answers, whether the database does, and whether the worker asks for work."""
        temporal, database = await asyncio.gather(self._temporal(), is_there(self._engine))
        return {"temporal": temporal, "database": database, "polls": self.worker is not None and self.worker.is_running}

    async def _temporal(self) -> bool:
        return self.temporal is not None and await self.temporal.answers()


async def key_variables(engine: AsyncEngine) -> frozenset[str]:
    """Return the environment variables with Cal.com's keys that the catalog names; none where there is no catalog."""
    try:
        catalog = await load_catalog(engine)
    except CatalogError:
        return frozenset()
    return frozenset(branch.calcom_api_key_env for company in catalog.companies for branch in company.branches)


class RunningWorker(NamedTuple):
    """A worker that takes work, and what carries out its calendar's steps."""

    worker: Worker
    scheduling: SchedulingActivities


@asynccontextmanager
async def running_worker(
    client: Client, engine: AsyncEngine, settings: Settings, connection: Connection, tell: Tell | None = None
) -> AsyncIterator[RunningWorker]:
    """Run a worker with real dependencies on an up-to-date database; leaving the context drains it.

    Raises ``SettingsError`` where a key the catalog names is weak, ``RuntimeError`` where the worker cannot go on.
    """
    await migrate(engine)
    refuse_weak_keys(settings, {variable: os.environ.get(variable) for variable in await key_variables(engine)})
    times, budgets = AnswerTimes(engine, connection.meter), Budgets(connection.meter)
    async with (
        times.kept(),
        budgets.shared(engine),
        pruning(engine, settings.keep_calls_days),
        calcom_http(settings.calcom_base_url) as http,
    ):
        connection.tracing.see_questions(http)
        calcom = CalcomClient(http, observe=times.count, budgets=budgets)
        scheduling = SchedulingActivities(calcom, Holds(engine), os.environ)
        records, version = RecordActivities(engine), worker_version(settings)
        try:
            async with build_worker(client, scheduling, records, version=version, tell=tell) as worker:
                yield RunningWorker(worker, scheduling)
        finally:
            await scheduling.close()


@asynccontextmanager
async def on_duty(
    duty: Duty,
    look: Readiness,
    client: Client,
    engine: AsyncEngine,
    settings: Settings,
    connection: Connection,
    tell: Tell | None = None,
) -> AsyncIterator[SchedulingActivities]:
    """Run a worker as ``running_worker`` does; it says in the log what it does, and what is away and back."""
    async with running_worker(client, engine, settings, connection, tell) as (duty.worker, scheduling):
        logger.info("working on task queue %s", TASK_QUEUE)
        try:
            async with look.kept():
                yield scheduling
        finally:
            duty.worker = None
            logger.info("stopping: what has begun is finished first")


@asynccontextmanager
async def worker_beside(
    client: Client, engine: AsyncEngine, settings: Settings, connection: Connection, tell: Tell
) -> AsyncIterator[Callable[[SlotCheck | SlotRecheck], None]]:
    """Run the worker of a web process, on duty like one by itself; yields what begins a look ahead of its step."""
    duty = Duty(engine)
    duty.temporal = TemporalWatch(client)
    look = Readiness(duty.look)
    async with (
        told_on(settings.health_bind, look),
        on_duty(duty, look, client, engine, settings, connection, tell) as scheduling,
    ):
        yield scheduling.begin


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
    duty = Duty(engine)
    try:
        look = Readiness(duty.look)
        async with told_on(settings.health_bind, look):
            client = await connected(connection, stop)
            if client is None:
                return
            duty.temporal = TemporalWatch(client)
            if not await database_there(engine, stop):
                return
            async with on_duty(duty, look, client, engine, settings, connection):
                await stop.wait()
    finally:
        await close(engine)


def run() -> None:
    """Be a worker process: exit status 0 where told to stop, 1 where it could not go on, 2 for a bad setting."""
    try:
        with exit_on_bad_settings():
            asyncio.run(main())
    except (RuntimeError, NotUpToDate, StoreUnavailable) as error:
        sys.exit(f"the worker could not start or had to stop: {error}")


if __name__ == "__main__":
    run()
