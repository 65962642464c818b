import asyncio
from datetime import UTC, datetime, time, timedelta

import httpx
import pytest

from simulator.calcom.intervals import Interval, of_minutes, starts, without
from tests.simulator.conftest import KEY, Api, HandClock, MakeApi


def message(response: httpx.Response) -> str:
    text: str = response.json()["error"]["message"]
    return text


async def test_a_slot_must_fit_into_the_window(api: Api) -> None:
    found = await api.starts(start="2026-12-08T10:00:00Z", end="2026-12-08T11:30:00Z")

    assert found == [f"2026-12-08T{at}:00.000Z" for at in ("10:00", "10:30", "11:00")]


async def test_a_bare_date_means_the_whole_day(api: Api) -> None:
    found = await api.starts(start="2026-12-08", end="2026-12-08")

    assert (found[0], found[-1], len(found)) == ("2026-12-08T08:00:00.000Z", "2026-12-08T15:30:00.000Z", 16)


async def test_a_time_zone_changes_offsets_and_days(api: Api) -> None:
    days = (await api.slots(timeZone="Asia/Tokyo", start="2026-12-08", end="2026-12-08")).json()["data"]

    assert {day: (slots[0]["start"], slots[-1]["start"]) for day, slots in days.items()} == {
        "2026-12-08": ("2026-12-08T17:00:00.000+09:00", "2026-12-08T23:30:00.000+09:00"),
        "2026-12-09": ("2026-12-09T00:00:00.000+09:00", "2026-12-09T00:30:00.000+09:00"),
    }


@pytest.mark.parametrize(
    ("start", "end"),
    [("2026-12-12", "2026-12-13"), ("2026-11-02", "2026-11-03"), ("2026-12-09T08:00:00Z", "2026-12-08T08:00:00Z")],
    ids=["weekend", "past", "end before start"],
)
async def test_no_slots_is_an_empty_object(api: Api, start: str, end: str) -> None:
    response = await api.slots(start=start, end=end)

    assert (response.status_code, response.json()) == (200, {"data": {}, "status": "success"})


async def test_minimum_notice_hides_what_is_too_soon(api: Api, clock: HandClock) -> None:
    clock.now = datetime(2026, 12, 8, 6, 10, 30, tzinfo=UTC)

    assert (await api.starts(end="2026-12-08T10:00:00Z"))[0] == "2026-12-08T08:30:00.000Z"


async def test_duration_changes_the_length_and_the_step(api: Api) -> None:
    found = (await api.slots(duration=60, format="range", end="2026-12-08T10:00:00Z")).json()["data"]["2026-12-08"]

    assert [(slot["start"][11:16], slot["end"][11:16]) for slot in found] == [("08:00", "09:00"), ("09:00", "10:00")]


async def test_a_booking_of_another_type_of_the_host_hides_the_slot(api: Api) -> None:
    await api.book("2026-12-08T08:00:00Z", kind=11)

    assert await api.starts() == ["2026-12-08T09:00:00.000Z"]


async def test_an_external_entry_hides_the_slots_it_touches(api: Api) -> None:
    api.calendar.block(["drsmith"], of_minutes(datetime(2026, 12, 8, 8, 40, tzinfo=UTC), 5))

    assert await api.starts() == ["2026-12-08T08:00:00.000Z", "2026-12-08T09:00:00.000Z"]


async def test_a_pending_booking_hides_nothing(api: Api) -> None:
    assert (await api.book("2026-12-08T08:00:00Z", kind=12)).json()["data"]["status"] == "pending"

    assert "2026-12-08T08:00:00.000Z" in await api.starts(eventTypeId=12)


async def test_the_booking_to_reschedule_does_not_hide_its_own_time(api: Api) -> None:
    uid = (await api.book("2026-12-08T08:00:00Z")).json()["data"]["uid"]

    assert "2026-12-08T08:00:00.000Z" not in await api.starts()
    assert "2026-12-08T08:00:00.000Z" in await api.starts(bookingUidToReschedule=uid)


async def test_equal_queries_share_an_answer_for_two_seconds(make_api: MakeApi, clock: HandClock) -> None:
    api = make_api(slots_cache_seconds=2.0)
    before = await api.starts()
    await api.book("2026-12-08T08:00:00Z")
    clock.advance(1.9)

    assert await api.starts() == before
    narrow = await api.starts(start="2026-12-08T08:00:00Z", end="2026-12-08T08:30:00Z")
    assert narrow == [], "another window is another query"

    clock.advance(0.1)
    assert await api.starts() == before[1:]


async def test_event_types_are_found_by_slug_too(api: Api) -> None:
    wanted = await api.starts()

    assert await api.starts(eventTypeId=None, eventTypeSlug="consult", username="drsmith") == wanted
    assert await api.starts(eventTypeId=None, eventTypeSlug="team", teamSlug="salon") == wanted
    nobody = await api.slots(eventTypeId=None, eventTypeSlug="consult", username="nobody")
    assert (nobody.status_code, message(nobody)) == (404, "User with username nobody not found")


async def test_bad_format_is_named(api: Api) -> None:
    response = await api.slots(format="list")

    assert response.status_code == 400
    assert message(response) == "format property is wrong,slotFormat must be either 'range' or 'time' "


@pytest.mark.parametrize("version", [None, "2024-04-15", "2030-01-01", "2024-08-13"])
async def test_slots_of_another_version_do_not_exist(api: Api, version: str | None) -> None:
    headers = {"cal-api-version": version} if version else {}
    query = {"eventTypeId": "10", "start": "2026-12-08", "end": "2026-12-08"}
    response = await api.http.get("/v2/slots", params=query, headers=headers)

    assert response.status_code == 404
    assert message(response) == "Cannot GET /v2/slots?eventTypeId=10&start=2026-12-08&end=2026-12-08"


async def test_a_wrong_key_is_refused_where_none_is_needed(api: Api) -> None:
    headers = {"cal-api-version": "2024-09-04", "Authorization": "Bearer other"}
    response = await api.http.get("/v2/slots", headers=headers)

    assert (response.status_code, message(response)) == (401, "Invalid Access Token.")


async def test_a_team_offers_what_any_host_can_take(api: Api) -> None:
    api.calendar.block(["anna"], of_minutes(datetime(2026, 12, 8, 8, tzinfo=UTC), 30))
    assert len(await api.starts(eventTypeId=50)) == 3

    api.calendar.block(["jonas"], of_minutes(datetime(2026, 12, 8, 8, tzinfo=UTC), 30))
    assert await api.starts(eventTypeId=50) == ["2026-12-08T08:30:00.000Z", "2026-12-08T09:00:00.000Z"]


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2027-03-26", "08:00", "15:30"),  # Friday before the clocks go forward
        ("2027-03-28", "07:00", "14:30"),  # the day itself
        ("2026-10-25", "08:00", "15:30"),  # the clocks go back
        ("2026-10-23", "07:00", "14:30"),
    ],
)
async def test_working_hours_are_wall_clock_hours(
    make_api: MakeApi, clock: HandClock, day: str, first: str, last: str
) -> None:
    clock.now = datetime(2026, 10, 1, tzinfo=UTC)
    api = make_api()
    host = api.calendar.config.hosts[0]
    every_day = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), host.hours["mon"])
    api = make_api(hosts=(host.model_copy(update={"hours": every_day}), *api.calendar.config.hosts[1:]))

    found = await api.starts(start=day, end=day)

    assert (found[0], found[-1]) == (f"{day}T{first}:00.000Z", f"{day}T{last}:00.000Z")
    local = (await api.slots(start=day, end=day, timeZone="Europe/Berlin")).json()["data"][day]
    assert (local[0]["start"][11:16], local[-1]["start"][11:16]) == ("09:00", "16:30")


async def test_slots_through_the_repeated_hour_are_instants(make_api: MakeApi, clock: HandClock) -> None:
    clock.now = datetime(2026, 10, 1, tzinfo=UTC)
    api = make_api()
    host = api.calendar.config.hosts[0]
    night = {"sun": ((time(1), time(4)),)}
    api = make_api(hosts=(host.model_copy(update={"hours": night}), *api.calendar.config.hosts[1:]))

    days = (await api.slots(start="2026-10-24", end="2026-10-25", timeZone="Europe/Berlin", duration=60)).json()["data"]

    assert [slot["start"][11:] for slot in days["2026-10-25"]] == [
        "01:00:00.000+02:00",
        "02:00:00.000+02:00",
        "02:00:00.000+01:00",
        "03:00:00.000+01:00",
    ]


def test_the_grid_is_counted_from_the_hour_and_starts_anew_after_a_booking() -> None:
    nine = datetime(2026, 12, 8, 8, tzinfo=UTC)
    day = Interval(nine, nine + timedelta(hours=3))
    free = without([day], [of_minutes(nine + timedelta(minutes=67), 30)])

    offered = [at for span in free for at in starts(span, length=30, every=30, zone="Europe/Berlin")]
    assert [f"{at:%H:%M}" for at in offered] == ["08:00", "08:30", "10:00", "10:30"]
    offered = [at for span in free for at in starts(span, length=45, every=45, zone="Europe/Berlin")]
    assert [f"{at:%H:%M}" for at in offered] == ["08:00", "09:45"]


async def test_a_reservation_hides_the_slot_until_it_ends_and_protects_nothing(api: Api, clock: HandClock) -> None:
    assert (await api.reserve()).status_code == 201
    assert "2026-12-08T09:00:00.000Z" not in await api.starts(), "even from whoever reserved it"
    assert "2026-12-08T09:00:00.000Z" not in await api.starts(eventTypeId=11, end="2026-12-08T11:00:00Z")

    clock.advance(300)
    assert "2026-12-08T09:00:00.000Z" in await api.starts()

    assert (await api.reserve()).status_code == 201
    assert (await api.book("2026-12-08T09:00:00Z", email="other@example.com")).status_code == 201


async def test_an_expired_reservation_stays_readable_until_a_slot_query(api: Api, clock: HandClock) -> None:
    uid = (await api.reserve()).json()["data"]["reservationUid"]
    clock.advance(301)
    headers = {"cal-api-version": "2024-09-04"}

    assert (await api.http.get(f"/v2/slots/reservations/{uid}", headers=headers)).json()["data"] is not None
    await api.starts()
    assert (await api.http.get(f"/v2/slots/reservations/{uid}", headers=headers)).json()["data"] is None


async def test_anything_can_be_reserved_but_what_the_same_type_has_taken(api: Api) -> None:
    assert (await api.reserve("2020-01-01T03:07:00Z")).status_code == 201
    await api.book("2026-12-08T09:00:00Z", kind=11)
    assert (await api.reserve("2026-12-08T09:00:00Z")).status_code == 201
    taken = await api.reserve("2026-12-08T09:30:00Z", kind=11)
    assert (taken.status_code, message(taken)) == (422, "Can't reserve a slot if the event is already booked.")
    unknown = await api.reserve(kind=999)
    assert (unknown.status_code, message(unknown)) == (404, "Event Type with ID=999 not found")


async def test_a_reservation_can_be_moved_but_not_extended(api: Api) -> None:
    uid = (await api.reserve()).json()["data"]["reservationUid"]
    headers = {"cal-api-version": "2024-09-04"}

    body = {"eventTypeId": 10, "slotStart": "2026-12-08T10:00:00Z"}
    moved = await api.http.patch(f"/v2/slots/reservations/{uid}", json=body, headers=headers)
    assert (moved.status_code, moved.json()["data"]["slotStart"]) == (200, "2026-12-08T10:00:00.000Z")
    again = await api.http.patch(f"/v2/slots/reservations/{uid}", json=body, headers=headers)
    assert again.status_code == 422


async def test_reservation_durations_need_the_host_s_key_and_have_no_limit(api: Api) -> None:
    async def reserve(kind: int) -> httpx.Response:
        body = {"eventTypeId": kind, "slotStart": "2026-12-08T10:00:00Z", "reservationDuration": 100000}
        headers = {"cal-api-version": "2024-09-04", "Authorization": f"Bearer {KEY}"}
        return await api.http.post("/v2/slots/reservations", json=body, headers=headers)

    assert (await reserve(10)).status_code == 201
    assert (await reserve(50)).status_code == 403
    assert (await api.reserve(slotDuration=60)).status_code == 400
    invalid = (await api.reserve(eventTypeId="ten")).json()["error"]
    assert (invalid["message"], invalid["details"]["errors"][0]["property"]) == ("Bad Request Exception", "eventTypeId")


async def test_a_reservation_of_a_team_touches_its_first_host_only(api: Api) -> None:
    assert (await api.reserve(kind=50)).status_code == 201

    assert len(await api.starts(eventTypeId=50)) == 3


async def test_reservations_race_as_bookings_do(api: Api) -> None:
    answers = await asyncio.gather(*(api.reserve() for _ in range(3)))

    assert [answer.status_code for answer in answers] == [201, 201, 201]
