"""A time of day is one instant: never the hour that is called the same in UTC, or was before the clocks changed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.end_to_end.conftest import OpenSalon
from tests.end_to_end.salon import BERLIN, Salon, berlin, every_day

DAYS = {
    "summer": (date(2025, 10, 16), "Donnerstag, 16. Oktober", "+02:00"),
    "winter": (date(2025, 12, 4), "Donnerstag, 4. Dezember", "+01:00"),
    "clocks go back": (date(2025, 10, 26), "Sonntag, 26. Oktober", "+01:00"),
    "clocks go forward": (date(2026, 3, 29), "Sonntag, 29. März", "+02:00"),
}
ON_EACH_DAY = pytest.mark.parametrize(("day", "spoken", "offset"), DAYS.values(), ids=DAYS.keys())
HALF_AN_HOUR = timedelta(minutes=30)


async def salon_before(day: date, open_with: OpenSalon) -> Salon:
    evening_before = datetime.combine(day - timedelta(days=1), time(20), BERLIN).astimezone(UTC)
    return await open_with(now=evening_before, hours=every_day("06:00-20:00"))


@ON_EACH_DAY
async def test_nine_is_not_free_when_only_other_nines_are(
    open_with: OpenSalon, day: date, spoken: str, offset: str
) -> None:
    salon = await salon_before(day, open_with)
    nine = datetime.combine(day, time(9), BERLIN).astimezone(UTC)
    salon.occupies(nine, nine + HALF_AN_HOUR)
    caller = salon.rings()

    refused = await caller.say("check_availability", datum=f"{day:%d.%m.%Y}", uhrzeit="09:00")

    assert refused.status == "unavailable"
    assert refused.message.startswith(f"Der Termin am {spoken} um 09:00 Uhr ist leider nicht verfügbar.")
    assert [a["start"] for a in refused.body["alternatives"]] == [
        f"{day}T08:30:00{offset}",
        f"{day}T08:00:00{offset}",
    ]
    assert salon.bookings == []


@ON_EACH_DAY
async def test_nine_is_free_when_no_other_nine_is(open_with: OpenSalon, day: date, spoken: str, offset: str) -> None:
    salon = await salon_before(day, open_with)
    nine = datetime.combine(day, time(9), BERLIN).astimezone(UTC)
    salon.occupies(nine - timedelta(hours=12), nine)
    salon.occupies(nine + HALF_AN_HOUR, nine + timedelta(hours=12))
    caller = salon.rings()

    offer = await caller.say("check_availability", datum=f"{day:%d.%m.%Y}", uhrzeit="09:00")
    assert offer.message.startswith(f"Der Termin am {spoken} um 09:00 Uhr ist noch frei.")
    booked = await caller.say("book_appointment", name="Hansi Schmidt")

    assert (booked.status, booked.body["start"]) == ("booked", f"{day}T09:00:00{offset}")
    assert salon.booked_starts == [nine]


@pytest.mark.parametrize(
    ("zone", "hours", "words", "start", "instant"),
    [
        ("Europe/Berlin", "00:00-02:00", "00:30", "2025-10-17T00:30:00+02:00", "2025-10-16T22:30"),
        ("America/New_York", "18:00-23:00", "21:30 Uhr", "2025-10-17T21:30:00-04:00", "2025-10-18T01:30"),
        ("Europe/Berlin", "20:00-23:59", "23:00", "2025-12-05T23:00:00+01:00", "2025-12-05T22:00"),
    ],
)
async def test_a_late_slot_keeps_its_local_day(
    open_with: OpenSalon, zone: str, hours: str, words: str, start: str, instant: str
) -> None:
    salon = await open_with(zone=zone, hours=every_day(hours))
    day = datetime.fromisoformat(start)
    caller = salon.rings()

    offer = await caller.say("check_availability", datum=f"{day:%d.%m.%Y}", uhrzeit=words)
    assert (offer.status, offer.body["requested_start"]) == ("available", start)
    assert f"Freitag, {day.day}. " in offer.message
    booked = await caller.say("book_appointment", datum=f"{day:%d.%m.%Y}", uhrzeit=words, name="Hansi Schmidt")

    assert (booked.status, booked.body["start"]) == ("booked", start)
    assert salon.booked_starts == [datetime.fromisoformat(instant).replace(tzinfo=UTC)]


async def test_an_hour_the_clocks_skip_is_asked_back(open_with: OpenSalon) -> None:
    salon = await open_with(now=berlin("2026-03-28T20:00"), hours=every_day("00:00-06:00"))
    caller = salon.rings()

    answer = await caller.say("check_availability", datum="29.03.2026", uhrzeit="02:30")

    assert (answer.status_code, answer.status) == (200, "error")
    assert "gibt es 02:30 Uhr nicht" in answer.message


async def test_today_and_tomorrow_are_the_branchs_days(open_with: OpenSalon) -> None:
    """In Berlin it is Wednesday already while it is still Tuesday in UTC."""
    now = datetime.combine(date(2025, 10, 15), time(0, 30), ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert now.date() == date(2025, 10, 14)
    salon = await open_with(now=now)

    offer = await salon.rings().say("check_availability", datum="morgen", uhrzeit="9 Uhr")

    assert offer.body["requested_start"] == "2025-10-16T09:00:00+02:00"
