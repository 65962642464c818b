from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from store.answer_times import add_answers
from store.calls import save_call
from store.catalog import apply_catalog, load_catalog_file
from store.counts import Period
from store.figures import Figures, TriggerName, figures, is_known
from tests.store.test_answer_times import answers
from tests.store.test_call_story import CATALOG
from tests.store.test_calls import call, turn

NOW = datetime(2025, 10, 16, 12, tzinfo=UTC)
WEEK = Period(NOW - timedelta(days=7), NOW + timedelta(minutes=1))


async def look(engine: AsyncEngine, period: Period = WEEK) -> Figures:
    return await figures(engine, period)


async def confirmed(engine: AsyncEngine, call_id: str, outcome: str = "booked", **more: Any) -> None:
    """Keep a call that has ended after one "yes"."""
    values: dict[str, Any] = {"kind": "confirmation", "company": "salon", "confirmed_at": NOW, "answered_at": NOW}
    kept = call(call_id, outcome=outcome, started_at=NOW, ended_at=NOW)
    await save_call(engine, kept, [turn(call_id, **values | more)], [])


def firing(seen: Figures) -> set[TriggerName]:
    return {trigger.name for trigger in seen.triggers if trigger.fires}


async def test_an_empty_database_fires_nothing(engine: AsyncEngine) -> None:
    seen = await look(engine)
    assert not seen.fires
    assert (seen.calls.calls, seen.races.total, seen.races_handled, seen.rate_limited) == (0, 0, 0, 0)
    assert (seen.calls.success_rate, seen.caught_before_booking, seen.gap_median, seen.gap_p95) == (None,) * 4
    assert {trigger.name: trigger.value for trigger in seen.triggers}[TriggerName.SUCCESS_RATE] is None


async def test_the_incident_of_today_is_a_race_that_was_handled(engine: AsyncEngine) -> None:
    await confirmed(
        engine,
        "call-874",
        "hung_up",
        status="slot_taken",
        race_caught_at="recheck",
        recheck="gone",
        alternatives=[NOW],
        gap_seconds=14,
    )
    seen = await look(engine)
    assert (seen.races.caught["recheck"], seen.races_handled, seen.races.errors) == (1, 1, 0)
    assert (seen.caught_before_booking, seen.gap_median, seen.gap_p95) == (1, 14, 14)
    assert not seen.fires


async def test_the_incident_as_it_was_is_an_error_that_reached_the_caller(engine: AsyncEngine) -> None:
    await confirmed(engine, "call-874", "hung_up", status="error", race_caught_at="booking", recheck="passed")
    seen = await look(engine)
    assert (seen.races_handled, seen.races.errors, seen.caught_before_booking) == (0, 1, 0)
    assert seen.races.after_passed_recheck == 1
    assert firing(seen) == {TriggerName.RACE_ERRORS}


async def test_races_before_a_yes_do_not_count_for_the_recheck(engine: AsyncEngine) -> None:
    question = turn(company="salon", answered_at=NOW, race_caught_at="hold", status="unavailable", alternatives=[NOW])
    await save_call(engine, call(started_at=NOW), [question], [])
    for number, (where, recheck) in enumerate((("hold", "gone"), ("recheck", "gone"), ("booking", "passed"))):
        await confirmed(
            engine, f"yes-{number}", status="slot_taken", race_caught_at=where, recheck=recheck, alternatives=[NOW]
        )
    seen = await look(engine)
    assert (seen.races.total, seen.races.after_yes, seen.races.booking_refused) == (4, 3, 1)
    assert seen.caught_before_booking == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("booked", "missed", "fires"), [(7, 2, False), (8, 2, False), (7, 3, True), (0, 9, False), (0, 10, True)]
)
async def test_the_success_rate_fires_below_80_percent_of_at_least_ten(
    engine: AsyncEngine, booked: int, missed: int, fires: bool
) -> None:
    for number in range(booked + missed):
        await confirmed(engine, f"call-{number}", "booked" if number < booked else "hung_up")
    seen = await look(engine)
    assert seen.calls.success_rate == pytest.approx(booked / (booked + missed))
    assert (TriggerName.SUCCESS_RATE in firing(seen)) is fires


@pytest.mark.parametrize(
    ("results", "in_row"),
    [
        ("f", 1),
        ("ffffp", 0),
        ("pffff", 4),
        ("fpfffff", 5),
        ("fffff", 5),
        ("ffgfffff", 5),
    ],
)
async def test_the_recheck_fires_when_its_latest_five_failed(engine: AsyncEngine, results: str, in_row: int) -> None:
    names = {"f": "failed", "p": "passed", "g": "gone"}
    for number, letter in enumerate(results):
        answered_at = NOW - timedelta(minutes=len(results) - number)
        await confirmed(engine, f"call-{number}", recheck=names[letter], answered_at=answered_at)
    await confirmed(engine, "not-looked", answered_at=NOW)
    await confirmed(engine, "elsewhere", recheck="passed", answered_at=NOW, company="other")
    seen = await look(engine, Period(WEEK.since, WEEK.until, "salon"))
    assert seen.yes.failures_in_row == in_row
    assert (TriggerName.RECHECK_FAILING in firing(seen)) is (in_row >= 5)


async def test_one_answer_429_fires(engine: AsyncEngine) -> None:
    await add_answers(engine, [answers(1, NOW), answers(3, NOW - timedelta(days=8), result="rate_limited")])
    assert not (await look(engine)).fires
    await add_answers(engine, [answers(2, NOW, result="rate_limited")])
    seen = await look(engine)
    assert (seen.rate_limited, firing(seen)) == (2, {TriggerName.RATE_LIMITED})
    assert (await look(engine, Period(WEEK.since, WEEK.until, "other"))).rate_limited == 0


async def test_a_company_is_known_by_its_catalog_or_by_its_calls(engine: AsyncEngine) -> None:
    catalog = load_catalog_file(CATALOG)
    await apply_catalog(engine, catalog)
    await save_call(engine, call(), [], [])
    known = [await is_known(engine, key) for key in (catalog.companies[0].key, "salon", "nobody")]
    assert known == [True, True, False]
