import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from store.answer_times import add_answers
from store.calls import save_call
from store.figures import figures
from store.overview import GapBin, Overview, Period, calls_in_progress, overview
from store.quickness import seconds_of, step_of
from store.tables import CalendarAnswers
from tests.store.many import NOW as THEN
from tests.store.many import PERIODS, SINCE, count, make_calls, within
from tests.store.test_calls import call, turn

NOW = datetime(2025, 10, 16, 12, tzinfo=UTC)
TODAY = Period(NOW - timedelta(hours=24), NOW + timedelta(seconds=1))


def answer(seconds: float, minutes_ago: int = 0, result: str = "ok", answers: int = 1, **more: str) -> CalendarAnswers:
    values = {"company": "salon", "endpoint": "slots", "result": result}
    begins_at = NOW - timedelta(minutes=minutes_ago)
    return CalendarAnswers(
        span_seconds=60, begins_at=begins_at, quickness=step_of(seconds), answers=answers, **values | more
    )


async def look(engine: AsyncEngine, period: Period = TODAY) -> Overview:
    return await overview(engine, period, NOW)


async def test_nothing_is_counted_where_nobody_has_called(engine: AsyncEngine) -> None:
    seen = await look(engine)
    assert (seen.calls, seen.calls_in_progress, seen.success_rate) == (0, 0, None)
    assert seen.races == {"hold": 0, "recheck": 0, "booking": 0}
    assert seen.rechecks == {"passed": 0, "gone": 0, "failed": 0, "skipped": 0}
    assert {gap.count for gap in seen.gaps} == {0}
    assert (seen.outcomes, seen.answer_times) == ({}, {})


async def test_what_is_counted_is_what_a_count_by_hand_finds(engine: AsyncEngine) -> None:
    made = await make_calls(engine)
    for period in PERIODS:
        calls, turns = made.of(period)
        seen = await overview(engine, period, THEN)
        assert seen.calls == len(calls)
        assert seen.outcomes == Counter(each["outcome"] for each in calls)
        settled = [each for each in calls if each["confirmed"] and (each["ended_at"] or each["outcome"] == "booked")]
        assert seen.confirmed == len(settled)
        assert seen.booked == count(settled, lambda each: each["outcome"] == "booked")
        assert seen.success_rate == (seen.booked / seen.confirmed if settled else None)
        races = [each for each in turns if each["race_caught_at"]]
        assert seen.races == {
            where: count(races, lambda each: each["race_caught_at"] == where)  # noqa: B023 counted at once
            for where in ("hold", "recheck", "booking")
        }
        assert seen.race_errors == count(races, lambda each: not each["alternatives"] or not each["heard"])
        assert seen.rechecks == {
            result: count(turns, lambda each: each["recheck"] == result)  # noqa: B023 counted at once
            for result in ("passed", "gone", "failed", "skipped")
        }
        gaps = sorted(each["gap_seconds"] for each in turns if each["gap_seconds"] is not None)
        assert sum(each.count for each in seen.gaps) == len(gaps)
        assert seen.gaps[0] == GapBin(2, len([gap for gap in gaps if gap <= 2]))
        assert seen.gaps[5] == GapBin(14, len([gap for gap in gaps if 10 < gap <= 14]))
        counted = await figures(engine, period)
        assert counted.gap_median == (gaps[math.ceil(len(gaps) / 2) - 1] if gaps else None)
        assert counted.gap_p95 == (gaps[math.ceil(len(gaps) * 0.95) - 1] if gaps else None)
        assert (counted.races.caught, counted.races.errors) == (seen.races, seen.race_errors)
        assert counted.rate_limited == seen.rate_limited
        latest = [each["recheck"] for each in sorted(turns, key=lambda each: each["answered_at"]) if each["recheck"]]
        while latest and latest[-1] == "failed":
            latest.pop()
        after_last_success = sum(seen.rechecks.values()) - len(latest)
        assert seen.recheck_failures_in_row == counted.yes.failures_in_row == after_last_success
        lasting = [
            each for each in made.calls if not each["ended_at"] and each["started_at"] > THEN - timedelta(hours=12)
        ]
        assert seen.calls_in_progress == count(lasting, lambda each: period.company in (None, each["company"]))  # noqa: B023
    assert await calls_in_progress(engine, THEN) == (await overview(engine, PERIODS[0], THEN)).calls_in_progress


async def test_answer_times_are_those_a_count_by_hand_finds(engine: AsyncEngine) -> None:
    made = await make_calls(engine)
    period = Period(SINCE, THEN, "birke")
    minutes = [row for row in within(period, made.answers, "begins_at") if row["span_seconds"] == 60]
    seen = await overview(engine, period, THEN)
    assert seen.point_width == timedelta(hours=2)
    assert set(seen.answer_times) == {row["endpoint"] for row in minutes}
    assert seen.rate_limited == sum(row["answers"] for row in minutes if row["result"] == "rate_limited")
    assert seen.failed_answers > 0
    for endpoint, points in seen.answer_times.items():
        assert [point.begins_at for point in points] == sorted({point.begins_at for point in points})
        for point in points:
            here = [
                row
                for row in minutes
                if row["endpoint"] == endpoint
                and point.begins_at <= row["begins_at"] < point.begins_at + seen.point_width
            ]
            steps = sorted(row["quickness"] for row in here for _ in range(row["answers"]))
            assert point.answers == len(steps)
            assert point.p50 == seconds_of(steps[math.ceil(len(steps) * 0.5) - 1])
            assert point.p95 == seconds_of(steps[math.ceil(len(steps) * 0.95) - 1])
            assert point.rate_limited == sum(row["answers"] for row in here if row["result"] == "rate_limited")


@pytest.mark.parametrize(
    ("length", "width"),
    [
        (timedelta(minutes=30), timedelta(minutes=1)),
        (timedelta(hours=24), timedelta(minutes=30)),
        (timedelta(days=7), timedelta(hours=3)),
        (timedelta(days=30), timedelta(days=1)),
    ],
)
async def test_a_long_view_has_no_more_points_than_a_short_one(
    engine: AsyncEngine, length: timedelta, width: timedelta
) -> None:
    await add_answers(engine, [answer(0.1, minutes_ago=ago) for ago in range(0, 30 * 24 * 60, 120)])
    seen = await look(engine, Period(NOW - length, NOW + timedelta(minutes=1)))
    assert seen.point_width == width
    assert len(seen.answer_times["slots"]) <= 61


async def test_an_answer_is_counted_at_once_in_every_view(engine: AsyncEngine) -> None:
    await add_answers(engine, [answer(0.3, result="rate_limited"), answer(2.9, result="unreachable", answers=2)])
    for length in (timedelta(hours=1), timedelta(days=7), timedelta(days=30)):
        seen = await look(engine, Period(NOW - length, NOW + timedelta(seconds=1)))
        (point,) = seen.answer_times["slots"]
        assert (point.answers, point.rate_limited, point.failed) == (3, 1, 2)
        assert (seen.rate_limited, seen.failed_answers) == (1, 2)
        assert point.p50 == point.p95 == pytest.approx(2.9, rel=0.2)


async def test_a_period_begins_with_its_first_moment_and_ends_before_its_last(engine: AsyncEngine) -> None:
    for number, minutes in enumerate((0, 10)):
        await save_call(engine, call(f"call-{number}", started_at=NOW + timedelta(minutes=minutes)), [], [])
    assert (await look(engine, Period(NOW, NOW + timedelta(minutes=10)))).calls == 1
    assert (await look(engine, Period(NOW, NOW + timedelta(minutes=10), "other"))).calls == 0


async def test_a_call_is_in_progress_until_it_ends_or_is_lost(engine: AsyncEngine) -> None:
    minute = timedelta(minutes=1)
    await save_call(engine, call("lasting", started_at=NOW - minute), [], [])
    await save_call(engine, call("ended", started_at=NOW - 2 * minute, ended_at=NOW - minute), [], [])
    await save_call(engine, call("lost", started_at=NOW - timedelta(hours=13)), [], [])
    assert (await look(engine)).calls_in_progress == 1
    assert await calls_in_progress(engine, NOW) == 1


async def test_a_call_that_has_not_ended_counts_once_it_has_booked(engine: AsyncEngine) -> None:
    yes = turn("booked", company="salon", confirmed_at=NOW, answered_at=NOW)
    await save_call(engine, call("booked", started_at=NOW, outcome="booked"), [yes], [])
    thinking = turn("open", company="salon", confirmed_at=NOW, answered_at=NOW)
    await save_call(engine, call("open", started_at=NOW, outcome="alternatives_offered"), [thinking], [])
    assert (await look(engine)).success_rate == 1
    gone = call("open", revision=2, started_at=NOW, ended_at=NOW, outcome="hung_up")
    await save_call(engine, gone, [thinking], [])
    assert (await look(engine)).success_rate == 0.5


@pytest.mark.parametrize(
    ("told", "errors"),
    [
        ({"status": "slot_taken", "alternatives": [NOW]}, 0),
        ({"status": "unavailable", "alternatives": [NOW]}, 0),
        ({"status": "slot_taken", "alternatives": []}, 1),
        ({"status": "no_availability", "alternatives": []}, 1),
        ({"status": "error", "alternatives": []}, 1),
        ({"status": "slot_taken", "alternatives": [NOW], "heard": False}, 1),
    ],
)
async def test_a_race_is_an_error_where_its_caller_hears_no_alternatives(
    engine: AsyncEngine, told: dict[str, Any], errors: int
) -> None:
    race = turn(company="salon", answered_at=NOW, race_caught_at="hold", **told)
    await save_call(engine, call(started_at=NOW), [race], [])
    seen = await look(engine)
    assert (seen.races["hold"], seen.race_errors) == (1, errors)
