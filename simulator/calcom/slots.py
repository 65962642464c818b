"""Which starts are free, as the slot list tells it: a hint, up to two seconds old."""

from dataclasses import dataclass
from datetime import datetime

from simulator.calcom.calendar import Calendar
from simulator.calcom.config import EventType, Host
from simulator.calcom.intervals import Interval, of_minutes, starts, without, working_hours


@dataclass(frozen=True)
class SlotQuery:
    """What is asked for; equal queries share an answer. `duration` is in minutes, `window` in UTC."""

    kind: EventType
    window: Interval
    time_zone: str | None = None
    duration: int | None = None
    rescheduling: str | None = None

    @property
    def length(self) -> int:
        """Minutes of a slot."""
        return self.duration or self.kind.length


@dataclass(frozen=True)
class Slot:
    """A start on offer. Seated types tell the seats, and stay listed when none is left."""

    interval: Interval
    seats_taken: int = 0
    booking_uid: str | None = None


def listed_slots(calendar: Calendar, query: SlotQuery) -> list[Slot]:
    """The answer of the slot list: the free slots, or what they were when last asked for within two seconds."""
    return calendar.slot_answers.ask(query, calendar.clock(), lambda: free_slots(calendar, query))


def free_slots(calendar: Calendar, query: SlotQuery) -> list[Slot]:
    """The slots any host of the event type could take, in order of time."""
    calendar.clean_reservations(query.kind)
    window = query.window.within(_bookable(calendar, query.kind, query.window))
    if window.start >= window.end:
        return []
    found = {start for host in calendar.config.hosts_of(query.kind) for start in _starts(calendar, query, host, window)}
    return [_slot(calendar, query, start) for start in sorted(found)]


def _bookable(calendar: Calendar, kind: EventType, window: Interval) -> Interval:
    latest = calendar.latest_start(kind)
    return Interval(calendar.earliest_start(kind), latest or window.end)


def _starts(calendar: Calendar, query: SlotQuery, host: Host, window: Interval) -> list[datetime]:
    kind = query.kind
    taken = [*calendar.taken_times(host, ignoring=query.rescheduling), *calendar.reserved_times(host)]
    if kind.seats:
        # Seats are counted at booking time; a booking of the type itself does not hide its slot.
        taken = [span for span in taken if calendar.seated(kind, span) is None]
    return [
        start
        for free in without(working_hours(host, window), taken)
        for start in starts(free, length=query.length, every=kind.slot_interval or query.length, zone=host.time_zone)
    ]


def _slot(calendar: Calendar, query: SlotQuery, start: datetime) -> Slot:
    interval = of_minutes(start, query.length)
    booking = calendar.seated(query.kind, interval)
    return Slot(interval, len(booking.attendees), booking.uid) if booking else Slot(interval)
