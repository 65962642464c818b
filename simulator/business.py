"""The businesses of `catalog.toml` that the simulator rings up, and their days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Business:
    """A dialled number, and what it books by default: an event type of the calendar."""

    number: str
    event_type_id: int
    service: str
    duration: timedelta
    zone: ZoneInfo

    def at(self, day: date, hour: int) -> datetime:
        """The moment of an hour on the business's own clock."""
        return datetime.combine(day, time(hour), self.zone).astimezone(UTC)

    def clock(self, at: datetime) -> str:
        """A moment as the business's clock shows it."""
        return f"{at.astimezone(self.zone):%H:%M}"


_BERLIN = ZoneInfo("Europe/Berlin")

SALON = Business("+493055500020", 900003, "Herrenhaarschnitt", timedelta(minutes=30), _BERLIN)
CONSULTANTS = Business("+493055500021", 900005, "Initial consultation", timedelta(minutes=30), _BERLIN)
BUSINESSES = (SALON, CONSULTANTS)


def workdays(after: date) -> Iterator[date]:
    """The days from Monday to Friday after that one."""
    day = after
    while True:
        day += timedelta(days=1)
        if day.weekday() < 5:
            yield day
