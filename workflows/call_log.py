"""What a call has come to so far, for the store, the operators and the search attributes. Decides nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.messages import (
    Answer,
    AnswerStatus,
    BookingRecord,
    Call,
    CallOutcome,
    ConversationView,
    HangUp,
    HoldState,
    RecheckResult,
    SlotWish,
    StepRecord,
    TurnKind,
    TurnRecord,
)
from workflows.requests import Attendee, BookingOutcome, CallRecord
from workflows.rules import OnOffer, Slot
from workflows.visibility import Listed


@dataclass
class Turn:
    """One thing the caller said, and what was answered.

    ``received_at`` is the workflow's clock; ``answer_by`` is when nobody listens for the answer any more; ``on_offer``
    is what the caller had heard when it was said.
    """

    kind: TurnKind
    wish: SlotWish
    alternative_id: str | None = None
    received_at: datetime | None = None
    answer_by: datetime | None = None
    on_offer: OnOffer | None = None
    recheck: RecheckResult | None = None
    answer: Answer | None = None

    @property
    def says_only_yes(self) -> bool:
        """Whether nothing in it names a moment."""
        wish = self.wish
        parts = (wish.day, wish.week, wish.time_of_day, wish.window, wish.shift, wish.choice, self.alternative_id)
        return all(part is None for part in parts)

    @property
    def content(self) -> tuple[object, ...]:
        """What was said, without the delivery: equal contents are the same thing said again."""
        return (self.kind, self.alternative_id, *self.wish.content)


class CallLog:
    """Bookings, turns and outcome of one call."""

    def __init__(self, call: Call, started_at: datetime) -> None:
        """Begin the log of a call."""
        self.call = call
        self.started_at = started_at
        self.outcome = CallOutcome.OPEN
        self.bookings: list[BookingRecord] = []
        self.turns: list[TurnRecord] = []
        self.steps: list[StepRecord] = []
        self.revision = 0
        self.ended_at: datetime | None = None
        self.hung_up_at: datetime | None = None
        self.hang_up_reason: str | None = None

    @property
    def listed(self) -> Listed:
        """What the list of calls shows: the moment is the one booked last, else the one spoken of last."""
        spoken_of = next((turn.wished_start for turn in reversed(self.turns) if turn.wished_start), None)
        return Listed(
            outcome=self.outcome,
            slot_start=self.bookings[-1].start if self.bookings else spoken_of,
            race_detected=any(turn.caught_at is not None for turn in self.turns),
        )

    def booked(self, slot: Slot, outcome: BookingOutcome, attendee: Attendee) -> None:
        """Note a booking the calendar has made."""
        self.bookings.append(
            BookingRecord(
                uid=outcome.booking_uid or "",
                service=slot.service.key,
                calendar=slot.service.calendar,
                start=slot.start,
                end=slot.end,
                name=attendee.name,
                email=attendee.email,
                # The number that calls is kept with the call, and nowhere twice.
                phone=None if attendee.phone == self.call.caller_number else attendee.phone,
                recovered=outcome.recovered,
            )
        )

    def stepped(
        self,
        name: str,
        began_at: datetime,
        ended_at: datetime,
        *,
        attempts: int | None = None,
        failure: str | None = None,
    ) -> None:
        """Note a step; it belongs to the turn that is answered next."""
        self.steps.append(
            StepRecord(name=name, began_at=began_at, ended_at=ended_at, attempts=attempts, failure=failure)
        )

    def answered(
        self,
        turn: Turn,
        answer: Answer,
        hold: HoldState | None,
        offered_at: datetime | None,
        now: datetime,
        *,
        heard: bool,
    ) -> None:
        """Note an answer and what it makes of the call."""
        self.revision += 1
        confirming = turn.kind is TurnKind.CONFIRMATION
        holds = hold is HoldState.HELD and answer.status is AnswerStatus.AVAILABLE
        self.turns.append(
            TurnRecord(
                turn_id=turn.wish.turn_id,
                kind=turn.kind,
                wished_start=answer.start,
                service=answer.service.key if answer.service else None,
                status=answer.status,
                reason=answer.reason,
                caught_at=answer.caught_at,
                alternatives=tuple(alternative.start for alternative in answer.alternatives),
                hold=hold,
                held_until=now + timedelta(seconds=self.call.hold_seconds) if holds else None,
                recheck=turn.recheck,
                received_at=turn.received_at,
                offered_at=offered_at if confirming else None,
                confirmed_at=turn.received_at if confirming else None,
                answered_at=now,
                heard=heard,
                steps=tuple(self.steps),
            )
        )
        self.steps.clear()
        self.outcome = _outcome_after(answer, self.outcome)

    def hung_up(self, hang_up: HangUp, now: datetime) -> None:
        """Note that nobody listens any more, since when and why."""
        self.hung_up_at = hang_up.at if self.started_at <= hang_up.at <= now else now
        self.hang_up_reason = hang_up.reason

    def ended(self, outcome: CallOutcome, now: datetime) -> None:
        """Note the end of the call; what it achieved or failed at outweighs how it ended."""
        self.revision += 1
        self.ended_at = self.hung_up_at or now
        if self.bookings:
            self.outcome = CallOutcome.BOOKED
        elif self.outcome not in (CallOutcome.CONFIGURATION_ERROR, CallOutcome.BOOKING_UNCERTAIN):
            self.outcome = outcome

    def closed(self) -> None:
        """Note that nothing more is done for the call; what was done after its end is to be recorded as well."""
        if self.steps:
            self.revision += 1

    def record(self) -> CallRecord:
        """Return the whole call as the store keeps it."""
        return CallRecord(
            call_id=self.call.call_id,
            revision=self.revision,
            company=self.call.branch.company,
            branch=self.call.branch.key,
            caller_number=self.call.caller_number,
            outcome=self.outcome,
            started_at=self.started_at,
            ended_at=self.ended_at,
            hang_up_reason=self.hang_up_reason,
            turns=tuple(self.turns),
            bookings=tuple(self.bookings),
            steps=tuple(self.steps),
        )

    def view(self, on_offer: OnOffer | None, hold: HoldState) -> ConversationView:
        """Return the call as operators see it."""
        return ConversationView(
            outcome=self.outcome,
            offered_start=on_offer.start if on_offer else None,
            alternatives=on_offer.alternatives if on_offer else (),
            hold=hold,
            bookings=tuple(self.bookings),
            turns=tuple(self.turns),
        )


def _outcome_after(answer: Answer, before: CallOutcome) -> CallOutcome:
    if answer.status is AnswerStatus.BOOKED:
        return CallOutcome.BOOKED
    if answer.status is AnswerStatus.AVAILABLE:
        return CallOutcome.WAITING_FOR_YES
    if answer.alternatives:
        return CallOutcome.ALTERNATIVES_OFFERED
    if answer.misconfigured:
        return CallOutcome.CONFIGURATION_ERROR
    return CallOutcome.BOOKING_UNCERTAIN if answer.uncertain else before
