"""What a caller is offered: the moment wished for, one that fulfils the wish, or others instead."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows import alternatives, options, rules
from workflows.calendar import Calendar, kind_of
from workflows.messages import (
    Alternative,
    Answer,
    AnswerStatus,
    Appointment,
    Branch,
    CaughtAt,
    Reason,
    TimeWindow,
)
from workflows.rules import Slot

MOST_TRIES = 3
"""So many moments of a part of the day are tried to be held: others take them only in the instant after the look."""


class Wanted(NamedTuple):
    """What is looked for: a slot or, with ``window`` or ``about``, any that comes near it on its day.

    ``turn_id`` is the turn that is answered; the caller may hear his ``name`` with an offer. ``not_again`` are moments
    he has turned down.
    """

    slot: Slot
    asked_at: datetime
    turn_id: str
    name: str | None = None
    window: TimeWindow | None = None
    about: bool = False
    not_again: Collection[datetime] = ()


class Offers:
    """Finds what can be offered, holds what is, and numbers alternatives so that an id never changes its meaning."""

    def __init__(
        self, calendar: Calendar, branch: Branch, own_appointments: Callable[[], Awaitable[Sequence[Appointment]]]
    ) -> None:
        """Nothing has been offered yet; ``own_appointments`` tells when this caller has no time."""
        self._calendar = calendar
        self._branch = branch
        self._own_appointments = own_appointments
        self._named: dict[str, datetime] = {}

    def named(self, alternative_id: str) -> datetime | None:
        """Return the moment this id has stood for in this call."""
        return self._named.get(alternative_id)

    async def exactly(self, wanted: Wanted) -> Answer:
        """Offer the exact slot, held from now on; or what is free instead."""
        slot = wanted.slot
        if objection := rules.objection(slot, wanted.asked_at, self._branch):
            return await self.instead(objection, wanted)
        offer, seen = await self._calendar.check(slot, wanted.asked_at, wanted.turn_id, wanted.name)
        if offer:
            return offer
        refusal = Answer(
            status=AnswerStatus.UNAVAILABLE,
            reason=Reason.HELD_BY_ANOTHER_CALL if seen.listed else None,
            caught_at=CaughtAt.HOLD if seen.listed else None,
            start=slot.start,
            service=slot.service,
        )
        return await self.instead(refusal, wanted, seen.starts)

    async def near(self, wanted: Wanted) -> Answer:
        """Offer the slot that comes nearest to a part of the day or an approximate time; or what is free instead."""
        slot, window = wanted.slot, wanted.window
        if rules.is_over(slot, window, wanted.asked_at, self._branch, about=wanted.about):
            return rules.past(slot)
        if window and rules.is_closed(slot, window, self._branch):
            closed = Answer(
                status=AnswerStatus.UNAVAILABLE,
                reason=Reason.OUTSIDE_HOURS,
                window=window,
                start=slot.start,
                service=slot.service,
            )
            return await self.instead(closed, wanted)
        free = await self._look(wanted)
        nearest = alternatives.nearest(
            slot,
            free,
            wanted.asked_at,
            self._branch,
            window=window,
            taken=await self._taken(),
            not_again=wanted.not_again,
        )
        if held := await self._first_held(wanted, nearest):
            return held
        refusal = Answer(status=AnswerStatus.UNAVAILABLE, window=window, start=slot.start, service=slot.service)
        left = [start for start in free if start not in nearest]
        return await self.instead(refusal, wanted, left)

    async def first_free(self, wanted: Wanted, search_days: int) -> Answer:
        """Offer the first slot that is free from the wanted moment on."""
        slot = wanted.slot
        until = slot.start + timedelta(days=search_days)
        free = await self._calendar.free_slots(slot, max(slot.start, wanted.asked_at), until)
        earliest = alternatives.earliest(
            slot, free, wanted.asked_at, self._branch, window=wanted.window, taken=await self._taken()
        )
        if held := await self._first_held(wanted, earliest):
            return held
        return Answer(
            status=AnswerStatus.NO_AVAILABILITY, reason=Reason.NO_SLOTS, window=wanted.window, service=slot.service
        )

    async def others(self, wanted: Wanted) -> Answer:
        """Offer what is free instead of a moment, without looking at the moment itself."""
        if rules.is_over(wanted.slot, wanted.window, wanted.asked_at, self._branch, about=wanted.about):
            return rules.past(wanted.slot)
        answer = Answer(status=AnswerStatus.ALTERNATIVES, start=wanted.slot.start, service=wanted.slot.service)
        return await self.instead(answer, wanted)

    async def taken(self, wanted: Wanted, caught_at: CaughtAt) -> Answer:
        """Somebody else was quicker: say so, with what is free instead."""
        wanted = wanted._replace(not_again=[*wanted.not_again, wanted.slot.start])
        answer = Answer(
            status=AnswerStatus.SLOT_TAKEN,
            reason=Reason.RACE_CONDITION_DETECTED,
            caught_at=caught_at,
            start=wanted.slot.start,
            service=wanted.slot.service,
        )
        return await self.instead(answer, wanted)

    async def instead(self, refusal: Answer, wanted: Wanted, free: Collection[datetime] | None = None) -> Answer:
        """Add what else is free. Where that cannot be read the refusal stands alone; where nothing is, it says so.

        Raises:
            ActivityError: It cannot be read, and there is no refusal: others were all that was asked for.
        """
        if refusal.status is AnswerStatus.PAST_TIME:
            return refusal
        start = wanted.slot.start
        near, far = start + options.LOOK_AHEAD, start + options.LOOK_FURTHER
        try:
            found = await self._choose(wanted, await self._look(wanted) if free is None else free)
            if not found:
                further = await self._calendar.free_slots(wanted.slot, near, far, optional=True)
                found = await self._choose(wanted, further)
        except ActivityError as error:
            if refusal.status is AnswerStatus.ALTERNATIVES:
                raise
            workflow.logger.warning("alternatives could not be read: %s", kind_of(error))
            return refusal
        if not found:
            gone = {"status": AnswerStatus.NO_AVAILABILITY, "reason": refusal.reason or Reason.NO_SLOTS, "window": None}
            turned_down = refusal.status is AnswerStatus.UNAVAILABLE and len(wanted.not_again) > 0
            nothing_further = refusal.status is AnswerStatus.ALTERNATIVES or turned_down
            return refusal.model_copy(update=gone | {"nothing_further": nothing_further})
        self._named |= {alternative.id: alternative.start for alternative in found}
        return refusal.model_copy(update={"alternatives": found})

    async def _look(self, wanted: Wanted) -> tuple[datetime, ...]:
        begin = rules.search_from(wanted.slot.start, wanted.asked_at, self._branch.timezone)
        return await self._calendar.free_slots(wanted.slot, begin, wanted.slot.start + options.LOOK_AHEAD)

    async def _choose(self, wanted: Wanted, free: Collection[datetime]) -> tuple[Alternative, ...]:
        return alternatives.alternatives(
            wanted.slot,
            free,
            wanted.asked_at,
            self._branch,
            window=wanted.window,
            taken=await self._taken(),
            not_again=wanted.not_again,
            numbered_from=len(self._named) + 1,
        )

    async def _taken(self) -> list[tuple[datetime, datetime]]:
        return [(appointment.start, appointment.end) for appointment in await self._own_appointments()]

    async def _first_held(self, wanted: Wanted, starts: Sequence[datetime]) -> Answer | None:
        for start in starts[:MOST_TRIES]:
            slot = wanted.slot._replace(start=start)
            if offer := await self._calendar.take(slot, wanted.turn_id, wanted.name):
                return offer
        return None
