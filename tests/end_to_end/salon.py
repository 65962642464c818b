"""All of Slotkeeper in one event loop, from the signed webhook to a Cal.com double, with a business clock to move."""

import asyncio
import tomllib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel, col, select
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from activities.calcom_client import CalcomClient
from activities.calcom_http import calcom_http
from activities.records import RecordActivities
from activities.scheduling import SchedulingActivities
from simulator.calcom import Calendar, Config, Fault, create_app
from simulator.calcom.config import WEEKDAYS
from simulator.calcom.intervals import Interval
from simulator.calcom.records import Booking
from simulator.caller import Caller
from starter import webhook
from starter.conversation import Conversation
from starter.directory import Directory
from starter.journal import Journal
from starter.nearby import Nearby
from starter.settings import Settings
from store.catalog import apply_catalog, load_catalog
from store.catalog.file import parse_catalog
from store.engine import close, create_engine, reading
from store.errors import QUERY_SECONDS
from store.holds import Holds, LiveHold
from store.tables import Call
from worker import build_worker
from workflows.appointment import AppointmentWorkflow
from workflows.messages import Answer, CallResult, workflow_id

CATALOG = Path(__file__).parents[2] / "catalog.toml"
SALON = "+493055500020"
ENGLISH_OFFICE = "+493055500021"
HAIRCUT = 900003
CALCOM_KEY = "cal_test_0123456789abcdef"
RETELL_KEY = "key_test_0123456789"
BERLIN = ZoneInfo("Europe/Berlin")

Value = TypeVar("Value")
Row = TypeVar("Row", bound=SQLModel)


def berlin(moment: str) -> datetime:
    """Return the instant of a wall-clock time in Berlin, as ``2025-10-16T09:00``."""
    return datetime.fromisoformat(moment).replace(tzinfo=BERLIN).astimezone(UTC)


TUESDAY_NIGHT = berlin("2025-10-14T23:06")
"""When the calls of the incident were made."""


async def eventually(
    look: Callable[[], Awaitable[Value]], wanted: Callable[[Value], object] = bool, within: float = 10
) -> Value:
    """Return what ``look`` sees once it is as wanted; fails with what it saw last."""
    until = monotonic() + within
    while not wanted(seen := await look()):
        assert monotonic() < until, f"after {within:g} s still {seen!r}"
        await asyncio.sleep(0.02)
    return seen


@dataclass
class Clock:
    """The clock of the business and of the calendar; it moves when a caller thinks."""

    now: datetime = TUESDAY_NIGHT

    def __call__(self) -> datetime:
        return self.now

    async def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Line(httpx.AsyncBaseTransport):
    """The line to Cal.com, on which requests can be kept waiting."""

    def __init__(self, double: httpx.AsyncBaseTransport) -> None:
        self._double = double
        self._gates: dict[tuple[str, str], asyncio.Event] = {}
        self._waiting: dict[tuple[str, str], asyncio.Event] = defaultdict(asyncio.Event)

    def keep_waiting(self, method: str, path: str) -> asyncio.Event:
        """Let no such request through before the event is set."""
        return self._gates.setdefault((method, path), asyncio.Event())

    async def waiting(self, method: str, path: str) -> None:
        """Return once such a request is kept waiting."""
        await self._waiting[method, path].wait()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.method, request.url.path
        if asked in self._gates:
            self._waiting[asked].set()
            await self._gates[asked].wait()
        return await self._double.handle_async_request(request)


@dataclass
class Salon:
    """One installation with its own task queue, database and calendar."""

    temporal: Client
    task_queue: str
    clock: Clock
    calendar: Calendar
    line: Line
    engine: AsyncEngine
    http: httpx.AsyncClient
    holds: Holds
    callers: list[Caller] = field(default_factory=list)
    told: dict[str, Answer] = field(default_factory=dict)
    nearby: Nearby | None = None
    _worker: AsyncExitStack = field(default_factory=AsyncExitStack)
    _numbers: "count[int]" = field(default_factory=lambda: count(4915550100001))

    def rings(self, to_number: str = SALON, **more: Any) -> Caller:
        """Somebody calls: from a number of their own unless told otherwise."""
        given = {"from_number": f"+{next(self._numbers)}"} | more
        caller = Caller(self.http, RETELL_KEY, to_number, pause=self.clock.pass_time, **given)
        self.callers.append(caller)
        return caller

    async def worker_starts(self) -> None:
        calcom = await self._worker.enter_async_context(calcom_http("http://calcom.example", self.line))
        scheduling = SchedulingActivities(CalcomClient(calcom), self.holds, {"CALCOM_API_KEY": CALCOM_KEY})
        records = RecordActivities(self.engine, self.clock)
        if self.nearby:
            self.nearby.begin = scheduling.begin
        worker = build_worker(
            self.temporal,
            scheduling,
            records,
            task_queue=self.task_queue,
            drain=timedelta(seconds=1),
            tell=self._tell if self.nearby else None,
        )
        await self._worker.enter_async_context(worker)

    def _tell(self, call_id: str, turn_id: str, answer: Answer) -> None:
        assert self.nearby
        self.told[turn_id] = answer
        self.nearby.tell(call_id, turn_id, answer)

    async def worker_stops(self) -> None:
        await self._worker.aclose()

    def fails(self, endpoint: str, kind: str, **more: Any) -> None:
        """Let something go wrong at Cal.com."""
        self.calendar.add_fault(Fault.model_validate({"endpoint": endpoint, "kind": kind} | more))

    async def stranger_books(self, start: datetime) -> None:
        await self.calendar.stranger_books(HAIRCUT, start)

    def occupies(self, start: datetime, end: datetime) -> None:
        """Enter a private appointment of the hairdresser."""
        self.calendar.block(["drsmith"], Interval(start.astimezone(UTC), end.astimezone(UTC)))

    @property
    def bookings(self) -> list[Booking]:
        """What stands in the calendar, in order of time; no two bookings of a host may overlap."""
        standing = sorted((b for b in self.calendar.bookings.values() if b.is_open), key=lambda b: b.start)
        for host in {booking.host for booking in standing}:
            spans = [booking.interval for booking in standing if booking.host == host]
            assert not any(one.overlaps(next_one) for one, next_one in pairwise(spans))
        return standing

    @property
    def booked_starts(self) -> list[datetime]:
        return [booking.start for booking in self.bookings]

    async def live_holds(self) -> list[LiveHold]:
        return await self.holds.live("salon-beispiel", "dr-smith")

    def workflow(self, caller: Caller) -> WorkflowHandle[AppointmentWorkflow, CallResult]:
        return self.temporal.get_workflow_handle_for(AppointmentWorkflow.run, workflow_id(caller.call_id))

    async def state_of(self, call_id: str) -> WorkflowExecutionStatus | None:
        """Return how the call's workflow stands; ``None`` if it never began."""
        try:
            return (await self.temporal.get_workflow_handle(workflow_id(call_id)).describe()).status
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None

    async def rows(self, table: type[Row], *where: Any) -> list[Row]:
        """Read what the store has."""
        async with reading(self.engine) as session:
            return list(await session.exec(select(table).where(*where)))

    async def recorded(self, caller: Caller) -> Call:
        """Return the call's row once the call has ended for our own books as well."""
        ended = await eventually(
            lambda: self.rows(Call, col(Call.call_id) == caller.call_id, col(Call.ended_at).is_not(None))
        )
        return ended[0]

    async def everybody_hangs_up(self) -> None:
        """End every call there was: none may leave a workflow running or a hold behind."""
        for caller in self.callers:
            assert (await caller.hang_up()).status_code == 200
        for caller in self.callers:
            ended = await eventually(
                partial(self.state_of, caller.call_id),
                lambda state: state is not WorkflowExecutionStatus.RUNNING,
            )
            assert ended in (None, WorkflowExecutionStatus.COMPLETED)
        booked = {booking.metadata.get("call") for booking in self.bookings}
        assert [hold for hold in await self.live_holds() if hold.call_id not in booked] == []


def calendar_config(hours: Mapping[str, list[str]] | None = None, zone: str | None = None, **kind: Any) -> Config:
    """Return the double's own configuration; other hours and another zone for its hosts, other event types."""
    config = Config.load()
    changes: dict[str, Any] = {"time_zone": zone} if zone else {}
    if hours:
        changes["hours"] = hours
    written = config.model_dump(mode="json")
    for host in written["hosts"]:
        host["hours"] = {day: [f"{a[:5]}-{b[:5]}" for a, b in spans] for day, spans in host["hours"].items()}
        host |= changes
    for event_type in written["event_types"]:
        event_type |= kind
    written["rate_limit"]["requests"] = 10_000
    return Config.model_validate(written)


def catalog_file(hours: Mapping[str, list[str]] | None = None, zone: str | None = None) -> dict[str, Any]:
    """Return the repository's catalog, with other hours and another zone for the salon."""
    written = tomllib.loads(CATALOG.read_text(encoding="utf-8"))
    company = written["company"][0]
    company["timezone"] = zone or company["timezone"]
    company["branch"][0]["opening_hours"] = hours or company["branch"][0]["opening_hours"]
    return written


def every_day(span: str) -> dict[str, list[str]]:
    """Return opening hours that are the same on all seven days."""
    return {day: [span] for day in WEEKDAYS}


@asynccontextmanager
async def closed_at_the_end(engine: AsyncEngine) -> AsyncIterator[None]:
    """Close the engine after everybody who writes at their own end."""
    try:
        yield
    finally:
        await close(engine)


@asynccontextmanager
async def open_salon(
    temporal: Client,
    database_url: str,
    *,
    answer_budget: float = 8,
    now: datetime = TUESDAY_NIGHT,
    hours: Mapping[str, list[str]] | None = None,
    zone: str | None = None,
    store_patience: float = QUERY_SECONDS,
    web_temporal: Client | None = None,
    together: bool = False,
    **kind: Any,
) -> AsyncIterator[Salon]:
    """Open a salon with a running worker; at closing time everybody hangs up, and nothing may be left over.

    The database holds the repository's catalog.
    ``together`` has worker and web process share what they share in one process; ``told`` is then what was told early.
    ``web_temporal`` is what the web process is connected to where that is not the real server; ``kind`` changes the
    calendar's event types.
    """
    clock = Clock(now)
    double = create_app(calendar_config(hours, zone, **kind), clock)
    engine = create_engine(database_url, patience=store_patience)
    if hours or zone:
        await apply_catalog(engine, parse_catalog(catalog_file(hours, zone), "catalog.toml"))
    task_queue = f"appointments-{uuid4().hex}"
    nearby = Nearby() if together else None
    app = webhook.create_app(
        settings=Settings(retell_api_key=SecretStr(RETELL_KEY), answer_budget_seconds=answer_budget),
        conversation=Conversation(web_temporal or temporal, task_queue, nearby),
        directory=Directory(engine, await load_catalog(engine)),
        journal=Journal(engine),
        clock=clock,
    )
    visitor = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://webhook", timeout=60)
    async with closed_at_the_end(engine), app.router.lifespan_context(app), visitor as http:
        salon = Salon(
            temporal=temporal,
            task_queue=task_queue,
            clock=clock,
            calendar=double.state.calendar,
            line=Line(httpx.ASGITransport(double)),
            engine=engine,
            http=http,
            holds=Holds(engine),
            nearby=nearby,
        )
        await salon.worker_starts()
        try:
            yield salon
            if web_temporal is None:
                await salon.everybody_hangs_up()
        finally:
            await salon.worker_stops()
