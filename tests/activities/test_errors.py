"""Every answer of Cal.com's that is not the wanted one, and what it is to us."""

import traceback
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from activities.calcom_client import Account, CalcomClient
from activities.errors import (
    OF_A_BOOKING,
    OF_A_UID,
    AlreadyCancelled,
    CalcomError,
    InThePast,
    NotConfigured,
    NotFound,
    RateLimited,
    SlotUnavailable,
    TooSoon,
    Unreachable,
    error_of,
)
from tests.activities.fakes import ACCOUNT, KEY, Replayed, ScriptedCalcom

NOW = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
START = datetime(2026, 12, 9, 9, 0, tzinfo=UTC)
PRIVATE = (KEY, "Ann Lee", "ann.lee@example.com", "+4915112345678", "4915112345678")


def refused(status: int, message: str, code: str = "BadRequestException", **error: object) -> httpx.Response:
    return httpx.Response(status, json={"status": "error", "error": {"code": code, "message": message, **error}})


def bare(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"statusCode": status, "message": message})


async def book(client: CalcomClient) -> None:
    await client.create_booking(
        ACCOUNT,
        10,
        START,
        name="Ann Lee",
        email="ann.lee@example.com",
        phone="+4915112345678",
        timezone="Europe/Berlin",
        language="de",
        metadata={"booking_key": "k1"},
    )


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("booking_create_taken", SlotUnavailable),
        ("booking_create_same_again", SlotUnavailable),
        ("booking_create_outside_hours", SlotUnavailable),
        ("booking_create_concurrent_loser", SlotUnavailable),
        ("booking_create_concurrent_loser_non_production", SlotUnavailable),
        ("seated_booking_full", SlotUnavailable),
        ("booking_create_too_soon", TooSoon),
        ("booking_create_past", InThePast),
        ("booking_create_unknown_event_type", NotConfigured),
        ("booking_create_no_email_no_phone", NotConfigured),
        ("booking_create_phone_only", NotConfigured),
        ("booking_create_bad_email", NotConfigured),
        ("booking_create_unknown_field", NotConfigured),
        ("booking_create_metadata_too_long", NotConfigured),
        ("booking_create_invalid_key", NotConfigured),
        ("booking_create_without_version_header", NotConfigured),
        ("rate_limited", RateLimited),
    ],
)
async def test_recorded_answers_to_a_booking(
    name: str, error: type[CalcomError], replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.bookings(replayed(name))

    with pytest.raises(error) as caught:
        await book(client)

    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            refused(400, "One of the hosts either already has booking at this time or is not available"),
            SlotUnavailable,
        ),
        (
            refused(409, "One of the hosts either already has booking at this time or is not available", "CONFLICT"),
            SlotUnavailable,
        ),
        (refused(400, "It is too soon: the minimum booking notice is 2 hours"), TooSoon),
        (refused(403, "checkBookingRequiresAuthentication - ...", "ForbiddenException"), NotConfigured),
        (bare(403, "blocked"), NotConfigured),
        (bare(400, "something the booking engine says"), NotConfigured),
        (
            refused(
                400,
                "Attendee with this email can't book because the maximum number of active bookings has been reached.",
            ),
            NotConfigured,
        ),
        (refused(409, "Unique constraint failed", "CONFLICT"), Unreachable),
        (refused(409, "Something else stands against it", "ConflictException"), Unreachable),
        (refused(400, "The calendar said no", "GoogleCalendarError"), Unreachable),
        (refused(400, "Something broke", "INTERNAL_SERVER_ERROR"), Unreachable),
        (bare(500, "Internal server error"), Unreachable),
        (refused(500, "Internal server error", "INTERNAL_SERVER_ERROR"), Unreachable),
        (bare(500, "User either already has booking at this time or is not available"), Unreachable),
        (httpx.Response(503, text="<html>down</html>"), Unreachable),
        (httpx.Response(400, text="<html>bad request</html>"), Unreachable),
        (httpx.Response(403, text="<html>are you human?</html>"), Unreachable),
        (httpx.Response(404, json={"hello": "world"}), Unreachable),
        (httpx.Response(400, json=["neither shape"]), Unreachable),
        (httpx.Response(301, headers={"Location": "https://elsewhere.example/v2/bookings"}), Unreachable),
        (httpx.Response(204), Unreachable),
        (httpx.Response(201, text="OK"), Unreachable),
        (httpx.Response(201, content=b"\xff\xfe"), Unreachable),
        (httpx.Response(201, json={"status": "success", "data": None}), Unreachable),
        (httpx.Response(200, json={"status": "error", "error": {"message": "no"}}), Unreachable),
        (httpx.Response(429, text="slow down"), RateLimited),
        (httpx.ReadTimeout("late"), Unreachable),
        (httpx.ConnectTimeout("late"), Unreachable),
        (httpx.PoolTimeout("late"), Unreachable),
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.ReadError("reset"), Unreachable),
        (httpx.RemoteProtocolError("server disconnected"), Unreachable),
        (httpx.DecodingError("not gzip"), Unreachable),
    ],
)
async def test_other_answers_to_a_booking(
    answer: httpx.Response | httpx.RequestError, error: type[CalcomError], calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.bookings(answer)

    with pytest.raises(error) as caught:
        await book(client)

    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("slots_unknown_event_type", NotConfigured),
        ("slots_unknown_param", NotConfigured),
        ("slots_bad_timezone", NotConfigured),
        ("slots_without_version_header", NotConfigured),
        ("booking_create_invalid_key", NotConfigured),
        ("booking_create_concurrent_loser", Unreachable),
        ("rate_limited", RateLimited),
    ],
)
async def test_recorded_answers_to_a_slots_query(
    name: str, error: type[CalcomError], replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    """A read is never told that a slot is unavailable: a database error is a failure there."""
    calcom.answer("GET", "/v2/slots", replayed(name))

    with pytest.raises(error) as caught:
        await client.slots(ACCOUNT, 10, START, START + timedelta(days=1), "Europe/Berlin")

    assert type(caught.value) is error


@pytest.mark.parametrize(
    "data",
    [
        {"2026-12-08": [{"start": "2026-12-08T09:00:00"}]},
        {"2026-12-08": [{"time": "2026-12-08T09:00:00Z"}]},
        {"slots": {"2026-12-08": []}},
        [],
    ],
)
async def test_slots_that_name_no_instant_are_not_understood(
    data: object, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer("GET", "/v2/slots", httpx.Response(200, json={"status": "success", "data": data}))

    with pytest.raises(Unreachable):
        await client.slots(ACCOUNT, 10, START, START + timedelta(days=1), "Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "error"),
    [("bookings_list_unauthenticated", NotConfigured), ("bookings_list_bad_status", NotConfigured)],
)
async def test_recorded_answers_to_a_look_up(
    name: str, error: type[CalcomError], replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.lookups(replayed(name))

    with pytest.raises(error):
        await client.list_bookings(ACCOUNT, 10, START, START + timedelta(days=1))


@pytest.mark.parametrize("name", ["booking_get_unknown", "booking_cancel_unknown"])
async def test_an_unknown_booking_is_not_found(
    name: str, replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer("GET", "/v2/bookings/nope", replayed(name))
    calcom.answer("POST", "/v2/bookings/nope/cancel", replayed(name))

    with pytest.raises(NotFound):
        await client.get_booking(ACCOUNT, "nope")
    with pytest.raises(NotFound):
        await client.cancel_booking(ACCOUNT, "nope", "changed mind")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("booking_reschedule_taken", SlotUnavailable),
        ("booking_reschedule_old_uid", AlreadyCancelled),
        ("booking_cancel_unknown", NotFound),
    ],
)
async def test_recorded_answers_to_a_rescheduling(
    name: str, error: type[CalcomError], replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer("POST", "/v2/bookings/u1/reschedule", replayed(name))

    with pytest.raises(error) as caught:
        await client.reschedule_booking(ACCOUNT, "u1", START, "later")

    assert type(caught.value) is error


async def test_a_cancellation_without_reason_is_a_mistake_of_ours(
    replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer("POST", "/v2/bookings/u1/cancel", replayed("booking_cancel_without_reason_by_host"))

    with pytest.raises(NotConfigured):
        await client.cancel_booking(ACCOUNT, "u1", "")


def test_every_row_of_the_table_stands_for_something() -> None:
    for refusal in OF_A_BOOKING + OF_A_UID:
        answer = bare(refusal.status, f"... {refusal.says.upper()} ...")
        assert type(error_of(answer, "it", (refusal,), NOW)) is refusal.means


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-RateLimit-Reset-Default": "55"}, 55),
        ({"x-ratelimit-reset-default": str(int(NOW.timestamp()) + 55)}, 55),
        ({"X-RateLimit-Reset": "12.5"}, 12.5),
        ({"X-RateLimit-Reset-Default": "5", "X-RateLimit-Reset-Long": "40"}, 40),
        ({"X-RateLimit-Reset-Default": "0"}, 1),
        ({"X-RateLimit-Reset-Default": str(int(NOW.timestamp()) - 900)}, 1),
        ({"X-RateLimit-Reset-Default": "soon"}, 60),
        ({}, 60),
    ],
)
async def test_the_rate_limit_names_its_end_in_seconds_or_as_unix_time(
    headers: dict[str, str], seconds: float, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.bookings(httpx.Response(429, headers=headers, json={}))

    with pytest.raises(RateLimited) as caught:
        await book(client)

    assert caught.value.reset_after == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("booking_create_bad_email", "email email_validation_error"),
        ("booking_create_metadata_too_long", "metadata"),
        ("booking_create_without_version_header", "timeZone, language, metadata"),
        ("booking_create_invalid_key", "check the API key"),
        ("booking_create_unknown_event_type", "check the event type's id"),
    ],
)
async def test_a_configuration_error_names_what_to_fix(
    name: str, named: str, replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.bookings(replayed(name))

    with pytest.raises(NotConfigured, match=named):
        await book(client)


@pytest.mark.parametrize(
    "answer",
    [
        bare(status, f"{' '.join(PRIVATE)} because it has been cancelled, or book a meeting in the past")
        for status in (400, 401, 403, 404, 409, 429, 500)
    ]
    + [
        refused(400, " ".join(PRIVATE), details={"errors": [{"target": PRIVATE, "value": PRIVATE, "property": "x"}]}),
        httpx.Response(201, json={"status": "success", "data": {"attendees": PRIVATE}}),
        httpx.Response(502, text=" ".join(PRIVATE)),
        httpx.LocalProtocolError(f"Illegal header value b'Bearer {PRIVATE[0]}'"),
        httpx.ReadTimeout(" ".join(PRIVATE)),
    ],
)
async def test_no_exception_repeats_the_attendee_or_the_key(
    answer: httpx.Response | httpx.RequestError, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.bookings(answer)

    with pytest.raises(CalcomError) as caught:
        await book(client)

    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert [private for private in PRIVATE if private in shown] == []


@pytest.mark.parametrize("key", ["", "cal_live_secret\n", "cal_live_sécret", "cal_live_secret\r\nX-Evil: 1"])
async def test_a_key_that_is_none_is_not_sent_and_not_shown(
    key: str, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    with pytest.raises(NotConfigured, match="API key") as caught:
        await client.me(Account("salon", key))

    assert "cal_live" not in str(caught.value)
    assert calcom.requests == []
