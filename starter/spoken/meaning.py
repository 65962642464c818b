"""What words for a day and a time of day can mean."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from workflows.messages import Shift, TimeWindow


class Part(StrEnum):
    """The part of a wish that has to be asked for again."""

    DAY = "day"
    TIME = "time"


@dataclass(frozen=True)
class Understood:
    """What was said, as far as it was said: a part nobody named is ``None``.

    Of ``time_of_day`` and ``window`` at most one is set; ``about`` marks a time of day that is only approximate. Words
    that name neither but point at something said before give a ``shift`` from the moment spoken of last, or a
    ``choice`` among the alternatives on offer: 1 is the first heard, -1 the last. ``first_free`` is the wish for any
    moment, the sooner the better.

    ``week`` is the Monday of a week that was named without a day in it. ``weekday_alone`` says that ``day`` is merely
    the next day of that name: a bare "Dienstag". ``day_words`` are the normalised words that named the day.
    """

    day: date | None = None
    time_of_day: time | None = None
    about: bool = False
    window: TimeWindow | None = None
    shift: Shift | None = None
    choice: int | None = None
    first_free: bool = False
    week: date | None = None
    weekday_alone: bool = False
    day_words: str | None = None


@dataclass(frozen=True)
class NotUnderstood:
    """These words mean nothing we know."""

    part: Part


@dataclass(frozen=True)
class Contradiction:
    """These words name two different days, or two different times."""

    part: Part


@dataclass(frozen=True)
class WeekdayMismatch:
    """The weekday that was said is not the weekday of ``day``."""

    day: date


@dataclass(frozen=True)
class PastDay:
    """``day`` was named with its year and is over."""

    day: date
    time_of_day: time | None = None


@dataclass(frozen=True)
class SkippedTime:
    """The clocks go forward over this time on ``day``: it does not exist."""

    day: date
    time_of_day: time


Reading = Understood | NotUnderstood | Contradiction | WeekdayMismatch | PastDay | SkippedTime
