"""The calendar's steps: read slots, hold one, look again, book once, let go.

Two things decide here: our holds about other calls, Cal.com's answer to the booking about everybody else. A store
that is down costs the hold, never the step. Before a booking is called refused, our own is looked for: Cal.com
gives a repeated request the very answer it gives a stranger's.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import phonenumbers
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.budget import Need
from activities.calcom_answers import Booking
from activities.calcom_client import Account, CalcomClient
from activities.errors import (
    CalcomError,
    InThePast,
    NotConfigured,
    RateLimited,
    SlotUnavailable,
    TooSoon,
    Unreachable,
)
from activities.free_slots import slots_free_of
from store.errors import StoreUnavailable
from store.holds import Holds, Line, OverLimit
from workflows.messages import HoldState
from workflows.metrics import HOLD_ATTEMPTS
from workflows.options import BOOK, BOOKING_UNDER_WAY
from workflows.requests import (
    Attendee,
    Availability,
    BookingOutcome,
    BookingResult,
    BookSlot,
    CalendarRequest,
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

HOLD_AFTER_BOOKING_SECONDS = 10.0
"""Cal.com's slot lists may be 2 s old: so long after a booking another call could still be offered its time."""

WORTH_BEGINNING_SECONDS = 0.03
"""A calendar that answers sooner has answered before the step that looks is begun."""

MOST_BEGUN = 100
"""So many looks may be under way that no step has come for yet; no slot of the worker's bounds them."""

LOOK_AGAIN_AFTER = timedelta(seconds=2)

_LOOKUP_WINDOW = timedelta(days=1)
"""Well beyond any appointment: one whose length differs from the catalog's must still be found."""

_MAY_BE_BOOKED, _NOTHING_BOOKED = True, False

_METADATA_VALUE_LIMIT = 500
_EMAIL_LIMIT = 254
_EMAIL = re.compile(r"(?!\.)(?!.*\.\.)[a-z0-9_+.'-]*[a-z0-9_+'-]@([a-z0-9][a-z0-9-]*\.)+[a-z]{2,}")
"""What Cal.com itself takes for an address (its packages/lib/emailSchema.ts); any other costs the whole booking."""


QUICK_REFUSAL_SECONDS = 1.0
"""A refusal that came later is believed: a second request would not be over within ``BOOKING_UNDER_WAY``."""


class SchedulingActivities:
    """Carries out the calendar steps of ``workflows.steps``; one object per worker.

    Errors: ``RATE_LIMITED`` and ``CALENDAR_UNREACHABLE`` are retried, ``CALENDAR_NOT_CONFIGURED`` is final.
    """

    def __init__(self, client: CalcomClient, holds: Holds, keys: Mapping[str, str]) -> None:
        """Work with Cal.com and our holds; ``keys`` has the API keys by environment variable."""
        self._client = client
        self._holds = holds
        self._keys = keys
        self._begun: set[asyncio.Task[None]] = set()

    def begin(self, request: SlotCheck | SlotRecheck) -> None:
        """Begin the look that this step will take: the step, when it comes, joins it while it is under way.

        Where the calendar answers faster than a step is begun nothing would be won, and it would be asked twice.
        """
        if self._is_worth_beginning(request) and len(self._begun) < MOST_BEGUN:
            task = asyncio.create_task(self._look_ahead(request))
            self._begun.add(task)
            task.add_done_callback(self._begun.discard)

    async def close(self) -> None:
        """Give the looks up that were begun and that no step has come for."""
        for task in self._begun:
            task.cancel()
        await asyncio.gather(*self._begun, return_exceptions=True)

    @activity.defn
    async def check_slot(self, request: SlotCheck) -> Availability:
        """Read the free slots, then hold the exact one for this call."""
        start = request.start.astimezone(UTC)
        starts = await self._look(request)
        if start not in starts:
            return Availability(
                listed=False, hold=HoldState.NOT_TRIED, starts=await self._without_holds(request, starts)
            )
        hold = await self._hold(request, start, request.hold_seconds)
        if hold is not HoldState.HELD_BY_ANOTHER_CALL:
            return Availability(listed=True, hold=hold)
        return Availability(listed=True, hold=hold, starts=await self._without_holds(request, starts))

    @activity.defn
    async def find_slots(self, request: SlotSearch) -> FreeSlots:
        """Read the free slots of a range, freshly, without those other calls hold."""
        need = Need.OPTIONAL if request.optional else Need.QUESTION
        starts = await self._read_slots(request, request.look_from, request.look_until, need=need, fresh=True)
        return FreeSlots(starts=await self._without_holds(request, starts))

    @activity.defn
    async def hold_slot(self, request: SlotHold) -> Held:
        """Hold a slot that was just read as free."""
        return Held(hold=await self._hold(request, request.start.astimezone(UTC), request.hold_seconds))

    @activity.defn
    async def recheck_slot(self, request: SlotRecheck) -> Recheck:
        """Renew the hold, or take it beyond all limits, then look at the one slot with a query nobody asked before.

        Near the calendar's rate limit, or beyond it, the look is skipped: the booking needs what is left, and decides.
        """
        start = request.start.astimezone(UTC)
        hold = await self._hold(request, start, request.hold_seconds, to_book=True)
        if hold is HoldState.HELD_BY_ANOTHER_CALL:
            return Recheck(listed=False, hold=hold)
        try:
            starts = await self._look(request)
        except ApplicationError as error:
            if error.type != RATE_LIMITED:
                raise
            # A worker of the version before knows of no skipped looks, and would tell the caller that it is taken.
            return Recheck(listed=True, hold=hold, skipped=True)
        return Recheck(listed=start in starts, hold=hold)

    @activity.defn
    async def book_slot(self, request: BookSlot) -> BookingOutcome:
        """Book the slot once, however often this runs.

        Detail 0 of every error says whether the calendar may have the booking all the same: true after a request whose
        outcome is not known, and where our own could not be looked for; false where certainly nothing was booked. A
        step that ended without an answer (a timeout, a lost worker) has no such detail, and is as unclear.

        While a request of an earlier attempt may still be under way, a booking is looked for, but none is made: Cal.com
        books teams and bookings to be confirmed twice if it is asked twice at the same time. For the same reason none
        is begun that might still be under way when this step is given up, and the next "yes" begins another.
        """
        began_at = activity.info().started_time
        until, over = _under_way_until(), began_at + BOOKING_UNDER_WAY
        if until and began_at < until:
            activity.heartbeat(until.isoformat())
            outcome = await self._only_look(request, _MAY_BE_BOOKED)
        elif over > _given_up_at():
            outcome = await self._only_look(request, _NOTHING_BOOKED)
        else:
            activity.heartbeat(over.isoformat())
            try:
                outcome = await self._book(request)
            except _Unanswered:
                raise
            except ApplicationError:
                activity.heartbeat(None)
                raise
        if outcome.result is BookingResult.BOOKED:
            try:
                await self._holds.shorten(request.call_id, HOLD_AFTER_BOOKING_SECONDS)
            except StoreUnavailable:
                activity.logger.warning("The hold of a booked slot was not shortened: the store does not answer")
        return outcome

    @activity.defn
    async def release_hold(self, request: HoldRelease) -> None:
        """Let this call's hold go; nothing happens if there is none. Retried while the store does not answer."""
        await self._holds.release(request.call_id)

    async def _only_look(self, request: BookSlot, not_found: bool) -> BookingOutcome:
        """Return what was booked before; where nothing is found, ``not_found`` says whether it may be all the same."""
        if own := await self._own_booking(request):
            return own
        raise ApplicationError(
            "No booking is begun: one may be under way, or there is no time left for one",
            not_found,
            type=CALENDAR_UNREACHABLE,
            next_retry_delay=LOOK_AGAIN_AFTER,
            category=ApplicationErrorCategory.BENIGN,
        )

    async def _book(self, request: BookSlot) -> BookingOutcome:
        if (request.look_first or activity.info().attempt > 1) and (own := await self._own_booking(request)):
            return own
        if request.hold_seconds is not None:
            start = request.start.astimezone(UTC)
            hold = await self._hold(request, start, request.hold_seconds, to_book=True)
            if hold is HoldState.HELD_BY_ANOTHER_CALL:
                return BookingOutcome(result=BookingResult.HELD_BY_ANOTHER_CALL)
        try:
            asked_at = time.monotonic()
            outcome = await self._post_booking(request)
            quick = time.monotonic() - asked_at < QUICK_REFUSAL_SECONDS
            if outcome.result is BookingResult.TAKEN and request.service.capacity > 1 and quick:
                # Two bookings at once may have been given to the same one of those who can take the moment.
                outcome = await self._post_booking(request)
        except Unreachable as error:
            try:
                if own := await self._own_booking(request):
                    return own
                raise _step_error(error, request, _MAY_BE_BOOKED)
            except ApplicationError as unclear:
                raise (_Unanswered.like(unclear) if error.unanswered else unclear) from error
        except CalcomError as error:
            raise _step_error(error, request, _NOTHING_BOOKED) from error
        if outcome.result is BookingResult.BOOKED:
            return outcome
        return await self._own_booking(request) or outcome

    async def _post_booking(self, request: BookSlot) -> BookingOutcome:
        key = booking_key(request)
        metadata = {"company": request.company, "call": request.call_id, "booking_key": key}
        try:
            booking = await self._client.create_booking(
                self._account(request),
                request.service.event_type_id,
                request.start,
                name=request.attendee.name,
                email=_email(request),
                phone=_phone(request.attendee),
                timezone=request.timezone,
                language=request.attendee.language,
                metadata={name: value[:_METADATA_VALUE_LIMIT] for name, value in metadata.items()},
            )
        except SlotUnavailable:
            return BookingOutcome(result=BookingResult.TAKEN)
        except TooSoon:
            return BookingOutcome(result=BookingResult.TOO_SOON)
        except InThePast:
            return BookingOutcome(result=BookingResult.PAST)
        if booking.start != request.start.astimezone(UTC):
            wrong = NotConfigured(
                f"Cal.com answered with booking {booking.uid} at another moment than asked for; check it in Cal.com"
            )
            raise _step_error(wrong, request, _MAY_BE_BOOKED)
        if not _is_own(booking, request):
            # An older booking of the same attendee: no new one was made.
            return BookingOutcome(result=BookingResult.TAKEN)
        return _booked(booking, request)

    async def _own_booking(self, request: BookSlot) -> BookingOutcome | None:
        """Look for what this call has booked already, under whatever address: an earlier "yes" may have had another."""
        with _calendar_errors(request, _MAY_BE_BOOKED):
            bookings = await self._client.list_bookings(
                self._account(request),
                request.service.event_type_id,
                request.start,
                request.start.astimezone(UTC) + _LOOKUP_WINDOW,
            )
        found = (_booked(booking, request, recovered=True) for booking in bookings if _is_own(booking, request))
        return next(found, None)

    def _is_worth_beginning(self, request: CalendarRequest) -> bool:
        try:
            seconds = self._client.seconds_of_last_read(self._account(request))
        except NotConfigured:
            return False
        return seconds is None or seconds >= WORTH_BEGINNING_SECONDS

    async def _look(self, request: SlotCheck | SlotRecheck, need: Need = Need.QUESTION) -> tuple[datetime, ...]:
        if isinstance(request, SlotCheck):
            return await self._read_slots(request, request.look_from, request.look_until, need=need)
        start = request.start.astimezone(UTC)
        return await self._read_slots(request, start, start + request.service.duration, need=Need.OPTIONAL, fresh=True)

    async def _look_ahead(self, request: SlotCheck | SlotRecheck) -> None:
        # What goes wrong is told to the step that joins, or that looks again.
        with suppress(ApplicationError):
            await self._look(request, need=Need.OPTIONAL)

    async def _read_slots(
        self,
        request: CalendarRequest,
        look_from: datetime,
        look_until: datetime,
        *,
        need: Need = Need.QUESTION,
        fresh: bool = False,
    ) -> tuple[datetime, ...]:
        with _calendar_errors(request):
            return await self._client.slots(
                self._account(request),
                request.service.event_type_id,
                look_from,
                look_until,
                request.timezone,
                need=need,
                fresh=fresh,
            )

    async def _hold(
        self, request: CalendarRequest, start: datetime, seconds: float, *, to_book: bool = False
    ) -> HoldState:
        line = Line(**request.line.model_dump())
        if to_book:
            # Limits bound what is offered; without a hold two bookings of unequal length could meet.
            line = replace(line, most_of_caller=None, most_of_dialled=None)
        try:
            granted = await self._holds.take(
                company=request.company,
                calendar=request.service.calendar,
                call_id=request.call_id,
                start=start,
                end=start + request.service.duration,
                seconds=seconds,
                capacity=request.service.capacity,
                line=line,
            )
        except OverLimit:
            hold = HoldState.OVER_LIMIT
        except StoreUnavailable:
            activity.logger.warning("Going on without a hold: the store does not answer")
            hold = HoldState.STORE_DOWN
        else:
            hold = HoldState.HELD if granted else HoldState.HELD_BY_ANOTHER_CALL
        for result in HOLD_ATTEMPTS.labels["result"]:
            # What it did not come to counts as zero: the rise of a counter that begins with its first event is missed.
            HOLD_ATTEMPTS.add(activity.metric_meter(), hold == result, result=result)
        return hold

    async def _without_holds(self, request: CalendarRequest, starts: tuple[datetime, ...]) -> tuple[datetime, ...]:
        if not starts:
            return ()
        duration = request.service.duration
        try:
            held = await self._holds.of_others(
                company=request.company,
                calendar=request.service.calendar,
                call_id=request.call_id,
                since=starts[0],
                until=starts[-1] + duration,
            )
        except StoreUnavailable:
            activity.logger.warning("Going on without other calls' holds: the store does not answer")
            return starts
        return slots_free_of(starts, duration, held, request.service.capacity)

    def _account(self, request: CalendarRequest) -> Account:
        variable = request.calcom_api_key_env
        if not (key := self._keys.get(variable, "").strip()):
            raise NotConfigured(f"the environment variable {variable} is not set")
        return Account(request.company, key)


class _Unanswered(ApplicationError):
    """An attempt to book that failed while its request may still be under way."""

    @classmethod
    def like(cls, error: ApplicationError) -> "_Unanswered":
        """Return an error that is the same to Temporal."""
        return cls(
            error.message,
            *error.details,
            type=error.type,
            non_retryable=error.non_retryable,
            next_retry_delay=error.next_retry_delay,
            category=error.category,
        )


def _given_up_at() -> datetime:
    info = activity.info()
    return info.scheduled_time + (info.schedule_to_close_timeout or BOOK["schedule_to_close_timeout"])


def _under_way_until() -> datetime | None:
    """Return until when requests of earlier attempts may be under way.

    An attempt that ended with none says ``None``. One that was lost before it could say anything began, at the latest,
    when this one was scheduled.
    """
    info = activity.info()
    if not info.heartbeat_details:
        return info.current_attempt_scheduled_time + BOOKING_UNDER_WAY if info.attempt > 1 else None
    said = info.heartbeat_details[0]
    return datetime.fromisoformat(said) if said else None


def booking_key(request: BookSlot) -> str:
    """Name a booking so that it is found again: the same call and the same moment are the same booking."""
    moment = request.start.astimezone(UTC).isoformat()
    name = f"{request.service.event_type_id} {moment} {request.call_id}"
    return hashlib.sha256(name.encode()).hexdigest()[:20]


def _is_own(booking: Booking, request: BookSlot) -> bool:
    return (
        booking.stands
        and booking.start == request.start.astimezone(UTC)
        and booking.carries("booking_key", booking_key(request))
    )


def _booked(booking: Booking, request: BookSlot, *, recovered: bool = False) -> BookingOutcome:
    given = _given_email(request.attendee)
    return BookingOutcome(
        result=BookingResult.BOOKED,
        booking_uid=booking.uid,
        start=booking.start,
        recovered=recovered,
        awaits_host=booking.awaits_host,
        mail_reaches_caller=given is not None and given in (booking.addresses or {given}),
    )


def _email(request: BookSlot) -> str:
    """Return the attendee's address, or one that reaches nobody (RFC 2606) and that no other booking has.

    Cal.com insists on an address, compares it case by case, and may take two people with one address for one.
    """
    return _given_email(request.attendee) or f"{booking_key(request)}@phone-booking.invalid"


def _given_email(attendee: Attendee) -> str | None:
    """Return the address the caller gave, in lower case, if Cal.com will accept it."""
    email = (attendee.email or "").strip().lower()
    return email if len(email) <= _EMAIL_LIMIT and _EMAIL.fullmatch(email) else None


def _phone(attendee: Attendee) -> str | None:
    """Return the number if Cal.com will accept it: any other costs the whole booking."""
    try:
        number = phonenumbers.parse(attendee.phone or "", None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@contextmanager
def _calendar_errors(request: CalendarRequest, *details: object) -> Iterator[None]:
    """Raise what Cal.com's errors are to Temporal."""
    try:
        yield
    except CalcomError as error:
        raise _step_error(error, request, *details) from error


def _step_error(error: CalcomError, request: CalendarRequest, *details: object) -> ApplicationError:
    if isinstance(error, RateLimited):
        return ApplicationError(
            str(error),
            *details,
            type=RATE_LIMITED,
            next_retry_delay=error.reset_after,
            category=ApplicationErrorCategory.BENIGN,
        )
    if isinstance(error, Unreachable):
        return ApplicationError(str(error), *details, type=CALENDAR_UNREACHABLE)
    return ApplicationError(
        f"{error} [event type {request.service.event_type_id}, API key from {request.calcom_api_key_env}]",
        *details,
        type=CALENDAR_NOT_CONFIGURED,
        non_retryable=True,
    )
