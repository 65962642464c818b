"""Booking: once, found again when an answer is lost, and never called taken before our own was looked for."""

import json
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.calcom_client import CalcomClient
from activities.scheduling import HOLD_AFTER_BOOKING_SECONDS, SchedulingActivities
from tests.activities.fakes import MemoryHolds, Replayed, Run, ScriptedCalcom, environment_of_a_step
from workflows import options, steps
from workflows.messages import Service
from workflows.options import BOOKING_UNDER_WAY
from workflows.requests import Attendee, BookingOutcome, BookingResult, BookSlot

Own = Callable[..., Awaitable[dict[str, object]]]

BERLIN = ZoneInfo("Europe/Berlin")
NINE = datetime(2026, 12, 8, 8, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
PRIVATE = ("cal_live_secret", "Hansi", "hansi@example.com", "+4915112345678", "15112345678")

TAKEN = httpx.Response(
    400,
    json={
        "status": "error",
        "error": {
            "code": "BadRequestException",
            "message": "User either already has booking at this time or is not available",
        },
    },
)
NOTHING = httpx.Response(200, json={"status": "success", "data": []})
BOOKED = BookingOutcome(result=BookingResult.BOOKED, booking_uid="u1", start=NINE, mail_reaches_caller=True)
RECOVERED = BOOKED.model_copy(update={"recovered": True})

LOST = [
    httpx.ReadTimeout(""),
    httpx.RemoteProtocolError(""),
    httpx.Response(500, json={"statusCode": 500, "message": "Internal server error"}),
    httpx.Response(201, text="half an answ"),
    httpx.Response(502, text="<html></html>"),
]
UNCLEAR, NOTHING_BOOKED = True, False
AFTER_AN_EARLIER_ONE = pytest.mark.parametrize(("attempt", "look_first"), [(2, False), (1, True)])


def booking(
    *, uid: str = "u1", start: datetime = NINE, status: str = "accepted", **fields: object
) -> dict[str, object]:
    end = start + HALF_HOUR
    return {"uid": uid, "start": start.isoformat(), "end": end.isoformat(), "status": status, **fields}


def created(request: httpx.Request, **changes: object) -> httpx.Response:
    """Answer a booking as Cal.com does."""
    body = json.loads(request.content)
    answer = booking(start=datetime.fromisoformat(body["start"]), metadata=body["metadata"]) | changes
    return httpx.Response(201, json={"status": "success", "data": answer})


def listing(*bookings: dict[str, object]) -> httpx.Response:
    return httpx.Response(200, json={"status": "success", "data": list(bookings)})


@pytest.fixture
def request_(service: Service) -> BookSlot:
    """The booking a caller asks for."""
    return BookSlot(
        call_id="call_1",
        company="salon",
        timezone="Europe/Berlin",
        calcom_api_key_env="CALCOM_API_KEY",
        service=service,
        start=NINE,
        attendee=Attendee(name="Hansi Hinterseer", language="de", email="Hansi@Example.com", phone="+4915112345678"),
    )


@pytest.fixture
def with_attendee(request_: BookSlot) -> Callable[..., BookSlot]:
    """The same request for somebody else."""

    def with_attendee(**changes: object) -> BookSlot:
        return request_.model_copy(update={"attendee": request_.attendee.model_copy(update=changes)})

    return with_attendee


@pytest.fixture
def own(request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run) -> Own:
    """Our own booking as Cal.com would list it."""

    async def own(**changes: object) -> dict[str, object]:
        calcom.bookings(created)
        await run(scheduling.book_slot, request_)
        metadata = calcom.booked_bodies[-1]["metadata"]
        calcom.requests.clear()
        return booking(start=request_.start.astimezone(UTC), metadata=metadata) | changes

    return own


async def test_a_free_slot_is_booked_as_asked(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(created)

    outcome = await run(scheduling.book_slot, request_)

    assert outcome == BOOKED
    (body,) = calcom.booked_bodies
    assert body["start"] == "2026-12-08T08:00:00.000Z"
    assert body["eventTypeId"] == 10
    assert body["attendee"] == {
        "name": "Hansi Hinterseer",
        "email": "hansi@example.com",
        "phoneNumber": "+4915112345678",
        "timeZone": "Europe/Berlin",
        "language": "de",
    }
    assert body["metadata"] | {"booking_key": ""} == {"company": "salon", "call": "call_1", "booking_key": ""}
    assert len(calcom.requests) == 1


async def test_a_booking_the_host_must_accept_says_so(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(lambda request: created(request, status="pending"))

    outcome = await run(scheduling.book_slot, request_)

    assert outcome.result is BookingResult.BOOKED
    assert outcome.awaits_host


async def test_a_seat_is_recognised_by_its_attendees_metadata(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    def seated(request: httpx.Request) -> httpx.Response:
        metadata = json.loads(request.content)["metadata"]
        return created(request, metadata=None, attendees=[{"metadata": {}}, {"metadata": metadata}])

    calcom.bookings(seated)

    assert (await run(scheduling.book_slot, request_)).result is BookingResult.BOOKED


async def test_after_a_booking_the_hold_outlives_the_calendars_cache_only(
    request_: BookSlot, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(created)

    await run(scheduling.book_slot, request_)

    assert holds.shortened == [("call_1", HOLD_AFTER_BOOKING_SECONDS)]


async def test_a_store_that_is_down_after_a_booking_changes_nothing_about_it(
    request_: BookSlot,
    calcom: ScriptedCalcom,
    holds: MemoryHolds,
    scheduling: SchedulingActivities,
    run: Run,
    caplog: pytest.LogCaptureFixture,
) -> None:
    calcom.bookings(created)
    holds.down = True

    outcome = await run(scheduling.book_slot, request_)

    assert outcome.result is BookingResult.BOOKED
    assert "was not shortened" in caplog.text


async def test_the_same_call_and_moment_are_the_same_booking(
    request_: BookSlot, service: Service, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(created)
    same = [request_, request_.model_copy(update={"start": NINE.astimezone(BERLIN)})]
    others = [
        request_.model_copy(update={"start": NINE + HALF_HOUR}),
        request_.model_copy(update={"call_id": "call_2"}),
        request_.model_copy(update={"service": service.model_copy(update={"event_type_id": 11})}),
    ]

    for request in same + others:
        await run(scheduling.book_slot, request)

    keys = [body["metadata"]["booking_key"] for body in calcom.booked_bodies]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


@pytest.mark.parametrize(
    "email", [None, "", "  ", "hansi", "hansi at example", "hänsi@example.com", "hansi@example", "a" * 250 + "@x.de"]
)
async def test_who_gives_no_usable_address_gets_one_of_their_own_that_reaches_nobody(
    email: str | None,
    with_attendee: Callable[..., BookSlot],
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.bookings(created)
    request = with_attendee(email=email)

    await run(scheduling.book_slot, request)
    await run(scheduling.book_slot, request)
    await run(scheduling.book_slot, request.model_copy(update={"call_id": "call_2"}))

    first, again, other = (body["attendee"]["email"] for body in calcom.booked_bodies)
    assert first.endswith(".invalid")
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("email", "reaches"), [("Hansi@Example.com", True), (None, False), ("hansi at example", False)]
)
async def test_a_mail_reaches_only_a_caller_who_gave_a_usable_address(
    email: str | None,
    reaches: bool,
    with_attendee: Callable[..., BookSlot],
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.bookings(created)

    outcome = await run(scheduling.book_slot, with_attendee(email=email))

    assert outcome.mail_reaches_caller is reaches


@pytest.mark.parametrize(
    ("attendees", "reaches"),
    [
        ([{"email": "hansi@example.com"}], True),
        ([{"email": "Hansi@example.com"}], True),
        ([{"email": "hansi+c1@example.com", "displayEmail": "hansi@example.com"}], True),
        ([{"email": "ann@example.com"}, {"email": "hansi@example.com"}], True),
        ([{"email": "0123456789abcdef0123@phone-booking.invalid"}], False),
        ([{"email": "hansl@example.com"}], False),
        ([], True),
    ],
)
async def test_a_mail_about_a_booking_found_again_goes_to_the_address_it_carries(
    attendees: list[dict[str, str]],
    reaches: bool,
    request_: BookSlot,
    own: Own,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.lookups(listing(await own(attendees=attendees)))

    outcome = await run(scheduling.book_slot, request_.model_copy(update={"look_first": True}))

    assert outcome.recovered
    assert outcome.mail_reaches_caller is reaches


@pytest.mark.parametrize("visible", [True, False])
async def test_no_mail_about_a_booking_found_again_is_promised_to_who_gave_no_address(
    visible: bool,
    with_attendee: Callable[..., BookSlot],
    own: Own,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.lookups(listing(await own(attendees=[{"email": "hansi@example.com"}] if visible else [])))

    outcome = await run(scheduling.book_slot, with_attendee(email=None).model_copy(update={"look_first": True}))

    assert outcome.recovered
    assert not outcome.mail_reaches_caller


@pytest.mark.parametrize(
    ("number", "sent"),
    [
        ("+4915112345678", "+4915112345678"),
        ("+49 151 12345678", "+4915112345678"),
        (None, None),
        ("", None),
        ("anonymous", None),
        ("015112345678", None),
        ("+4900000000", None),
        ("+49", None),
    ],
)
async def test_only_a_number_the_calendar_will_accept_is_sent(
    number: str | None,
    sent: str | None,
    with_attendee: Callable[..., BookSlot],
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.bookings(created)

    await run(scheduling.book_slot, with_attendee(phone=number))

    assert calcom.booked_bodies[0]["attendee"].get("phoneNumber") == sent


async def test_metadata_stays_within_the_calendars_limits(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(created)

    outcome = await run(scheduling.book_slot, request_.model_copy(update={"call_id": "c" * 900}))

    assert outcome.result is BookingResult.BOOKED
    metadata = calcom.booked_bodies[0]["metadata"]
    assert all(isinstance(value, str) and len(value) <= 500 for value in metadata.values())


async def test_a_refusal_that_is_a_strangers_is_taken(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(TAKEN)
    calcom.lookups(NOTHING)

    assert await run(scheduling.book_slot, request_) == BookingOutcome(result=BookingResult.TAKEN)


@pytest.mark.parametrize(
    "name",
    [
        "booking_create_same_again",
        "booking_create_concurrent_loser",
        "booking_create_concurrent_loser_non_production",
        "booking_create_too_soon",
        "booking_create_past",
    ],
)
async def test_a_refusal_that_is_our_own_booking_is_booked(
    name: str,
    request_: BookSlot,
    own: Own,
    replayed: Replayed,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
    holds: MemoryHolds,
) -> None:
    calcom.lookups(listing(await own()))
    calcom.bookings(replayed(name))
    holds.shortened.clear()

    outcome = await run(scheduling.book_slot, request_)

    assert outcome == RECOVERED
    assert holds.shortened == [("call_1", HOLD_AFTER_BOOKING_SECONDS)]


async def test_our_own_is_looked_for_by_type_and_moment_whatever_its_address(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(TAKEN)
    calcom.lookups(NOTHING)

    await run(scheduling.book_slot, request_)

    (lookup,) = calcom.asked("GET", "/v2/bookings")
    query = lookup.url.params
    assert "attendeeEmail" not in query
    assert query["eventTypeId"] == "10"
    assert datetime.fromisoformat(query["afterStart"]) == NINE
    assert datetime.fromisoformat(query["beforeEnd"]) > NINE + HALF_HOUR


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"booking_key": "another"}},
        {"metadata": {}},
        {"metadata": None},
        {"status": "cancelled"},
        {"status": "rejected"},
        {"start": (NINE + HALF_HOUR).isoformat()},
    ],
)
async def test_what_only_looks_like_our_own_is_not(
    changes: dict[str, object],
    request_: BookSlot,
    own: Own,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.lookups(listing(await own(**changes)))
    calcom.bookings(TAKEN)

    assert await run(scheduling.book_slot, request_) == BookingOutcome(result=BookingResult.TAKEN)


async def test_our_own_is_found_among_others(
    request_: BookSlot, own: Own, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    mine = await own(uid="mine", status="pending")
    calcom.lookups(listing(mine | {"uid": "x", "metadata": {}}, mine | {"uid": "y", "status": "cancelled"}, mine))
    calcom.bookings(TAKEN)

    outcome = await run(scheduling.book_slot, request_)

    assert outcome.booking_uid == "mine"
    assert outcome.awaits_host


@pytest.mark.parametrize("status", [500, 502])
@pytest.mark.parametrize("attempt", [1, 2])
async def test_a_look_up_that_fails_after_a_refusal_is_tried_again_and_never_taken(
    status: int, attempt: int, request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(TAKEN)
    calcom.lookups(*([NOTHING] if attempt == 2 else []), httpx.Response(status))

    with pytest.raises(ApplicationError) as caught:
        await run(scheduling.book_slot, request_, attempt=attempt)

    assert caught.value.type == steps.CALENDAR_UNREACHABLE
    assert not caught.value.non_retryable
    assert caught.value.details == (UNCLEAR,)
    assert len(calcom.booked_bodies) == 1


async def test_a_rate_limited_look_up_after_a_refusal_is_tried_again(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(TAKEN)
    calcom.lookups(httpx.Response(429, headers={"X-RateLimit-Reset-Default": "3"}))

    with pytest.raises(ApplicationError) as caught:
        await run(scheduling.book_slot, request_)

    assert caught.value.type == steps.RATE_LIMITED
    assert caught.value.next_retry_delay == timedelta(seconds=3)
    assert caught.value.details == (UNCLEAR,)


@pytest.mark.parametrize("lost", LOST)
async def test_a_lost_answer_is_found_again(
    lost: httpx.Response | httpx.RequestError,
    request_: BookSlot,
    own: Own,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.lookups(listing(await own()))
    calcom.bookings(lost)

    outcome = await run(scheduling.book_slot, request_)

    assert outcome == RECOVERED
    assert len(calcom.booked_bodies) == 1


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("attempt", [1, 2])
async def test_an_unclear_booking_that_is_not_found_is_neither_booked_nor_taken(
    lost: httpx.Response | httpx.RequestError,
    attempt: int,
    request_: BookSlot,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.bookings(lost)
    calcom.lookups(NOTHING)

    with pytest.raises(ApplicationError) as caught:
        await run(scheduling.book_slot, request_, attempt=attempt)

    assert caught.value.type == steps.CALENDAR_UNREACHABLE
    assert not caught.value.non_retryable
    assert caught.value.details == (UNCLEAR,)
    assert len(calcom.booked_bodies) == 1


@pytest.mark.parametrize("look_first", [False, True])
@pytest.mark.parametrize("status", [401, 403, 404, 422, 429])
async def test_a_definite_refusal_says_that_nothing_was_booked(
    status: int,
    look_first: bool,
    request_: BookSlot,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.bookings(httpx.Response(status, json={"statusCode": status, "message": "no"}))
    calcom.lookups(NOTHING)

    with pytest.raises(ApplicationError) as caught:
        await run(scheduling.book_slot, request_.model_copy(update={"look_first": look_first}))

    assert caught.value.details == (NOTHING_BOOKED,)


@pytest.mark.parametrize(("look_first", "unclear"), [(False, NOTHING_BOOKED), (True, UNCLEAR)])
async def test_without_a_key_nothing_is_booked_but_an_earlier_booking_may_stand(
    look_first: bool, unclear: bool, request_: BookSlot, client: CalcomClient, holds: MemoryHolds, run: Run
) -> None:
    scheduling = SchedulingActivities(client, holds, {})

    with pytest.raises(ApplicationError) as caught:
        await run(scheduling.book_slot, request_.model_copy(update={"look_first": look_first}))

    assert caught.value.type == steps.CALENDAR_NOT_CONFIGURED
    assert caught.value.details == (unclear,)


@AFTER_AN_EARLIER_ONE
async def test_after_an_earlier_attempt_it_looks_before_it_books(
    attempt: int,
    look_first: bool,
    request_: BookSlot,
    own: Own,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.lookups(listing(await own()))
    request = request_.model_copy(update={"look_first": look_first})

    outcome = await run(scheduling.book_slot, request, attempt=attempt)

    assert outcome == RECOVERED
    assert calcom.booked_bodies == []


@AFTER_AN_EARLIER_ONE
async def test_after_an_earlier_attempt_what_is_not_booked_yet_is_booked(
    attempt: int,
    look_first: bool,
    request_: BookSlot,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.lookups(NOTHING)
    calcom.bookings(created)
    request = request_.model_copy(update={"look_first": look_first})

    outcome = await run(scheduling.book_slot, request, attempt=attempt)

    assert outcome == BOOKED
    assert [request.method for request in calcom.requests] == ["GET", "POST"]


@AFTER_AN_EARLIER_ONE
@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError(""),
        httpx.Response(429, headers={"X-RateLimit-Reset-Default": "3"}),
        httpx.Response(401, json={"statusCode": 401, "message": "no"}),
    ],
)
async def test_after_an_earlier_attempt_nothing_is_booked_blindly(
    failure: httpx.Response | httpx.RequestError,
    attempt: int,
    look_first: bool,
    request_: BookSlot,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.lookups(failure)
    request = request_.model_copy(update={"look_first": look_first})

    with pytest.raises(ApplicationError) as caught:
        await run(scheduling.book_slot, request, attempt=attempt)

    assert caught.value.details == (UNCLEAR,)
    assert calcom.booked_bodies == []


async def test_a_booking_that_becomes_visible_late_is_found_by_the_attempt_after(
    request_: BookSlot, own: Own, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.lookups(NOTHING, NOTHING, listing(await own()))
    calcom.bookings(httpx.ReadTimeout(""), TAKEN)

    with pytest.raises(ApplicationError):
        await run(scheduling.book_slot, request_)
    outcome = await run(scheduling.book_slot, request_, attempt=2)

    assert outcome.result is BookingResult.BOOKED
    assert outcome.recovered


async def test_a_booking_at_another_moment_is_never_called_booked(
    request_: BookSlot, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(lambda request: created(request, start=(NINE + timedelta(hours=1)).isoformat()))

    with pytest.raises(ApplicationError, match="u1") as caught:
        await run(scheduling.book_slot, request_)

    assert caught.value.type == steps.CALENDAR_NOT_CONFIGURED
    assert caught.value.non_retryable
    assert caught.value.details == (UNCLEAR,)
    assert holds.shortened == []


@pytest.mark.parametrize(
    "changes", [{"metadata": {"booking_key": "another"}}, {"metadata": {}}, {"status": "cancelled"}]
)
async def test_an_older_booking_returned_with_201_is_not_ours(
    changes: dict[str, object], request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(lambda request: created(request, **changes))
    calcom.lookups(NOTHING)

    assert await run(scheduling.book_slot, request_) == BookingOutcome(result=BookingResult.TAKEN)


@pytest.mark.parametrize(
    ("name", "result"),
    [("booking_create_too_soon", BookingResult.TOO_SOON), ("booking_create_past", BookingResult.PAST)],
)
async def test_what_cannot_be_booked_any_more_is_said_as_it_is(
    name: str,
    result: BookingResult,
    request_: BookSlot,
    replayed: Replayed,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.bookings(replayed(name))
    calcom.lookups(NOTHING)

    assert await run(scheduling.book_slot, request_) == BookingOutcome(result=result)


async def test_without_a_re_check_the_hold_is_renewed_first(
    request_: BookSlot, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(created)

    await run(scheduling.book_slot, request_.model_copy(update={"hold_seconds": 120}))

    assert holds.held == {"call_1": ("salon", "smith", NINE, NINE + HALF_HOUR)}


async def test_with_the_hold_lost_nothing_is_booked(
    request_: BookSlot, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    holds.held["call_2"] = ("salon", "smith", NINE, NINE + HALF_HOUR)

    outcome = await run(scheduling.book_slot, request_.model_copy(update={"hold_seconds": 120}))

    assert outcome == BookingOutcome(result=BookingResult.HELD_BY_ANOTHER_CALL)
    assert calcom.requests == []


@AFTER_AN_EARLIER_ONE
async def test_with_the_hold_lost_what_an_earlier_attempt_booked_stands(
    attempt: int,
    look_first: bool,
    request_: BookSlot,
    own: Own,
    calcom: ScriptedCalcom,
    holds: MemoryHolds,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.lookups(listing(await own()))
    holds.held["call_2"] = ("salon", "smith", NINE, NINE + HALF_HOUR)
    request = request_.model_copy(update={"hold_seconds": 120, "look_first": look_first})

    outcome = await run(scheduling.book_slot, request, attempt=attempt)

    assert outcome == RECOVERED


async def test_with_the_store_down_the_booking_decides(
    request_: BookSlot, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(created)
    holds.down = True

    outcome = await run(scheduling.book_slot, request_.model_copy(update={"hold_seconds": 120}))

    assert outcome.result is BookingResult.BOOKED


async def test_the_rate_limit_says_when_to_come_back(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.bookings(httpx.Response(429, headers={"X-RateLimit-Reset-Default": "9"}))

    with pytest.raises(ApplicationError) as caught:
        await run(scheduling.book_slot, request_)

    assert caught.value.type == steps.RATE_LIMITED
    assert caught.value.next_retry_delay == timedelta(seconds=9)
    assert caught.value.details == (NOTHING_BOOKED,)


@pytest.mark.parametrize("fold", [0, 1])
async def test_in_the_hour_that_happens_twice_the_right_one_is_booked(
    fold: int, request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    start = datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=BERLIN)
    calcom.bookings(created)

    outcome = await run(scheduling.book_slot, request_.model_copy(update={"start": start}))

    assert outcome.result is BookingResult.BOOKED
    assert outcome.start == datetime(2026, 10, 25, fold, 30, tzinfo=UTC)


@pytest.mark.parametrize("attempt", [1, 2])
@pytest.mark.parametrize(
    "answer",
    [
        TAKEN,
        httpx.Response(401, json={"statusCode": 401, "message": " ".join(PRIVATE)}),
        httpx.Response(400, json={"statusCode": 400, "message": " ".join(PRIVATE)}),
        httpx.Response(500, json={"statusCode": 500, "message": " ".join(PRIVATE)}),
        httpx.Response(201, text=" ".join(PRIVATE)),
        httpx.ReadTimeout(" ".join(PRIVATE)),
    ],
)
async def test_no_error_and_no_log_line_repeats_the_caller_or_the_key(
    answer: httpx.Response | httpx.RequestError,
    attempt: int,
    request_: BookSlot,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
    caplog: pytest.LogCaptureFixture,
) -> None:
    calcom.bookings(answer)
    calcom.lookups(answer)

    with caplog.at_level("DEBUG"), pytest.raises(ApplicationError) as caught:
        await run(scheduling.book_slot, request_, attempt=attempt)

    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert [private for private in PRIVATE if private in shown] == []


def after_one_was_lost(age: timedelta) -> ActivityEnvironment:
    """Be the attempt after one that began so long ago and was never heard of again."""
    lost = environment_of_a_step().info.started_time - age
    return environment_of_a_step(attempt=2, heartbeat_details=((lost + BOOKING_UNDER_WAY).isoformat(),))


async def test_nothing_is_booked_while_a_lost_attempt_may_still_be_booking(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities
) -> None:
    calcom.lookups(NOTHING)
    calcom.bookings(TAKEN)
    early = after_one_was_lost(BOOKING_UNDER_WAY - timedelta(seconds=1))

    with pytest.raises(ApplicationError) as caught:
        await early.run(scheduling.book_slot, request_)

    assert caught.value.type == steps.CALENDAR_UNREACHABLE
    assert caught.value.details == (UNCLEAR,)
    assert caught.value.next_retry_delay is not None
    assert not caught.value.non_retryable
    assert calcom.booked_bodies == []


async def test_what_a_lost_attempt_has_booked_is_found_at_once(
    request_: BookSlot, own: Own, calcom: ScriptedCalcom, scheduling: SchedulingActivities
) -> None:
    calcom.lookups(listing(await own()))

    outcome = await after_one_was_lost(timedelta(seconds=2)).run(scheduling.book_slot, request_)

    assert outcome == RECOVERED
    assert calcom.booked_bodies == []


async def test_it_is_booked_once_nothing_of_a_lost_attempt_can_be_under_way(
    request_: BookSlot, own: Own, calcom: ScriptedCalcom, scheduling: SchedulingActivities
) -> None:
    calcom.lookups(NOTHING)
    calcom.bookings(TAKEN)

    outcome = await after_one_was_lost(BOOKING_UNDER_WAY).run(scheduling.book_slot, request_)

    assert outcome.result is BookingResult.TAKEN
    assert len(calcom.booked_bodies) == 1


async def test_no_booking_is_begun_that_might_be_under_way_when_the_step_is_given_up(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities
) -> None:
    calcom.lookups(NOTHING)
    calcom.bookings(TAKEN)
    began = environment_of_a_step().info.started_time

    async def books(left: timedelta) -> BookingOutcome:
        scheduled = began + left - options.BOOK["schedule_to_close_timeout"]
        environment = environment_of_a_step(attempt=2, heartbeat_details=(None,), scheduled_time=scheduled)
        return await environment.run(scheduling.book_slot, request_)

    with pytest.raises(ApplicationError) as caught:
        await books(BOOKING_UNDER_WAY - timedelta(seconds=1))
    assert caught.value.details == (NOTHING_BOOKED,)
    assert calcom.booked_bodies == []
    assert (await books(BOOKING_UNDER_WAY)).result is BookingResult.TAKEN


async def says(scheduling: SchedulingActivities, request: BookSlot) -> list[object]:
    """Return what a failing first attempt leaves to the next; the first word is until when it may be booking."""
    environment = environment_of_a_step()
    said: list[object] = []
    environment.on_heartbeat = said.append
    with pytest.raises(ApplicationError):
        await environment.run(scheduling.book_slot, request)
    assert said[0] == (environment.info.started_time + BOOKING_UNDER_WAY).isoformat()
    return said[1:]


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(500), httpx.Response(503, text="busy"), httpx.ConnectError("refused"), httpx.ConnectTimeout("")],
)
async def test_an_attempt_that_cannot_be_booking_any_more_takes_back_that_it_may_be(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities, answer: httpx.Response | Exception
) -> None:
    calcom.lookups(NOTHING)
    calcom.bookings(answer)
    assert await says(scheduling, request_) == [None]


@pytest.mark.parametrize(
    "silence",
    [
        httpx.ReadTimeout(""),
        httpx.ReadError("reset"),
        httpx.Response(502, text="bad"),
        httpx.Response(504, text="late"),
    ],
)
@pytest.mark.parametrize("found", [NOTHING, httpx.ReadTimeout("")])
async def test_an_attempt_whose_request_nobody_answered_may_still_be_booking(
    request_: BookSlot,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    silence: httpx.Response | Exception,
    found: httpx.Response | Exception,
) -> None:
    calcom.lookups(found)
    calcom.bookings(silence)
    assert await says(scheduling, request_) == []


async def test_an_attempt_that_was_lost_before_it_could_say_anything_may_be_booking(
    request_: BookSlot, calcom: ScriptedCalcom, scheduling: SchedulingActivities
) -> None:
    calcom.lookups(NOTHING)
    environment = environment_of_a_step(attempt=2)
    said: list[object] = []
    environment.on_heartbeat = said.append

    with pytest.raises(ApplicationError) as caught:
        await environment.run(scheduling.book_slot, request_)

    assert caught.value.details == (UNCLEAR,)
    assert calcom.booked_bodies == []
    assert said == [(environment.info.current_attempt_scheduled_time + BOOKING_UNDER_WAY).isoformat()]
