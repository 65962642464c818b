"""What the steps are asked, and what they answer. All travel as JSON through Temporal, as the messages do."""

from enum import StrEnum
from typing import TypedDict

from pydantic import AwareDatetime

from workflows.messages import (
    Answer,
    AnswerStatus,
    BookingRecord,
    CallOutcome,
    HoldState,
    Message,
    Service,
    StepRecord,
    TurnRecord,
)


class Line(Message):
    """The numbers that call and are called (E.164), and how many slots may be held at once for one or the other.

    ``caller`` is ``None`` where it was withheld; ``None`` is no limit.
    """

    caller: str | None = None
    dialled: str | None = None
    most_of_caller: int | None = None
    most_of_dialled: int | None = None


class CalendarFields(TypedDict):
    """The fields every request to a calendar shares."""

    call_id: str
    company: str
    timezone: str
    calcom_api_key_env: str
    service: Service
    line: Line


class CalendarRequest(Message):
    """What every step needs to know of the call and of the calendar it works on."""

    call_id: str
    company: str
    timezone: str
    calcom_api_key_env: str
    service: Service
    line: Line = Line()


class StepResult(Message):
    """What every step of the calendar comes to; ``attempt`` says which of its attempts brought it."""

    attempt: int = 1


class SlotSearch(CalendarRequest):
    """Look for free slots in the half-open range, leaving out what other calls hold.

    ``optional``: the look is given up where the calendar allows few requests more for the moment.
    """

    look_from: AwareDatetime
    look_until: AwareDatetime
    optional: bool = False


class FreeSlots(StepResult):
    """The starts of free slots, in order of time."""

    starts: tuple[AwareDatetime, ...] = ()


class SlotOffer(CalendarRequest):
    """Hold ``start`` for the call: if that succeeds it is offered, to a caller who may hear his name.

    ``turn_id`` is the turn that is answered with it.
    """

    start: AwareDatetime
    hold_seconds: float
    turn_id: str | None = None
    customer_name: str | None = None

    def answer_to(self, result: "Availability | Held") -> Answer | None:
        """Return the offer, where the step's result is one."""
        if not result.can_be_offered:
            return None
        return Answer(
            status=AnswerStatus.AVAILABLE, start=self.start, service=self.service, customer_name=self.customer_name
        )


class SlotCheck(SlotOffer, SlotSearch):
    """Is exactly ``start`` free? If so, hold it for the call."""


class Availability(StepResult):
    """``listed``: the exact slot is in the calendar's list. ``starts`` is filled only where it cannot be offered."""

    listed: bool
    hold: HoldState
    starts: tuple[AwareDatetime, ...] = ()

    @property
    def can_be_offered(self) -> bool:
        """Whether the slot is free, and no other call's."""
        return self.listed and self.hold is not HoldState.HELD_BY_ANOTHER_CALL


class SlotHold(SlotOffer):
    """Hold one slot for the call that was just read as free."""


class Held(StepResult):
    """What became of a hold."""

    hold: HoldState

    @property
    def can_be_offered(self) -> bool:
        """Whether no other call holds the slot."""
        return self.hold is not HoldState.HELD_BY_ANOTHER_CALL


class SlotRecheck(CalendarRequest):
    """Look at exactly one slot again, freshly, and renew the hold on it."""

    start: AwareDatetime
    hold_seconds: float


class Recheck(StepResult):
    """Whether the slot still stands. With the hold lost, the calendar is not asked any more.

    ``skipped``: the calendar allows few requests more for the moment; the hold is renewed, but nobody looked.
    """

    listed: bool
    hold: HoldState
    skipped: bool = False


class Attendee(Message):
    """Who the appointment is for."""

    name: str
    language: str
    email: str | None = None
    phone: str | None = None


class BookSlot(CalendarRequest):
    """Book ``start``. ``hold_seconds`` is set where no re-check has renewed the hold before.

    ``look_first``: an earlier step may have booked this moment for this call; look for that booking before anything
    else. ``turn_id`` is the turn that is answered with what comes of it.
    """

    start: AwareDatetime
    attendee: Attendee
    hold_seconds: float | None = None
    look_first: bool = False
    turn_id: str | None = None

    def answer_to(self, outcome: "BookingOutcome") -> Answer | None:
        """Return what the caller is told of his booking, where there is one."""
        if outcome.result is not BookingResult.BOOKED:
            return None
        return Answer(
            status=AnswerStatus.BOOKED,
            start=self.start,
            service=self.service,
            booking_uid=outcome.booking_uid,
            awaits_host=outcome.awaits_host,
            email_given=outcome.mail_reaches_caller,
        )


class BookingResult(StrEnum):
    """What the calendar made of a booking request."""

    BOOKED = "booked"
    TAKEN = "taken"
    HELD_BY_ANOTHER_CALL = "held_by_another_call"
    TOO_SOON = "too_soon"
    PAST = "past"


class BookingOutcome(StepResult):
    """``recovered``: the booking was ours already, found after an answer was lost or refused.

    ``mail_reaches_caller``: the booking carries the address the caller gave, not one that reaches nobody.
    """

    result: BookingResult
    booking_uid: str | None = None
    start: AwareDatetime | None = None
    recovered: bool = False
    awaits_host: bool = False
    mail_reaches_caller: bool = False


class HoldRelease(Message):
    """Let the hold of this call go."""

    call_id: str


class CustomerLookup(Message):
    """Who, in this company, has this number (E.164)?"""

    company: str
    number: str


class CallRecord(Message):
    """The whole call, written again after every turn; the highest ``revision`` wins.

    ``steps`` are those that belong to no turn: what was done when the call had ended.
    """

    call_id: str
    revision: int
    company: str
    branch: str
    caller_number: str | None
    outcome: CallOutcome
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    hang_up_reason: str | None = None
    turns: tuple[TurnRecord, ...] = ()
    bookings: tuple[BookingRecord, ...] = ()
    steps: tuple[StepRecord, ...] = ()
