"""Words for a day and a time of day -> what they mean.

Understood are the written forms listed in ``_DAY_FORMS`` and ``_TIME_FORMS``, a weekday in front of a date, and a day
followed by a time. Everything else is asked back: nothing is guessed, and there is no default.
"""

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from starter.spoken.meaning import NotUnderstood, Part, PastDay, Reading, SkippedTime, Understood, WeekdayMismatch

YEARS_AHEAD = 10
"""A year further away is a slip of the tongue or a model's invention; within ten, every 29 February comes round."""

_RELATIVE_DAYS = {
    "heute": 0,
    "today": 0,
    "morgen": 1,
    "tomorrow": 1,
    "übermorgen": 2,
    "uebermorgen": 2,
    "day after tomorrow": 2,
    "the day after tomorrow": 2,
}

_WEEKDAYS = {
    name: number
    for names in (
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "monday tuesday wednesday thursday friday saturday sunday",
    )
    for number, name in enumerate(names.split())
} | {"sonnabend": 5}


def _either(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_DAY_FORMS = tuple(
    re.compile(rf"(?:(?:am |on )?(?P<weekday>{_either(_WEEKDAYS)})(?:, ?| )(?:den |dem |der |the )?)?{form}(?![0-9])")
    for form in (
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})",
        r"(?:am )?(?P<day>[0-9]{1,2})\. ?(?P<month>[0-9]{1,2})(?:\.(?: (?=[0-9]{4}))?(?P<year>[0-9]{4}|[0-9]{2})|\.?)",
        rf"(?P<relative>{_either(_RELATIVE_DAYS)})\b",
    )
)

_TIME_FORMS = tuple(
    re.compile(rf"(?:um |at )?{form}")
    for form in (
        r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::00)?(?: ?uhr)?",
        r"(?P<hour>[0-9]{1,2})\.(?P<minute>[0-9]{2}) ?uhr",
        r"(?P<hour>[0-9]{1,2}) ?uhr(?: (?P<minute>[0-9]{1,2}))?",
        r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))? ?(?P<half>[ap])\.? ?m\.?",
    )
)

_BARE_HOUR = re.compile(r"(?:um |at )?(?P<hour>[0-9]{1,2})")
"""Means an hour only where a time was asked for: behind a date it may as well be a year."""

_ISO_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[t ][0-9]{2}:[0-9]{2}(:00(\.0+)?)?(z|[+-][0-9]{2}:?[0-9]{2})?")

_BETWEEN_DAY_AND_TIME = re.compile(r"t|,? |,")


def read(day_words: str | None, time_words: str | None, now: datetime, language: str = "de") -> Reading:
    """Read the words for a day, which may carry a time as well, and the words for a time.

    ``now`` is the moment the words arrived, in the branch's time zone: it decides what "today" is and which year a
    date without one means (the next such date that is not over). An ISO moment with an offset is converted to that
    zone.
    """
    named = _read_day(_normalised(day_words), now) if day_words else Understood()
    if isinstance(named, NotUnderstood | WeekdayMismatch):
        return named
    if time_words is not None:
        time_of_day = _read_time(_normalised(time_words), *_TIME_FORMS, _BARE_HOUR)
        if time_of_day is None or named.time_of_day not in (None, time_of_day):
            return NotUnderstood(Part.TIME)
        named = replace(named, time_of_day=time_of_day)
    if isinstance(named, Understood) and named.day and named.time_of_day:
        # Of a time that comes twice when the clocks go back, the first is meant.
        local = datetime.combine(named.day, named.time_of_day, now.tzinfo)
        there_and_back = local.astimezone(UTC).astimezone(now.tzinfo)
        if there_and_back.replace(tzinfo=None) != local.replace(tzinfo=None):
            return SkippedTime(named.day, named.time_of_day)
    return named


def _normalised(words: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", words).casefold().split())


def _read_day(words: str, now: datetime) -> Understood | PastDay | NotUnderstood | WeekdayMismatch:
    if _ISO_MOMENT.fullmatch(words):
        return _read_iso_moment(words, now)
    found = next((match for form in _DAY_FORMS if (match := form.match(words))), None)
    day = _date(found.groupdict(), now.date()) if found else None
    if found is None or day is None:
        return NotUnderstood(Part.DAY)
    said = found.groupdict()
    if said["weekday"] and _WEEKDAYS[said["weekday"]] != day.weekday():
        return WeekdayMismatch(day)
    rest = words[found.end() :]
    if not rest:
        return PastDay(day) if day < now.date() else Understood(day, day_words=words)
    gap = _BETWEEN_DAY_AND_TIME.match(rest)
    if gap is None:
        return NotUnderstood(Part.DAY)
    time_of_day = _read_time(rest[gap.end() :], *_TIME_FORMS)
    if time_of_day is None:
        return NotUnderstood(Part.TIME)
    return PastDay(day, time_of_day) if day < now.date() else Understood(day, time_of_day, day_words=found.group())


def _date(said: dict[str, str | None], today: date) -> date | None:
    if relative := said.get("relative"):
        return today + timedelta(days=_RELATIVE_DAYS[relative])
    day, month = int(said.get("day") or 0), int(said.get("month") or 0)
    if year := said.get("year"):
        full_year = int(year) if len(year) == 4 else 2000 + int(year)
        return _valid_date(full_year, month, day) if full_year <= today.year + YEARS_AHEAD else None
    candidates = (_valid_date(today.year + ahead, month, day) for ahead in range(YEARS_AHEAD))
    return next((candidate for candidate in candidates if candidate and candidate >= today), None)


def _valid_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _read_iso_moment(words: str, now: datetime) -> Understood | PastDay | NotUnderstood:
    try:
        moment = datetime.fromisoformat(words.upper())
        local = moment.astimezone(now.tzinfo) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return NotUnderstood(Part.DAY)
    day, time_of_day = local.date(), local.time()
    if day.year > now.year + YEARS_AHEAD:
        return NotUnderstood(Part.DAY)
    if local.fold:
        # A wall-clock time cannot say that the second of two equal times is meant.
        return NotUnderstood(Part.TIME)
    day_words = words if moment.tzinfo else words[:10]
    return PastDay(day, time_of_day) if day < now.date() else Understood(day, time_of_day, day_words=day_words)


def _read_time(words: str, *forms: re.Pattern[str]) -> time | None:
    found = next((match for form in forms if (match := form.fullmatch(words))), None)
    if found is None:
        return None
    said = found.groupdict()
    hour, minute = int(said["hour"]), int(said.get("minute") or 0)
    if half := said.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
