from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from store.agenda import MOST_HOLDERS, agenda, list_calendars, live_holds_count, who_held
from store.calls import save_call
from store.catalog import apply_catalog, load_catalog_file
from store.holds import Holds
from tests.store.test_calls import NINE, booking, call, turn

CATALOG = Path(__file__).parents[2] / "catalog.toml"
NOW = NINE - timedelta(days=1)
HOUR = timedelta(hours=1)


async def hold(
    engine: AsyncEngine, call_id: str, start: int = 0, calendar: str = "chair", seconds: float = 120
) -> None:
    begin = NINE + start * HOUR
    holds = Holds(engine, lambda: NOW)
    await holds.take(
        company="salon",
        calendar=calendar,
        call_id=call_id,
        start=begin,
        end=begin + HOUR,
        seconds=seconds,
        capacity=5,
    )


async def test_an_agenda_has_bookings_and_live_holds_in_order(engine: AsyncEngine) -> None:
    bookings = [
        booking(f"uid-{number}", starts_at=NINE + number * HOUR, ends_at=NINE + (number + 1) * HOUR)
        for number in (3, 1, 0, 2)
    ]
    elsewhere = booking("uid-9", calendar="other")
    await save_call(engine, call(), [], [*bookings, elsewhere])
    for number, call_id in enumerate(("carl", "berta", "anna")):
        await hold(engine, call_id, 2 - number)
    await hold(engine, "dora", calendar="other")
    seen = await agenda(engine, "salon", "chair", NINE, NINE + 2 * HOUR, NOW)
    assert [each.uid for each in seen.bookings] == ["uid-0", "uid-1"]
    assert [(each.call_id, each.start) for each in seen.holds] == [("anna", NINE), ("berta", NINE + HOUR)]
    assert seen.holds[0].expires_at == NOW + timedelta(seconds=120)


async def test_what_overlaps_the_edges_is_part_of_an_agenda(engine: AsyncEngine) -> None:
    long = booking(starts_at=NINE - 10 * HOUR, ends_at=NINE + HOUR)
    await save_call(engine, call(), [], [long])
    await hold(engine, "anna", -1)
    half = timedelta(minutes=30)
    inside = await agenda(engine, "salon", "chair", NINE - half, NINE, NOW)
    assert (len(inside.bookings), len(inside.holds)) == (1, 1)
    after = await agenda(engine, "salon", "chair", NINE + HOUR, NINE + 2 * HOUR, NOW)
    assert (len(after.bookings), len(after.holds)) == (0, 0)


async def test_a_hold_that_has_run_out_is_not_shown_and_not_counted(engine: AsyncEngine) -> None:
    await hold(engine, "anna", seconds=60)
    await hold(engine, "berta", seconds=120, calendar="other")
    assert await live_holds_count(engine, NOW) == 2
    minute = NOW + timedelta(seconds=60)
    assert await live_holds_count(engine, minute) == 1
    assert (await agenda(engine, "salon", "chair", NINE, NINE + HOUR, minute)).holds == []


async def test_calendars_are_those_of_the_services_and_those_of_former_times(engine: AsyncEngine) -> None:
    catalog = load_catalog_file(CATALOG)
    await apply_catalog(engine, catalog)
    company = catalog.companies[0]
    services = [service for branch in company.branches for service in branch.services]
    now = list(dict.fromkeys(service.calendar for service in services))
    holds = Holds(engine)
    await holds.take(
        company=company.key, calendar="former", call_id="anna", start=NINE, end=NINE + HOUR, seconds=9, capacity=1
    )
    assert await list_calendars(engine, company.key) == [*now, "former"]
    assert await list_calendars(engine, "nobody") == []


async def asked(engine: AsyncEngine, call_id: str, minutes: int = 0, **differing: Any) -> None:
    """Somebody asks for nine o'clock at the zentrale, in the order of ``minutes``, and it is held for them."""
    at = NOW + timedelta(minutes=minutes)
    usual: dict[str, Any] = {
        "company": "salon-beispiel",
        "service": "haarschnitt",
        "wished_start": NINE,
        "hold": "held",
        "received_at": at,
    }
    by = call(call_id, company="salon-beispiel", branch="zentrale")
    await save_call(engine, by, [turn(call_id, **usual | differing)], [])


async def test_who_held_a_time_is_known_the_latest_first(engine: AsyncEngine) -> None:
    await apply_catalog(engine, load_catalog_file(CATALOG))
    half = timedelta(minutes=30)
    await asked(engine, "first", 1)
    await asked(engine, "second", 2)
    await asked(engine, "too-late", 9)
    await asked(engine, "refused", 2, hold="held_by_another_call")
    await asked(engine, "other-company", 2, company="riverside-consulting")
    await asked(engine, "before", 2, wished_start=NINE - half)
    await asked(engine, "after", 2, wished_start=NINE + half)
    found = await who_held(engine, "salon-beispiel", "dr-smith", NINE, NINE + half, NOW + timedelta(minutes=5))
    assert found == [("second", NINE), ("first", NINE)]
    assert await who_held(engine, "salon-beispiel", "nobody", NINE, NINE + half, NOW + HOUR) == []


async def test_a_longer_appointment_held_before_reaches_into_a_time(engine: AsyncEngine) -> None:
    catalog = load_catalog_file(CATALOG)
    await apply_catalog(engine, catalog)
    services = [service for service in catalog.companies[0].branches[0].services if service.calendar == "dr-smith"]
    longest = max(services, key=lambda service: service.duration_minutes)
    start = NINE - timedelta(minutes=longest.duration_minutes - 1)
    await asked(engine, "long", service=longest.key, wished_start=start)
    found = await who_held(engine, "salon-beispiel", "dr-smith", NINE, NINE + HOUR, NOW)
    assert found == [("long", start)]


async def test_only_the_latest_of_many_holders_are_named(engine: AsyncEngine) -> None:
    await apply_catalog(engine, load_catalog_file(CATALOG))
    for number in range(MOST_HOLDERS + 2):
        await asked(engine, f"call-{number}", number)
    found = await who_held(engine, "salon-beispiel", "dr-smith", NINE, NINE + HOUR, NOW + HOUR)
    assert [call_id for call_id, _ in found] == [f"call-{number}" for number in range(MOST_HOLDERS + 1, 1, -1)]
