from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.many_calls import Row
from store.call_list import CallFilter, Named, SortBy, export_calls, list_calls
from store.calls import save_call
from store.counts import Period
from tests.store.many import PERIODS, Made, make_calls
from tests.store.test_calls import NINE, NUMBER, call, turn

NOW = datetime(2025, 10, 16, 12, tzinfo=UTC)
TODAY = Period(NOW - timedelta(hours=1), NOW + timedelta(hours=1))


async def found(engine: AsyncEngine, text: str = "", **more: Any) -> set[str]:
    return {line.call_id for line in (await list_calls(engine, CallFilter(TODAY, text, **more))).lines}


async def test_a_line_tells_the_call_at_a_glance(engine: AsyncEngine) -> None:
    race = turn(
        company="salon",
        service="schnitt",
        wished_start=NINE,
        race_caught_at="recheck",
        gap_seconds=14,
        confirmed_at=NOW,
    )
    ended = NOW + timedelta(seconds=90)
    await save_call(engine, call(started_at=NOW, ended_at=ended, outcome="hung_up"), [race], [])
    (line,) = (await list_calls(engine, CallFilter(TODAY))).lines
    assert (line.call_id, line.company, line.branch, line.service) == ("call-1", "salon", "mitte", "schnitt")
    assert (line.started_at, line.ended_at, line.duration) == (NOW, ended, timedelta(seconds=90))
    assert (line.wished_start, line.outcome) == (NINE, "hung_up")
    assert (line.race_caught_at, line.gap_seconds) == ("recheck", 14)


async def test_a_call_that_lasts_has_no_duration(engine: AsyncEngine) -> None:
    await save_call(engine, call(started_at=NOW), [], [])
    (line,) = (await list_calls(engine, CallFilter(TODAY))).lines
    assert (line.ended_at, line.duration) == (None, None)


EVERY_CALL = {"Call_one", "call%two", "callxthree"}


@pytest.fixture
async def three(engine: AsyncEngine) -> AsyncEngine:
    await save_call(
        engine, call("Call_one", started_at=NOW), [turn("Call_one", company="salon", service="schnitt")], []
    )
    west = call("call%two", started_at=NOW, branch="West", caller_number=None)
    await save_call(engine, west, [turn("call%two", company="salon", service="farbe", race_caught_at="hold")], [])
    await save_call(engine, call("callxthree", company="Praxis", started_at=NOW, caller_number="+493012345678"), [], [])
    return engine


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("", EVERY_CALL),
        ("CALL_ONE", {"Call_one"}),
        ("one", {"Call_one"}),
        ("Praxis", {"callxthree"}),
        ("West", {"call%two"}),
        (" schnitt ", {"Call_one"}),
        ("schn", set()),
        ("all_", {"Call_one"}),
        ("%", {"call%two"}),
        ("nowhere", set()),
        (NUMBER, {"Call_one"}),
        ("0151 12345678", {"Call_one"}),
        ("+49 30 12345678", {"callxthree"}),
        ("12345678", set()),
        ("'; DROP TABLE call; --", set()),
    ],
)
async def test_calls_are_found_by_what_is_typed(three: AsyncEngine, text: str, calls: set[str]) -> None:
    assert await found(three, text) == calls


@pytest.mark.parametrize(
    ("named", "calls"),
    [
        ([Named("Praxis")], {"callxthree"}),
        ([Named("salon", "West")], {"call%two"}),
        ([Named("salon", "mitte", "schnitt")], {"Call_one"}),
        ([Named("salon", "West", "schnitt")], set()),
        ([Named("salon", "mitte", "schnitt"), Named("Praxis"), Named("salon", "West")], EVERY_CALL),
    ],
)
async def test_calls_are_found_by_the_keys_of_what_is_named(
    three: AsyncEngine, named: list[Named], calls: set[str]
) -> None:
    assert await found(three, "a name", named=frozenset(named)) == calls
    assert await found(three, "call_one", named=frozenset(named)) == calls | {"Call_one"}


async def test_calls_are_found_by_outcome_race_company_and_time(three: AsyncEngine) -> None:
    assert await found(three, race=True) == {"call%two"}
    assert await found(three, outcome="booked") == set()
    assert await found(three, "call", outcome="open", race=True) == {"call%two"}
    of_praxis = CallFilter(replace(TODAY, company="Praxis"))
    assert (await list_calls(three, of_praxis)).total == 1
    assert (await list_calls(three, CallFilter(replace(TODAY, since=NOW + timedelta(seconds=1))))).total == 0


KEYS: dict[SortBy, Callable[[Row], Any]] = {
    SortBy.STARTED_AT: lambda row: row["started_at"],
    SortBy.COMPANY: lambda row: row["company"],
    SortBy.SERVICE: lambda row: row["service"],
    SortBy.WISHED_START: lambda row: row["wished_start"],
    SortBy.OUTCOME: lambda row: row["outcome"],
    SortBy.RACE_CAUGHT_AT: lambda row: row["race_caught_at"],
    SortBy.GAP_SECONDS: lambda row: row["gap_seconds"],
}


def sorted_by_hand(made: Made, period: Period, key: Callable[[Row], Any], *, descending: bool) -> list[str]:
    calls = sorted(made.of(period)[0], key=lambda row: row["call_id"], reverse=descending)
    there = sorted((row for row in calls if key(row) is not None), key=key, reverse=descending)
    if descending:  # reverse keeps equal ones as they are
        there = sorted(there, key=lambda row: (key(row), row["call_id"]), reverse=True)
    return [row["call_id"] for row in [*there, *(row for row in calls if key(row) is None)]]


async def test_pages_in_any_order_are_those_sorted_by_hand(engine: AsyncEngine) -> None:
    made = await make_calls(engine, 300)
    for period in PERIODS[:3]:
        for sort, key in KEYS.items():
            for descending in (True, False):
                expected = sorted_by_hand(made, period, key, descending=descending)
                pages = [
                    await list_calls(engine, CallFilter(period), page, 70, sort, descending)
                    for page in range(len(expected) // 70 + 2)
                ]
                assert [line.call_id for page in pages for line in page.lines] == expected
                assert {page.total for page in pages} == {len(expected)}


async def test_calls_are_sorted_by_how_long_they_took(engine: AsyncEngine) -> None:
    await make_calls(engine, 200)
    longest_first = (await list_calls(engine, CallFilter(PERIODS[0]), 0, 200, SortBy.DURATION)).lines
    whole_seconds = [
        int(line.ended_at.timestamp()) - int(line.started_at.timestamp()) for line in longest_first if line.ended_at
    ]
    assert all(later <= earlier + 1 for earlier, later in pairwise(whole_seconds))
    assert [line.duration is None for line in longest_first] == sorted(line.duration is None for line in longest_first)


async def test_an_export_yields_every_call_once_and_the_latest_first(engine: AsyncEngine) -> None:
    made = await make_calls(engine, 1200)
    exported = [line.call_id async for line in export_calls(engine, CallFilter(PERIODS[0]))]
    assert exported == sorted_by_hand(made, PERIODS[0], KEYS[SortBy.STARTED_AT], descending=True)


async def test_calls_that_began_at_the_same_moment_are_all_exported(engine: AsyncEngine) -> None:
    for number in range(12):
        await save_call(engine, call(f"call-{number}", started_at=NOW), [], [])
    lines = export_calls(engine, CallFilter(TODAY), portion=5)
    assert len({line.call_id async for line in lines}) == 12


async def test_an_export_that_is_not_read_on_keeps_no_connection(engine: AsyncEngine) -> None:
    for number in range(3):
        await save_call(engine, call(f"call-{number}", started_at=NOW), [], [])
    begun = [export_calls(engine, CallFilter(TODAY), portion=1) for _ in range(20)]
    assert [(await anext(lines)).call_id for lines in begun] == ["call-2"] * 20
    await save_call(engine, call("call-3"), [], [])
