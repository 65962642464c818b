"""What the client asks Cal.com, and what it makes of the wanted answers."""

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from activities import calcom_client
from activities.calcom_client import CalcomClient
from activities.calcom_http import calcom_http
from activities.errors import Unreachable
from tests.activities.fakes import ACCOUNT, KEY, Replayed, Script, ScriptedCalcom, success

BERLIN = ZoneInfo("Europe/Berlin")
MORNING = datetime(2026, 12, 8, 8, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)

ATTENDEE = {"name": "Ann Lee", "email": "ann@example.com", "timezone": "Europe/Berlin", "language": "de"}


def listing(*starts: str) -> Script:
    return lambda _: success({"2026-12-08": [{"start": start} for start in starts]})


async def ask_everything(client: CalcomClient) -> None:
    """Make one request of each kind; the answers do not matter."""
    for request in (
        client.slots(ACCOUNT, 10, MORNING, MORNING + HALF_HOUR, "Europe/Berlin"),
        client.create_booking(ACCOUNT, 10, MORNING, **ATTENDEE, metadata={}),
        client.get_booking(ACCOUNT, "u1"),
        client.list_bookings(ACCOUNT, 10, MORNING, MORNING + HALF_HOUR, attendee_email="ann@example.com"),
        client.cancel_booking(ACCOUNT, "u1", "changed mind"),
        client.reschedule_booking(ACCOUNT, "u1", MORNING, "later"),
        client.event_type(ACCOUNT, 10),
        client.me(ACCOUNT),
    ):
        with pytest.raises(Unreachable):
            await request


@pytest.fixture
def failing(calcom: ScriptedCalcom) -> ScriptedCalcom:
    """Answer every kind of request with a server failure."""
    for method, path in (
        ("GET", "/v2/slots"),
        ("POST", "/v2/bookings"),
        ("GET", "/v2/bookings/u1"),
        ("GET", "/v2/bookings"),
        ("POST", "/v2/bookings/u1/cancel"),
        ("POST", "/v2/bookings/u1/reschedule"),
        ("GET", "/v2/event-types/10"),
        ("GET", "/v2/me"),
    ):
        calcom.answer(method, path, httpx.Response(502))
    return calcom


@pytest.mark.parametrize("name", ["slots_time", "slots_time_utc", "slots_range"])
async def test_recorded_slots_are_instants(
    name: str, replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer("GET", "/v2/slots", replayed(name))

    starts = await client.slots(ACCOUNT, 10, MORNING, MORNING + 3 * HALF_HOUR, "Europe/Berlin")

    assert starts == (MORNING, MORNING + HALF_HOUR, MORNING + 2 * HALF_HOUR)


async def test_no_slots_at_all_is_an_empty_answer(
    replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer("GET", "/v2/slots", replayed("slots_empty"))

    assert await client.slots(ACCOUNT, 10, MORNING, MORNING + HALF_HOUR, "Europe/Berlin") == ()


async def test_full_slots_of_a_seated_event_are_not_free(
    replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer("GET", "/v2/slots", replayed("slots_seated_range"))
    noon = datetime(2026, 12, 10, 12, 0, tzinfo=UTC)

    starts = await client.slots(ACCOUNT, 1, noon, noon + timedelta(hours=2), "Europe/Berlin")

    assert starts == (noon + timedelta(hours=1),)


async def test_slots_outside_the_asked_window_are_dropped_and_the_rest_is_sorted(
    calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer(
        "GET",
        "/v2/slots",
        listing(
            "2026-12-09T08:00:00.000Z",
            "2026-12-08T09:30:00.000+01:00",
            "2026-12-08T09:00:00.000+01:00",
            "2026-12-08T09:00:00.000Z",
            "2026-12-08T07:59:00.000Z",
            "2026-12-08T08:30:00.000Z",
        ),
    )

    starts = await client.slots(ACCOUNT, 10, MORNING, MORNING + 2 * HALF_HOUR, "Europe/Berlin")

    assert starts == (MORNING, MORNING + HALF_HOUR)


@pytest.mark.parametrize(
    ("fold", "instant"),
    [(0, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)), (1, datetime(2026, 10, 25, 1, 30, tzinfo=UTC))],
)
async def test_the_window_is_one_of_instants_also_when_the_clock_goes_back(
    fold: int, instant: datetime, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    """02:30 happens twice that night; an hour after the first is the second, not 03:30."""
    calcom.answer("GET", "/v2/slots", listing("2026-10-25T02:30:00.000+02:00", "2026-10-25T02:30:00.000+01:00"))
    half_past_two = datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=BERLIN)

    starts = await client.slots(ACCOUNT, 10, half_past_two, instant + HALF_HOUR, "Europe/Berlin")

    assert starts == (instant,)


async def test_a_fresh_read_repeats_no_query_and_lets_no_further_slot_in(
    calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer("GET", "/v2/slots", listing())
    end = datetime(2026, 12, 9, 0, 0, tzinfo=UTC)

    for _ in range(200):
        await client.slots(ACCOUNT, 10, MORNING, end, "Europe/Berlin", fresh=True)

    queries = [request.url.params for request in calcom.requests]
    ends = [datetime.fromisoformat(query["end"]) for query in queries]
    assert len(set(ends)) == 200
    assert {query["start"] for query in queries} == {"2026-12-08T08:00:00.000Z"}
    assert all(timedelta(seconds=1) <= asked - end < timedelta(minutes=1) for asked in ends)


async def test_a_slot_after_the_asked_end_is_dropped_from_a_fresh_read_too(
    calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer("GET", "/v2/slots", listing("2026-12-08T08:00:00.000Z", "2026-12-08T08:30:00.000Z"))

    starts = await client.slots(ACCOUNT, 10, MORNING, MORNING + HALF_HOUR, "Europe/Berlin", fresh=True)

    assert starts == (MORNING,)


async def test_an_ordinary_read_asks_the_window_as_it_is(calcom: ScriptedCalcom, client: CalcomClient) -> None:
    calcom.answer("GET", "/v2/slots", listing())

    await client.slots(ACCOUNT, 10, MORNING.astimezone(BERLIN), MORNING + HALF_HOUR, "Europe/Berlin")

    assert dict(calcom.requests[0].url.params) == {
        "eventTypeId": "10",
        "start": "2026-12-08T08:00:00.000Z",
        "end": "2026-12-08T08:30:00.000Z",
        "timeZone": "Europe/Berlin",
    }


async def test_a_booking_asks_for_an_instant_and_never_to_overlook_conflicts(
    replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.bookings(replayed("booking_create"))

    booking = await client.create_booking(
        ACCOUNT, 10, datetime(2026, 12, 9, 10, 0, tzinfo=BERLIN), **ATTENDEE, metadata={"call": "c1"}
    )

    assert json.loads(calcom.requests[0].content) == {
        "eventTypeId": 10,
        "start": "2026-12-09T09:00:00.000Z",
        "attendee": {"name": "Ann Lee", "email": "ann@example.com", "timeZone": "Europe/Berlin", "language": "de"},
        "metadata": {"call": "c1"},
    }
    assert booking.uid == "5sgiQ2V2kHeya8nHuBHirB"
    assert booking.start == datetime(2026, 12, 9, 9, 0, tzinfo=UTC)
    assert booking.end - booking.start == HALF_HOUR
    assert booking.stands
    assert not booking.awaits_host
    assert booking.carries("call_id", "call_1")
    assert not booking.carries("call_id", "call_2")


async def test_a_pending_booking_stands_and_awaits_its_host(
    replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.bookings(replayed("booking_create_pending"))

    booking = await client.create_booking(ACCOUNT, 12, MORNING, **ATTENDEE, metadata={})

    assert booking.stands
    assert booking.awaits_host


async def test_a_seated_booking_carries_its_metadata_with_the_attendee(
    replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    answer = replayed("seated_booking_create").json()
    answer["data"]["attendees"][0]["metadata"] = {"booking_key": "k1"}
    calcom.bookings(httpx.Response(201, json=answer))

    booking = await client.create_booking(ACCOUNT, 1, MORNING, **ATTENDEE, metadata={"booking_key": "k1"})

    assert booking.carries("booking_key", "k1")


@pytest.mark.parametrize("name", ["bookings_list", "booking_create"])
async def test_a_booking_shows_nothing_of_its_attendees(
    name: str, replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    booking = replayed(name).json()["data"]
    calcom.answer("GET", "/v2/bookings/u1", success(booking[0] if isinstance(booking, list) else booking))

    shown = repr(await client.get_booking(ACCOUNT, "u1"))

    assert "Ann" not in shown
    assert "example.com" not in shown


@pytest.mark.parametrize("attendee_email", [None, "ann@example.com"])
async def test_bookings_are_looked_up_by_type_and_window_earliest_first_and_by_address_if_given(
    attendee_email: str | None, replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.lookups(replayed("bookings_list"))

    (booking,) = await client.list_bookings(ACCOUNT, 10, MORNING, MORNING + HALF_HOUR, attendee_email=attendee_email)

    assert booking.uid == "5sgiQ2V2kHeya8nHuBHirB"
    query = {
        "eventTypeId": "10",
        "afterStart": "2026-12-08T08:00:00.000Z",
        "beforeEnd": "2026-12-08T08:30:00.000Z",
        "sortStart": "asc",
    }
    assert dict(calcom.requests[0].url.params) == query | ({"attendeeEmail": attendee_email} if attendee_email else {})


@pytest.mark.parametrize("name", ["booking_cancel", "booking_cancel_again"])
async def test_cancelling_what_is_cancelled_already_is_done(
    name: str, replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer("POST", "/v2/bookings/u1/cancel", replayed(name))

    await client.cancel_booking(ACCOUNT, "u1", "changed mind")

    assert json.loads(calcom.requests[0].content) == {"cancellationReason": "changed mind"}


async def test_rescheduling_returns_the_new_booking(
    replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    calcom.answer("POST", "/v2/bookings/u1/reschedule", replayed("booking_reschedule"))

    booking = await client.reschedule_booking(ACCOUNT, "u1", datetime(2026, 12, 9, 12, 0, tzinfo=UTC), "later")

    assert booking.uid == "4ix99Hw2N6uCmoKoY956L3"
    assert booking.start == datetime(2026, 12, 9, 12, 0, tzinfo=UTC)


async def test_an_event_type_tells_its_length(replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient) -> None:
    calcom.answer("GET", "/v2/event-types/10", replayed("event_type_get"))

    assert (await client.event_type(ACCOUNT, 10)).length_in_minutes == 30


async def test_a_key_tells_its_owner(replayed: Replayed, calcom: ScriptedCalcom, client: CalcomClient) -> None:
    calcom.answer("GET", "/v2/me", replayed("me"))

    assert (await client.me(ACCOUNT)).time_zone == "Europe/Berlin"


async def test_a_uid_cannot_lead_to_another_route(calcom: ScriptedCalcom, client: CalcomClient) -> None:
    calcom.answer("GET", "/v2/bookings/../me", httpx.Response(502))

    with pytest.raises(Unreachable):
        await client.get_booking(ACCOUNT, "../me")

    assert calcom.requests[0].url.raw_path == b"/v2/bookings/..%2Fme"


async def test_each_kind_of_request_has_its_version_its_key_and_its_time(
    failing: ScriptedCalcom, client: CalcomClient
) -> None:
    await ask_everything(client)

    assert [
        (
            request.url.path,
            request.headers.get("cal-api-version"),
            request.extensions["timeout"]["read"],
        )
        for request in failing.requests
    ] == [
        ("/v2/slots", "2024-09-04", 3),
        ("/v2/bookings", "2024-08-13", 10),
        ("/v2/bookings/u1", "2024-08-13", 3),
        ("/v2/bookings", "2024-08-13", 3),
        ("/v2/bookings/u1/cancel", "2024-08-13", 10),
        ("/v2/bookings/u1/reschedule", "2024-08-13", 10),
        ("/v2/event-types/10", "2024-06-14", 3),
        ("/v2/me", None, 3),
    ]
    assert {request.headers["Authorization"] for request in failing.requests} == {f"Bearer {KEY}"}


async def test_a_failed_request_is_not_repeated(failing: ScriptedCalcom, client: CalcomClient) -> None:
    await ask_everything(client)

    assert len(failing.requests) == 8


async def test_an_answer_that_trickles_in_is_bounded_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    monkeypatch.setattr(calcom_client, "SLOTS_SECONDS", 0.01)
    cancelled = asyncio.Event()

    async def trickle(_: httpx.Request) -> httpx.Response:
        try:
            return await asyncio.Future[httpx.Response]()
        finally:
            cancelled.set()

    calcom.answer("GET", "/v2/slots", trickle)

    with pytest.raises(Unreachable, match=r"0\.01 s"):
        await client.slots(ACCOUNT, 10, MORNING, MORNING + HALF_HOUR, "Europe/Berlin")

    assert cancelled.is_set()


async def test_redirects_are_not_followed_and_cookies_not_kept(calcom: ScriptedCalcom, client: CalcomClient) -> None:
    calcom.answer(
        "GET",
        "/v2/me",
        httpx.Response(302, headers={"Location": "https://elsewhere.example/v2/me", "Set-Cookie": "session=1; Path=/"}),
    )

    for _ in range(2):
        with pytest.raises(Unreachable):
            await client.me(ACCOUNT)

    assert [request.url.host for request in calcom.requests] == ["calcom.example"] * 2
    assert all("Cookie" not in request.headers for request in calcom.requests)


async def test_nothing_asked_is_logged(
    failing: ScriptedCalcom, client: CalcomClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await ask_everything(client)

    assert "example.com" not in caplog.text
    assert KEY not in caplog.text


async def test_a_base_url_with_a_path_keeps_it(calcom: ScriptedCalcom) -> None:
    calcom.answer("GET", "/calendar/v2/me", httpx.Response(502))

    async with calcom_http("https://calcom.example/calendar/", httpx.MockTransport(calcom)) as http:
        with pytest.raises(Unreachable):
            await calcom_client.CalcomClient(http).me(ACCOUNT)
