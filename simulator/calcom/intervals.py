"""Half-open spans of time, the hours a host works, and the starts a calendar offers within them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulator.calcom.config import WEEKDAYS, Host


class Interval(NamedTuple):
    """The time from `start` up to, not including, `end`; both aware, in UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two share any time."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: "Interval") -> bool:
        """Whether the other lies within."""
        return self.start <= other.start and other.end <= self.end

    def within(self, other: "Interval") -> "Interval":
        """The shared part; empty (end before start) when there is none."""
        return Interval(max(self.start, other.start), min(self.end, other.end))


def of_minutes(start: datetime, minutes: int) -> Interval:
    """The interval of that length."""
    return Interval(start, start + timedelta(minutes=minutes))


def working_hours(host: Host, window: Interval) -> list[Interval]:
    """When the host works inside the window.

    Opening times are wall-clock times, so the instants move on the days the clocks change.
    """
    zone = ZoneInfo(host.time_zone)
    day, last = window.start.astimezone(zone).date(), window.end.astimezone(zone).date()
    hours = []
    while day <= last:
        for opens, closes in host.hours.get(WEEKDAYS[day.weekday()], ()):
            start, end = (datetime.combine(day, at, zone).astimezone(UTC) for at in (opens, closes))
            hours.append(Interval(start, end).within(window))
        day += timedelta(days=1)
    return _joined(hours)


def without(spans: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """What is left of the spans."""
    left = list(spans)
    for busy in taken:
        left = [
            part
            for span in left
            for part in (
                (Interval(span.start, busy.start), Interval(busy.end, span.end)) if span.overlaps(busy) else (span,)
            )
            if part.start < part.end
        ]
    return left


def starts(free: Interval, *, length: int, every: int, zone: str) -> Iterator[datetime]:
    """The starts Cal.com offers in a free span: on the grid of the hour, `every` minutes, while `length` fits.

    The grid is the coarsest of 60, 30, 20, 15, 10, 5 and 1 minutes that divides the step, counted from the full
    hour of the host's clock, and starts anew in every free span (`packages/features/schedules/lib/slots.ts`).
    """
    grid = next(minutes for minutes in (60, 30, 20, 15, 10, 5, 1) if every % minutes == 0)
    hour = free.start.astimezone(ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    step = timedelta(minutes=grid)
    at = hour + -((hour - free.start) // step) * step
    while of_minutes(at, length).end <= free.end:
        yield at
        at += timedelta(minutes=every)


def _joined(spans: list[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined
