"""A day instead of the last so many hours, or a few minutes of it: "the caller at 10:14"."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from starlette.datastructures import QueryParams

from console.texts.period import PERIOD
from store.counts import Period

MINUTE = timedelta(minutes=1)
BEFORE, AFTER = 2 * MINUTE, 3 * MINUTE
"""Who says "10:14" means a call that began about then."""

YEARS = range(2000, 2101)
"""Days outside of these are nobody's."""

_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)(?:\s*(?:uhr|h))?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Day:
    """A day on the clock of ``zone``; with a time of it (``clock``), the minutes around that."""

    day: date
    clock: time | None
    zone: ZoneInfo

    @classmethod
    def of(cls, query: QueryParams, zone: ZoneInfo, now: datetime) -> "Day | None":
        """Return what an address says, ``None`` where that is no day.

        A time alone is the latest that the clock has shown.
        """
        day, clock = day_of(query.get("day", "")), time_of(query.get("time", ""))
        if day is None:
            return None if clock is None else cls.latest(clock, zone, now)
        return cls(day, clock, zone)

    @classmethod
    def latest(cls, clock: time, zone: ZoneInfo, now: datetime) -> "Day":
        """Return the last time the clock has shown this: today, or yesterday."""
        here = now.astimezone(zone)
        return cls(here.date() - timedelta(days=clock > here.time()), clock, zone)

    def period(self, company: str | None) -> Period:
        """Return from when to when calls began; of an hour that the clock shows twice, both."""
        if self.clock is None:
            since, until = (self._instants(day, time())[0] for day in (self.day, self.day + timedelta(days=1)))
            return Period(since, until, company)
        first, last = self._instants(self.day, self.clock)
        return Period(first - BEFORE, last + AFTER, company)

    def within(self, language: str) -> str:
        """Return what completes a sentence: on Tue 14 Oct 2025 between 10:12 and 10:17."""
        texts = PERIOD[language]
        day = texts.on.format(day=self.name(language))
        if self.clock is None:
            return day
        around = datetime.combine(self.day, self.clock)
        return texts.between.format(day=day, since=f"{around - BEFORE:%H:%M}", until=f"{around + AFTER:%H:%M}")

    def name(self, language: str) -> str:
        """Return the day as ``Tue 14 Oct 2025``."""
        return format_date(self.day, PERIOD[language].day_pattern, locale=language)

    @property
    def query(self) -> dict[str, str]:
        """What an address says of it."""
        return {"day": self.day.isoformat()} | ({"time": f"{self.clock:%H:%M}"} if self.clock else {})

    def _instants(self, day: date, clock: time) -> tuple[datetime, datetime]:
        """Return when the clock shows this, the first and the last time: an hour passes between where it is put back.

        Where it is put forward and shows it never, that is an hour too, around the moment.
        """
        there = datetime.combine(day, clock, self.zone)
        both = sorted(there.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        return both[0], both[1]


def time_of(text: str) -> time | None:
    """Return the time of day that ``10:14`` or ``10.14 Uhr`` is; ``None`` for any other text."""
    found = _TIME.fullmatch(text.strip())
    return time(int(found[1]), int(found[2])) if found else None


def day_of(text: str) -> date | None:
    """Return the day of an ISO text; ``None`` for what is none, or far away."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None
