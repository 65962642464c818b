"""The endpoints of Cal.com's API v2 that the double speaks."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.calcom import documents, requests
from simulator.calcom.calendar import Calendar
from simulator.calcom.config import Host
from simulator.calcom.exchange import LEGACY, Exchange, endpoint
from simulator.calcom.problems import Refused, not_implemented, unknown_property
from simulator.calcom.records import Booking
from simulator.calcom.slots import free_slots, listed_slots

SLOTS = ("2024-09-04",)
BOOKINGS = ("2024-08-13", "2026-02-25")
EVENT_TYPES = ("2024-06-14",)
_RESCHEDULE_NAMES = ("start", "reschedulingReason", "rescheduledBy", "emailVerificationCode")
_CANCEL_NAMES = ("cancellationReason", "cancelSubsequentBookings", "seatUid")


async def get_slots(exchange: Exchange) -> Response:
    """GET /v2/slots."""
    exchange.need_version(*SLOTS)
    query, with_end = requests.slot_query(exchange.request.query_params, exchange.calendar.config)
    stale = exchange.stale
    found = free_slots(stale, query) if stale else listed_slots(exchange.calendar, query)
    return JSONResponse({"data": documents.slots(found, query, with_end=with_end), "status": "success"})


async def get_legacy_slots(exchange: Exchange) -> Response:
    """GET /v2/slots/available, of the version nobody means to ask for."""
    exchange.need_version(LEGACY)
    query = requests.legacy_slot_query(exchange.request.query_params, exchange.calendar.config)
    found = listed_slots(exchange.calendar, query)
    return JSONResponse({"data": documents.legacy_slots(found, query), "status": "success"})


async def make_reservation(exchange: Exchange) -> Response:
    """POST /v2/slots/reservations."""
    return await _reserve(exchange, None)


async def move_reservation(exchange: Exchange) -> Response:
    """PATCH /v2/slots/reservations/{uid}; the slot it has counts as taken too."""
    uid: str = exchange.request.path_params["uid"]
    if uid not in exchange.calendar.reservations:
        raise Refused(404, f"Reservation with uid={uid} not found")
    return await _reserve(exchange, uid)


async def get_reservation(exchange: Exchange) -> Response:
    """GET /v2/slots/reservations/{uid}; an unknown one is no error."""
    exchange.need_version(*SLOTS)
    kept = exchange.calendar.reservations.get(exchange.request.path_params["uid"])
    return _success(documents.reservation(kept, with_duration=False) if kept else None)


async def end_reservation(exchange: Exchange) -> Response:
    """DELETE /v2/slots/reservations/{uid}."""
    exchange.need_version(*SLOTS)
    exchange.calendar.release(exchange.request.path_params["uid"])
    return JSONResponse({"status": "success"})


async def create_booking(exchange: Exchange) -> Response:
    """POST /v2/bookings."""
    body = await exchange.body()
    if exchange.version not in BOOKINGS:
        raise requests.legacy_booking_error(body)
    booking = await exchange.calendar.book(requests.booking_wish(body, exchange.calendar.config))
    seat = booking.attendees[-1] if booking.kind.seats else None
    config = exchange.calendar.config
    return _success(documents.booking(booking, config, version=exchange.version, created=True, seat=seat), 201)


async def list_bookings(exchange: Exchange) -> Response:
    """GET /v2/bookings."""
    _need_bookings_version(exchange)
    caller = exchange.need_caller()
    wanted = requests.booking_filter(exchange.request.query_params)
    now = exchange.calendar.clock()
    mine = _visible(exchange.calendar, caller)
    found = [booking for booking in mine if _matches(booking, wanted, now)]
    name, descending = wanted.sort or ("Start", False)
    found.sort(key=_SORT_KEYS[name], reverse=descending)
    page = found[wanted.skip : wanted.skip + wanted.take]
    return JSONResponse(
        {
            "status": "success",
            "data": [_document(exchange, booking) for booking in page],
            "pagination": documents.pagination(len(found), len(page), wanted.take, wanted.skip),
        }
    )


async def get_booking(exchange: Exchange) -> Response:
    """GET /v2/bookings/{uid}."""
    _need_bookings_version(exchange)
    uid = exchange.request.path_params["uid"]
    booking = exchange.calendar.bookings.get(uid)
    if booking is None:
        raise Refused(404, f"Booking with uid={uid} was not found in the database")
    return _success(_document(exchange, booking))


async def cancel_booking(exchange: Exchange) -> Response:
    """POST /v2/bookings/{uid}/cancel."""
    _need_bookings_version(exchange)
    body = _known(await exchange.body(), _CANCEL_NAMES)
    booking = exchange.calendar.cancel(
        exchange.request.path_params["uid"],
        reason=body.get("cancellationReason") or "",
        by=exchange.caller,
        seat_uid=body.get("seatUid"),
    )
    return _success(_document(exchange, booking))


async def reschedule_booking(exchange: Exchange) -> Response:
    """POST /v2/bookings/{uid}/reschedule."""
    _need_bookings_version(exchange)
    body = _known(await exchange.body(), _RESCHEDULE_NAMES)
    uid = exchange.request.path_params["uid"]
    if exchange.calendar.booking(uid).kind.seats:
        raise not_implemented("rescheduling a seat")
    booking = await exchange.calendar.reschedule(
        uid, requests.start_of(body), reason=body.get("reschedulingReason"), by=body.get("rescheduledBy")
    )
    config = exchange.calendar.config
    return _success(documents.booking(booking, config, version=exchange.version, created=True), 201)


async def confirm_booking(exchange: Exchange) -> Response:
    """POST /v2/bookings/{uid}/confirm."""
    return _decide(exchange, exchange.calendar.confirm)


async def decline_booking(exchange: Exchange) -> Response:
    """POST /v2/bookings/{uid}/decline."""
    return _decide(exchange, exchange.calendar.decline)


async def get_event_type(exchange: Exchange) -> Response:
    """GET /v2/event-types/{id}."""
    _need_event_types_version(exchange)
    exchange.need_caller()
    config, wanted = exchange.calendar.config, exchange.request.path_params["id"]
    kind = config.event_type(wanted)
    if kind is None:
        raise Refused(404, f"Event type with id {wanted} not found")
    return _success(documents.event_type(kind, config, with_hidden=True))


async def list_event_types(exchange: Exchange) -> Response:
    """GET /v2/event-types: those of a user, or of the key's owner."""
    _need_event_types_version(exchange)
    config, query = exchange.calendar.config, exchange.request.query_params
    username = query.get("username") or (exchange.caller.username if exchange.caller else None)
    kinds = [
        kind
        for kind in config.event_types
        if kind.team is None and kind.hosts == (username,) and query.get("eventSlug", kind.slug) == kind.slug
    ]
    own = exchange.caller is not None and exchange.caller.username == username
    return _success([documents.event_type(kind, config, with_hidden=own) for kind in kinds])


async def get_me(exchange: Exchange) -> Response:
    """GET /v2/me."""
    return _success(documents.me(exchange.need_caller()))


ROUTES: Sequence[Route] = [
    Route("/v2/slots", endpoint("slots", get_slots), methods=["GET"]),
    Route("/v2/slots/available", endpoint("slots", get_legacy_slots), methods=["GET"]),
    Route("/v2/slots/reservations", endpoint("reservations", make_reservation), methods=["POST"]),
    Route("/v2/slots/reservations/{uid}", endpoint("reservations", get_reservation), methods=["GET"]),
    Route("/v2/slots/reservations/{uid}", endpoint("reservations", move_reservation), methods=["PATCH"]),
    Route("/v2/slots/reservations/{uid}", endpoint("reservations", end_reservation), methods=["DELETE"]),
    Route("/v2/bookings", endpoint("bookings.create", create_booking), methods=["POST"]),
    Route("/v2/bookings", endpoint("bookings.list", list_bookings), methods=["GET"]),
    Route("/v2/bookings/{uid}", endpoint("bookings.get", get_booking), methods=["GET"]),
    Route("/v2/bookings/{uid}/cancel", endpoint("bookings.cancel", cancel_booking), methods=["POST"]),
    Route("/v2/bookings/{uid}/reschedule", endpoint("bookings.reschedule", reschedule_booking), methods=["POST"]),
    Route("/v2/bookings/{uid}/confirm", endpoint("bookings.confirm", confirm_booking), methods=["POST"]),
    Route("/v2/bookings/{uid}/decline", endpoint("bookings.decline", decline_booking), methods=["POST"]),
    Route("/v2/event-types", endpoint("event-types", list_event_types), methods=["GET"]),
    Route("/v2/event-types/{id:int}", endpoint("event-types", get_event_type), methods=["GET"]),
    Route("/v2/me", endpoint("me", get_me), methods=["GET"]),
]

_SORT_KEYS: dict[str, Callable[[Booking], Any]] = {
    "Start": attrgetter("start", "id"),
    "End": attrgetter("end", "id"),
    "Created": attrgetter("created_at", "id"),
    "UpdatedAt": attrgetter("updated_at", "id"),
}


async def _reserve(exchange: Exchange, uid: str | None) -> Response:
    exchange.need_version(*SLOTS)
    wish = requests.reservation_wish(await exchange.body(), exchange.calendar.config)
    if wish.minutes is not None:
        if exchange.caller is None:
            raise Refused(
                401,
                "reservationDuration can only be used for authenticated requests - use access token, api key or OAuth "
                "credentials",
            )
        if exchange.caller not in exchange.calendar.config.hosts_of(wish.kind):
            raise Refused(403, "reservationDuration can only be used by the owner of the event type.")
    kept = await exchange.calendar.reserve(wish.kind, wish.interval, minutes=wish.minutes, uid=uid)
    return _success(documents.reservation(kept, with_duration=True), 200 if uid else 201)


def _decide(exchange: Exchange, decision: Callable[[str], Booking]) -> Response:
    _need_bookings_version(exchange)
    exchange.need_caller()
    return _success(_document(exchange, decision(exchange.request.path_params["uid"])))


def _visible(calendar: Calendar, caller: Host) -> Iterable[Booking]:
    """A key sees what its user hosts, and what is booked with a team."""
    return (b for b in calendar.bookings.values() if b.host == caller.username or b.kind.team)


def _matches(booking: Booking, wanted: requests.BookingFilter, now: datetime) -> bool:
    equal = {
        "attendeeEmail": {attendee.email for attendee in booking.attendees},
        "attendeeName": {attendee.name for attendee in booking.attendees},
        "bookingUid": {booking.uid},
    }
    team = booking.kind.team
    bounds = {
        "Start": booking.start,
        "End": booking.end,
        "CreatedAt": booking.created_at,
        "UpdatedAt": booking.updated_at,
    }
    return (
        all(value in equal[name] for name, value in wanted.equal.items())
        and (not wanted.event_types or booking.kind.id in wanted.event_types)
        and (not wanted.teams or (team is not None and team.id in wanted.teams))
        and all(
            bounds[name.removeprefix("after")] >= at if name.startswith("after") else bounds[name[6:]] <= at
            for name, at in wanted.moments.items()
        )
        and (not wanted.statuses or bool(wanted.statuses & _list_statuses(booking, now)))
    )


def _list_statuses(booking: Booking, now: datetime) -> set[str]:
    """The words of the list's `status` filter that fit; they are not the booking's own."""
    if not booking.is_open:
        return {"cancelled"}
    if booking.end < now:
        return {"past"}
    return {"upcoming", "unconfirmed"} if booking.status == "pending" else {"upcoming"}


def _need_bookings_version(exchange: Exchange) -> None:
    if exchange.version not in BOOKINGS:
        raise not_implemented("bookings of version 2024-04-15")


def _need_event_types_version(exchange: Exchange) -> None:
    if exchange.version not in EVENT_TYPES:
        raise not_implemented("event types of version 2024-04-15")


def _known(body: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    for name in body:
        if name not in names:
            raise unknown_property(name)
    return body


def _document(exchange: Exchange, booking: Booking) -> documents.Document:
    return documents.booking(booking, exchange.calendar.config, version=exchange.version)


def _success(data: object, status: int = 200) -> Response:
    return JSONResponse({"status": "success", "data": data}, status)
