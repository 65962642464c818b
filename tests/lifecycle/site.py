"""An installation whose worker and web processes are started and ended one by one, while calls go on."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.api.history.v1 import HistoryEvent, WorkflowTaskCompletedEventAttributes
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

from simulator.business import SALON, workdays
from simulator.calcom.config import Config
from simulator.caller import Caller, Reply
from simulator.ports import ANY_PORTS
from simulator.process import Process
from simulator.temporal import server_command
from workflows.appointment import AppointmentWorkflow
from workflows.messages import CallResult, workflow_id

ROOT = Path(__file__).parents[2]
WORKER = (sys.executable, str(ROOT / "worker.py"))
UP_WITHIN = 120.0
"""Seconds; a busy machine needs a while."""

RETELL_KEY = f"key_{secrets.token_hex(16)}"

Handle = WorkflowHandle[AppointmentWorkflow, CallResult]


def moments() -> Iterator[datetime]:
    """Return moments that can be booked, each once."""
    for day in islice(workdays(datetime.now(UTC).date()), 1, 20):
        for hour in range(9, 18):
            yield SALON.at(day, hour)
            yield SALON.at(day, hour) + timedelta(minutes=30)


@dataclass
class Web:
    """A running web process."""

    process: Process
    http: httpx.AsyncClient


@dataclass
class Site:
    """A Temporal server and a calendar that stay, and where processes are started beside them."""

    folder: Path
    client: Client
    calendar: httpx.AsyncClient
    environment: dict[str, str]
    free_port: Callable[[], int]
    callers: list[Caller] = field(default_factory=list)
    _moments: Iterator[datetime] = field(default_factory=moments)
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def worker(self, name: str, command: Sequence[str] = WORKER, **settings: str) -> Process:
        """Start a worker, and return once it says that it is ready."""
        bind = f"127.0.0.1:{self.free_port()}"
        process = self._process(name, command, {"HEALTH_BIND": bind, **settings})
        await process.until(lambda: answers(f"http://{bind}/ready"), UP_WITHIN)
        return process

    async def web(self, name: str, *options: str, **settings: str) -> Web:
        """Start a web process, and return once it says that it is ready."""
        url = f"http://127.0.0.1:{self.free_port()}"
        command = [sys.executable, "-m", "starter.cli", "webhook", "--port", url.rpartition(":")[2], *options]
        process = self._process(name, command, settings)
        await process.until(lambda: answers(f"{url}/ready"), UP_WITHIN)
        http = await self._running.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False, timeout=30))
        return Web(process, http)

    def _process(self, name: str, command: Sequence[str], settings: dict[str, str]) -> Process:
        process = Process(name, command, self.environment | settings, self.folder)
        self._running.callback(process.kill)
        process.start()
        return process

    async def close(self) -> None:
        """End everything that was started here."""
        await self._running.aclose()

    async def goes_wrong(self, endpoint: str, kind: str, **more: object) -> None:
        """Let something go wrong at the calendar."""
        given = await self.calendar.post("/_double/faults", json={"endpoint": endpoint, "kind": kind, **more})
        assert given.is_success, given.text

    async def ledger(self) -> Any:
        """Return what stands in the calendar and what it was asked."""
        return (await self.calendar.get("/_double/ledger")).json()

    def rings(self, web: Web) -> "Talk":
        """Somebody calls, from a number of their own, after a moment nobody else wants."""
        number = f"+49155501{len(self.callers):05}"
        caller = Caller(web.http, RETELL_KEY, SALON.number, from_number=number)
        self.callers.append(caller)
        return Talk(self, caller, next(self._moments))

    def workflow(self, caller: Caller) -> Handle:
        return self.client.get_workflow_handle_for(AppointmentWorkflow.run, workflow_id(caller.call_id))

    async def histories(self) -> list[list[HistoryEvent]]:
        """Return every call's history."""
        return [[event async for event in self.workflow(caller).fetch_history_events()] for caller in self.callers]


@dataclass
class Talk:
    """A call that wants one moment."""

    site: Site
    caller: Caller
    moment: datetime

    @property
    def workflow(self) -> Handle:
        return self.site.workflow(self.caller)

    async def asks(self) -> Reply:
        local = self.moment.astimezone(SALON.zone)
        return await self.caller.say("check_availability", datum=f"{local:%d.%m.%Y}", uhrzeit=f"{local:%H:%M}")

    async def says_yes(self) -> Reply:
        return await self.caller.say("book_appointment", name="Hansi Schmidt")

    async def hangs_up(self) -> CallResult:
        """End the call; return what it came to."""
        assert (await self.caller.hang_up()).status_code == 200
        return await self.workflow.result()

    async def led_by(self) -> str:
        """Return the identity of the worker that led the call last."""
        return [task.identity for task in completed_tasks(await self.events())][-1]

    async def rests(self) -> bool:
        """Whether all that was said has been carried out, so that the call waits for its caller."""
        seen = (await self.workflow.describe()).raw_description
        return not seen.pending_activities and not seen.HasField("pending_workflow_task")

    async def at(self, step: str) -> PendingActivityInfo | None:
        """Return what Temporal knows of that step of the call while a worker is carrying it out."""
        try:
            pending = (await self.workflow.describe()).raw_description.pending_activities
        except RPCError as error:
            assert error.status is RPCStatusCode.NOT_FOUND  # noqa: PT017 - the call has not reached Temporal yet
            return None
        begun = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        return next((each for each in pending if each.activity_type.name == step and each.state == begun), None)

    async def events(self) -> list[HistoryEvent]:
        return [event async for event in self.workflow.fetch_history_events()]


def identity(process: Process) -> str:
    """Return how the identities of a worker process begin."""
    return f"{process.pid}@"


def completed_tasks(events: Sequence[HistoryEvent]) -> list[WorkflowTaskCompletedEventAttributes]:
    """Return every workflow task that a worker carried out.

    Who began one is not always in the history: while an update's task is under way Temporal keeps it in memory, and
    where something else happens meanwhile it writes it down without its worker.
    """
    kind = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    return [event.workflow_task_completed_event_attributes for event in events if event.event_type == kind]


async def answers(url: str) -> str | None:
    """Return the address if whoever is there says yes."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        return url if (await http.get(url)).is_success else None


async def ended(process: Process, within: float = UP_WITHIN) -> int:
    """Wait until a process has ended; return its exit status."""
    until = asyncio.get_running_loop().time() + within
    while (status := process.exit_status) is None:
        assert asyncio.get_running_loop().time() < until, f"{process.name} has not ended after {within:g} s"
        await asyncio.sleep(0.02)
    return status


@asynccontextmanager
async def open_site(
    folder: Path, database: str, free_port: Callable[[], int], dynamic: Sequence[str] = ()
) -> AsyncIterator[Site]:
    """Start Temporal and a calendar without a rate limit; ``dynamic`` are further settings of the server."""
    ports = ANY_PORTS.free()
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    more = [word for setting in dynamic for word in ("--dynamic-config-value", setting)]
    temporal = Process("Temporal", [*server_command(folder / "temporal.db", ports), *more], inherited, folder)
    on_path = inherited | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "simulator.calcom", "--port", str(ports.calendar)]
    calendar = Process("Calendar", command, on_path, folder)
    address, calendar_url = f"127.0.0.1:{ports.temporal}", f"http://127.0.0.1:{ports.calendar}"
    async with AsyncExitStack() as closing:
        for process in (temporal, calendar):
            closing.callback(process.kill)
            process.start()
        http = await closing.enter_async_context(httpx.AsyncClient(base_url=calendar_url, trust_env=False))
        await calendar.until(lambda: answers(f"{calendar_url}/_double/ledger"), UP_WITHIN)
        attributes = f"http://127.0.0.1:{ports.temporal_ui}/api/v1/namespaces/default/search-attributes"
        await temporal.until(_named(attributes, "RaceDetected"), UP_WITHIN)
        assert (await http.post("/_double/limit", json={"requests": 1_000_000})).is_success
        site = Site(
            folder,
            await Client.connect(address, data_converter=pydantic_data_converter),
            http,
            on_path
            | {
                # Nothing is shown here about time: a busy machine is to change nothing.
                "ANSWER_BUDGET_SECONDS": "30",
                "CALCOM_API_KEY": next(iter(Config.load().api_keys)),
                "CALCOM_BASE_URL": calendar_url,
                "CATALOG_FILE": str(ROOT / "catalog.toml"),
                "DATABASE_URL": database,
                "RETELL_API_KEY": RETELL_KEY,
                "TEMPORAL_ADDRESS": address,
                "TEMPORAL_CONFIG_FILE": os.devnull,
            },
            free_port,
        )
        closing.push_async_callback(site.close)
        yield site


def _named(url: str, word: str) -> Callable[[], Awaitable[str | None]]:
    async def look() -> str | None:
        async with httpx.AsyncClient(trust_env=False) as http:
            return url if word in (await http.get(url)).text else None

    return look
