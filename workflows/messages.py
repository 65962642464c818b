"""Everything the conversation speaks: messages, answers, enums and ids.

Whoever integrates with Slotkeeper reads this file only. All models are frozen, travel as JSON through Temporal
and outlive the code that wrote them: unknown fields are ignored, new fields need a default.

Moments are aware datetimes and compared as instants. ``asked_at`` is the request's own "now" (the branch's
clock when the caller's words arrived): the only "now" that may decide about dates.
"""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

TASK_QUEUE = "appointments"
"""The one task queue: activities on it are eager, which saves a server round trip per step."""


def workflow_id(call_id: str) -> str:
    """Return the workflow id of a phone call: one call is one workflow."""
    return f"call/{call_id}"


class Message(BaseModel):
    """Base of everything that travels: frozen, tolerant of fields a newer version added, quiet about its contents."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class AnswerStatus(StrEnum):
    """What a question or a confirmation came to. Values are part of the public contract."""

    AVAILABLE = "available"
    ALTERNATIVES = "alternatives"
    UNAVAILABLE = "unavailable"
    NO_AVAILABILITY = "no_availability"
    BOOKED = "booked"
    SLOT_TAKEN = "slot_taken"
    PENDING = "pending"
    PAST_TIME = "past_time"
    MISSING_CUSTOMER_NAME = "missing_customer_name"
    MISSING_REQUIRED_FIELDS = "missing_required_fields"
    EXISTING_CUSTOMER = "existing_customer"
    NEW_CUSTOMER = "new_customer"
    EXPIRED = "expired"
    CLOSED = "closed"
    ERROR = "error"


class Reason(StrEnum):
    """Why an answer is what it is, where that needs saying. Values are part of the public contract."""

    RACE_CONDITION_DETECTED = "race_condition_detected"
    CALENDAR_UNREACHABLE = "calendar_unreachable"
    BOOKING_NOTICE_VIOLATION = "booking_notice_violation"
    PAST_TIME = "past_time"
    OUTSIDE_HOURS = "outside_hours"
    NO_SLOTS = "no_slots"
    HELD_BY_ANOTHER_CALL = "held_by_another_call"
    UNKNOWN_SERVICE = "unknown_service"
    UNKNOWN_NUMBER = "unknown_number"
    WEEKDAY_MISMATCH = "weekday_mismatch"


class CaughtAt(StrEnum):
    """Where a race was caught: somebody else's hold, the look before booking, or the booking itself."""

    HOLD = "hold"
    RECHECK = "recheck"
    BOOKING = "booking"


class CallOutcome(StrEnum):
    """How a call stands, as the list of calls in the Temporal UI shows it."""

    OPEN = "open"
    WAITING_FOR_YES = "waiting_for_yes"
    ALTERNATIVES_OFFERED = "alternatives_offered"
    BOOKED = "booked"
    BOOKING_UNCERTAIN = "booking_uncertain"
    CONFIGURATION_ERROR = "configuration_error"
    HUNG_UP = "hung_up"
    SILENT = "silent"
    CANCELLED = "cancelled"


class Missing(StrEnum):
    """A part of a wish nobody has named yet."""

    DATE = "datum"
    TIME = "uhrzeit"
    SERVICE = "dienstleistung"


class DayPart(StrEnum):
    """A part of the day that people have a word for."""

    EARLY = "early"
    MORNING = "morning"
    FORENOON = "forenoon"
    NOON = "noon"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class TimeWindow(Message):
    """A span of a day in which an appointment may begin: wall-clock, open-ended where ``None``.

    It is half-open; ``since_excluded`` and ``until_included`` say where a bound is the other way round. ``anchor`` is
    the time of day the speaker most likely has in mind: nearest to it is best. ``part`` is the word that was said for
    it, if it was one word.
    """

    since: time | None = None
    until: time | None = None
    since_excluded: bool = False
    until_included: bool = False
    anchor: time
    part: DayPart | None = None


class Direction(StrEnum):
    """Which way from the moment spoken of last."""

    EARLIER = "earlier"
    LATER = "later"


class Shift(Message):
    """From the moment spoken of last: so many days and minutes on, or somewhere in a ``direction``."""

    days: int = 0
    minutes: int = 0
    direction: Direction | None = None


class Aim(StrEnum):
    """What a question wants: this moment, anything but this moment, or the first moment that is free."""

    MOMENT = "moment"
    ALTERNATIVES = "alternatives"
    FIRST_FREE = "first_free"


class Opening(Message):
    """One span of opening hours, wall-clock in the branch's time zone; ``weekday`` 0 is Monday."""

    weekday: Annotated[int, Field(ge=0, le=6)]
    opens: time
    closes: time


class Service(Message):
    """What can be booked: a Cal.com event type that takes ``duration_minutes`` of ``calendar``."""

    key: str
    name: str
    event_type_id: int
    duration_minutes: int
    calendar: str
    capacity: int = 1

    @property
    def duration(self) -> timedelta:
        """How long the appointment takes."""
        return timedelta(minutes=self.duration_minutes)


class Branch(Message):
    """The business a number belongs to, with the rules its calls follow.

    ``calcom_api_key_env`` names the environment variable that holds the key; the key itself never travels.
    ``recheck`` is the rollback switch of the look before booking. ``default_service`` is what a caller gets who
    names no service.
    """

    company: str
    key: str
    timezone: str
    language: str
    opening_hours: tuple[Opening, ...]
    minimum_notice_minutes: int
    calcom_api_key_env: str
    recheck: bool = True
    default_service: Service | None = None


class Call(Message):
    """One phone call: what its workflow is started with.

    Numbers are E.164; ``caller_number`` is ``None`` where it was withheld. The seconds, and how many slots may be held
    at once for the one number and through the other (``None``: any number), are the installation's settings at the
    time the call began.
    """

    call_id: str
    branch: Branch
    caller_number: str | None = None
    dialled_number: str | None = None
    answer_budget_seconds: float = 8
    hold_seconds: float = 120
    confirmation_window_seconds: float = 900
    holds_per_caller: int | None = None
    holds_per_number: int | None = None


class SlotWish(Message):
    """A question: is this moment free? Any part may be missing; the call completes it from what was said before.

    ``turn_id`` makes a repeated delivery of the same question one question. ``answer_by`` is when the voice
    platform stops listening (the real clock, unlike ``asked_at``): an answer after it was not heard. ``day_words``
    are the normalised words that named the day: the same words again name no new day.

    ``day_lost`` says that a day was named, but its words were lost on the way: it must not be guessed. Of
    ``time_of_day`` and ``window`` at most one is set; ``about`` marks a time of day that is only approximate. ``shift``
    and ``choice`` (1 is the first, -1 the last) point at what was spoken of before. ``week`` is the Monday of a week
    named without a day in it, ``weekday_alone`` says that ``day`` is merely the next one of that name. ``search_days``
    limits how far ahead a first free moment is looked for.
    """

    turn_id: str
    asked_at: AwareDatetime
    answer_by: AwareDatetime | None = None
    aim: Aim = Aim.MOMENT
    service: Service | None = None
    day: date | None = None
    day_lost: bool = False
    time_of_day: time | None = None
    about: bool = False
    window: TimeWindow | None = None
    shift: Shift | None = None
    choice: int | None = None
    week: date | None = None
    weekday_alone: bool = False
    search_days: Annotated[int, Field(ge=1, le=14)] = 14
    day_words: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None

    @property
    def says_something(self) -> bool:
        """Whether anything in it is worth remembering."""
        parts = (self.service, self.day, self.week, self.time_of_day, self.window, self.name, self.email, self.phone)
        return any(part is not None for part in parts)

    @property
    def content(self) -> tuple[object, ...]:
        """What was asked, without the delivery: equal contents are the same question."""
        delivery = {"turn_id", "asked_at", "answer_by"}
        return tuple(value for name, value in self if name not in delivery)


class Confirmation(Message):
    """The caller's "yes": a fact. ``wish`` is what came along with it, ``alternative_id`` an alternative chosen."""

    wish: SlotWish
    alternative_id: str | None = None


class ConfirmationId(Message):
    """Names the confirmation whose outcome is asked for: the ``turn_id`` of its wish."""

    turn_id: str


class HangUp(Message):
    """The call has ended; ``reason`` is the voice platform's word for it."""

    at: AwareDatetime
    reason: str | None = None


class Alternative(Message):
    """A free slot offered in place of the wished one; ``id`` is short enough to be repeated by a voice model.

    ``outside_window`` says that it lies outside the part of the day that was wished for.
    """

    id: str
    start: AwareDatetime
    outside_window: bool = False


class Answer(Message):
    """What a turn came to. No sentence in it: words are chosen in the branch's language when it is spoken.

    ``start`` is the moment asked about or booked. ``again`` marks a confirmation of what this call has booked
    already, ``awaits_host`` a booking the host still has to accept, ``uncertain`` one whose fate is not known,
    ``misconfigured`` a calendar that cannot work until an operator acts. ``window`` is set where a part of a day was
    asked for: ``start`` is then a moment in it. ``time_of_day`` is what is known of a moment whose day is missing.
    ``customer_name`` is who a booking would be made for, where the caller's number tells. ``nothing_further`` says
    that nothing was found besides what the caller has heard of.
    """

    status: AnswerStatus
    reason: Reason | None = None
    start: AwareDatetime | None = None
    service: Service | None = None
    alternatives: tuple[Alternative, ...] = ()
    missing: tuple[Missing, ...] = ()
    window: TimeWindow | None = None
    time_of_day: time | None = None
    customer_name: str | None = None
    nothing_further: bool = False
    booking_uid: str | None = None
    again: bool = False
    awaits_host: bool = False
    uncertain: bool = False
    misconfigured: bool = False
    email_given: bool = False
    caught_at: CaughtAt | None = None
    minimum_notice_minutes: int | None = None
    earliest_bookable: AwareDatetime | None = None


class Appointment(Message):
    """A time somebody has an appointment: half-open, from ``start`` until ``end``."""

    start: AwareDatetime
    end: AwareDatetime


class Caller(Message):
    """Who is calling, by company and number. ``unknowable`` says that the customers could not be looked up.

    ``appointments`` are those still to come.
    """

    found: bool = False
    customer_id: str | None = None
    name: str | None = None
    last_visit: AwareDatetime | None = None
    appointments: tuple[Appointment, ...] = ()
    unknowable: bool = False


class HoldState(StrEnum):
    """What became of a hold: ours, another call's, or none.

    There is none where the store did not answer, and ``OVER_LIMIT`` where this caller's number, or the number that was
    dialled, has as many as it may have: the slot is offered without.
    """

    HELD = "held"
    HELD_BY_ANOTHER_CALL = "held_by_another_call"
    STORE_DOWN = "store_down"
    OVER_LIMIT = "over_limit"
    NOT_TRIED = "not_tried"


class RecheckResult(StrEnum):
    """What the look right before booking came to; ``FAILED`` stops no booking.

    ``SKIPPED``: not asked, as the calendar allows few requests more for the moment, and the booking needs them.
    """

    PASSED = "passed"
    GONE = "gone"
    FAILED = "failed"
    SKIPPED = "skipped"


class TurnKind(StrEnum):
    """A turn is a question or a confirmation."""

    QUESTION = "question"
    CONFIRMATION = "confirmation"


class StepRecord(Message):
    """One step as the store keeps it, by the name of its activity. The moments are the workflow's clock.

    ``attempts`` is how often it was tried, ``None`` where that is not known. ``failure`` says of what kind the last
    error of a step was that never came to a result.
    """

    name: str
    began_at: AwareDatetime
    ended_at: AwareDatetime
    attempts: int | None = None
    failure: str | None = None


class TurnRecord(Message):
    """One turn as the store keeps it. Its moments are the workflow's clock.

    ``received_at`` is when the question or the "yes" arrived. ``offered_at`` is when the offer this turn answers was
    made, ``confirmed_at`` when the "yes" arrived. ``alternatives`` are the moments offered instead; ``hold`` is what
    became of the call's hold in this turn, ``held_until`` about when a hold on what is offered runs out.
    ``recheck`` is ``None`` where nobody looked again. ``heard`` says whether the answer came while somebody still
    listened. ``steps`` are those this turn took, in order.
    """

    turn_id: str
    kind: TurnKind
    wished_start: AwareDatetime | None = None
    service: str | None = None
    status: AnswerStatus
    reason: Reason | None = None
    caught_at: CaughtAt | None = None
    alternatives: tuple[AwareDatetime, ...] = ()
    hold: HoldState | None = None
    held_until: AwareDatetime | None = None
    recheck: RecheckResult | None = None
    received_at: AwareDatetime | None = None
    offered_at: datetime | None = None
    confirmed_at: datetime | None = None
    answered_at: AwareDatetime
    heard: bool = True
    steps: tuple[StepRecord, ...] = ()


class BookingRecord(Message):
    """A booking of this call as the store keeps it.

    ``phone`` is the number that was given for it, ``None`` where that is the number that calls.
    """

    uid: str
    service: str
    calendar: str
    start: AwareDatetime
    end: AwareDatetime
    name: str
    email: str | None = None
    phone: str | None = None
    recovered: bool = False


class ConversationView(Message):
    """What an operator sees of a running or ended call."""

    outcome: CallOutcome
    offered_start: AwareDatetime | None = None
    alternatives: tuple[Alternative, ...] = ()
    hold: HoldState = HoldState.NOT_TRIED
    bookings: tuple[BookingRecord, ...] = ()
    turns: tuple[TurnRecord, ...] = ()


class CallResult(Message):
    """What the call came to, and how it ended: the workflow's result."""

    outcome: CallOutcome
    ended_as: CallOutcome
    bookings: tuple[BookingRecord, ...] = ()
