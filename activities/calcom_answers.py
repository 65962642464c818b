"""What Cal.com answers when it answers what was asked, typed."""

from typing import Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class _Attendee(_Wire):
    email: str | None = Field(default=None, repr=False)
    display_email: str | None = Field(default=None, repr=False)
    metadata: dict[str, object] | None = None


class Booking(_Wire):
    """A booking as Cal.com has it; of its attendees only the addresses, which it does not show when printed."""

    uid: str
    status: str
    start: AwareDatetime
    end: AwareDatetime
    metadata: dict[str, object] | None = None
    attendees: tuple[_Attendee, ...] = ()

    @property
    def stands(self) -> bool:
        """Whether the booking is accepted, or waiting for the host to accept it."""
        return self.status == "accepted" or self.awaits_host

    @property
    def awaits_host(self) -> bool:
        """Whether the host still has to accept it."""
        return self.status == "pending"

    def carries(self, key: str, value: str) -> bool:
        """Whether its metadata says so; a seated event keeps metadata with each attendee."""
        places = (self.metadata, *(attendee.metadata for attendee in self.attendees))
        return any(metadata is not None and metadata.get(key) == value for metadata in places)

    @property
    def addresses(self) -> frozenset[str]:
        """The attendees' e-mail addresses in lower case; none where Cal.com does not show them."""
        given = (address for attendee in self.attendees for address in (attendee.email, attendee.display_email))
        return frozenset(address.lower() for address in given if address)


class EventType(_Wire):
    """What can be booked; ``length_in_minutes`` is what Cal.com gives it, whatever the catalog says."""

    id: int
    title: str
    slug: str
    length_in_minutes: int


class Owner(_Wire):
    """Whose API key it is."""

    id: int
    username: str | None = None
    time_zone: str


class _Slot(_Wire):
    start: AwareDatetime
    seats_remaining: int | None = None


Data = TypeVar("Data")


class Success(_Wire, Generic[Data]):
    """The envelope of every such answer."""

    status: Literal["success"]
    data: Data


Slots = Success[dict[str, tuple[_Slot, ...]]]
OneBooking = Success[Booking]
Bookings = Success[tuple[Booking, ...]]
OneEventType = Success[EventType]
OneOwner = Success[Owner]
