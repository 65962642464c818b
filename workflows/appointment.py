"""The phone call as durable steps."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    # Pure modules: loaded once per process instead of once per call, and time zones stay real ``tzinfo`` objects, which
    # the sandbox would replace by proxies. (``from workflows import rules`` would not be passed through.)
    import workflows.metrics as metrics
    import workflows.names as names
    import workflows.options as options
    import workflows.rules as rules
    import workflows.steps as steps
    import workflows.visibility as visibility
    from workflows.calendar import Calendar, Request, Result, Step, kind_of
    from workflows.call_log import CallLog, Turn
    from workflows.messages import (
        Aim,
        Answer,
        AnswerStatus,
        Appointment,
        Call,
        Caller,
        CallOutcome,
        CallResult,
        CaughtAt,
        Confirmation,
        ConfirmationId,
        ConversationView,
        HangUp,
        HoldState,
        Reason,
        RecheckResult,
        SlotWish,
        TurnKind,
    )
    from workflows.offers import Offers, Wanted
    from workflows.options import StepOptions, StoreOptions
    from workflows.recognition import Recognition
    from workflows.requests import Attendee, BookingResult, CallRecord, StepResult
    from workflows.rules import Choice, OnOffer, Slot

_NOT_FREE = (AnswerStatus.UNAVAILABLE, AnswerStatus.NO_AVAILABILITY)

_OFFER_STANDS = (AnswerStatus.MISSING_CUSTOMER_NAME, AnswerStatus.ERROR)
"""Answers to a confirmation after which it may simply be given again."""


@workflow.defn
class AppointmentWorkflow:
    """One phone call: a slot is checked and held, the caller thinks, it is looked at again, and booked.

    * ``check_slot`` is an update: a question that needs its answer now.
    * ``confirm`` is a signal: the caller's "yes" is a fact that must not be lost, even with no worker alive.
    * ``outcome`` is an update: it waits for what a confirmation came to.
    * ``recognise_caller`` is an update: a question.
    * ``hang_up`` and ``overhear`` are signals: facts.
    * ``conversation`` is a query, for operators.

    Handlers only take down what was said; ``run`` answers it, one turn after the other.
    """

    @workflow.init
    def __init__(self, call: Call) -> None:
        """Begin before the first word: a handler may run ahead of ``run``."""
        self._call = call
        self._log = CallLog(call, workflow.now())
        self._calendar = Calendar(call, self._step)
        self._recognition = Recognition(call, self._step_on_the_store)
        self._offers = Offers(self._calendar, call.branch, self._own_appointments)
        self._turns: dict[str, Turn] = {}
        self._unanswered: deque[Turn] = deque()
        self._wish_so_far = SlotWish(turn_id="", asked_at=workflow.now())
        self._overheard: deque[SlotWish] = deque()
        self._spoken_of: datetime | None = None
        self._on_offer: OnOffer | None = None
        self._offered_at: datetime | None = None
        self._settled: dict[tuple[object, ...], Answer] = {}
        self._booked: list[Answer] = []
        self._perhaps_booked: set[datetime] = set()
        self._ended_as: CallOutcome | None = None
        self._quiet_since: datetime | None = None
        self._recordings: list[asyncio.Task[None]] = []
        self._listening: asyncio.Task[None] | None = None
        self._listed = self._log.listed

    @workflow.run
    async def run(self, call: Call) -> CallResult:
        """Hold the conversation until the caller hangs up or falls silent."""
        self._recognition.begin()
        self._listening = asyncio.create_task(self._end_in_silence())
        while turn := await self._wait_for_caller():
            with self._steps_of(turn):
                if turn.kind is TurnKind.QUESTION:
                    answer = await self._check_and_hold(turn)
                elif settled := self._settled_before(turn):
                    answer = settled
                elif (slot := self._agreed_slot(turn)) is None:
                    answer = await self._check_and_hold(turn)
                elif objection := self._objection(slot, turn):
                    answer = await self._offers.instead(objection, self._wanted(slot, turn))
                elif (name := self._name_for_booking()) is None:
                    answer = Answer(status=AnswerStatus.MISSING_CUSTOMER_NAME, start=slot.start, service=slot.service)
                elif caught_at := await self._recheck(slot, turn):
                    answer = await self._offers.taken(self._wanted(slot, turn), caught_at)
                else:
                    answer = await self._book(slot, name, turn)
                self._tell(turn, answer)
        return await self._end_call()

    @workflow.update
    async def check_slot(self, wish: SlotWish) -> Answer:
        """Answer whether the wished moment is free, and hold it if so."""
        return await self._answer_to(self._take_down(Turn(TurnKind.QUESTION, wish)))

    @workflow.signal
    def confirm(self, confirmation: Confirmation) -> None:
        """Take the caller's "yes"."""
        self._take_down(Turn(TurnKind.CONFIRMATION, confirmation.wish, confirmation.alternative_id))

    @workflow.update
    async def outcome(self, asked: ConfirmationId) -> Answer:
        """Wait for what a confirmation came to; it may be asked for a moment before the confirmation itself is here."""
        await workflow.wait_condition(lambda: asked.turn_id in self._turns or self._log.ended_at is not None)
        turn = self._turns.get(asked.turn_id)
        return await self._answer_to(turn) if turn else self._too_late()

    @workflow.update
    async def recognise_caller(self) -> Caller:
        """Say who is calling, by the company and the number."""
        caller = await self._recognition.again()
        self._recognition.told = names.speakable(caller.name) is not None
        return caller

    @workflow.signal
    def hang_up(self, hang_up: HangUp) -> None:
        """Note that the call is over; a "yes" given before is still carried out."""
        if self._log.hung_up_at is None:
            self._log.hung_up(hang_up, workflow.now())
        self._ended_as = self._ended_as or CallOutcome.HUNG_UP

    @workflow.signal
    def overhear(self, wish: SlotWish) -> None:
        """Note words that were asked back: what they name is kept, and a bare "yes" is to nothing on offer any more."""
        self._on_offer = self._offered_at = None
        self._overheard.append(wish)

    @workflow.query
    def conversation(self) -> ConversationView:
        """Show the call as it stands."""
        return self._log.view(self._on_offer, self._calendar.hold)

    async def _own_appointments(self) -> list[Appointment]:
        """Return when this caller has no time: what his number has booked before, and this call."""
        caller = await self._recognition.known()
        booked = [Appointment(start=booking.start, end=booking.end) for booking in self._log.bookings]
        return [*caller.appointments, *booked]

    async def _wait_for_caller(self) -> Turn | None:
        """Return what the caller says next, or ``None`` when the call is over: hung up, silent, or cancelled."""
        self._quiet_since = workflow.now()
        try:
            await workflow.wait_condition(lambda: bool(self._unanswered) or self._ended_as is not None)
        except asyncio.CancelledError:
            self._ended_as = CallOutcome.CANCELLED
        self._quiet_since = None
        while self._unanswered:
            turn = self._unanswered.popleft()
            if self._ended_as is None or turn.kind is TurnKind.CONFIRMATION:
                while self._overheard:
                    self._understand(self._overheard.popleft(), None)
                self._understand(turn.wish, turn.on_offer)
                return turn
            turn.answer = self._too_late()
        return None

    async def _end_in_silence(self) -> None:
        """End the call when nobody has said a word for a whole window: one timer for all the times somebody thinks."""
        window = timedelta(seconds=self._call.confirmation_window_seconds)
        left = window
        while left > timedelta():
            await workflow.sleep(left, summary=visibility.silence_summary(window))
            # What was said in the moment the timer fired is no silence, and may not have been taken up yet.
            quiet_since = None if self._unanswered else self._quiet_since
            left = (quiet_since or workflow.now()) + window - workflow.now()
        self._ended_as = self._ended_as or CallOutcome.SILENT

    def _understand(self, wish: SlotWish, on_offer: OnOffer | None) -> None:
        """Complete what is wished by what the call has said before."""
        self._wish_so_far = rules.complete(wish, self._wish_so_far, self._spoken_of, on_offer, self._call.branch)

    async def _check_and_hold(self, turn: Turn) -> Answer:
        """Initial check: what fulfils the wish is free and from now on held for this call, or what else is free."""
        slot = rules.wished_slot(self._wish_so_far, self._call.branch)
        if slot is None:
            return rules.incomplete(self._wish_so_far)
        slot = slot._replace(start=self._chosen(turn) or slot.start)
        try:
            answer = await self._find_offer(slot, turn)
        except ActivityError as error:
            return self._calendar_trouble(error, slot)
        if answer.status in _NOT_FREE and slot.start in self._perhaps_booked:
            # It may be our own booking that takes the slot: neither "taken" nor "yours" would be known to be true.
            return self._not_found_out(slot, uncertain=True)
        return answer

    async def _find_offer(self, slot: Slot, turn: Turn) -> Answer:
        wish, wanted = self._wish_so_far, self._wanted(slot, turn)._replace(name=await self._name_to_say())
        if self._chosen(turn):
            exact = wanted._replace(window=None, about=False)
            return self._booked_before(slot.start) or await self._offers.exactly(exact)
        if wish.aim is Aim.FIRST_FREE:
            return await self._offers.first_free(wanted, wish.search_days)
        if wish.aim is Aim.ALTERNATIVES:
            return await self._offers.others(wanted)
        if wish.window is not None or wish.about:
            return await self._offers.near(wanted)
        return self._booked_before(slot.start) or await self._offers.exactly(wanted)

    async def _name_to_say(self) -> str | None:
        """Return whose name an offer says it would be booked on: where the caller names none and his number tells."""
        return None if self._wish_so_far.name else names.speakable((await self._recognition.known()).name)

    def _wanted(self, slot: Slot, turn: Turn) -> Wanted:
        """Return what is looked for, with what the caller has turned down."""
        wish = self._wish_so_far
        asks_for_others = wish.aim is Aim.ALTERNATIVES or turn.wish.shift is not None
        return Wanted(
            slot=slot,
            asked_at=wish.asked_at,
            turn_id=turn.wish.turn_id,
            window=wish.window,
            about=wish.about,
            not_again=turn.on_offer.starts if asks_for_others and turn.on_offer else (),
        )

    def _settled_before(self, turn: Turn) -> Answer | None:
        """Return the answer to a confirmation that has been carried out already."""
        if self._on_offer is None and turn.content in self._settled:
            return self._settled[turn.content]
        if chosen := self._choice(turn):
            return self._booked_before(chosen.start) if chosen.start else None
        if turn.says_only_yes:
            return self._booked_before(None) if self._on_offer is None else None
        spoken = self._wish_so_far if self._on_offer is None else turn.wish
        named = rules.named_moment(spoken, self._call.branch.timezone)
        return self._booked_before(named) if named else None

    def _booked_before(self, start: datetime | None) -> Answer | None:
        """Return that this call has booked the moment already; without a moment, the last one it has booked."""
        booked = (answer for answer in reversed(self._booked) if start is None or answer.start == start)
        return next((answer.model_copy(update={"again": True}) for answer in booked), None)

    def _agreed_slot(self, turn: Turn) -> Slot | None:
        """Return what this confirmation may book; ``None`` sends its wish through the initial check instead.

        A "yes" is to what was on offer when it was said. If that has changed while it waited for its turn, nobody can
        know what it means now.
        """
        if turn.on_offer is not None and turn.on_offer is not self._on_offer:
            return None
        if turn.wish.day not in (None, self._wish_so_far.day):
            # What the call said before gives the words another meaning than they have by themselves.
            return None
        service, timezone = self._wish_so_far.service, self._call.branch.timezone
        return rules.agreed_slot(turn.wish, self._choice(turn), turn.on_offer, service, timezone)

    def _chosen(self, turn: Turn) -> datetime | None:
        """Return the moment of the alternative that was chosen, where no other is named beside it."""
        if turn.wish.day is not None or turn.wish.time_of_day is not None:
            return None
        choice = self._choice(turn)
        return choice.start if choice else None

    def _choice(self, turn: Turn) -> Choice | None:
        if turn.wish.choice is not None:
            return Choice(rules.nth(turn.wish.choice, turn.on_offer))
        return None if turn.alternative_id is None else Choice(self._offers.named(turn.alternative_id))

    def _objection(self, slot: Slot, turn: Turn) -> Answer | None:
        """Return what stands against the slot by now, unless it may be booked already."""
        if slot.start in self._perhaps_booked:
            return None
        return rules.objection(slot, turn.wish.asked_at, self._call.branch)

    def _name_for_booking(self) -> str | None:
        """Return the name the caller has given, else the one he was told by and did not object to."""
        known = self._recognition.caller if self._recognition.told else None
        return self._wish_so_far.name or (known.name if known else None)

    async def _recheck(self, slot: Slot, turn: Turn) -> CaughtAt | None:
        """Look again right before booking; return where a race was caught, ``None`` if the slot still stands.

        A look that fails, or is left out, stops nothing: the booking call itself is the only arbiter. Where an earlier
        attempt may have booked the slot a look would show our own booking as gone; the booking step looks for that one
        first.
        """
        if not self._call.branch.recheck or slot.start in self._perhaps_booked:
            return None
        try:
            seen = await self._calendar.recheck(slot)
        except ActivityError as error:
            workflow.logger.warning("re-check failed, booking all the same: %s", kind_of(error))
            turn.recheck = RecheckResult.FAILED
            return None
        if seen.skipped:
            turn.recheck = RecheckResult.SKIPPED
            return None
        stands = seen.listed and seen.hold is not HoldState.HELD_BY_ANOTHER_CALL
        turn.recheck = RecheckResult.PASSED if stands else RecheckResult.GONE
        if seen.hold is HoldState.HELD_BY_ANOTHER_CALL:
            return CaughtAt.HOLD
        return None if seen.listed else CaughtAt.RECHECK

    async def _book(self, slot: Slot, name: str, turn: Turn) -> Answer:
        """Book the slot; a refusal is a normal outcome, and leads to alternatives."""
        wish, branch = self._wish_so_far, self._call.branch
        phone = wish.phone or self._call.caller_number
        attendee = Attendee(name=name, language=branch.language, email=wish.email, phone=phone)
        try:
            answer, outcome = await self._calendar.book(
                slot,
                attendee,
                turn.wish.turn_id,
                hold_renewed=turn.recheck in (RecheckResult.PASSED, RecheckResult.SKIPPED),
                look_first=slot.start in self._perhaps_booked,
            )
        except ActivityError as error:
            trouble = self._calendar_trouble(error, slot)
            if _certainly_not_booked(error):
                self._perhaps_booked.discard(slot.start)
                return trouble
            self._perhaps_booked.add(slot.start)
            return trouble.model_copy(update={"uncertain": True})
        self._perhaps_booked.discard(slot.start)
        if answer:
            self._log.booked(slot, outcome, attendee)
            return answer
        if outcome.result is BookingResult.TOO_SOON:
            refusal = rules.too_soon(slot, wish.asked_at, branch)
            return await self._offers.instead(refusal, self._wanted(slot, turn))
        if outcome.result is BookingResult.PAST:
            return rules.past(slot)
        caught_at = CaughtAt.HOLD if outcome.result is BookingResult.HELD_BY_ANOTHER_CALL else CaughtAt.BOOKING
        return await self._offers.taken(self._wanted(slot, turn), caught_at)

    def _calendar_trouble(self, error: ActivityError, slot: Slot) -> Answer:
        """Answer that the calendar could not be asked: neither "free" nor "taken" would be true."""
        misconfigured = kind_of(error) == steps.CALENDAR_NOT_CONFIGURED
        log = workflow.logger.error if misconfigured else workflow.logger.warning
        log("the calendar could not be asked: %s", kind_of(error))
        return self._not_found_out(slot, misconfigured=misconfigured)

    def _not_found_out(self, slot: Slot, *, misconfigured: bool = False, uncertain: bool = False) -> Answer:
        return Answer(
            status=AnswerStatus.ERROR,
            reason=Reason.CALENDAR_UNREACHABLE,
            start=slot.start,
            service=slot.service,
            misconfigured=misconfigured,
            uncertain=uncertain,
        )

    def _take_down(self, turn: Turn) -> Turn:
        """Queue what was said; the same thing said again while it is being answered joins the first."""
        joined = next((t for t in self._turns.values() if t.answer is None and t.content == turn.content), None)
        known = self._turns.setdefault(turn.wish.turn_id, joined or turn)
        if known is not turn:
            known.answer_by = turn.wish.answer_by
            return known
        turn.received_at = self._said_at(turn.wish)
        turn.on_offer = self._on_offer
        turn.answer_by = turn.wish.answer_by
        if self._log.ended_at is None:
            self._unanswered.append(turn)
        else:
            turn.answer = self._too_late()
        return turn

    def _said_at(self, wish: SlotWish) -> datetime:
        """Return when the webhook heard it, if that makes sense on this clock: no worker may have lived then."""
        now = workflow.now()
        if wish.answer_by is None:
            return now
        heard_at = wish.answer_by - timedelta(seconds=self._call.answer_budget_seconds)
        return heard_at if (self._offered_at or self._log.started_at) <= heard_at <= now else now

    async def _answer_to(self, turn: Turn) -> Answer:
        while turn.answer is None:
            await workflow.wait_condition(lambda: turn.answer is not None)
        return turn.answer

    def _tell(self, turn: Turn, answer: Answer) -> None:
        """Give the answer. What came too late was not heard: it is no offer, and is given when asked again."""
        now = workflow.now()
        in_time = turn.answer_by is None or now <= turn.answer_by - options.LAST_MOMENT
        heard = in_time and self._log.hung_up_at is None
        confirmed = turn.kind is TurnKind.CONFIRMATION
        self._log.answered(turn, answer, self._calendar.hold, self._offered_at, now, heard=heard)
        metrics.count_turn(workflow.metric_meter(), self._log.turns[-1])
        if answer.status is AnswerStatus.BOOKED and not answer.again:
            self._booked.append(answer)
        self._recognition.told = self._recognition.told or answer.customer_name is not None
        self._spoken_of = answer.start or self._spoken_of
        if confirmed and answer.status is AnswerStatus.MISSING_CUSTOMER_NAME and heard:
            day_words = self._on_offer.day_words if self._on_offer else turn.wish.day_words
            self._on_offer = rules.offer_in(answer, day_words)
        elif not (answer.nothing_further or (confirmed and answer.status in _OFFER_STANDS)):
            self._on_offer = rules.offer_in(answer, turn.wish.day_words) if heard else None
            self._offered_at = now if self._on_offer else None
            self._settled.pop(turn.content, None)
            if confirmed and not heard:
                # Told again it is still the same race.
                self._settled[turn.content] = answer.model_copy(update={"caught_at": None})
            elif confirmed and answer.status is AnswerStatus.BOOKED:
                self._settled[turn.content] = answer.model_copy(update={"again": True})
        turn.answer = answer
        self._show()
        self._record()

    def _too_late(self) -> Answer:
        silent = self._ended_as is CallOutcome.SILENT
        return Answer(status=AnswerStatus.EXPIRED if silent else AnswerStatus.CLOSED)

    async def _end_call(self) -> CallResult:
        """Let the hold go, keep the record, let every waiting question have its answer."""
        if self._listening:
            self._listening.cancel()
        await self._recognition.known()
        ended_as = self._ended_as or CallOutcome.HUNG_UP
        self._log.ended(ended_as, workflow.now())
        metrics.count_call(workflow.metric_meter(), self._log.outcome, self._log.turns)
        self._on_offer = None
        self._show()
        try:
            await self._calendar.let_go()
        except ActivityError as error:
            workflow.logger.warning("hold not released, it runs out by itself: %s", kind_of(error))
        self._log.closed()
        self._show()
        self._record()
        for recording in self._recordings:
            await recording
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._ended_as is CallOutcome.CANCELLED:
            raise asyncio.CancelledError
        return CallResult(outcome=self._log.outcome, ended_as=ended_as, bookings=tuple(self._log.bookings))

    def _record(self) -> None:
        """Have the call written down as it stands; no answer waits for it.

        Every answer leaves a step behind, even while the one before is still under way (the store keeps the latest). A
        worker that reads a history again may take two workflow tasks in a row that left nothing for one, and then has
        what happened in them in another order (https://github.com/temporalio/sdk-rust/issues/1146).
        """
        under_way = [recording for recording in self._recordings if not recording.done()]
        self._recordings = [*under_way, asyncio.create_task(self._keep(self._log.record()))]

    async def _keep(self, record: CallRecord) -> None:
        """Write a state of the call down; the last one, with nobody waiting, within the workflow task if it can be."""
        what = "keep our copy of the call"
        if self._log.ended_at is not None:
            try:
                return await self._run_within_the_task(steps.record_call, record, options.RECORD_AT_ONCE, what)
            except FailureError as error:
                workflow.logger.warning("call not recorded yet: %s", kind_of(error))
        try:
            await self._run(steps.record_call, record, options.RECORD, what)
        except ActivityError as error:
            workflow.logger.error("call not recorded: %s", kind_of(error))

    def _show(self) -> None:
        """Bring the list of calls and this call's page up to date."""
        workflow.set_current_details(visibility.page(self.conversation(), self._call, self._log.steps))
        if self._log.listed.lasts and self._listed != self._log.listed:
            self._listed = self._log.listed
            workflow.upsert_search_attributes(visibility.updates(self._listed))

    @contextmanager
    def _steps_of(self, turn: Turn) -> Iterator[None]:
        """Group what is done for one turn, as the Temporal UI shows it."""
        slot = rules.wished_slot(self._wish_so_far, self._call.branch)
        if turn.kind is TurnKind.CONFIRMATION:
            slot = self._agreed_slot(turn) or slot
        label = visibility.turn_label(turn.kind, slot.start if slot else None, self._call.branch.timezone)
        group = workflow.create_event_group(f"turn-{len(self._log.turns) + 1}", label=label)
        with group.scope():
            yield

    async def _step(self, step: Step[Request, Result], request: Request, how: StepOptions, summary: str) -> Result:
        """Run an activity, and note it for operators."""
        return await self._noted(step, self._run(step, request, how, summary))

    async def _step_on_the_store(
        self, step: Step[Request, Result], request: Request, how: StoreOptions, summary: str
    ) -> Result:
        """Run an activity within the workflow task, and note it for operators."""
        return await self._noted(step, self._run_within_the_task(step, request, how, summary))

    async def _noted(self, step: Step[Request, Result], running: Awaitable[Result]) -> Result:
        began_at = workflow.now()
        try:
            result = await running
        except FailureError as error:
            self._log.stepped(step.__name__, began_at, workflow.now(), failure=kind_of(error))
            raise
        attempts = result.attempt if isinstance(result, StepResult) else None
        self._log.stepped(step.__name__, began_at, workflow.now(), attempts=attempts)
        return result

    async def _run(self, step: Step[Request, Result], request: Request, how: StepOptions, summary: str) -> Result:
        """Run an activity. An operator's cancellation ends the call like a hang-up: what was begun is finished."""
        return await self._finished(workflow.start_activity(step, request, summary=summary, **how))

    async def _run_within_the_task(
        self, step: Step[Request, Result], request: Request, how: StoreOptions, summary: str
    ) -> Result:
        """Run a short activity on our own store inside the workflow task: nothing else reaches the call meanwhile."""
        return await self._finished(workflow.start_local_activity(step, request, summary=summary, **how))

    async def _finished(self, activity: workflow.ActivityHandle[Result]) -> Result:
        try:
            return await asyncio.shield(activity)
        except asyncio.CancelledError:
            self._ended_as = CallOutcome.CANCELLED
            return await activity


def _certainly_not_booked(error: ActivityError) -> bool:
    """Whether a booking step that failed says itself that no booking can have been made."""
    cause = error.cause
    return isinstance(cause, ApplicationError) and tuple(cause.details) == (False,)
