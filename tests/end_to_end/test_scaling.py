"""docs/scaling.md: its counted costs are those of a call that is played, its sums are right."""

import re
from datetime import UTC, datetime, timedelta
from math import ceil, isclose
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import col

from bench.many_calls import TABLES, keep, many_calls
from bench.per_call import actions_of, bytes_of, events_of, workflow_tasks_of
from store.engine import close, create_engine
from store.tables import Booking, CalendarAnswers, Customer, Reply, Turn
from tests.databases import PostgresDatabases
from tests.end_to_end.salon import Salon, eventually

PAGE = (Path(__file__).parents[2] / "docs/scaling.md").read_text(encoding="utf-8")

CALLS = 20_000

BUSIEST_HOUR = 1 / 8 / 3600
"""The share of a day's calls that come in one second of its busiest hour."""


def numbers(row: str) -> list[float]:
    """Return the numbers of a row of a table."""
    found = re.search(rf"^\| {re.escape(row)}[^|]*\|(.*)\|$", PAGE, re.MULTILINE)
    assert found, f"{row} is not in the page"
    return [float(cell.replace(" ", "")) for cell in found[1].split("|")]


def cost(row: str) -> float:
    [number] = numbers(row)
    return number


async def play(salon: Salon, *times: str) -> str:
    """Ask for one time after the other, and have the last of them booked; return the id of the call, which is over."""
    caller = salon.rings()
    await caller.started()
    for uhrzeit in times:
        asked = {"datum": "16.10.2025", "uhrzeit": uhrzeit}
        assert (await caller.say("check_availability", **asked)).status == "available"
    assert (await caller.say("book_appointment", name="Ada Miller")).status == "booked"
    await caller.hang_up()
    await salon.workflow(caller).result()
    return caller.call_id


@pytest.fixture
async def played(salon: Salon) -> str:
    return await play(salon, "09:00")


async def test_a_booked_call_costs_what_the_page_says(salon: Salon, played: str) -> None:
    history = await salon.temporal.get_workflow_handle(f"call/{played}").fetch_history()
    # Steps that end at the same time share a workflow task, which is three events.
    assert workflow_tasks_of(history) == pytest.approx(cost("workflow tasks"), abs=3)
    assert events_of(history) == pytest.approx(cost("history events"), abs=6)
    assert actions_of(history).total() == pytest.approx(cost("billable actions"), abs=1)
    assert bytes_of(history) / 1000 == pytest.approx(cost("history, KB"), rel=0.15)
    assert len(salon.calendar.traffic.lines) == cost("requests to Cal.com")


async def test_a_further_question_costs_what_the_page_says(salon: Salon, played: str) -> None:
    found = re.search(
        r"one\s+more\s+request to Cal.com,\s+(\d+) events,\s+(\d+) workflow\s+tasks,\s+and (\d+)\s+actions", PAGE
    )
    assert found
    events, tasks, actions = map(int, found.groups())
    asked_once = len(salon.calendar.traffic.lines)
    longer = await play(salon, "10:00", "11:00")
    assert len(salon.calendar.traffic.lines) == 2 * asked_once + 1
    one, two = [await salon.temporal.get_workflow_handle(f"call/{call}").fetch_history() for call in (played, longer)]
    assert actions_of(two).total() - actions_of(one).total() == pytest.approx(actions, abs=1)
    assert workflow_tasks_of(two) - workflow_tasks_of(one) == pytest.approx(tasks, abs=3)
    assert events_of(two) - events_of(one) == pytest.approx(events, abs=6)


async def test_a_booked_call_leaves_as_many_rows_as_the_page_says(salon: Salon, played: str) -> None:
    turns = await salon.rows(Turn, col(Turn.call_id) == played)
    bookings = await salon.rows(Booking, col(Booking.call_id) == played)
    customers = await salon.rows(Customer, col(Customer.id) == bookings[0].customer_id)
    replies = await eventually(lambda: salon.rows(Reply, col(Reply.call_id) == played), lambda seen: len(seen) >= 2)
    assert 1 + len(turns) + len(bookings) + len(customers) + len(replies) == cost("rows in our database")


async def test_a_call_takes_as_much_room_as_the_page_says(postgresql: PostgresDatabases) -> None:
    tables = [str(table.__tablename__) for table in TABLES if table is not CalendarAnswers]
    room = text("SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables WHERE relname = ANY(:tables)")
    until = datetime(2025, 10, 31, tzinfo=UTC)
    with postgresql.new("tables") as url:
        engine = create_engine(url, patience=60)
        for rows in many_calls(CALLS, until - timedelta(days=30), until):
            await keep(engine, rows)
        async with engine.connect() as connection:
            taken = (await connection.execute(room, {"tables": tables})).scalar_one()
        await close(engine)
    assert float(taken) / CALLS / 1000 == pytest.approx(cost("rows in our database, KB"), rel=0.15)


def scaled(row: str) -> list[tuple[float, float]]:
    """Return every column's calls a day, with the row's number."""
    return list(zip(numbers("calls a day"), numbers(row), strict=True))


@pytest.mark.parametrize(
    ("row", "of_a_second", "of_a_day"),
    [
        ("calls a second, busiest hour", 1, 0),
        ("requests to Cal.com a minute, busiest hour", 60 * cost("requests to Cal.com"), 0),
        ("history events a second, busiest hour", cost("history events"), 0),
        ("workflow tasks a second, busiest hour", cost("workflow tasks"), 0),
        ("billable actions a month without signs of life, million", 0, 30 * cost("billable actions") / 1e6),
        ("history kept for 3 days, GB", 0, 3 * cost("history, KB") / 1e6),
        ("cores busy in workers", cost("CPU of the worker, ms") / 1000, 0),
        ("cores busy in webhooks", cost("CPU of the webhook, ms") / 1000, 0),
        ("rows a day in our database", 0, cost("rows in our database")),
        ("our database after 90 days, GB", 0, 90 * cost("rows in our database, KB") / 1e6),
    ],
)
def test_the_sums_of_the_page_are_right(row: str, of_a_second: float, of_a_day: float) -> None:
    for a_day, written in scaled(row):
        meant = a_day * (BUSIEST_HOUR * of_a_second + of_a_day)
        assert isclose(written, meant, rel_tol=0.06), f"{row} at {a_day:g} calls a day: {meant:.3g}"


def test_keys_and_processes_are_counted_up() -> None:
    for a_day, written in scaled("API keys of Cal.com needed"):
        assert written == ceil(a_day * BUSIEST_HOUR * 60 * cost("requests to Cal.com") / 120)
    for process in ("worker", "webhook"):
        for a_day, written in scaled(f"{process}s of one core"):
            assert written == ceil(a_day * BUSIEST_HOUR * cost(f"CPU of the {process}, ms") / 1000 / 0.6)
