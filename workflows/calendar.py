"""The calendar as one call sees it: its steps, with what they need to know of the call, and the call's hold."""

from datetime import datetime
from typing import Protocol, TypeVar

from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from workflows import options, rules, steps
from workflows.messages import Answer, Call, HoldState, Message
from workflows.options import StepOptions, StoreOptions
from workflows.requests import (
    Attendee,
    Availability,
    BookingOutcome,
    BookSlot,
    CalendarFields,
    HoldRelease,
    Line,
    Recheck,
    SlotCheck,
    SlotHold,
    SlotRecheck,
    SlotSearch,
)
from workflows.rules import Slot
from workflows.visibility import moment

Request = TypeVar("Request", bound=Message)
Result = TypeVar("Result")
Asked = TypeVar("Asked", contravariant=True)
Answered = TypeVar("Answered", covariant=True)


class Step(Protocol[Asked, Answered]):
    """An activity out of ``workflows.steps``."""

    __name__: str

    async def __call__(self, request: Asked, /) -> Answered:
        """Carry the step out."""


class RunStep(Protocol):
    """Runs an activity under a summary; raises ``ActivityError`` when it failed for good."""

    async def __call__(self, step: Step[Request, Result], request: Request, how: StepOptions, summary: str) -> Result:
        """Run the step and return its result."""


class RunOnStore(Protocol):
    """Runs an activity on our own store within the workflow task; raises ``FailureError`` when it failed."""

    async def __call__(self, step: Step[Request, Result], request: Request, how: StoreOptions, summary: str) -> Result:
        """Run the step and return its result."""


class Calendar:
    """Asks the calendar on a call's behalf and remembers what became of the call's one hold."""

    def __init__(self, call: Call, run: RunStep) -> None:
        """Nothing is asked or held yet."""
        self._call = call
        self._run = run
        self._while_caller_waits = options.while_caller_waits(call.answer_budget_seconds)
        self._may_hold = False
        self.hold = HoldState.NOT_TRIED

    async def check(
        self, slot: Slot, asked_at: datetime, turn_id: str, name: str | None
    ) -> tuple[Answer | None, Availability]:
        """Read the free slots and hold the exact one if it is among them; then that turn is answered with an offer."""
        request = slot_check(self._call, slot, asked_at, turn_id, name)
        self._may_hold = True
        summary = f"check {self._moment(slot)}, hold it if free"
        seen = await self._run(steps.check_slot, request, self._while_caller_waits, summary)
        self.hold = seen.hold
        return request.answer_to(seen), seen

    async def take(self, slot: Slot, turn_id: str, name: str | None) -> Answer | None:
        """Hold a slot that was just read as free, and offer it; ``None`` if another call holds it."""
        request = SlotHold(
            **_fields(self._call, slot),
            start=slot.start,
            hold_seconds=self._call.hold_seconds,
            turn_id=turn_id,
            customer_name=name,
        )
        self._may_hold = True
        taken = await self._run(steps.hold_slot, request, self._while_caller_waits, f"hold {self._moment(slot)}")
        self.hold = taken.hold
        return request.answer_to(taken)

    async def recheck(self, slot: Slot) -> Recheck:
        """Renew the hold and look at this one slot again, freshly."""
        request = slot_recheck(self._call, slot)
        self._may_hold = True
        seen = await self._run(steps.recheck_slot, request, options.RECHECK, f"is {self._moment(slot)} still free?")
        self.hold = seen.hold
        return seen

    async def book(
        self, slot: Slot, attendee: Attendee, turn_id: str, *, hold_renewed: bool, look_first: bool
    ) -> tuple[Answer | None, BookingOutcome]:
        """Book the slot, and say so in answer to that turn; where no re-check has renewed the hold, the booking does.

        ``look_first``: an earlier booking step of this call may have booked it.
        """
        request = BookSlot(
            **_fields(self._call, slot),
            start=slot.start,
            attendee=attendee,
            hold_seconds=None if hold_renewed else options.hold_while_booking(self._call.hold_seconds),
            look_first=look_first,
            turn_id=turn_id,
        )
        self._may_hold = True
        outcome = await self._run(steps.book_slot, request, options.BOOK, f"book {self._moment(slot)}")
        if outcome.booking_uid is not None:
            # The step has shortened the hold: it covers the calendar's own cache, then runs out by itself.
            self._may_hold = False
            self.hold = HoldState.NOT_TRIED
        return request.answer_to(outcome), outcome

    async def free_slots(
        self, slot: Slot, look_from: datetime, look_until: datetime, *, optional: bool = False
    ) -> tuple[datetime, ...]:
        """Read what else is free, freshly; an ``optional`` look is given up rather than waited for."""
        request = SlotSearch(**_fields(self._call, slot), look_from=look_from, look_until=look_until, optional=optional)
        how = options.once(self._while_caller_waits) if optional else self._while_caller_waits
        found = await self._run(steps.find_slots, request, how, f"what is free near {self._moment(slot)}?")
        return found.starts

    async def let_go(self) -> None:
        """Release the hold, if this call may have one."""
        if self._may_hold:
            request = HoldRelease(call_id=self._call.call_id)
            await self._run(steps.release_hold, request, options.RELEASE, "let the hold go")
            self._may_hold = False
            self.hold = HoldState.NOT_TRIED

    def _moment(self, slot: Slot) -> str:
        return moment(slot.start, self._call.branch.timezone)


def slot_check(call: Call, slot: Slot, asked_at: datetime, turn_id: str, name: str | None) -> SlotCheck:
    """Return what the initial check of a slot is asked."""
    return SlotCheck(
        **_fields(call, slot),
        start=slot.start,
        hold_seconds=call.hold_seconds,
        look_from=rules.search_from(slot.start, asked_at, call.branch.timezone),
        look_until=slot.start + options.LOOK_AHEAD,
        turn_id=turn_id,
        customer_name=name,
    )


def slot_recheck(call: Call, slot: Slot) -> SlotRecheck:
    """Return what the look right before a booking is asked."""
    hold_seconds = options.hold_while_booking(call.hold_seconds)
    return SlotRecheck(**_fields(call, slot), start=slot.start, hold_seconds=hold_seconds)


def _fields(call: Call, slot: Slot) -> CalendarFields:
    return CalendarFields(
        call_id=call.call_id,
        company=call.branch.company,
        timezone=call.branch.timezone,
        calcom_api_key_env=call.branch.calcom_api_key_env,
        service=slot.service,
        line=Line(
            caller=call.caller_number,
            dialled=call.dialled_number,
            most_of_caller=call.holds_per_caller,
            most_of_dialled=call.holds_per_number,
        ),
    )


def kind_of(error: FailureError) -> str:
    """Return the type of what made an activity fail; it carries no caller's data.

    One that ran within the workflow task fails with what made it fail, any other with an ``ActivityError`` around it.
    """
    cause = error.cause if isinstance(error, ActivityError) else error
    return (cause.type or "ApplicationError") if isinstance(cause, ApplicationError) else type(cause).__name__
