import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from simulator.calcom import problems
from simulator.calcom.intervals import of_minutes
from tests.simulator.conftest import KEY, Api, HandClock, MakeApi

NINE = "2026-12-08T09:00:00Z"


def message(response: httpx.Response) -> str:
    body = response.json()
    text: str = body["error"]["message"] if "error" in body else body["message"]
    return text


def uid(response: httpx.Response) -> str:
    assert response.status_code in (200, 201), response.text
    text: str = response.json()["data"]["uid"]
    return text


def hold_at_insert(api: Api, rivals: int) -> None:
    """Nobody inserts before that many have looked at the calendar."""
    barrier = asyncio.Barrier(rivals)

    async def gap() -> None:
        await barrier.wait()

    api.calendar.gap = gap


async def test_of_racing_equal_bookings_one_wins_and_the_others_get_a_database_error(api: Api) -> None:
    hold_at_insert(api, 10)
    answers = await asyncio.gather(*(api.book(NINE, email=f"c{number}@example.com") for number in range(10)))

    assert sorted(answer.status_code for answer in answers) == [201, *[400] * 9]
    losers = [answer.json() for answer in answers if answer.status_code == 400]
    assert losers == [{"statusCode": 400, "message": "An error occurred while querying the database."}] * 9


async def test_racing_unequal_intervals_are_all_booked(api: Api) -> None:
    hold_at_insert(api, 4)
    wishes = (("09:00", 10), ("09:00", 11), ("09:10", 10), ("09:20", 10))
    answers = await asyncio.gather(*(api.book(f"2026-12-08T{at}:00Z", kind) for at, kind in wishes))

    assert [answer.status_code for answer in answers] == [201] * 4


async def test_racing_bookings_meet_between_look_and_insert_without_help(make_api: MakeApi) -> None:
    api = make_api(insert_delay_seconds=0.1)
    answers = await asyncio.gather(api.book(NINE, 10), api.book(NINE, 11))

    assert [answer.status_code for answer in answers] == [201, 201]


async def test_unequal_intervals_one_after_the_other_do_not_overlap(api: Api) -> None:
    await api.book(NINE)
    late = await api.book("2026-12-08T08:30:00Z", kind=11)

    assert (late.status_code, message(late)) == (400, problems.TAKEN)


async def test_the_start_need_not_be_on_the_grid(api: Api) -> None:
    booked = await api.book("2026-12-08T10:07:00Z")

    assert booked.json()["data"]["start"] == "2026-12-08T10:07:00.000Z"


@pytest.mark.parametrize("start", ["2026-12-08T10:00:00+01:00", "2026-12-08T09:00:00", "2026-12-08T09:00:00.000Z"])
async def test_offsets_are_converted_and_naive_times_are_utc(api: Api, start: str) -> None:
    assert (await api.book(start)).json()["data"]["start"] == "2026-12-08T09:00:00.000Z"


@pytest.mark.parametrize("start", ["2026-12-08T07:30:00Z", "2026-12-08T15:45:00Z", "2026-12-12T10:00:00Z"])
async def test_outside_hours_sounds_like_taken(api: Api, start: str) -> None:
    refused = await api.book(start)

    assert (refused.status_code, message(refused)) == (400, problems.TAKEN)


async def test_an_external_entry_sounds_like_taken(api: Api) -> None:
    api.calendar.block(["drsmith"], of_minutes(datetime(2026, 12, 8, 9, 20, tzinfo=UTC), 5))

    assert message(await api.book(NINE)) == problems.TAKEN


async def test_beyond_the_booking_window_sounds_like_too_soon(make_api: MakeApi) -> None:
    base = make_api().calendar.config.event_types
    api = make_api(event_types=(base[0].model_copy(update={"booking_window_days": 14}), *base[1:]))

    assert message(await api.book(NINE)) == problems.OUT_OF_BOUNDS
    assert await api.starts() == []


async def test_idempotency_keys_are_ignored(api: Api) -> None:
    first = await api.book(NINE, headers={"Idempotency-Key": "k"})
    again = await api.book(NINE, headers={"Idempotency-Key": "k"})

    assert (first.status_code, again.status_code, message(again)) == (201, 400, problems.TAKEN)


async def test_a_team_takes_as_many_as_it_has_hosts(api: Api) -> None:
    answers = [await api.book(NINE, 50, f"c{number}@example.com") for number in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 400]
    assert {answer.json()["data"]["hosts"][0]["username"] for answer in answers[:2]} == {"anna", "jonas"}
    assert message(answers[2]) == problems.TEAM_TAKEN


@pytest.mark.parametrize("kind", [50, 12])
async def test_a_repeat_on_team_and_confirmation_types_returns_the_booking(api: Api, kind: int) -> None:
    first, again = await api.book(NINE, kind), await api.book(NINE, kind)

    assert again.status_code == 201
    assert uid(first) == uid(again)
    other = await api.book(NINE, kind, "other@example.com")
    assert uid(other) != uid(first)


async def test_racing_repeats_on_a_confirmation_type_all_become_pending(api: Api) -> None:
    hold_at_insert(api, 4)
    answers = await asyncio.gather(*(api.book(NINE, 12) for _ in range(4)))

    assert [answer.json()["data"]["status"] for answer in answers] == ["pending"] * 4
    assert len({uid(answer) for answer in answers}) == 4


async def test_confirming_looks_for_no_overlap(api: Api) -> None:
    api.http.headers["Authorization"] = f"Bearer {KEY}"
    waiting = [uid(await api.book(NINE, 12, f"c{number}@example.com")) for number in range(2)]
    answers = [await api.act(which, "confirm") for which in waiting]

    assert [answer.json()["data"]["status"] for answer in answers] == ["accepted", "accepted"]


async def test_a_declined_booking_can_be_confirmed_and_an_accepted_one_not_declined(api: Api) -> None:
    api.http.headers["Authorization"] = f"Bearer {KEY}"
    which = uid(await api.book(NINE, 12))

    assert (await api.act(which, "decline", reason="no")).json()["data"]["status"] == "rejected"
    assert (await api.act(which, "confirm")).json()["data"]["status"] == "accepted"
    refused = await api.act(which, "decline")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "TRPCError")


async def test_confirming_needs_a_key(api: Api) -> None:
    assert (await api.act(uid(await api.book(NINE, 12)), "confirm")).status_code == 403


async def test_cancelling_frees_the_time_and_is_not_idempotent(api: Api) -> None:
    which = uid(await api.book(NINE))

    assert (await api.act(which, "cancel")).json()["data"]["status"] == "cancelled"
    again = await api.act(which, "cancel")
    assert again.status_code == 400
    assert message(again).startswith(f"Can't cancel booking with uid={which} because it has been cancelled already.")
    assert (await api.book(NINE)).status_code == 201


async def test_rescheduling_makes_a_new_booking_that_keeps_the_metadata(api: Api) -> None:
    old = uid(await api.book(NINE, metadata={"call": "c1"}))
    moved = (await api.act(old, "reschedule", start="2026-12-08T09:15:00Z")).json()["data"]

    assert (moved["rescheduledFromUid"], moved["metadata"]) == (old, {"call": "c1"})
    assert api.calendar.bookings[old].status == "cancelled"
    assert api.calendar.bookings[old].rescheduled_to == moved["uid"]
    assert (await api.book("2026-12-08T08:45:00Z")).status_code == 201


async def test_a_cancelled_booking_cannot_be_rescheduled(api: Api) -> None:
    which = uid(await api.book(NINE))
    await api.act(which, "cancel")

    assert (await api.act(which, "reschedule", start="2026-12-08T11:00:00Z")).status_code == 400
    assert (await api.act("nope", "reschedule", start="2026-12-08T11:00:00Z")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"metadata": {str(number): "x" for number in range(51)}}, 400, "metadata property is wrong"),
        ({"metadata": {"k" * 41: "x"}}, 400, "metadata property is wrong"),
        ({"metadata": {"k": 1}}, 400, "metadata.k - Expected string, received number, "),
        ({"metadata": {"k": None}}, 400, "metadata.k - Expected string, received null, "),
        ({"metadata": "k"}, 400, "metadata property is wrong"),
        ({"attendee": {"phoneNumber": "0151"}}, 400, "responses - {attendeePhoneNumber}invalid_number, "),
        ({"attendee": {"timeZone": "Mars/X"}}, 400, "attendee property is wrong, timeZone"),
        ({"attendee": {"name": None}}, 400, "attendee property is wrong, name"),
        ({"start": "soon"}, 400, "start property is wrong,start must be a valid ISO 8601 date string "),
        ({"eventTypeId": None}, 400, "event type property is wrong,Either eventTypeId or eventTypeSlug + username"),
        ({"lengthInMinutes": 60}, 400, "Can't specify 'lengthInMinutes'"),
        ({"location": {"type": "attendeePhone", "phone": "+4930123456"}}, 400, "Booking location"),
        ({"allowConflicts": True}, 400, "allowConflicts property is wrong,property allowConflicts should not exist "),
        ({"instant": True}, 501, "The double does not implement instant"),
    ],
)
async def test_bad_bodies_are_refused(api: Api, changes: dict[str, Any], status: int, said: str) -> None:
    refused = await api.book(**changes)

    assert refused.status_code == status
    assert message(refused).startswith(said)


async def test_a_phone_number_is_stored_and_told(api: Api) -> None:
    data = (await api.book(NINE, attendee={"phoneNumber": "+4915550100001"})).json()["data"]

    assert data["attendees"][0]["phoneNumber"] == "+4915550100001"
    assert data["bookingFieldsResponses"]["attendeePhoneNumber"] == "+4915550100001"


async def test_a_phone_number_alone_is_enough_where_the_address_is_optional(api: Api) -> None:
    data = (await api.book(NINE, 51, None, attendee={"phoneNumber": "+4915550100001"})).json()["data"]

    assert data["attendees"][0]["email"] == "4915550100001@sms.cal.com"


async def test_a_variable_length_is_booked_as_asked(api: Api) -> None:
    assert (await api.book(NINE, 2, lengthInMinutes=60)).json()["data"]["duration"] == 60
    assert (await api.book(NINE, 2, lengthInMinutes=45)).status_code == 400


async def test_event_types_are_found_by_slug(api: Api) -> None:
    by_slug = await api.book(NINE, eventTypeId=None, eventTypeSlug="team", teamSlug="salon")
    assert by_slug.json()["data"]["eventTypeId"] == 50
    unknown = await api.book(NINE, eventTypeId=None, eventTypeSlug="nothing", username="drsmith")
    assert unknown.status_code == 404


async def test_seats_fill_up_and_one_can_be_given_back(api: Api) -> None:
    first = (await api.book(NINE, 1, "a@example.com")).json()["data"]
    second = (await api.book(NINE, 1, "b@example.com")).json()["data"]
    full = await api.book(NINE, 1, "c@example.com")

    assert first["uid"] == second["uid"]
    assert first["seatUid"] != second["seatUid"]
    assert (full.status_code, message(full)) == (409, problems.NO_SEATS)
    assert message(await api.reserve(kind=1)) == f"Booking with id=1 at {NINE[:-1]}.000Z has no more seats left."

    await api.act(first["uid"], "cancel", seatUid=first["seatUid"])
    assert (await api.book(NINE, 1, "c@example.com")).status_code == 201


async def test_racing_last_seats_do_not_overfill(api: Api) -> None:
    await api.book(NINE, 1, "a@example.com")
    hold_at_insert(api, 2)
    answers = await asyncio.gather(*(api.book(NINE, 1, f"{name}@example.com") for name in "bc"))

    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_only_the_newer_version_remembers_who_had_a_cancelled_seat(api: Api) -> None:
    which = uid(await api.book(NINE, 1))
    await api.act(which, "cancel")

    async def attendees(version: str) -> int:
        answer = await api.http.get(f"/v2/bookings/{which}", headers={"cal-api-version": version})
        return len(answer.json()["data"]["attendees"])

    assert (await attendees("2024-08-13"), await attendees("2026-02-25")) == (0, 1)


async def test_unknown_filters_are_ignored_and_the_whole_list_comes_back(api: Api) -> None:
    for hour in ("08", "09", "10"):
        await api.book(f"2026-12-08T{hour}:00:00Z", metadata={"call": hour})

    assert len((await api.list(metadata="09")).json()["data"]) == 3


async def test_the_address_filter_is_case_sensitive(api: Api) -> None:
    await api.book(NINE, email="Ann@Example.com")

    assert (await api.list(attendeeEmail="ann@example.com")).json()["data"] == []
    assert len((await api.list(attendeeEmail="Ann@Example.com")).json()["data"]) == 1


async def test_time_filters_include_their_bounds(api: Api) -> None:
    await api.book(NINE)

    async def found(**query: str) -> int:
        return len((await api.list(KEY, **query)).json()["data"])

    assert await found(afterStart="2026-12-08T09:00:00.000Z", beforeEnd="2026-12-08T09:30:00.000Z") == 1
    assert await found(afterStart="2026-12-08T09:00:00.001Z") == 0
    assert await found(beforeEnd="2026-12-08T09:29:59.999Z") == 0
    assert await found(afterCreatedAt="2026-11-22T10:10:31Z", beforeCreatedAt="2026-11-22T10:10:31Z") == 1
    assert (await api.list(afterStart="soon")).status_code == 400


async def test_the_list_is_sorted_paged_and_counted(api: Api) -> None:
    for hour in ("10", "08", "09"):
        await api.book(f"2026-12-08T{hour}:00:00Z")

    page = (await api.list(take=2, skip=1, sortStart="desc")).json()
    assert [booking["start"][11:13] for booking in page["data"]] == ["09", "08"]
    assert page["pagination"] == {
        "returnedItems": 2,
        "totalItems": 3,
        "itemsPerPage": 2,
        "remainingItems": 0,
        "currentPage": 1,
        "totalPages": 2,
        "hasNextPage": False,
        "hasPreviousPage": True,
    }
    assert (await api.list(take=251)).status_code == 400


async def test_status_filters_speak_of_time(api: Api, clock: HandClock) -> None:
    accepted, pending = uid(await api.book(NINE)), uid(await api.book("2026-12-08T10:00:00Z", 12))
    cancelled = uid(await api.book("2026-12-08T11:00:00Z"))
    await api.act(cancelled, "cancel")

    async def found(status: str) -> set[str]:
        return {booking["uid"] for booking in (await api.list(status=status)).json()["data"]}

    assert await found("upcoming") == {accepted, pending}
    assert await found("unconfirmed") == {pending}
    assert await found("cancelled,unconfirmed") == {cancelled, pending}
    clock.advance(30 * 86400)
    assert await found("past") == {accepted, pending}


async def test_a_key_sees_its_own_user_s_bookings_and_the_team_s(api: Api) -> None:
    await api.book(NINE, 51, "private@example.com")
    await api.book(NINE, 50, "team@example.com")

    data = (await api.list()).json()["data"]
    assert [booking["attendees"][0]["email"] for booking in data] == ["team@example.com"]
    assert len((await api.list(teamId=7)).json()["data"]) == 1
    assert (await api.list(eventTypeId=51)).json()["data"] == []


@pytest.mark.parametrize("version", [None, "2024-06-14", "yesterday"])
async def test_another_version_asks_for_other_fields(api: Api, version: str | None) -> None:
    headers = {"cal-api-version": version} if version else {}
    body = {"start": NINE, "eventTypeId": 10, "attendee": {"name": "Ann", "email": "a@b.de", "timeZone": "UTC"}}
    refused = await api.http.post("/v2/bookings", json=body, headers=headers)

    assert refused.status_code == 400
    errors = refused.json()["error"]["details"]["errors"]
    assert [error["property"] for error in errors] == ["timeZone", "language", "metadata"]


async def test_what_an_old_version_would_do_is_said_to_be_missing(api: Api) -> None:
    assert (await api.http.get("/v2/bookings/x")).status_code == 501
    assert (await api.http.get("/v2/event-types/10")).status_code == 501


async def test_the_newer_version_books_too(api: Api) -> None:
    assert (await api.book(NINE, headers={"cal-api-version": "2026-02-25"})).status_code == 201


async def test_a_body_that_is_no_json_is_a_bad_request(api: Api) -> None:
    headers = {"cal-api-version": "2024-08-13"}
    for content in (b"{", b"[]"):
        assert (await api.http.post("/v2/bookings", content=content, headers=headers)).status_code == 400


@pytest.mark.parametrize(("method", "path"), [("GET", "/v2/nothing"), ("DELETE", "/v2/bookings/x")])
async def test_unknown_routes_are_answered_in_the_usual_shape(api: Api, method: str, path: str) -> None:
    response = await api.http.request(method, path)

    assert (response.status_code, message(response)) == (404, f"Cannot {method} {path}")


async def test_a_booking_stands_before_its_answer_leaves(make_api: MakeApi) -> None:
    api = make_api(latency_seconds=3600)
    booking = asyncio.create_task(api.book(NINE))
    async with asyncio.timeout(10):
        while not api.calendar.bookings:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0)

    assert not booking.done()
    booking.cancel()
