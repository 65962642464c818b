"""A calendar, its holds and the store in memory, in place of the activities; and a phone to talk through."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from starter.conversation import Conversation
from tests.temporal import TemporalServer
from workflows.appointment import AppointmentWorkflow
from workflows.messages import (
    Answer,
    Branch,
    Call,
    Caller,
    CallResult,
    Confirmation,
    ConversationView,
    HangUp,
    HoldState,
    Opening,
    Service,
    SlotWish,
    workflow_id,
)
from workflows.requests import (
    Availability,
    BookingOutcome,
    BookingResult,
    BookSlot,
    CallRecord,
    CustomerLookup,
    FreeSlots,
    Held,
    HoldRelease,
    Recheck,
    SlotCheck,
    SlotHold,
    SlotRecheck,
    SlotSearch,
)
from workflows.steps import CALENDAR_NOT_CONFIGURED, CALENDAR_UNREACHABLE, RATE_LIMITED

NOW = datetime(2025, 10, 14, 21, 6, 31, tzinfo=UTC)
"""The evening of the incident: 23:06 in Berlin."""

THURSDAY = date(2025, 10, 16)

HAIRCUT = Service(
    key="haarschnitt", name="Herrenhaarschnitt", event_type_id=900003, duration_minutes=30, calendar="dr-smith"
)
COLOUR = Service(key="farbe", name="Farbe", event_type_id=900004, duration_minutes=60, calendar="dr-smith")

BRANCH = Branch(
    company="salon-beispiel",
    key="zentrale",
    timezone="Europe/Berlin",
    language="de",
    opening_hours=tuple(Opening(weekday=day, opens=time(9), closes=time(18)) for day in range(5)),
    minimum_notice_minutes=15,
    calcom_api_key_env="CALCOM_API_KEY",
    default_service=HAIRCUT,
)


def berlin(text: str) -> datetime:
    """Read a Berlin wall-clock time as an instant; in October before the 26th Berlin is two hours ahead of UTC."""
    return datetime.fromisoformat(text + "+02:00").astimezone(UTC)


UNREACHABLE = ApplicationError("no answer", type=CALENDAR_UNREACHABLE)
MISCONFIGURED = ApplicationError("key refused", type=CALENDAR_NOT_CONFIGURED, non_retryable=True)


def rate_limited(seconds: float) -> ApplicationError:
    """Build the refusal of a calendar that wants to be left alone for a while."""
    return ApplicationError("slow down", type=RATE_LIMITED, next_retry_delay=timedelta(seconds=seconds))


class FakeCalendar:
    """Answers every step from memory; each step's next runs can be made to fail, or to wait."""

    def __init__(self) -> None:
        self.free = {
            berlin(f"2025-10-{day}T{hour:02}:{minute:02}")
            for day in (16, 17, 20, 23)
            for hour in range(9, 18)
            for minute in (0, 30)
        }
        self.held_by_others: set[datetime] = set()
        self.hold: datetime | None = None
        self.store_down = False
        self.customers: dict[str, Caller] = {}
        self.rechecked: list[SlotRecheck] = []
        self.booked: list[BookSlot] = []
        self.records: list[CallRecord] = []
        self.steps: list[str] = []
        self.failures: dict[str, list[BaseException]] = defaultdict(list)
        self.gates: dict[str, asyncio.Event] = {}
        self.entered: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.before: dict[str, Callable[[], None]] = {}
        self.booking_outcome: BookingOutcome | None = None

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """Every step a workflow may ask for."""
        return [
            self.check_slot,
            self.find_slots,
            self.hold_slot,
            self.recheck_slot,
            self.book_slot,
            self.release_hold,
            self.find_customer,
            self.record_call,
        ]

    async def _enter(self, step: str) -> None:
        self.steps.append(step)
        self.entered[step].set()
        if step in self.gates:
            await self.gates[step].wait()
        if step in self.before:
            self.before.pop(step)()
        if self.failures[step]:
            raise self.failures[step].pop(0)

    def _take(self, start: datetime) -> HoldState:
        if self.store_down:
            return HoldState.STORE_DOWN
        if start in self.held_by_others:
            return HoldState.HELD_BY_ANOTHER_CALL
        self.hold = start
        return HoldState.HELD

    def _starts(self, request: SlotSearch) -> tuple[datetime, ...]:
        free = self.free - self.held_by_others
        return tuple(sorted(start for start in free if request.look_from <= start < request.look_until))

    @activity.defn
    async def check_slot(self, request: SlotCheck) -> Availability:
        await self._enter("check_slot")
        if request.start not in self.free:
            return Availability(listed=False, hold=HoldState.NOT_TRIED, starts=self._starts(request))
        hold = self._take(request.start)
        starts = self._starts(request) if hold is HoldState.HELD_BY_ANOTHER_CALL else ()
        return Availability(listed=True, hold=hold, starts=starts)

    @activity.defn
    async def find_slots(self, request: SlotSearch) -> FreeSlots:
        await self._enter("find_slots")
        return FreeSlots(starts=self._starts(request))

    @activity.defn
    async def hold_slot(self, request: SlotHold) -> Held:
        await self._enter("hold_slot")
        return Held(hold=self._take(request.start))

    @activity.defn
    async def recheck_slot(self, request: SlotRecheck) -> Recheck:
        await self._enter("recheck_slot")
        self.rechecked.append(request)
        hold = self._take(request.start)
        listed = hold is not HoldState.HELD_BY_ANOTHER_CALL and request.start in self.free
        return Recheck(listed=listed, hold=hold)

    @activity.defn
    async def book_slot(self, request: BookSlot) -> BookingOutcome:
        await self._enter("book_slot")
        if self.booking_outcome is not None:
            return self.booking_outcome
        if request.hold_seconds is not None and self._take(request.start) is HoldState.HELD_BY_ANOTHER_CALL:
            return BookingOutcome(result=BookingResult.HELD_BY_ANOTHER_CALL)
        if request.start not in self.free:
            return BookingOutcome(result=BookingResult.TAKEN)
        self.free.discard(request.start)
        self.booked.append(request)
        uid = f"uid-{len(self.booked)}"
        return BookingOutcome(result=BookingResult.BOOKED, booking_uid=uid, start=request.start)

    @activity.defn
    async def release_hold(self, request: HoldRelease) -> None:
        await self._enter("release_hold")
        self.hold = None

    @activity.defn
    async def find_customer(self, request: CustomerLookup) -> Caller:
        await self._enter("find_customer")
        return self.customers.get(request.number, Caller())

    @activity.defn
    async def record_call(self, record: CallRecord) -> None:
        await self._enter("record_call")
        if not self.records or record.revision > self.records[-1].revision:
            self.records.append(record)


class Phone:
    """One call: asks, says yes, hangs up, through the same door as the web process."""

    def __init__(self, server: TemporalServer, conversation: Conversation, call: Call) -> None:
        self._server = server
        self.conversation = conversation
        self.call = call

    @property
    def handle(self) -> WorkflowHandle[AppointmentWorkflow, CallResult]:
        """The call's workflow."""
        return self._server.client.get_workflow_handle_for(AppointmentWorkflow.run, workflow_id(self.call.call_id))

    def wish(self, day: date | None = None, at: str | None = None, **more: Any) -> SlotWish:
        """Build what the caller says."""
        defaults: dict[str, Any] = {
            "turn_id": uuid4().hex,
            "asked_at": NOW,
            "answer_by": datetime.now(UTC) + timedelta(days=1),
            "day_words": day.isoformat() if day else None,
        }
        return SlotWish(day=day, time_of_day=time.fromisoformat(at) if at else None, **(defaults | more))

    async def asks(self, day: date | None = None, at: str | None = None, **more: Any) -> Answer:
        """Ask whether a moment is free."""
        return await self.conversation.check_slot(self.call, self.wish(day, at, **more))

    async def says_yes(
        self, day: date | None = None, at: str | None = None, *, alternative_id: str | None = None, **more: Any
    ) -> Answer:
        """Confirm, and hear what came of it."""
        wish = self.wish(day, at, **({"name": "Hansi Schmidt"} | more))
        return await self.conversation.confirm(self.call, Confirmation(wish=wish, alternative_id=alternative_id))

    async def recognised(self) -> Caller:
        """Ask who is calling."""
        return await self.conversation.recognise_caller(self.call, datetime.now(UTC) + timedelta(days=1))

    async def hangs_up(self) -> None:
        """End the call."""
        await self.conversation.hang_up(self.call.call_id, HangUp(at=NOW, reason="user_hangup"))

    async def thinks(self, seconds: float) -> None:
        """Let time pass on this call."""
        await self._server.pass_time(self.handle, timedelta(seconds=seconds))

    async def ends(self) -> CallResult:
        """Wait for the call's workflow to end."""
        return await self.handle.result()

    async def view(self) -> ConversationView:
        """See the call as operators do."""
        return await self.handle.query(AppointmentWorkflow.conversation)


@asynccontextmanager
async def worker_with(client: Client, calendar: FakeCalendar, task_queue: str, **options: Any) -> AsyncIterator[Worker]:
    """Run a worker whose activities are the fake's."""
    async with Worker(
        client,
        task_queue=task_queue,
        workflows=[AppointmentWorkflow],
        activities=calendar.activities,
        graceful_shutdown_timeout=timedelta(seconds=2),
        **options,
    ) as worker:
        yield worker


def new_call(branch: Branch = BRANCH, **more: Any) -> Call:
    """Build a call nobody has made before."""
    return Call(call_id=f"call_{uuid4().hex}", branch=branch, caller_number="+4915550100001", **more)
