"""The one place that talks to Temporal on a caller's behalf.

Questions are updates, facts are signals, and nothing here raises for what can happen on a phone: whatever Temporal
answers, or does not answer in time, becomes an answer that is true.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypedDict
from uuid import uuid4

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import Priority, TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from starter.health import TemporalWatch
from starter.nearby import Nearby
from workflows import options, rules, visibility
from workflows.appointment import AppointmentWorkflow
from workflows.messages import (
    TASK_QUEUE,
    Answer,
    AnswerStatus,
    Call,
    Caller,
    CallOutcome,
    CallResult,
    Confirmation,
    ConfirmationId,
    HangUp,
    Reason,
    SlotWish,
    workflow_id,
)

logger = logging.getLogger(__name__)

ENDED_CALL_LIMIT = 2.0
"""Seconds that reading the result of an ended call may take, if the caller waits that long."""

CATCHES_UP_SECONDS = 1.0
"""So long what a caller says next waits until Temporal has kept what he was told before: usually milliseconds."""

NOT_FOUND_OUT = Answer(status=AnswerStatus.ERROR, reason=Reason.CALENDAR_UNREACHABLE)
"""Neither "free" nor "taken": it could not be found out in time."""

PENDING = Answer(status=AnswerStatus.PENDING)
"""The "yes" is kept, and what comes of it is not known yet."""

NO_ANSWER = (
    RPCError,
    RuntimeError,
    TimeoutError,
    WorkflowAlreadyStartedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
"""Every way in which Temporal can fail to bring an answer; ``RuntimeError`` is a lazy client that cannot connect."""

COMPLETED_MEANWHILE = "AcceptedUpdateCompletedWorkflow"
"""Error type, given by the server, of an update that was accepted and cut short by the end of its workflow."""


class StartOptions(TypedDict):
    """What every way of starting a call's workflow has in common."""

    id: str
    task_queue: str
    id_reuse_policy: WorkflowIDReusePolicy
    execution_timeout: timedelta
    task_timeout: timedelta
    search_attributes: TypedSearchAttributes
    static_summary: str
    priority: Priority


class Conversation:
    """Starts, signals and asks the workflow of a call; whatever arrives first starts it."""

    def __init__(self, client: Client, task_queue: str = TASK_QUEUE, nearby: Nearby | None = None) -> None:
        """Talk through this client; workers listen on ``task_queue``, one of them perhaps in this process."""
        self._client = client
        self._watch = TemporalWatch(client)
        self._task_queue = task_queue
        self._nearby = nearby
        self._being_kept: dict[str, set[asyncio.Task[Any]]] = {}

    async def begin(self, call: Call) -> None:
        """Start the call's workflow; nothing happens if it has begun, or is over.

        Raises:
            RPCError: Temporal cannot be reached; the voice platform delivers its event again.
        """
        try:
            await self._client.start_workflow(
                AppointmentWorkflow.run,
                call,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                **self._start_options(call),
            )
        except WorkflowAlreadyStartedError:
            logger.info("call %s was over before its beginning was reported", call.call_id)

    async def check_slot(self, call: Call, wish: SlotWish) -> Answer:
        """Ask whether a moment is free; answers within the time the caller waits."""
        if self._nearby:
            self._nearby.asked(call, wish)
        return await self._soonest(call.call_id, wish.turn_id, partial(self._ask, call, wish))

    async def confirm(self, call: Call, confirmation: Confirmation) -> Answer:
        """Deliver the caller's "yes", then ask what came of it.

        Once delivered the "yes" is durable: an outcome that takes longer than the caller waits is ``pending``, goes on
        by itself, and is there when the same function is asked again.
        """
        if self._nearby:
            self._nearby.confirmed(call, confirmation)
        turn_id = confirmation.wish.turn_id
        return await self._soonest(call.call_id, turn_id, partial(self._deliver, call, confirmation))

    async def _ask(self, call: Call, wish: SlotWish) -> Answer:
        try:
            async with asyncio.timeout(_left(wish.answer_by)), self._start_operation(call) as start:
                return await self._client.execute_update_with_start_workflow(
                    AppointmentWorkflow.check_slot, wish, id=_once(wish.turn_id), start_workflow_operation=start
                )
        except NO_ANSWER as error:
            if _says_ended(error):
                return await self._answer_of_ended(call, wish.answer_by)
            logger.warning("a question of call %s was not answered in time: %s", call.call_id, _kind_of(error))
            return NOT_FOUND_OUT

    async def _deliver(self, call: Call, confirmation: Confirmation) -> Answer:
        wish = confirmation.wish
        try:
            async with asyncio.timeout(_left(wish.answer_by)):
                handle = await self._client.start_workflow(
                    AppointmentWorkflow.run,
                    call,
                    start_signal="confirm",
                    start_signal_args=[confirmation],
                    **self._start_options(call),
                )
        except NO_ANSWER as error:
            if _says_ended(error):
                return await self._answer_of_ended(call, wish.answer_by, wish)
            logger.warning("a confirmation of call %s was not delivered: %s", call.call_id, _kind_of(error))
            return NOT_FOUND_OUT.model_copy(update={"uncertain": True})
        return await self._outcome(handle, call, wish)

    async def _soonest(self, call_id: str, turn_id: str, ask: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """Return what a step in this process has come to, or what Temporal says: whichever is here first.

        Both are what the step's request says, so they are the same, unless Temporal had given the step up that told it
        and another try came to something else (``_kept``). A turn of which no step here tells anything, as another
        process carries it out or only the workflow can say, is answered by Temporal.
        """
        if self._nearby is None:
            return await ask()
        await self._caught_up(call_id)
        with self._nearby.listening(call_id, turn_id) as told:
            keeping = asyncio.create_task(ask())
            try:
                await asyncio.wait({told, keeping}, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                keeping.cancel()
                raise
            if keeping.done():
                answer = keeping.result()
            else:
                answer = told.result()
                self._keeps(call_id, keeping)
                keeping.add_done_callback(partial(self._kept, call_id, answer))
        self._nearby.answered(call_id, answer)
        return answer

    async def _caught_up(self, call_id: str) -> None:
        """Wait until what the caller has heard is kept, for a while: only then does the call know what he speaks of."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCHES_UP_SECONDS):
                while keeping := self._being_kept.get(call_id):
                    await asyncio.wait(set(keeping))

    def _keeps(self, call_id: str, keeping: asyncio.Task[Any]) -> None:
        self._being_kept.setdefault(call_id, set()).add(keeping)
        keeping.add_done_callback(partial(self._keeps_no_longer, call_id))

    def _keeps_no_longer(self, call_id: str, kept: asyncio.Task[Any]) -> None:
        of_call = self._being_kept[call_id]
        of_call.discard(kept)
        if not of_call:
            del self._being_kept[call_id]

    async def _set_offer_aside(self, call_id: str) -> None:
        """Have the call take a bare "yes" for one to nothing, as after words that were asked back."""
        nothing = SlotWish(turn_id="", asked_at=datetime.now(UTC))
        try:
            await self._handle(call_id).signal(AppointmentWorkflow.overhear, nothing)
        except NO_ANSWER as error:
            if not _says_ended(error):
                logger.warning("call %s was not told to set its offer aside: %s", call_id, _kind_of(error))

    def _kept(self, call_id: str, told: Answer, keeping: asyncio.Task[Answer]) -> None:
        if keeping.cancelled():
            return
        if error := keeping.exception():
            logger.error("whether an answer to call %s is kept is not known: %s", call_id, type(error).__name__)
        elif keeping.result() not in (told, NOT_FOUND_OUT, PENDING):
            logger.warning("call %s was told %s, and Temporal says %s", call_id, told.status, keeping.result().status)
            # Nobody knows to which of the two a bare "yes" would be.
            self._keeps(call_id, asyncio.create_task(self._set_offer_aside(call_id)))

    async def _outcome(
        self, handle: WorkflowHandle[AppointmentWorkflow, CallResult], call: Call, wish: SlotWish
    ) -> Answer:
        try:
            async with asyncio.timeout(_left(wish.answer_by)):
                return await handle.execute_update(
                    AppointmentWorkflow.outcome,
                    ConfirmationId(turn_id=wish.turn_id),
                    id=f"outcome/{wish.turn_id}",
                )
        except NO_ANSWER as error:
            if _says_ended(error):
                return await self._answer_of_ended(call, wish.answer_by, wish)
            logger.info("the outcome for call %s takes longer than the caller waits: %s", call.call_id, _kind_of(error))
            return PENDING

    async def recognise_caller(self, call: Call, answer_by: datetime) -> Caller:
        """Ask who is calling; a caller who cannot be looked up is ``unknowable``."""
        try:
            async with asyncio.timeout(_left(answer_by)), self._start_operation(call) as start:
                return await self._client.execute_update_with_start_workflow(
                    AppointmentWorkflow.recognise_caller, start_workflow_operation=start
                )
        except NO_ANSWER as error:
            logger.warning("the caller of call %s was not recognised: %s", call.call_id, _kind_of(error))
            return Caller(unknowable=True)

    async def hang_up(self, call_id: str, hang_up: HangUp) -> None:
        """Tell the workflow that the call is over; a call that never had one, or has ended, needs nothing.

        Raises:
            RPCError: Temporal cannot be reached; the voice platform delivers its event again.
        """
        await self._caught_up(call_id)
        if self._nearby:
            self._nearby.hung_up(call_id)
        handle = self._handle(call_id)
        try:
            await handle.signal(AppointmentWorkflow.hang_up, hang_up)
        except RPCError as error:
            if not _says_ended(error):
                raise

    async def overhear(self, call: Call, wish: SlotWish) -> None:
        """Tell the workflow of words that were asked back; where they name nothing no workflow is begun for them.

        Where Temporal does not answer nothing is remembered, and the last offer stands.
        """
        await self._caught_up(call.call_id)
        try:
            if wish.says_something:
                await self._client.start_workflow(
                    AppointmentWorkflow.run,
                    call,
                    start_signal="overhear",
                    start_signal_args=[wish],
                    **self._start_options(call),
                )
            else:
                handle = self._handle(call.call_id)
                await handle.signal(AppointmentWorkflow.overhear, wish)
        except NO_ANSWER as error:
            if not _says_ended(error):
                logger.warning("call %s was not told what was asked back: %s", call.call_id, _kind_of(error))

    async def ready(self) -> bool:
        """Whether Temporal answers and has our namespace."""
        return await self._watch.answers()

    async def close(self) -> None:
        """Let what was told be kept, while a worker still works, then listen no longer."""
        if keeping := {task for of_call in self._being_kept.values() for task in of_call}:
            _, late = await asyncio.wait(keeping, timeout=CATCHES_UP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _answer_of_ended(
        self, call: Call, answer_by: datetime | None, confirmed: SlotWish | None = None
    ) -> Answer:
        """Answer for a call whose workflow is over: what was confirmed and booked is still booked."""
        handle = self._handle(call.call_id)
        try:
            async with asyncio.timeout(ENDED_CALL_LIMIT), asyncio.timeout(_left(answer_by)):
                result = await handle.result()
        except (RPCError, TimeoutError, WorkflowFailureError) as error:
            logger.warning("call %s has ended without a result: %s", call.call_id, _kind_of(error))
            return Answer(status=AnswerStatus.CLOSED)
        if confirmed is not None:
            named = rules.named_moment(confirmed, call.branch.timezone)
            booked = [b for b in result.bookings if named is None or b.start == named]
            if booked:
                last = booked[-1]
                return Answer(status=AnswerStatus.BOOKED, start=last.start, booking_uid=last.uid, again=True)
        silent = result.ended_as is CallOutcome.SILENT
        return Answer(status=AnswerStatus.EXPIRED if silent else AnswerStatus.CLOSED)

    def _handle(self, call_id: str) -> WorkflowHandle[AppointmentWorkflow, CallResult]:
        return self._client.get_workflow_handle_for(AppointmentWorkflow.run, workflow_id(call_id))

    @asynccontextmanager
    async def _start_operation(
        self, call: Call
    ) -> AsyncIterator[WithStartWorkflowOperation[AppointmentWorkflow, CallResult]]:
        """Offer the start that goes along with an update, and take notice of what came of it.

        The operation keeps its own error besides the update's; one that nobody looks at would be logged when the
        garbage is collected.
        """
        start = WithStartWorkflowOperation(
            AppointmentWorkflow.run,
            call,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            **self._start_options(call),
        )
        started = asyncio.ensure_future(start.workflow_handle())
        try:
            yield start
        finally:
            started.cancel()
            await asyncio.gather(started, return_exceptions=True)

    def _start_options(self, call: Call) -> StartOptions:
        return StartOptions(
            id=workflow_id(call.call_id),
            task_queue=self._task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            execution_timeout=options.CALL_LIMIT,
            task_timeout=options.TASK_TIMEOUT,
            search_attributes=visibility.at_start(call),
            static_summary=visibility.call_summary(call),
            priority=Priority(fairness_key=call.branch.company),
        )


def _says_ended(error: Exception) -> bool:
    """Whether the call's workflow is over, or has never been, as Temporal says it for a start, a signal and an update.

    ``ALREADY_EXISTS`` is how the time-skipping test server refuses an update with start. A namespace that does not
    exist is not found either, and says nothing about the call.
    """
    if isinstance(error, RPCError):
        if error.status is RPCStatusCode.NOT_FOUND:
            details = error.grpc_status.details
            return not any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in details)
        return error.status is RPCStatusCode.ALREADY_EXISTS
    if isinstance(error, WorkflowUpdateFailedError):
        return isinstance(error.cause, ApplicationError) and error.cause.type == COMPLETED_MEANWHILE
    return isinstance(error, WorkflowAlreadyStartedError)


def _once(turn_id: str) -> str:
    """Return an update id for one request about a turn, and for no other.

    Requests about one turn differ in when they were made. Had they one id, Temporal might write another one into the
    history than the worker was given (docs/decisions.md): a worker that read the history then would decide otherwise.
    It is the workflow that knows a turn it has been asked before.
    """
    return f"{turn_id}/{uuid4().hex[:8]}"


def _left(answer_by: datetime | None) -> float | None:
    """Return the seconds until nobody listens any more."""
    return None if answer_by is None else max(0.0, (answer_by - datetime.now(UTC)).total_seconds())


def _kind_of(error: Exception) -> str:
    """Return what went wrong without its message, which may quote what a caller said."""
    return error.status.name if isinstance(error, RPCError) else type(error).__name__
