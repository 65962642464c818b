"""A day of a calendar as a plan: what of it is shown, where its hours stand, and what lies beside what.

A day is measured in time that passes: the one on which clocks go forward has 23 hours, its counterpart 25.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from store.catalog import CatalogBranch

HOUR = timedelta(hours=1)

USUAL_HOURS = time(8), time(18)
"""What is shown of a day on which nothing is open and nothing booked."""


class Span(NamedTuple):
    """A span of time, half-open; aware."""

    start: datetime
    end: datetime


class Mark(NamedTuple):
    """A full hour of the plan: when it is, and what the clock shows; ``twice`` where the clock shows it twice."""

    at: datetime
    label: str
    twice: bool = False


class Lane(NamedTuple):
    """Where something stands that shares its time with others: the how-manieth of how many, side by side."""

    place: int
    of: int


@dataclass(frozen=True)
class Hours:
    """When a branch is open on a day."""

    branch: str
    spans: tuple[Span, ...]


def day_span(day: date, zone: ZoneInfo) -> Span:
    """Return a day from midnight to midnight, in UTC."""
    return Span(_instant(day, time(), zone), _instant(day + timedelta(days=1), time(), zone))


def opening_hours(branch: CatalogBranch, day: date, zone: ZoneInfo) -> Hours:
    """Return when a branch is open on this day."""
    spans = [span for weekday, span in branch.openings if weekday == day.weekday()]
    return Hours(
        branch.name, tuple(Span(_instant(day, span.opens, zone), _instant(day, span.closes, zone)) for span in spans)
    )


def shown_span(day: date, zone: ZoneInfo, spans: Sequence[Span]) -> Span:
    """Return what to show of a day: its spans with an hour around them, in full hours; all of it when clocks change."""
    whole = day_span(day, zone)
    if whole.end - whole.start != 24 * HOUR:
        return whole
    if not spans:
        return Span(*(_instant(day, clock, zone) for clock in USUAL_HOURS))
    first = max(whole.start, min(span.start for span in spans) - HOUR)
    last = min(whole.end, max(span.end for span in spans) + HOUR)
    begin = whole.start + (first - whole.start) // HOUR * HOUR
    return Span(begin, min(whole.end, whole.start - (whole.start - last) // HOUR * HOUR))


def marks(shown: Span, zone: ZoneInfo) -> list[Mark]:
    """Return the full hours of a plan by what the clock shows then."""
    moments = [shown.start + number * HOUR for number in range(int((shown.end - shown.start) / HOUR) + 1)]
    clocks = [moment.astimezone(zone) for moment in moments]
    names = [f"{clock:%H:%M}" for clock in clocks[:-1]] + [f"{clocks[-1]:%H:%M}".replace("00:00", "24:00")]
    return [Mark(moment, name, twice=names.count(name) > 1) for moment, name in zip(moments, names, strict=True)]


def lanes(spans: Sequence[Span]) -> list[Lane]:
    """Return a place for each span, given in order of their start: those that overlap stand side by side."""
    places: list[int] = []
    groups: list[list[int]] = []
    until: list[datetime] = []
    for number, span in enumerate(spans):
        if not until or span.start >= max(until):
            groups.append([])
            until = []
        place = next((lane for lane, end in enumerate(until) if end <= span.start), len(until))
        until[place : place + 1] = [span.end]
        places.append(place)
        groups[-1].append(number)
    widths = {number: 1 + max(places[each] for each in group) for group in groups for number in group}
    return [Lane(place, widths[number]) for number, place in enumerate(places)]


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
