"""The time of day or the part of a day that was named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from starter.spoken.facts import About, AfterPart, Clock, Hours, Moment, PartOfDay, Span
from starter.spoken.meaning import Contradiction, NotUnderstood, Part
from starter.spoken.said import AskedBack, Said
from workflows.messages import DayPart, Direction, TimeWindow


def _window(since: int, until: int, anchor: int, part: DayPart) -> TimeWindow:
    return TimeWindow(since=time(since), until=time(until), anchor=time(anchor), part=part)


WINDOWS = {
    DayPart.EARLY: _window(6, 9, 8, DayPart.EARLY),
    DayPart.MORNING: _window(6, 10, 9, DayPart.MORNING),
    DayPart.FORENOON: _window(9, 12, 10, DayPart.FORENOON),
    DayPart.NOON: _window(11, 14, 12, DayPart.NOON),
    DayPart.AFTERNOON: _window(12, 17, 14, DayPart.AFTERNOON),
    DayPart.EVENING: _window(17, 21, 18, DayPart.EVENING),
}
"""What is meant when nothing but the part of the day was said."""

HOURS = {
    DayPart.EARLY: Hours("early", time(0), time(12)),
    DayPart.MORNING: Hours("morning", time(0), time(12)),
    DayPart.FORENOON: Hours("forenoon", time(0), time(12)),
    DayPart.NOON: Hours("noon", time(11), time(15)),
    DayPart.AFTERNOON: Hours("afternoon", time(12), time(19)),
    DayPart.EVENING: Hours("evening", time(16), time(0)),
}
"""Which times agree with a part of the day: more than its window, since "drei Uhr morgens" is said as well."""

FIRST, LAST = time(0), time.max
ANY_TIME = TimeWindow(anchor=FIRST)
"""Open at both ends: the earliest time is best."""


@dataclass(frozen=True)
class NamedTime:
    """A time of day, exact or not, or a window of the day."""

    time_of_day: time | None = None
    about: bool = False
    window: TimeWindow | None = None


def named_time(said: Said, now: datetime) -> NamedTime:
    """Return the time or window the facts name. Raises ``AskedBack`` where they contradict each other."""
    part = said.only(PartOfDay, Part.TIME)
    hours = [*said.all(Hours), *([HOURS[part.part]] if part else [])]
    clocks = [*said.all(Clock), *(Clock((moment.on_the_clock_of(now).time(),)) for moment in said.all(Moment))]
    spans = [_Bounds.of(span, hours) for span in said.all(Span)]
    spans += [_Bounds(since=WINDOWS[after.part].until or FIRST) for after in said.all(AfterPart)]
    if clocks:
        time_of_day = _common(clocks, hours)
        if not spans:
            return NamedTime(time_of_day, about=bool(said.all(About)))
        # "ab 14 Uhr", and 14:00 once more as the time: the span is what was said.
        if not all(time_of_day in (span.since, span.until) for span in spans):
            raise AskedBack(Contradiction(Part.TIME))
    if said.all(Hours):
        raise AskedBack(NotUnderstood(Part.TIME))
    if part and part.half:
        spans.append(_half(WINDOWS[part.part], part.half))
    if not spans:
        return NamedTime(window=WINDOWS[part.part] if part else None)
    return NamedTime(window=_intersection(spans, WINDOWS[part.part] if part else ANY_TIME))


@dataclass(frozen=True)
class _Bounds:
    """A span whose ends are times; it begins with the day and ends with it where nothing else was said."""

    since: time = FIRST
    until: time = LAST
    included: bool = False

    @classmethod
    def of(cls, span: Span, hours: Sequence[Hours]) -> "_Bounds":
        """Return the ends that are meant: a span ends after it begins."""
        since = _common([span.since], hours) if span.since else FIRST
        if span.until is None:
            return cls(since)
        ends = [at for at in _possible(span.until, hours) if at > since] or span.until.times
        until = next((at for at in ends if at > since), None)
        if until is None:
            raise AskedBack(NotUnderstood(Part.TIME))
        return cls(since, until, span.included)


def _half(whole: TimeWindow, half: Direction) -> _Bounds:
    """Return the later or earlier half; the hour in the middle belongs to the earlier one."""
    middle = time(((whole.since or FIRST).hour + (whole.until or LAST).hour + 1) // 2)
    return _Bounds(since=middle) if half is Direction.LATER else _Bounds(until=middle)


def _possible(clock: Clock, hours: Sequence[Hours]) -> Sequence[time]:
    """Return the times a clock can mean among those that fit the part of the day."""
    times = clock.times if hours else clock.choices
    return [at for at in times if all(fitting.holds(at) for fitting in hours)]


def _common(clocks: Sequence[Clock], hours: Sequence[Hours]) -> time:
    first, *others = [_possible(clock, hours) for clock in clocks]
    common = [at for at in first if all(at in other for other in others)]
    if not common:
        raise AskedBack(Contradiction(Part.TIME))
    return common[0]


def _intersection(spans: Sequence[_Bounds], whole: TimeWindow) -> TimeWindow:
    since = max(whole.since or FIRST, *(span.since for span in spans), FIRST)
    # Of two ends at the same time the one that is left out comes first.
    until, included = min((whole.until or LAST, False), *((span.until, span.included) for span in spans))
    if since >= until:
        raise AskedBack(Contradiction(Part.TIME))
    if (since, until) == (FIRST, LAST):
        return ANY_TIME
    anchor = whole.anchor if whole.part and since <= whole.anchor < until else _anchor(since, until)
    return TimeWindow(
        since=since if since > FIRST else None,
        until=until if until < LAST else None,
        until_included=included,
        anchor=anchor,
    )


def _anchor(since: time, until: time) -> time:
    """A window is meant from its beginning; "until twelve" is the hour before twelve."""
    return since if since > FIRST else time(max(until.hour - 1, 0), until.minute)
