"""What the double's calendar looks like: keys, hosts, event types, limits."""

import tomllib
from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

DEFAULT_FILE = Path(__file__).parents[1] / "calendar.toml"

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not an IANA time zone") from None
    return name


def _opening(value: object) -> object:
    if not isinstance(value, str):
        return value
    opens, _, closes = value.partition("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


TimeZoneName = Annotated[str, AfterValidator(_known_zone)]
Opening = Annotated[tuple[time, time], BeforeValidator(_opening)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Host(_Frozen):
    """A Cal.com user whose time is booked. `hours` are wall-clock times in `time_zone`, `"09:00-18:00"` in files."""

    id: int
    username: str
    name: str
    email: str
    time_zone: TimeZoneName
    hours: dict[Weekday, tuple[Opening, ...]]


class Team(_Frozen):
    """The team an event type with several hosts belongs to."""

    id: int
    slug: str


class EventType(_Frozen):
    """A bookable service; all spans are minutes unless the name says otherwise.

    Several `hosts` make it a round-robin type of a `team`. `length_options` makes it a variable-length
    type, `seats` a seated one. With `email_optional` an attendee may come with nothing but a phone number.
    """

    id: int
    slug: str
    title: str
    length: int = Field(gt=0)
    length_options: tuple[int, ...] = ()
    slot_interval: int | None = Field(default=None, gt=0)
    minimum_notice: int = Field(default=0, ge=0)
    booking_window_days: int | None = Field(default=None, gt=0)
    hosts: tuple[str, ...] = Field(min_length=1)
    team: Team | None = None
    requires_confirmation: bool = False
    seats: int | None = Field(default=None, gt=0)
    email_optional: bool = False

    @model_validator(mode="after")
    def _several_hosts_are_a_team(self) -> "EventType":
        if len(self.hosts) > 1 and self.team is None:
            raise ValueError(f"event type {self.id} has several hosts and needs a team")
        return self


class RateLimit(_Frozen):
    """Requests one key, or one address without a key, may make per window; going over blocks it."""

    requests: int = 120
    window_seconds: float = 60
    block_seconds: float = 60


class Config(_Frozen):
    """The whole set-up of a double.

    `production` decides what the loser of a booking race is told: Cal.com hides the conflict in production mode. No
    answer leaves earlier than `latency_seconds` after its request came in.
    """

    api_keys: dict[str, str]
    hosts: tuple[Host, ...]
    event_types: tuple[EventType, ...]
    rate_limit: RateLimit = RateLimit()
    slots_cache_seconds: float = Field(default=2.0, ge=0)
    insert_delay_seconds: float = Field(default=0.02, ge=0)
    latency_seconds: float = Field(default=0, ge=0)
    production: bool = True

    @model_validator(mode="after")
    def _names_are_known(self) -> "Config":
        known = {host.username for host in self.hosts}
        named = set(self.api_keys.values()).union(*(kind.hosts for kind in self.event_types))
        if unknown := named - known:
            raise ValueError(f"unknown hosts: {', '.join(sorted(unknown))}")
        return self

    @classmethod
    def load(cls, path: Path = DEFAULT_FILE) -> "Config":
        """The configuration in a TOML file."""
        return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))

    def host(self, username: str) -> Host:
        """The host of a user name the configuration knows."""
        return next(host for host in self.hosts if host.username == username)

    def find_host(self, username: str) -> Host | None:
        """The host of that user name, if there is one."""
        return next((host for host in self.hosts if host.username == username), None)

    def hosts_of(self, kind: EventType) -> tuple[Host, ...]:
        """The hosts of an event type, in the order of the configuration."""
        return tuple(host for host in self.hosts if host.username in kind.hosts)

    def event_type(self, event_type_id: int) -> EventType | None:
        """The event type of that id."""
        return next((kind for kind in self.event_types if kind.id == event_type_id), None)

    def owner(self, kind: EventType) -> Host:
        """The user an event type belongs to: its first host."""
        return self.hosts_of(kind)[0]
