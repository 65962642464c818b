"""What the calendar stores."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from simulator.calcom.config import EventType
from simulator.calcom.intervals import Interval, of_minutes

BookingStatus = Literal["accepted", "pending", "cancelled", "rejected"]
MadeBy = Literal["api", "stranger"]

_ALPHABET = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"


def new_uid() -> str:
    """A booking uid as Cal.com makes them: 22 characters without look-alikes."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(22))


@dataclass(frozen=True)
class Attendee:
    """Who comes. `email` is kept as it was sent: Cal.com's list filter is case-sensitive."""

    name: str
    email: str
    time_zone: str
    language: str = "en"
    phone_number: str | None = None
    seat_uid: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def is_same_person(self, other: "Attendee") -> bool:
        """Whether Cal.com takes the two for one: by e-mail, or by phone number."""
        return self.email == other.email or (self.phone_number is not None and self.phone_number == other.phone_number)


@dataclass(frozen=True)
class Wish:
    """A booking asked for; `start` in UTC, `length` in minutes."""

    kind: EventType
    start: datetime
    length: int
    attendee: Attendee
    metadata: Mapping[str, str] = field(default_factory=dict)
    responses: Mapping[str, Any] = field(default_factory=dict)
    guests: tuple[str, ...] = ()
    made_by: MadeBy = "api"

    @property
    def interval(self) -> Interval:
        """The time it takes."""
        return of_minutes(self.start, self.length)


@dataclass(frozen=True)
class Booking:
    """A booking as stored; all times in UTC.

    `unique_key` is the database's only defence against two bookings of one time: host, start and end, set when a
    booking is created as accepted and cleared when it is cancelled or rejected.
    """

    id: int
    uid: str
    ics_uid: str
    kind: EventType
    host: str
    start: datetime
    end: datetime
    status: BookingStatus
    attendees: tuple[Attendee, ...]
    metadata: Mapping[str, str]
    responses: Mapping[str, Any]
    guests: tuple[str, ...]
    location: str
    made_by: MadeBy
    created_at: datetime
    updated_at: datetime
    cancellation_reason: str = ""
    rescheduling_reason: str | None = None
    rescheduled_by: str | None = None
    rescheduled_from: str | None = None
    rescheduled_to: str | None = None
    unique_key: tuple[str, datetime, datetime] | None = None

    @property
    def interval(self) -> Interval:
        """The time it takes."""
        return Interval(self.start, self.end)

    @property
    def is_open(self) -> bool:
        """Whether it still stands: accepted, or waiting to be."""
        return self.status in ("accepted", "pending")

    def as_json(self) -> dict[str, Any]:
        """The booking as the ledger tells it; times in ISO 8601, UTC."""
        return {
            "uid": self.uid,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "host": self.host,
            "eventTypeId": self.kind.id,
            "attendees": [{"name": attendee.name, "email": attendee.email} for attendee in self.attendees],
            "metadata": dict(self.metadata),
            "status": self.status,
            "createdAt": self.created_at.isoformat(),
            "madeBy": self.made_by,
        }


@dataclass(frozen=True)
class Reservation:
    """A slot set aside for a while; hides it from every list and protects it from nobody."""

    uid: str
    kind: EventType
    interval: Interval
    minutes: int
    until: datetime


@dataclass(frozen=True)
class BusyTime:
    """An entry of the host's external calendar."""

    host: str
    interval: Interval
