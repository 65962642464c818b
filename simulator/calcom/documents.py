"""The JSON in which Cal.com tells what it knows; field order as recorded."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulator.calcom.config import Config, EventType, Host
from simulator.calcom.records import Attendee, Booking, Reservation
from simulator.calcom.slots import Slot, SlotQuery

Document = dict[str, Any]

_NAME_FIELDS: list[Document] = [
    {"isDefault": True, "type": "name", "slug": "name", "required": True, "disableOnPrefill": False},
    {"isDefault": True, "type": "email", "slug": "email", "required": True, "disableOnPrefill": False, "hidden": False},
    {
        "isDefault": True,
        "type": "phone",
        "slug": "attendeePhoneNumber",
        "required": False,
        "disableOnPrefill": False,
        "hidden": True,
    },
    {"isDefault": True, "type": "radioInput", "slug": "location", "required": False, "hidden": False},
    {
        "isDefault": True,
        "type": "text",
        "slug": "title",
        "required": True,
        "disableOnPrefill": False,
        "hidden": True,
    },
]
_LABELLED_NAME: Document = {
    "isDefault": True,
    "type": "name",
    "slug": "name",
    "required": True,
    "label": "your_name",
    "disableOnPrefill": False,
}
_OPTIONAL_FIELDS: list[Document] = [
    {
        "isDefault": True,
        "type": kind,
        "slug": slug,
        "required": False,
        "disableOnPrefill": False,
        "hidden": False,
    }
    for kind, slug in (("textarea", "notes"), ("multiemail", "guests"), ("textarea", "rescheduleReason"))
]


def instant(at: datetime) -> str:
    """A moment as Cal.com writes it: UTC, milliseconds, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def slots(found: Iterable[Slot], query: SlotQuery, *, with_end: bool) -> Document:
    """Slots by day. With a time zone asked for, days and offsets are its own and never `Z`."""
    days: dict[str, list[Document]] = {}
    for slot in found:
        entry: Document = {"start": _local(slot.interval.start, query.time_zone)}
        if with_end:
            entry["end"] = _local(slot.interval.end, query.time_zone)
        if (seats := query.kind.seats) is not None:
            entry |= {"seatsBooked": slot.seats_taken, "seatsRemaining": seats - slot.seats_taken, "seatsTotal": seats}
            entry |= {"bookingUid": slot.booking_uid} if slot.booking_uid else {}
        days.setdefault(entry["start"][:10], []).append(entry)
    return days


def legacy_slots(found: Iterable[Slot], query: SlotQuery) -> Document:
    """Slots by day in the shape of version 2024-04-15."""
    days: dict[str, list[Document]] = {}
    for slot in found:
        day = _local(slot.interval.start, query.time_zone)[:10]
        days.setdefault(day, []).append({"time": instant(slot.interval.start)})
    return {"slots": days}


def reservation(kept: Reservation, *, with_duration: bool) -> Document:
    """A reservation; making one tells its duration, reading one does not, and the fields change places."""
    slot: Document = {
        "eventTypeId": kept.kind.id,
        "slotStart": instant(kept.interval.start),
        "slotEnd": instant(kept.interval.end),
        "slotDuration": (kept.interval.end - kept.interval.start).seconds // 60,
    }
    until = {"reservationUntil": instant(kept.until)}
    if with_duration:
        return {**slot, "reservationUid": kept.uid, "reservationDuration": kept.minutes, **until}
    return {"reservationUid": kept.uid, **slot, **until}


def booking(
    stored: Booking, config: Config, *, version: str, created: bool = False, seat: Attendee | None = None
) -> Document:
    """A booking. `created` adds what only POST answers carry, `seat` is the seat just taken."""
    host = config.host(stored.host)
    seated = stored.kind.seats is not None
    document: Document = {
        "id": stored.id,
        "uid": stored.uid,
        "title": f"{stored.kind.title} between {host.name} and {stored.attendees[0].name}",
        "description": None if seated else stored.responses.get("notes", ""),
        "hosts": [_host(host)],
        "status": stored.status,
        "cancellationReason": stored.cancellation_reason,
    }
    document |= {} if seated else {"cancelledByEmail": ""}
    document |= {"reschedulingReason": stored.rescheduling_reason} if stored.rescheduling_reason else {}
    document["rescheduledByEmail"] = stored.rescheduled_by
    document |= {"rescheduledFromUid": stored.rescheduled_from} if stored.rescheduled_from else {}
    document |= {"rescheduledToUid": stored.rescheduled_to} if stored.rescheduled_to else {}
    document |= {
        "start": instant(stored.start),
        "end": instant(stored.end),
        "duration": (stored.end - stored.start).seconds // 60,
        "eventTypeId": stored.kind.id,
        "eventType": {"id": stored.kind.id, "slug": stored.kind.slug},
        "meetingUrl": stored.location,
        "location": stored.location,
        "absentHost": False,
        "createdAt": instant(stored.created_at),
        "updatedAt": instant(stored.updated_at),
    }
    document |= {} if seated else {"metadata": dict(stored.metadata)}
    document |= {"rating": None, "icsUid": stored.ics_uid}
    # Version 2024-08-13 forgets the attendees of a cancelled seated booking.
    forgotten = seated and stored.status == "cancelled" and version == "2024-08-13"
    shown = (seat,) if seat else () if forgotten else stored.attendees
    document["attendees"] = [_attendee(attendee) for attendee in shown]
    document |= {"guests": list(stored.guests)} if stored.guests else {}
    if seat:
        document["seatUid"] = seat.seat_uid
    elif not seated:
        email = stored.attendees[0].email
        document["bookingFieldsResponses"] = {**stored.responses, "displayEmail": email}
    document |= {"isPlatformManagedUserBooking": False} if created else {}
    return document


def event_type(kind: EventType, config: Config, *, with_hidden: bool) -> Document:
    """An event type; fields the booking page hides are told to its owner only."""
    owner = config.owner(kind)
    fields = [field for field in _NAME_FIELDS + _OPTIONAL_FIELDS if with_hidden or not field.get("hidden")]
    variable = bool(kind.length_options)
    # As recorded: such types name no schedule of their own, and label the attendee's name.
    special = variable or kind.seats is not None
    if special:
        fields[0] = _LABELLED_NAME
    seats: Document = {"disabled": True}
    if kind.seats:
        seats = {
            "disabled": False,
            "seatsPerTimeSlot": kind.seats,
            "showAttendeeInfo": False,
            "showAvailabilityCount": True,
        }
    confirmation: Document = {"disabled": True}
    if kind.requires_confirmation:
        confirmation = {"type": "always", "blockUnconfirmedBookingsInBooker": False}
    document: Document = {
        "id": kind.id,
        "ownerId": owner.id,
        "lengthInMinutes": kind.length,
        **({"lengthInMinutesOptions": list(kind.length_options)} if variable else {}),
        "title": kind.title,
        "slug": kind.slug,
        "description": "",
        "locations": [],
        "bookingFields": fields,
        "recurrence": None,
        "disableGuests": False,
        "slotInterval": kind.slot_interval,
        "minimumBookingNotice": kind.minimum_notice,
        "beforeEventBuffer": 0,
        "afterEventBuffer": 0,
        "metadata": {"multipleDuration": list(kind.length_options)} if variable else {},
        "price": 0,
        "currency": "usd",
        "lockTimeZoneToggleOnBookingPage": False,
        "forwardParamsSuccessRedirect": True,
        "successRedirectUrl": None,
        "isInstantEvent": False,
        "users": [_user(host) for host in config.hosts_of(kind)],
        "scheduleId": None if special else owner.id,
        "onlyShowFirstAvailableSlot": False,
        "offsetStart": 0,
        "bookingWindow": {"disabled": True}
        if kind.booking_window_days is None
        else {"type": "calendarDays", "value": kind.booking_window_days, "rolling": False},
        "confirmationPolicy": confirmation,
        "requiresBookerEmailVerification": False,
        "hideCalendarNotes": False,
        "seats": seats,
        "useDestinationCalendarEmail": False,
        "hideCalendarEventDetails": False,
        "hideOrganizerEmail": False,
        "calVideoSettings": {"sendTranscriptionEmails": True},
        "hidden": False,
        "bookingRequiresAuthentication": False,
        "bookerActiveBookingsLimit": {"disabled": True},
        "bookingUrl": f"https://app.cal.com/{kind.team.slug if kind.team else owner.username}/{kind.slug}",
        "disableCancelling": {"disabled": False},
        "disableRescheduling": {"disabled": False},
        "interfaceLanguage": None,
        "allowReschedulingPastBookings": False,
        "allowReschedulingCancelledBookings": False,
        "showOptimizedSlots": False,
    }
    if kind.team:
        document |= {"teamId": kind.team.id, "schedulingType": "roundRobin"}
    return document


def me(host: Host) -> Document:
    """The user a key belongs to."""
    return {
        "id": host.id,
        "email": host.email,
        "name": host.name,
        "avatarUrl": None,
        "bio": None,
        "timeFormat": 12,
        "defaultScheduleId": host.id,
        "weekStart": "Sunday",
        "timeZone": host.time_zone,
        "username": host.username,
        "organizationId": None,
    }


def pagination(total: int, returned: int, take: int, skip: int) -> Document:
    """Where in the list a page lies."""
    remaining = max(0, total - skip - returned)
    return {
        "returnedItems": returned,
        "totalItems": total,
        "itemsPerPage": take,
        "remainingItems": remaining,
        "currentPage": skip // take + 1,
        "totalPages": -(-total // take),
        "hasNextPage": remaining > 0,
        "hasPreviousPage": skip > 0,
    }


def _local(at: datetime, zone: str | None) -> str:
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds") if zone else instant(at)


def _host(host: Host) -> Document:
    return {
        "id": host.id,
        "name": host.name,
        "email": host.email,
        "displayEmail": host.email,
        "username": host.username,
        "timeZone": host.time_zone,
    }


def _user(host: Host) -> Document:
    blanks: Document = {"avatarUrl": None, "brandColor": None, "darkBrandColor": None, "weekStart": "Sunday"}
    return {"id": host.id, "name": host.name, "username": host.username, **blanks, "metadata": {}}


def _attendee(attendee: Attendee) -> Document:
    document: Document = {
        "name": attendee.name,
        "email": attendee.email,
        "displayEmail": attendee.email,
        "timeZone": attendee.time_zone,
        "language": attendee.language,
        "absent": False,
    }
    document |= {"phoneNumber": attendee.phone_number} if attendee.phone_number else {}
    if attendee.seat_uid:
        document |= {
            "seatUid": attendee.seat_uid,
            "bookingFieldsResponses": {"name": attendee.name, "guests": []},
            "metadata": dict(attendee.metadata),
        }
    return document
