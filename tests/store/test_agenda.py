from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from store.agenda import agenda, list_calendars, live_holds_count
from store.calls import save_call
from store.catalog import apply_catalog, load_catalog_file
from store.holds import Holds
from tests.store.test_calls import NINE, booking, call

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
