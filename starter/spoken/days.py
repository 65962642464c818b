"""The day that was named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from starter.spoken.facts import Date, FromThere, Moment, Relative, Week, Weekday
from starter.spoken.meaning import Contradiction, NotUnderstood, Part, WeekdayMismatch
from starter.spoken.said import AskedBack, Said, the_only

YEARS_AHEAD = 10
"""A year further away is a slip of the tongue or a model's invention; within ten, every 29 February comes round."""

NAMING_A_DAY = (Relative, Weekday, Week, Date, Moment)


@dataclass(frozen=True)
class NamedDay:
    """A day, or the Monday of a week that was named without one; ``weekday_alone`` as in ``Understood``."""

    day: date | None = None
    week: date | None = None
    weekday_alone: bool = False


def named_day(said: Said, now: datetime) -> NamedDay:
    """Return the day the facts name. Raises ``AskedBack`` where they contradict each other or name none there is."""
    today = now.date()
    dates = [
        *(today + timedelta(days=relative.days) for relative in said.all(Relative)),
        *(_date(named, today) for named in said.all(Date)),
        *(moment.on_the_clock_of(now).date() for moment in said.all(Moment)),
    ]
    day = the_only(dates, Part.DAY)
    weekday = _weekday(said.all(Weekday))
    if weekday and said.all(FromThere):
        # The Wednesday after that is another one than the next.
        raise AskedBack(NotUnderstood(Part.DAY))
    week = said.only(Week, Part.DAY)
    monday = today + timedelta(weeks=week.weeks, days=-today.weekday()) if week else None
    if day is None:
        if weekday is None:
            return NamedDay(week=monday)
        return NamedDay(_next(weekday, week, today), weekday_alone=weekday.alone and week is None)
    if day < today:
        return NamedDay(day)
    if weekday and weekday.number != day.weekday():
        raise AskedBack(WeekdayMismatch(day))
    if monday and not monday <= day < monday + timedelta(weeks=1):
        raise AskedBack(Contradiction(Part.DAY))
    if day.year > today.year + YEARS_AHEAD:
        raise AskedBack(NotUnderstood(Part.DAY))
    return NamedDay(day)


def _weekday(named: Sequence[Weekday]) -> Weekday | None:
    """A weekday said twice is one, and what was said of it in more words counts."""
    the_only([weekday.number for weekday in named], Part.DAY)
    return max(named, key=lambda weekday: (weekday.weeks_on, not weekday.alone), default=None)


def _next(weekday: Weekday, week: Week | None, today: date) -> date:
    """Return the next such day after today; in a coming week, its day of that name."""
    if week and week.weeks:
        return today + timedelta(weeks=week.weeks, days=weekday.number - today.weekday())
    return today + timedelta(days=(weekday.number - today.weekday() - 1) % 7 + 1, weeks=weekday.weeks_on)


def _date(said: Date, today: date) -> date:
    """Return the date; of one without a year, or without a month, the next that is not over."""
    months = range(today.month - 1, today.month - 1 + 12 * YEARS_AHEAD)
    candidates = (said.completed(today.year + month // 12, month % 12 + 1) for month in months)
    found = next((day for day in candidates if day and (said.year is not None or day >= today)), None)
    if found is None:
        raise AskedBack(NotUnderstood(Part.DAY))
    return found
