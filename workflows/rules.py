"""The rules of the conversation, as pure functions: what a wish means, what a "yes" may book, what else to offer.

Slots are compared as instants. Wall-clock time appears only where people's rules are wall-clock: opening hours, "same
time", "same day".
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from workflows.messages import (
    Aim,
    Alternative,
    Answer,
    AnswerStatus,
    Branch,
    Direction,
    Missing,
    Reason,
    Service,
    Shift,
    SlotWish,
    TimeWindow,
)

ABOUT = timedelta(minutes=30)
"""A slot this close to an approximate time is what was asked for."""


class Slot(NamedTuple):
    """A moment of a service."""

    service: Service
    start: datetime

    @property
    def end(self) -> datetime:
        """When the appointment is over."""
        return self.start.astimezone(UTC) + self.service.duration


class Choice(NamedTuple):
    """An alternative named by its id: the moment that id has stood for in this call; ``None`` for an unknown id."""

    start: datetime | None


class OnOffer(NamedTuple):
    """What the caller has heard and may say yes to: one moment, or alternatives ``instead_of`` the moment wished."""

    service: Service
    start: datetime | None
    alternatives: tuple[Alternative, ...]
    day_words: str | None
    instead_of: datetime | None = None

    @property
    def starts(self) -> list[datetime]:
        """Every moment on offer."""
        return [self.start] if self.start else [alternative.start for alternative in self.alternatives]


def moment(day: date, time_of_day: time, timezone: str) -> datetime | None:
    """Return the instant of a wall-clock time, in the branch's zone; ``None`` where a clock change skips it.

    A time that occurs twice (the night clocks go back) means its first occurrence.
    """
    zone = ZoneInfo(timezone)
    local = datetime.combine(day, time_of_day, zone)
    instant = local.astimezone(UTC)
    exists = instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
    return instant if exists else None


def complete(
    wish: SlotWish,
    earlier: SlotWish,
    spoken_of: datetime | None,
    on_offer: OnOffer | None,
    branch: Branch,
) -> SlotWish:
    """Fill what this wish leaves out with what the call said before; the delivery stays the wish's own.

    A step ("an hour later") starts from the moment ``spoken_of`` last, a choice ("the second one") is among what is on
    offer; where there is no such thing they stay in the wish, which then names no moment. A service once chosen stays
    chosen; the branch's default is taken only where nobody ever named one. A time of day alone is meant for tomorrow
    where today's has gone by; otherwise the day stays open. A wish for the first free moment begins anew.
    """
    zone = ZoneInfo(branch.timezone)
    wish = _pointed_out(wish, spoken_of, on_offer, zone)
    left_out = [name for name in ("service", "name", "email", "phone") if getattr(wish, name) is None]
    if wish.aim is not Aim.FIRST_FREE:
        if wish.day is None and wish.week is None:
            left_out += ["day", "week", "weekday_alone", "day_words"]
        if wish.time_of_day is None and wish.window is None:
            left_out += ["time_of_day", "about", "window"]
    elif wish.time_of_day is not None:
        at = wish.time_of_day
        only_then = TimeWindow(since=at, until=at, until_included=True, anchor=at)
        wish = wish.model_copy(update={"window": only_then, "time_of_day": None})
    filled = wish.model_copy(update={name: getattr(earlier, name) for name in left_out})
    if spoken_of and wish.aim is not Aim.FIRST_FREE:
        filled = _seen_from(filled, spoken_of.astimezone(zone))
    today = wish.asked_at.astimezone(zone).date()
    changes: dict[str, object] = {"service": filled.service or branch.default_service}
    if wish.weekday_alone and wish.day and earlier.week and earlier.day is None:
        in_that_week = earlier.week + timedelta(days=wish.day.weekday())
        changes["day"] = in_that_week if in_that_week > today else wish.day
    if filled.day is None and filled.week is None and not wish.day_lost and _has_gone_by(filled, today, branch):
        changes["day"] = today + timedelta(days=1)
    return filled.model_copy(update=changes)


def _seen_from(wish: SlotWish, spoken_of: datetime) -> SlotWish:
    """Take what no wish has named from the moment spoken of last: it was our own proposal."""
    missing: dict[str, object] = {}
    if wish.day is None and wish.week is None:
        missing["day"] = spoken_of.date()
    if wish.time_of_day is None and wish.window is None:
        missing["time_of_day"] = spoken_of.time()
    return wish.model_copy(update=missing)


def _pointed_out(wish: SlotWish, spoken_of: datetime | None, on_offer: OnOffer | None, zone: ZoneInfo) -> SlotWish:
    """Return the wish with the moment its words point at."""
    if wish.choice is not None:
        chosen = nth(wish.choice, on_offer)
        return _at(wish, chosen, zone) if chosen and on_offer and _fits(wish, chosen, on_offer, zone) else wish
    if wish.shift is not None:
        return _shifted(wish, wish.shift, spoken_of.astimezone(zone)) if spoken_of else wish
    if wish.day and wish.time_of_day is None and wish.window is None and on_offer and on_offer.alternatives:
        return _at(wish, _only_one_that_day(wish, on_offer.starts, zone), zone)
    return wish


def _at(wish: SlotWish, start: datetime | None, zone: ZoneInfo) -> SlotWish:
    if start is None:
        return wish
    local = start.astimezone(zone)
    return wish.model_copy(update={"day": local.date(), "time_of_day": local.time(), "choice": None})


def _shifted(wish: SlotWish, shift: Shift, base: datetime) -> SlotWish:
    if shift.minutes:
        moved = (base.astimezone(UTC) + timedelta(minutes=shift.minutes)).astimezone(base.tzinfo)
        day = moved.date() + timedelta(days=shift.days)
        return wish.model_copy(update={"day": day, "time_of_day": moved.time(), "shift": None})
    day = wish.day or base.date() + timedelta(days=shift.days)
    if shift.direction is None:
        return wish.model_copy(update={"day": day, "shift": None})
    clock = base.time()
    window = (
        TimeWindow(since=clock, since_excluded=True, anchor=clock)
        if shift.direction is Direction.LATER
        else TimeWindow(until=clock, anchor=clock)
    )
    return wish.model_copy(update={"day": day, "window": window, "shift": None})


def _only_one_that_day(wish: SlotWish, starts: Sequence[datetime], zone: ZoneInfo) -> datetime | None:
    """Return the one moment on offer whose day was named; a bare weekday names it in any week."""
    days = [(start, start.astimezone(zone).date()) for start in starts]
    named = [start for start, day in days if day == wish.day]
    if not named and wish.weekday_alone and wish.day:
        named = [start for start, day in days if day.weekday() == wish.day.weekday()]
    return named[0] if len(named) == 1 else None


def _has_gone_by(wish: SlotWish, day: date, branch: Branch) -> bool:
    """Whether the time of day, or the whole part of the day, of a wish is over on this day."""
    last = wish.window.until if wish.window else wish.time_of_day
    end = moment(day, last, branch.timezone) if last else None
    return end is not None and end <= wish.asked_at


def nth(choice: int, on_offer: OnOffer | None) -> datetime | None:
    """Return the alternative at this place among those on offer: 1 is the first, -1 the last."""
    starts = on_offer.starts if on_offer and on_offer.alternatives else []
    place = choice - 1 if choice > 0 else len(starts) + choice
    return starts[place] if 0 <= place < len(starts) else None


def named_moment(wish: SlotWish, timezone: str) -> datetime | None:
    """Return the moment a wish names, if it names both day and time of day."""
    if wish.day is None or wish.time_of_day is None:
        return None
    return moment(wish.day, wish.time_of_day, timezone)


def wished_slot(wish: SlotWish, branch: Branch) -> Slot | None:
    """Return the slot a complete wish asks for; of a part of the day, the one that is tried first.

    A wish for the first free moment asks from where on it counts. ``None`` if the wish lacks a part, points at
    something nobody has spoken of, or names a time a clock change skips.
    """
    if wish.service is None or wish.choice is not None or wish.shift is not None:
        return None
    day, clock = wish.day, wish.window.anchor if wish.window else wish.time_of_day
    if wish.aim is Aim.FIRST_FREE:
        first_day = day or wish.week
        begins = moment(first_day, time(), branch.timezone) if first_day else None
        return Slot(wish.service, max(begins or wish.asked_at, wish.asked_at))
    start = moment(day, clock, branch.timezone) if day and clock else None
    return Slot(wish.service, start) if start else None


def incomplete(wish: SlotWish) -> Answer:
    """Ask for what a wish lacks; one that names a time which a clock change skips lacks the time."""
    points_nowhere = wish.choice is not None or wish.shift is not None
    clock = wish.window or wish.time_of_day
    parts = {
        Missing.SERVICE: wish.service is None,
        Missing.DATE: points_nowhere or wish.day is None,
        Missing.TIME: points_nowhere or clock is None,
    }
    missing = tuple(part for part, lacks in parts.items() if lacks) or (Missing.TIME,)
    if wish.aim is Aim.FIRST_FREE:
        missing = (Missing.SERVICE,)
    return Answer(
        status=AnswerStatus.MISSING_REQUIRED_FIELDS,
        missing=missing,
        window=wish.window,
        time_of_day=None if wish.day_lost or wish.week else wish.time_of_day,
    )


def agreed_slot(
    wish: SlotWish, chosen: Choice | None, on_offer: OnOffer | None, service: Service | None, timezone: str
) -> Slot | None:
    """Return what a confirmation books, or ``None`` where its wish must be checked and asked back first.

    It books the moment on offer (an only alternative is one); or one of the alternatives on offer, named by id, by
    moment, or by time of day while the words for the day are the ones used before; or, with nothing on offer, the
    explicit wish it carries, exactly. An id or a place beside words that name another moment books neither.
    ``service`` is the one the call has settled on.
    """
    if wish.shift is not None or wish.week is not None or wish.aim is not Aim.MOMENT:
        return None
    named = named_moment(wish, timezone)
    if on_offer is None:
        return None if service is None or named is None or wish.about else Slot(service, named)
    if wish.service is not None and wish.service.key != on_offer.service.key:
        return None
    meant = [named] if named in on_offer.starts else _meant(wish, on_offer, ZoneInfo(timezone))
    if chosen is not None:
        zone = ZoneInfo(timezone)
        meant = [start for start in on_offer.starts if start == chosen.start and _fits(wish, start, on_offer, zone)]
    return Slot(on_offer.service, meant[0]) if len(meant) == 1 and meant[0] is not None else None


def _fits(wish: SlotWish, chosen: datetime, on_offer: OnOffer, zone: ZoneInfo) -> bool:
    """Whether the words beside a choice name nothing else: the chosen moment, or again the one that was refused."""
    return any(
        (wish.day in (None, local.date()) or (wish.day_words is not None and wish.day_words == on_offer.day_words))
        and wish.time_of_day in (None, local.time())
        and (wish.window is None or within(wish.window, local.time()))
        for local in (start.astimezone(zone) for start in (chosen, on_offer.instead_of) if start)
    )


def _meant(wish: SlotWish, on_offer: OnOffer, zone: ZoneInfo) -> list[datetime]:
    """Return the moments on offer that fit words which name none of them outright."""
    same_day_words = wish.day is None or (wish.day_words is not None and wish.day_words == on_offer.day_words)
    clocks = [(start, start.astimezone(zone)) for start in on_offer.starts]
    if wish.time_of_day is not None:
        return [start for start, local in clocks if local.time() == wish.time_of_day] if same_day_words else []
    only = clocks if len(clocks) == 1 else []
    return [
        start
        for start, local in only
        if (same_day_words or local.date() == wish.day) and (wish.window is None or within(wish.window, local.time()))
    ]


def within(window: TimeWindow, clock: time) -> bool:
    """Whether a time of day lies in a part of the day."""
    begins = window.since is None or window.since < clock or (clock == window.since and not window.since_excluded)
    ends = window.until is None or clock < window.until or (clock == window.until and window.until_included)
    return begins and ends


def offer_in(answer: Answer, day_words: str | None) -> OnOffer | None:
    """Return what an answer puts on offer, if anything."""
    if answer.service is None:
        return None
    if answer.status is AnswerStatus.AVAILABLE:
        return OnOffer(answer.service, answer.start, (), day_words)
    if answer.status is AnswerStatus.MISSING_CUSTOMER_NAME:
        # What was agreed to waits for a name.
        return OnOffer(answer.service, answer.start, (), day_words)
    return OnOffer(answer.service, None, answer.alternatives, day_words, answer.start) if answer.alternatives else None


def objection(slot: Slot, now: datetime, branch: Branch) -> Answer | None:
    """Say what stands against a moment before any calendar is asked: past, too soon, or outside opening hours."""
    if slot.start <= now:
        return past(slot)
    earliest = now + timedelta(minutes=branch.minimum_notice_minutes)
    if slot.start < earliest:
        return too_soon(slot, now, branch)
    if not is_open(slot, branch):
        return Answer(
            status=AnswerStatus.UNAVAILABLE, reason=Reason.OUTSIDE_HOURS, start=slot.start, service=slot.service
        )
    return None


def is_over(slot: Slot, window: TimeWindow | None, now: datetime, branch: Branch, *, about: bool) -> bool:
    """Whether a part of a day has gone by, or the slot's start, which may be only approximate."""
    if window is None:
        return slot.start + (ABOUT if about else timedelta()) <= now
    day = slot.start.astimezone(ZoneInfo(branch.timezone)).date()
    end = (
        moment(day, window.until, branch.timezone)
        if window.until
        else moment(day + timedelta(days=1), time(), branch.timezone)
    )
    return end is not None and end <= now


def is_closed(slot: Slot, window: TimeWindow, branch: Branch) -> bool:
    """Whether no appointment of this length can begin in a part of the slot's day, for the opening hours alone."""
    zone = ZoneInfo(branch.timezone)
    day = slot.start.astimezone(zone).date()
    steps = (datetime.combine(day, time(), zone) + timedelta(minutes=minutes) for minutes in range(0, 24 * 60, 5))
    return not any(within(window, step.time()) and is_open(slot._replace(start=step), branch) for step in steps)


def past(slot: Slot) -> Answer:
    """Answer that a moment has gone by."""
    return Answer(status=AnswerStatus.PAST_TIME, reason=Reason.PAST_TIME, start=slot.start, service=slot.service)


def too_soon(slot: Slot, now: datetime, branch: Branch) -> Answer:
    """Answer that a moment is inside the branch's minimum notice."""
    return Answer(
        status=AnswerStatus.UNAVAILABLE,
        reason=Reason.BOOKING_NOTICE_VIOLATION,
        start=slot.start,
        service=slot.service,
        minimum_notice_minutes=branch.minimum_notice_minutes,
        earliest_bookable=now + timedelta(minutes=branch.minimum_notice_minutes),
    )


def is_open(slot: Slot, branch: Branch) -> bool:
    """Whether the whole appointment lies in one span of opening hours; a branch that names none is always open."""
    if not branch.opening_hours:
        return True
    zone = ZoneInfo(branch.timezone)
    start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
    return start.date() == end.date() and any(
        hours.opens <= start.time() and end.time() <= hours.closes
        for hours in branch.opening_hours
        if hours.weekday == start.weekday()
    )


def search_from(start: datetime, now: datetime, timezone: str) -> datetime:
    """Return where a look at the calendar begins: the wished day's midnight, but never in the past."""
    midnight = datetime.combine(start.astimezone(ZoneInfo(timezone)).date(), time(), ZoneInfo(timezone))
    return max(midnight, now)
