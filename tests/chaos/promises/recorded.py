"""A call as its workflow's history tells it, with the payloads read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, get_type_hints

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecutionStatus
from temporalio.converter import DataConverter
from temporalio.worker import (
    Interceptor,
    Replayer,
    StartLocalActivityInput,
    UnsandboxedWorkflowRunner,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle

from tests.chaos.evidence import Told
from workflows import steps
from workflows.appointment import AppointmentWorkflow
from workflows.messages import Call, CallResult, Confirmation, Message
from workflows.requests import (
    Availability,
    BookingOutcome,
    BookingResult,
    BookSlot,
    CallRecord,
    FreeSlots,
    Held,
    Recheck,
    SlotCheck,
    SlotSearch,
)

Read = TypeVar("Read", bound=Message)


@dataclass(frozen=True)
class Step:
    """An activity: what it was asked and what came of it; without ``ended_at`` it is not over.

    ``number`` is its place in the history. ``result`` is ``None`` of one that failed, or brings nothing.
    """

    number: int
    name: str
    request: Message
    began_at: datetime
    ended_at: datetime | None = None
    result: Message | None = None
    failed: bool = False

    @property
    def booking(self) -> tuple[str, datetime] | None:
        """The uid and the moment of what was booked, if this step booked something."""
        if isinstance(self.request, BookSlot) and isinstance(self.result, BookingOutcome):
            booked = self.result.result is BookingResult.BOOKED
            return (self.result.booking_uid or "", self.request.start) if booked else None
        return None

    @property
    def seen_free(self) -> tuple[SlotSearch, Sequence[datetime]] | None:
        """The moments the calendar was seen to list as free, and what was asked, if this step looked at it."""
        if not isinstance(self.request, SlotSearch):
            return None
        match self.request, self.result:
            case SlotCheck(start=start), Availability(listed=True, starts=starts):
                return self.request, [*starts, start]
            case _, Availability(starts=starts) | FreeSlots(starts=starts):
                return self.request, starts
        return None

    @property
    def takes_hold(self) -> bool:
        """Whether the call may have a hold since this step: it was granted, or nobody knows."""
        if self.name not in ("check_slot", "hold_slot", "recheck_slot", "book_slot"):
            return False
        if self.failed or self.ended_at is None:
            return True
        held = isinstance(self.result, Availability | Held | Recheck) and self.result.hold == "held"
        return held or (isinstance(self.request, BookSlot) and self.request.hold_seconds is not None)


@dataclass(frozen=True)
class Yes:
    """A "yes" as it reached the workflow; ``too_late`` if the call was over by then."""

    at: datetime
    said: Confirmation
    too_late: bool


@dataclass(frozen=True)
class Recorded:
    """A call's workflow: started with ``call``, ended with ``result``; ``record`` is how it wrote it down last."""

    workflow_id: str
    status: WorkflowExecutionStatus | None
    call: Call
    yes: Sequence[Yes]
    steps: Sequence[Step]
    result: CallResult | None
    record: CallRecord | None


async def read(told: Told, converter: DataConverter) -> Recorded | None:
    """Read the history of a call; ``None`` if it is not the history of a call."""
    return await _Reader(converter).read(told)


class _Reader:
    def __init__(self, converter: DataConverter) -> None:
        self._converter = converter

    async def read(self, told: Told) -> Recorded | None:
        first = told.history.events[0].workflow_execution_started_event_attributes
        if first.workflow_type.name != "AppointmentWorkflow":
            return None
        call = await self._one(first.input, Call)
        yes: list[Yes] = []
        done: dict[int, Step] = {}
        result: CallResult | None = None
        hung_up = silent = False
        for event in told.history.events:
            match event.event_type:
                case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                    signal = event.workflow_execution_signaled_event_attributes
                    hung_up = hung_up or signal.signal_name == "hang_up"
                    if signal.signal_name == "confirm":
                        yes.append(Yes(_time(event), await self._one(signal.input, Confirmation), hung_up or silent))
                case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
                    hung_up = True
                case EventType.EVENT_TYPE_TIMER_FIRED | EventType.EVENT_TYPE_TIMER_STARTED:
                    # The only timer of a call is that of its silence; it is set anew where somebody has spoken.
                    silent = event.event_type == EventType.EVENT_TYPE_TIMER_FIRED
                case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                    done[event.event_id] = await self._begun(event)
                case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
                    result = await self._one(event.workflow_execution_completed_event_attributes.result, CallResult)
                case kind if kind in _ENDS:
                    await self._end(event, done)
        asked = [step.request for step in done.values() if isinstance(step.request, CallRecord)]
        asked += await written_at_once(told, self._converter)
        record = max(asked, key=lambda written: written.revision, default=None)
        return Recorded(told.workflow_id, told.status, call, yes, list(done.values()), result, record)

    async def _begun(self, event: HistoryEvent) -> Step:
        scheduled = event.activity_task_scheduled_event_attributes
        name = scheduled.activity_type.name
        request = await self._one(scheduled.input, _asks(name))
        return Step(event.event_id, name, request, _time(event))

    async def _end(self, event: HistoryEvent, done: dict[int, Step]) -> None:
        attributes = getattr(event, _ENDS[event.event_type])
        step = done[attributes.scheduled_event_id]
        brings = _answers(step.name)
        succeeded = event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
        result = await self._one(attributes.result, brings) if succeeded and brings else None
        done[step.number] = Step(
            step.number, step.name, step.request, step.began_at, _time(event), result, failed=not succeeded
        )

    async def _one(self, payloads: Payloads, kind: type[Read]) -> Read:
        (value,) = await self._converter.decode(payloads.payloads, [kind])
        if not isinstance(value, kind):
            raise TypeError(f"a payload of the history is no {kind.__name__}")
        return value


async def written_at_once(told: Told, converter: DataConverter) -> Sequence[CallRecord]:
    """Return what the workflow wrote down within a workflow task; its history does not tell, so it is replayed."""
    if told.at_once is not None:
        return told.at_once
    listening = _Listening()
    replayer = Replayer(
        workflows=[AppointmentWorkflow],
        data_converter=converter,
        interceptors=[listening],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    await replayer.replay_workflow(told.history, raise_on_replay_failure=False)
    return listening.records


class _Listening(Interceptor):
    def __init__(self) -> None:
        self.records: list[CallRecord] = []

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        records = self.records

        class Outbound(WorkflowOutboundInterceptor):
            def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:
                records.extend(asked for asked in input.args if isinstance(asked, CallRecord))
                return super().start_local_activity(input)

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(Outbound(outbound))

        return Inbound


_ENDS: Mapping[int, str] = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: "activity_task_completed_event_attributes",
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED: "activity_task_failed_event_attributes",
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: "activity_task_timed_out_event_attributes",
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED: "activity_task_canceled_event_attributes",
}


def _asks(step: str) -> type[Message]:
    hints = get_type_hints(getattr(steps, step))
    (request,) = (hint for name, hint in hints.items() if name != "return")
    return _message(request)


def _answers(step: str) -> type[Message] | None:
    answer = get_type_hints(getattr(steps, step))["return"]
    return None if answer is type(None) else _message(answer)


def _message(kind: object) -> type[Message]:
    if not (isinstance(kind, type) and issubclass(kind, Message)):
        raise TypeError(f"{kind} is no message")
    return kind


def _time(event: HistoryEvent) -> datetime:
    return event.event_time.ToDatetime(UTC)
