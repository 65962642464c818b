"""Which free slots are offered: those that fulfil a wish for a part of a day, and those in place of a wish refused.

Moments are compared and measured as instants. The branch's clock counts only where people's rules are about it: the
day, "same time", the part of a day, opening hours, before or after noon.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from workflows.messages import Alternative, Branch, Service, TimeWindow
from workflows.rules import ABOUT, Slot, is_open, within

MOST_ALTERNATIVES = 2
"""More than two moments in one sentence are not remembered on the phone."""

NEAR = timedelta(hours=2)
"""A slot this close to the wish is "another time on the same day"."""

USUAL_HOURS = (time(9), time(18))
"""Working hours of a branch that names none, Monday to Friday."""

_NOON = time(12)
_WEEK = timedelta(days=7)


class Kind(StrEnum):
    """How an alternative relates to the wish; ``OTHER`` is everything the bonuses do not speak of."""

    SAME_DAY_LATER = "same_day_later"
    SAME_DAY_EARLIER = "same_day_earlier"
    NEXT_WORKDAY = "next_workday"
    NEXT_WEEK = "next_week"
    NEXT_AVAILABLE = "next_available"
    OTHER = "other"


class Bonus(NamedTuple):
    """What a kind is worth, in minutes of distance, by the time of day that was wished."""

    from_noon: int
    before_noon: int


BONUS = {
    Kind.SAME_DAY_LATER: Bonus(from_noon=500, before_noon=300),
    Kind.SAME_DAY_EARLIER: Bonus(from_noon=300, before_noon=500),
    Kind.NEXT_WORKDAY: Bonus(from_noon=250, before_noon=250),
    Kind.NEXT_WEEK: Bonus(from_noon=150, before_noon=150),
    Kind.NEXT_AVAILABLE: Bonus(from_noon=100, before_noon=100),
    Kind.OTHER: Bonus(from_noon=0, before_noon=0),
}
"""Who wishes a morning would rather come earlier than later, who wishes an afternoon the other way round."""


class Moment(NamedTuple):
    """An instant, in UTC, and what the branch's clock shows then. Moments sort as instants."""

    instant: datetime
    day: date
    clock: time


Stage = list[tuple[Kind, Moment]]


def alternatives(
    wished: Slot,
    free: Iterable[datetime],
    now: datetime,
    branch: Branch,
    *,
    window: TimeWindow | None = None,
    taken: Sequence[tuple[datetime, datetime]] = (),
    not_again: Collection[datetime] = (),
    numbered_from: int = 1,
) -> tuple[Alternative, ...]:
    """Choose at most two free slots to offer instead of the wished one, best first.

    They are collected in the order people think (another time that day, the same time on the next workday, the same
    day next week, the workdays of the next week, anything) until there are enough, and ranked by ``score``. Where a
    part of the day was wished, slots inside it come first: on that day, then on the following workdays.

    Args:
        wished: What cannot be had; it is never offered. With a ``window`` its start is only the time to be near to.
        free: The starts the calendar lists, in any order; how far they reach is how far is looked ahead.
        now: When the caller asked.
        branch: Whose opening hours, notice and time zone apply.
        window: The part of the day that was wished; slots outside it are marked so.
        taken: Half-open spans this caller has no time in, such as the appointments made in this call.
        not_again: Moments the caller has turned down already.
        numbered_from: The number in the first id.
    """
    zone = ZoneInfo(branch.timezone)
    never = not_again if window is not None else [*not_again, wished.start]
    starts = bookable(wished.service, free, now, branch, taken=taken, not_again=never)
    moments = [_moment(start, zone) for start in starts]
    anchor = _moment(wished.start, zone)
    wish = _moved_into_hours(anchor, branch)
    inside = [moment for moment in moments if window is not None and within(window, moment.clock)]
    others = [moment for moment in moments if window is None or not within(window, moment.clock)]
    best_inside = _best(_stages_inside(anchor, inside, branch), anchor, MOST_ALTERNATIVES)
    best_others = _best(_stages(anchor, wish, others, branch), wish, MOST_ALTERNATIVES - len(best_inside))
    chosen = [(moment, False) for moment in best_inside] + [(moment, window is not None) for moment in best_others]
    return tuple(
        Alternative(id=f"a{number}", start=moment.instant, outside_window=outside)
        for number, (moment, outside) in enumerate(chosen, start=numbered_from)
    )


def nearest(
    wished: Slot,
    free: Iterable[datetime],
    now: datetime,
    branch: Branch,
    *,
    window: TimeWindow | None,
    taken: Sequence[tuple[datetime, datetime]] = (),
    not_again: Collection[datetime] = (),
) -> tuple[datetime, ...]:
    """Return the free slots that fulfil a wish for a part of a day or for an approximate time, the nearest first.

    They begin on the wished day, inside the ``window``, or without one at most ``ABOUT`` from the wished start, which
    may be one of them. Of two that are equally near the earlier comes first. Arguments are those of ``alternatives``.

    Returns:
        Instants in UTC.
    """
    zone = ZoneInfo(branch.timezone)
    wish = _moment(wished.start, zone)
    starts = bookable(wished.service, free, now, branch, taken=taken, not_again=not_again)
    fitting = (
        moment
        for moment in (_moment(start, zone) for start in starts)
        if moment.day == wish.day
        and (within(window, moment.clock) if window is not None else _apart(moment, wish) <= ABOUT)
    )
    return tuple(moment.instant for moment in sorted(fitting, key=lambda moment: (_apart(moment, wish), moment)))


def bookable(
    service: Service,
    free: Iterable[datetime],
    now: datetime,
    branch: Branch,
    *,
    taken: Sequence[tuple[datetime, datetime]] = (),
    not_again: Collection[datetime] = (),
) -> list[datetime]:
    """Return the free slots this caller can have: late enough, in opening hours, and clear of ``taken`` to their end.

    Arguments are those of ``alternatives``.

    Returns:
        Instants in UTC, each once, in order of time.
    """
    # In UTC throughout: datetimes of one zone compare by the clock, which shows one hour twice when it goes back.
    unwanted = {start.astimezone(UTC) for start in not_again}
    busy = [(begin.astimezone(UTC), end.astimezone(UTC)) for begin, end in taken]
    notice_over = now.astimezone(UTC) + timedelta(minutes=branch.minimum_notice_minutes)
    slots = (Slot(service, start) for start in {start.astimezone(UTC) for start in free} - unwanted)
    return sorted(
        slot.start
        for slot in slots
        if slot.start >= notice_over
        and is_open(slot, branch)
        and not any(slot.start < end and begin < slot.end for begin, end in busy)
    )


def earliest(
    begin: Slot,
    free: Iterable[datetime],
    now: datetime,
    branch: Branch,
    *,
    window: TimeWindow | None,
    taken: Sequence[tuple[datetime, datetime]] = (),
) -> tuple[datetime, ...]:
    """Return the free slots from ``begin`` on, in order of time; with a ``window`` those inside it on any day.

    Arguments are those of ``alternatives``.

    Returns:
        Instants in UTC.
    """
    zone = ZoneInfo(branch.timezone)
    starts = bookable(begin.service, free, now, branch, taken=taken)
    return tuple(
        start
        for start in starts
        if start >= begin.start and (window is None or within(window, start.astimezone(zone).time()))
    )


def score(kind: Kind, moment: Moment, wish: Moment) -> float:
    """Return what an alternative is worth: the higher, the better.

    A minute between it and the wish costs a point, counted in real minutes across clock changes.
    """
    bonus = BONUS[kind]
    minutes = _apart(moment, wish) / timedelta(minutes=1)
    return 10_000 - minutes + (bonus.before_noon if wish.clock < _NOON else bonus.from_noon)


def _best(stages: Iterable[Stage], wish: Moment, enough: int) -> list[Moment]:
    """Collect from one stage after the other until there are enough, and return the best of what was collected.

    A slot keeps the kind by which it was first collected.
    """
    scores: dict[Moment, float] = {}
    for stage in stages:
        if len(scores) >= enough:
            break
        for kind, moment in stage:
            scores.setdefault(moment, score(kind, moment, wish))
    return sorted(scores, key=lambda moment: (-scores[moment], moment))[:enough]


def _stages(anchor: Moment, wish: Moment, free: Sequence[Moment], branch: Branch) -> Iterator[Stage]:
    """Yield the places to look in, one after the other; ``wish`` is the ``anchor`` moved into opening hours."""
    week = [moment for moment in free if wish.day < moment.day <= wish.day + _WEEK and _hours(moment.day, branch)]
    same_time = [moment for moment in week if moment.clock == wish.clock]
    yield [
        (Kind.SAME_DAY_EARLIER if moment < wish else Kind.SAME_DAY_LATER, moment)
        for moment in free
        if moment.day == wish.day and _apart(moment, wish) <= NEAR
    ]
    if _hours(anchor.day, branch):
        workday = _next_workday(wish.day, branch)
        yield [(Kind.NEXT_WORKDAY, moment) for moment in same_time if moment.day == workday]
    yield [(Kind.NEXT_WEEK, moment) for moment in same_time if moment.day == wish.day + _WEEK]
    yield [(Kind.NEXT_AVAILABLE, moment) for moment in _one_a_day(week, lambda moment: _clocks_apart(moment, wish))]
    # On a day after the wished one the slot nearest to the wish is the day's first.
    yield [(Kind.OTHER, moment) for moment in _one_a_day(free, lambda moment: _apart(moment, wish))]
    yield [(Kind.OTHER, moment) for moment in free]


def _stages_inside(anchor: Moment, inside: Sequence[Moment], branch: Branch) -> Iterator[Stage]:
    """Yield the places to look in for slots inside a window: that day, the workdays after it, any day."""
    later = [moment for moment in inside if moment.day > anchor.day and _hours(moment.day, branch)]
    yield [(Kind.OTHER, moment) for moment in inside if moment.day == anchor.day]
    yield [(Kind.OTHER, moment) for moment in _one_a_day(later, lambda moment: _clocks_apart(moment, anchor))]
    yield [(Kind.OTHER, moment) for moment in inside]


def _one_a_day(moments: Sequence[Moment], distance: Callable[[Moment], timedelta]) -> list[Moment]:
    """Return of each day the moment with the smallest distance; of two equal ones the earlier."""
    best: dict[date, Moment] = {}
    for moment in sorted(moments, key=lambda moment: (distance(moment), moment)):
        best.setdefault(moment.day, moment)
    return sorted(best.values())


def _moment(instant: datetime, zone: ZoneInfo) -> Moment:
    local = instant.astimezone(zone)
    return Moment(instant.astimezone(UTC), local.date(), local.time())


def _apart(one: Moment, other: Moment) -> timedelta:
    return abs(one.instant - other.instant)


def _clocks_apart(one: Moment, other: Moment) -> timedelta:
    """Return how far two times of day lie apart, whatever their days."""
    return abs(datetime.combine(date.min, one.clock) - datetime.combine(date.min, other.clock))


def _hours(day: date, branch: Branch) -> list[tuple[time, time]]:
    """Return the spans in which the branch works on a day, in order; none: the day is no workday."""
    if not branch.opening_hours:
        return [USUAL_HOURS] if day.weekday() < 5 else []
    return sorted((span.opens, span.closes) for span in branch.opening_hours if span.weekday == day.weekday())


def _next_workday(day: date, branch: Branch) -> date | None:
    following = (day + timedelta(days=ahead) for ahead in range(1, 8))
    return next((candidate for candidate in following if _hours(candidate, branch)), None)


def _moved_into_hours(wish: Moment, branch: Branch) -> Moment:
    """Move a wish for a time at which the branch is closed to the next opening."""
    zone = ZoneInfo(branch.timezone)
    for day in (wish.day + timedelta(days=ahead) for ahead in range(8)):
        for opens, closes in _hours(day, branch):
            if day == wish.day and opens <= wish.clock < closes:
                return wish
            if day > wish.day or wish.clock < opens:
                return _moment(datetime.combine(day, opens, zone), zone)
    return wish
