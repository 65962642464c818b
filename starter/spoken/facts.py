"""What single phrases say, before they are put together: facts that do not know yet what day it is."""

from dataclasses import dataclass
from datetime import date, datetime, time

from workflows.messages import DayPart, Direction

HALF_DAY = 12 * 60
EARLIEST_SPOKEN = 7 * 60
"""Nobody books an hour before this one by its bare name: "um drei" is in the afternoon."""


@dataclass(frozen=True)
class Relative:
    """So many days after today."""

    days: int


@dataclass(frozen=True)
class Weekday:
    """The next day of this name (0 is Monday) after today, and so many weeks on; ``alone`` if nothing else was said."""

    number: int
    alone: bool = False
    weeks_on: int = 0


@dataclass(frozen=True)
class Week:
    """The week so many weeks after this one."""

    weeks: int


@dataclass(frozen=True)
class Date:
    """A date as far as it was said."""

    day: int
    month: int | None = None
    year: int | None = None

    def completed(self, year: int, month: int) -> date | None:
        """Return the date with what was not said filled in; ``None`` if there is no such date."""
        try:
            return date(year if self.year is None else self.year, self.month or month, self.day)
        except ValueError:
            return None


@dataclass(frozen=True)
class Moment:
    """An ISO moment, with or without an offset."""

    at: datetime

    def on_the_clock_of(self, now: datetime) -> datetime:
        """Return the moment as wall-clock time in the zone of ``now``. Raises ``OverflowError`` at the end of time."""
        return self.at.astimezone(now.tzinfo) if self.at.tzinfo else self.at


@dataclass(frozen=True)
class Clock:
    """A time of day: the times it can mean, the likeliest first.

    An hour on the face of a clock can mean two. ``literal`` says that the first is meant unless a part of the day says
    otherwise.
    """

    times: tuple[time, ...]
    literal: bool = False

    @property
    def choices(self) -> tuple[time, ...]:
        """The times that are meant as long as no part of the day is named."""
        return self.times[:1] if self.literal else self.times


@dataclass(frozen=True)
class PartOfDay:
    """A part of the day, or its later or earlier half."""

    part: DayPart
    half: Direction | None = None


@dataclass(frozen=True)
class Hours:
    """Which times fit what was said, such as "nachts" or "p.m."; ``name`` tells two of them apart."""

    name: str
    since: time
    until: time

    def holds(self, at: time) -> bool:
        """Whether this time of day is one of them; hours may run past midnight."""
        if self.since < self.until:
            return self.since <= at < self.until
        return at >= self.since or at < self.until


@dataclass(frozen=True)
class Span:
    """A span of the day, open where ``None``; half-open, unless its end is ``included``."""

    since: Clock | None = None
    until: Clock | None = None
    included: bool = False


@dataclass(frozen=True)
class AfterPart:
    """The day from the end of this part on."""

    part: DayPart


@dataclass(frozen=True)
class About:
    """The time of day is approximate."""


@dataclass(frozen=True)
class Move:
    """So many days and minutes from the moment spoken of last, or somewhere in a direction."""

    days: int = 0
    minutes: int = 0
    direction: Direction | None = None


@dataclass(frozen=True)
class FromThere:
    """The way leads from what was spoken of last: "darauf"."""


@dataclass(frozen=True)
class Choice:
    """One of the alternatives on offer; 1 is the first, -1 the last."""

    number: int


@dataclass(frozen=True)
class FirstFree:
    """Any moment, the sooner the better."""


@dataclass(frozen=True)
class Refusal:
    """A "no" in front of what is wanted instead."""


@dataclass(frozen=True)
class Either:
    """An "or": two things were named."""


NIGHT = Hours("night", time(20), time(6))
BEFORE_NOON = Hours("a.m.", time(0), time(12))
AFTER_NOON = Hours("p.m.", time(12), time(0))

Fact = (
    Relative
    | Weekday
    | Week
    | Date
    | Moment
    | Clock
    | PartOfDay
    | Hours
    | Span
    | AfterPart
    | About
    | Move
    | FromThere
    | Choice
    | FirstFree
    | Refusal
    | Either
)


def on_the_face(minutes: int) -> Clock:
    """Return what minutes past midnight mean where only the position of the hands was said."""
    early, late = _times(minutes % HALF_DAY, minutes % HALF_DAY + HALF_DAY)
    return Clock((late, early) if minutes % HALF_DAY < EARLIEST_SPOKEN else (early, late))


def spoken(hour: int, minute: int = 0) -> Clock | None:
    """Return the clock of a spoken hour; an hour beyond twelve can mean one time only."""
    if not (0 <= hour < 24 and 0 <= minute < 60):
        return None
    return on_the_face(hour * 60 + minute) if 0 < hour <= 12 else Clock((time(hour, minute),))


def written(hour: int, minute: int = 0) -> Clock | None:
    """Return the clock of a written time: it means what it says, unless a part of the day says otherwise."""
    if not (0 <= hour < 24 and 0 <= minute < 60):
        return None
    here, there = _times(hour * 60 + minute, (hour * 60 + minute + HALF_DAY) % (2 * HALF_DAY))
    return Clock((here, there) if 0 < hour <= 12 else (here,), literal=True)


def moved(clock: Clock, minutes: int) -> Clock | None:
    """Return the clock so many minutes later or, if negative, earlier."""
    at = clock.times[0].hour * 60 + clock.times[0].minute + minutes
    if len(clock.times) > 1:
        return on_the_face(at)
    return Clock(_times(at)) if 0 <= at < 2 * HALF_DAY else None


def towards(minutes: int, hour: int) -> Clock | None:
    """Return the clock so many minutes into the hour that ends at ``hour``: half of the tenth hour is 9:30."""
    return on_the_face(hour * 60 - 60 + minutes) if 0 < hour <= 12 else None


def _times(*minutes: int) -> tuple[time, ...]:
    return tuple(time(*divmod(at, 60)) for at in minutes)
