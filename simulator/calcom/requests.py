"""From queries and bodies to what they ask for, refusing in the server's own words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulator.calcom import problems
from simulator.calcom.config import Config, EventType
from simulator.calcom.intervals import Interval, of_minutes
from simulator.calcom.problems import InvalidFields, Refused, field_error, not_implemented, wrong
from simulator.calcom.records import Attendee, Wish
from simulator.calcom.slots import SlotQuery

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_WHICH_NAMES = ("eventTypeId", "eventTypeSlug", "username", "teamSlug", "organizationSlug")
_SLOT_NAMES = (
    *_WHICH_NAMES,
    *("usernames", "start", "end", "timeZone", "duration", "format", "bookingUidToReschedule"),
)
_BOOKING_NAMES = (
    *_WHICH_NAMES,
    *("start", "attendee", "metadata", "bookingFieldsResponses", "guests", "location", "lengthInMinutes"),
    *("instant", "recurrenceCount", "emailVerificationCode", "routing", "meetingUrl"),
)
_LIST_STATUSES = ("upcoming", "recurring", "past", "cancelled", "unconfirmed")
_MOMENT_FILTERS = (
    "afterStart",
    "beforeEnd",
    "afterCreatedAt",
    "beforeCreatedAt",
    "afterUpdatedAt",
    "beforeUpdatedAt",
)
_METADATA_LIMITS = (
    "Metadata must have at most 50 keys, each key up to 40 characters, and string values up to 500 characters."
)
_WHICH_EVENT_TYPE = "Either eventTypeId or eventTypeSlug + username or eventTypeSlug + teamSlug must be provided"


@dataclass(frozen=True)
class ReservationWish:
    """A slot to set aside; `minutes` is how long, when it is not the default."""

    kind: EventType
    interval: Interval
    minutes: int | None


@dataclass(frozen=True)
class BookingFilter:
    """What the list is narrowed to. Anything else that was asked is ignored, as the server does."""

    equal: Mapping[str, str]
    event_types: frozenset[int]
    teams: frozenset[int]
    statuses: frozenset[str]
    moments: Mapping[str, datetime]
    sort: tuple[str, bool] | None
    take: int
    skip: int


def moment(value: object) -> datetime:
    """An ISO 8601 time in UTC; a naive one is read as UTC. Raises `ValueError`."""
    if not isinstance(value, str):
        raise ValueError("not a string")
    at = datetime.fromisoformat(value)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def slot_query(query: Mapping[str, str], config: Config) -> tuple[SlotQuery, bool]:
    """The query of version 2024-09-04, and whether ends are wanted too."""
    for name in query:
        if name not in _SLOT_NAMES:
            raise problems.unknown_property(name)
    window = _window(query, "start", "end")
    zone = query.get("timeZone")
    if zone is not None and not _is_zone(zone):
        raise wrong("timeZone", "timeZone must be a valid IANA time-zone")
    form = query.get("format", "time")
    if form not in ("time", "range"):
        raise wrong("format", "slotFormat must be either 'range' or 'time'")
    duration = _number(query["duration"], "duration") if "duration" in query else None
    if "usernames" in query:
        raise not_implemented("slots of dynamic groups (usernames)")
    kind = _slot_event_type(query, config)
    return SlotQuery(kind, window, zone, duration, query.get("bookingUidToReschedule")), form == "range"


def legacy_slot_query(query: Mapping[str, str], config: Config) -> SlotQuery:
    """The query of version 2024-04-15."""
    window = _window(query, "startTime", "endTime")
    return SlotQuery(_slot_event_type(query, config), window, query.get("timeZone"))


def reservation_wish(body: Mapping[str, Any], config: Config) -> ReservationWish:
    """The body of making or moving a reservation."""
    target = dict(body)
    errors = []
    for name, required in (("eventTypeId", True), ("slotDuration", False), ("reservationDuration", False)):
        if (required or name in target) and not _is_int(target.get(name)):
            errors.append(field_error(target, name, isInt=f"{name} must be an integer number"))
    start = _or_none(moment, target.get("slotStart"))
    if start is None:
        errors.append(field_error(target, "slotStart", isDateString="slotStart must be a valid ISO 8601 date string"))
    if errors or start is None:
        raise InvalidFields(*errors)
    kind = config.event_type(target["eventTypeId"])
    if kind is None:
        raise Refused(404, f"Event Type with ID={target['eventTypeId']} not found")
    length = target.get("slotDuration")
    if length is not None and not kind.length_options:
        raise Refused(400, "You passed slotDuration but this event type is not a variable length event type.")
    return ReservationWish(kind, of_minutes(start, length or kind.length), target.get("reservationDuration"))


def legacy_booking_error(body: Mapping[str, Any]) -> problems.Problem:
    """What POST /v2/bookings says when the version header is missing: the body rules of 2024-04-15."""
    target = {name: body[name] for name in ("start", "eventTypeId", "timeZone", "language", "metadata") if name in body}
    rules: dict[str, tuple[Callable[[Any], bool], dict[str, str]]] = {
        "timeZone": (_is_zone, {"isTimeZone": "timeZone must be a valid IANA time-zone"}),
        "language": (lambda value: isinstance(value, str), {"isString": "language must be a string"}),
        "metadata": (lambda value: isinstance(value, dict), {"isObject": "metadata must be an object"}),
    }
    errors = [
        field_error(target, name, **constraints)
        for name, (holds, constraints) in rules.items()
        if not holds(target.get(name))
    ]
    return InvalidFields(*errors) if errors else not_implemented("bookings of version 2024-04-15")


def booking_wish(body: Mapping[str, Any], config: Config) -> Wish:
    """The body of POST /v2/bookings."""
    for name in body:
        if name not in _BOOKING_NAMES:
            raise problems.unknown_property(name)
    for name in ("instant", "recurrenceCount"):
        if name in body:
            raise not_implemented(name)
    start = start_of(body)
    attendee = body.get("attendee")
    if not isinstance(attendee, dict):
        raise wrong("attendee", "attendee must be an object")
    for name, holds, reason in (
        ("name", isinstance(attendee.get("name"), str), "name must be a string"),
        ("timeZone", _is_zone(attendee.get("timeZone")), "timeZone must be a valid IANA time-zone"),
    ):
        if not holds:
            raise wrong(f"attendee property is wrong, {name}", reason)
    if not attendee.get("email") and not attendee.get("phoneNumber"):
        raise wrong(
            "attendee property is wrong, attendee email or phone",
            "Attendee must have at least one contact method (email or phone number)",
        )
    metadata = _metadata(body.get("metadata", {}))
    kind = _booking_event_type(body, config)
    length = _length(body, kind)
    _check_location(body.get("location"), kind)
    _check_strings(metadata)
    email = _contact(attendee, kind)
    phone = attendee.get("phoneNumber")
    responses = {"email": email, "name": attendee["name"], **(body.get("bookingFieldsResponses") or {})}
    responses |= {"attendeePhoneNumber": phone} if phone else {}
    person = Attendee(
        attendee["name"],
        email,
        attendee["timeZone"],
        attendee.get("language") or "en",
        phone,
        metadata=metadata if kind.seats else {},
    )
    guests = tuple(body.get("guests") or ())
    return Wish(kind, start, length, person, metadata, responses, guests)


def start_of(body: Mapping[str, Any]) -> datetime:
    """The `start` of a booking or of its new time."""
    return _iso(body, "start")


def booking_filter(query: Mapping[str, str]) -> BookingFilter:
    """The query of GET /v2/bookings."""
    statuses = query["status"].split(",") if query.get("status") else []
    if any(status not in _LIST_STATUSES for status in statuses):
        allowed = f"Invalid status. Allowed are {', '.join(_LIST_STATUSES)}"
        raise InvalidFields(field_error({"status": statuses}, "status", isEnum=allowed))
    moments = {name: _moment_filter(query, name) for name in _MOMENT_FILTERS if name in query}
    sort = next((name for name in ("Start", "End", "Created", "UpdatedAt") if f"sort{name}" in query), None)
    return BookingFilter(
        equal={name: query[name] for name in ("attendeeEmail", "attendeeName", "bookingUid") if query.get(name)},
        event_types=_ids(query, "eventTypeId", "eventTypeIds"),
        teams=_ids(query, "teamId", "teamsIds"),
        statuses=frozenset(statuses),
        moments=moments,
        sort=(sort, query[f"sort{sort}"] == "desc") if sort else None,
        take=_bounded(query, "take", default=100, low=1, high=250),
        skip=_bounded(query, "skip", default=0, low=0),
    )


def _window(query: Mapping[str, str], start: str, end: str) -> Interval:
    first, last = (_iso(query, name) for name in (start, end))
    if (last.hour, last.minute, last.second) == (0, 0, 0):
        # A bare date, and midnight with it, means the whole day.
        last = last.replace(hour=23, minute=59, second=59)
    return Interval(first, last)


def _iso(source: Mapping[str, Any], name: str) -> datetime:
    at = _or_none(moment, source.get(name))
    if at is None:
        raise wrong(name, f"{name} must be a valid ISO 8601 date string")
    return at


def _slot_event_type(query: Mapping[str, str], config: Config) -> EventType:
    kind = None
    if "eventTypeId" in query:
        kind = config.event_type(_number(query["eventTypeId"], "eventTypeId"))
    elif "eventTypeSlug" in query and "teamSlug" in query:
        kind = _of_team(config, query["teamSlug"], query["eventTypeSlug"])
    elif "eventTypeSlug" in query and "username" in query:
        if config.find_host(query["username"]) is None:
            raise Refused(404, f"User with username {query['username']} not found")
        kind = _of_user(config, query["username"], query["eventTypeSlug"])
    else:
        raise wrong("eventTypeId", "eventTypeId must be a number conforming to the specified constraints")
    if kind is None:
        raise Refused(404, "Event Type not found")
    return kind


def _booking_event_type(body: Mapping[str, Any], config: Config) -> EventType:
    slug = body.get("eventTypeSlug")
    if (wanted := body.get("eventTypeId")) is not None:
        kind = config.event_type(wanted) if _is_int(wanted) else None
        missing = f"Event type with id {wanted} not found."
    elif slug and (team := body.get("teamSlug")):
        kind = _of_team(config, team, slug)
        missing = f"Event type with slug {slug} not found for team {team}."
    elif slug and (user := body.get("username")):
        kind = _of_user(config, user, slug)
        missing = f"Event type with slug {slug} not found for user {user}."
    else:
        raise wrong("event type", _WHICH_EVENT_TYPE)
    if kind is None:
        raise Refused(404, missing)
    return kind


def _of_team(config: Config, team: str, slug: str) -> EventType | None:
    kinds = (kind for kind in config.event_types if kind.team and kind.team.slug == team)
    return next((kind for kind in kinds if kind.slug == slug), None)


def _of_user(config: Config, username: str, slug: str) -> EventType | None:
    kinds = (kind for kind in config.event_types if not kind.team and kind.hosts == (username,))
    return next((kind for kind in kinds if kind.slug == slug), None)


def _length(body: Mapping[str, Any], kind: EventType) -> int:
    wanted = body.get("lengthInMinutes")
    if wanted is None:
        return kind.length
    if not kind.length_options:
        raise Refused(
            400,
            "Can't specify 'lengthInMinutes' because event type does not have multiple possible lengths. "
            "Please, remove the 'lengthInMinutes' field from the request.",
        )
    if wanted not in kind.length_options:
        options = ", ".join(str(minutes) for minutes in kind.length_options)
        raise Refused(400, f"Provided 'lengthInMinutes' is not one of the possible lengths: {options}")
    return int(wanted)


def _check_location(location: object, kind: EventType) -> None:
    if location is None or location == {"type": "integration", "integration": "cal-video"}:
        return
    raise Refused(400, f"Booking location {location} not valid for event type with id={kind.id}.")


def _metadata(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong("metadata", "metadata must be an object")
    too_much = len(value) > 50 or any(len(key) > 40 for key in value)
    if too_much or any(isinstance(text, str) and len(text) > 500 for text in value.values()):
        raise wrong("metadata", _METADATA_LIMITS)
    return value


def _check_strings(metadata: Mapping[str, Any]) -> None:
    names = {bool: "boolean", int: "number", float: "number", dict: "object", list: "array", type(None): "null"}
    failures = [
        f"metadata.{key} - Expected string, received {names[type(value)]}, "
        for key, value in metadata.items()
        if not isinstance(value, str)
    ]
    if failures:
        raise problems.Unprocessable("".join(failures))


def _contact(attendee: Mapping[str, Any], kind: EventType) -> str:
    email, phone = attendee.get("email"), attendee.get("phoneNumber")
    if phone and not _E164.fullmatch(str(phone)):
        raise problems.Unprocessable("responses - {attendeePhoneNumber}invalid_number, ")
    if not email:
        if not kind.email_optional:
            raise problems.Unprocessable("responses - {email}error_required_field, ")
        return f"{str(phone).removeprefix('+')}@sms.cal.com"
    if not _EMAIL.fullmatch(str(email)):
        raise problems.Unprocessable("responses - {email}email_validation_error, ")
    return str(email)


def _moment_filter(query: Mapping[str, str], name: str) -> datetime:
    at = _or_none(moment, query[name])
    if at is None:
        reason = f"{name} must be a valid ISO 8601 date string"
        raise InvalidFields(field_error({name: query[name]}, name, isISO8601=reason))
    return at


def _ids(query: Mapping[str, str], *names: str) -> frozenset[int]:
    words = [word for name in names for word in query.get(name, "").split(",")]
    return frozenset(int(word) for word in words if word.strip().isdigit())


def _bounded(query: Mapping[str, str], name: str, *, default: int, low: int, high: int | None = None) -> int:
    text = query.get(name)
    if text is None:
        return default
    value = int(text) if text.isdigit() else None
    if value is None or value < low or (high is not None and value > high):
        bound = f"{name} must not be less than {low}" + (f" or greater than {high}" if high is not None else "")
        raise InvalidFields(field_error({name: text}, name, range=bound))
    return value


def _number(text: str, name: str) -> int:
    if not text.isdigit():
        raise wrong(name, f"{name} must be a number conforming to the specified constraints")
    return int(text)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_zone(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ZoneInfo(value))
    except (KeyError, ValueError, OSError):
        return False


def _or_none(parse: Callable[[object], datetime], value: object) -> datetime | None:
    try:
        return parse(value)
    except ValueError:
        return None
