import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import select

from store.engine import reading
from store.holds import Holds, LiveHold
from store.tables import Hold
from tests.store.processes import Processes, take_all

NINE = datetime(2025, 10, 16, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
HALF_PAST = NINE + timedelta(minutes=30)
TEN = NINE + timedelta(minutes=60)
CHAIR = {"company": "salon", "calendar": "chair"}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2025, 10, 13, 20, 28, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def holds(engine: AsyncEngine, clock: Clock) -> Holds:
    return Holds(engine, clock)


def wish(call_id: str, start: datetime = NINE, end: datetime = HALF_PAST, **more: Any) -> dict[str, Any]:
    return {**CHAIR, "call_id": call_id, "start": start, "end": end, "seconds": 120, "capacity": 1, **more}


async def intervals(holds: Holds) -> dict[str, tuple[datetime, datetime]]:
    return {hold.call_id: (hold.start, hold.end) for hold in await holds.live(**CHAIR)}


async def test_an_interval_held_by_one_call_is_refused_to_another(holds: Holds) -> None:
    assert await holds.take(**wish("anna"))
    assert not await holds.take(**wish("ben"))
    assert await intervals(holds) == {"anna": (NINE, HALF_PAST)}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NINE, TEN),
        (NINE + timedelta(minutes=29), TEN),
        (NINE - timedelta(minutes=30), NINE + timedelta(minutes=1)),
        (NINE + timedelta(minutes=10), NINE + timedelta(minutes=20)),
    ],
)
async def test_unequal_intervals_that_overlap_exclude_each_other(holds: Holds, start: datetime, end: datetime) -> None:
    assert await holds.take(**wish("anna"))
    assert not await holds.take(**wish("ben", start, end))


async def test_intervals_that_touch_do_not_meet(holds: Holds) -> None:
    assert await holds.take(**wish("anna", NINE, HALF_PAST))
    assert await holds.take(**wish("ben", HALF_PAST, TEN))
    assert await holds.take(**wish("carla", NINE - timedelta(minutes=30), NINE))


async def test_the_same_instant_in_another_time_zone_is_the_same_interval(holds: Holds) -> None:
    assert await holds.take(**wish("anna"))
    assert not await holds.take(**wish("ben", NINE.astimezone(UTC), HALF_PAST.astimezone(UTC)))
    assert await holds.take(**wish("ben", NINE.replace(tzinfo=UTC), HALF_PAST.replace(tzinfo=UTC)))


async def test_calendars_and_companies_are_separate(holds: Holds) -> None:
    assert await holds.take(**wish("anna"))
    assert await holds.take(**wish("ben", calendar="other chair"))
    assert await holds.take(**wish("carla", company="other salon"))


async def test_capacity_counts_the_calls(holds: Holds) -> None:
    assert await holds.take(**wish("anna", capacity=2))
    assert await holds.take(**wish("ben", capacity=2))
    assert not await holds.take(**wish("carla", capacity=2))


async def test_a_hold_ends_at_its_expiry_and_not_before(holds: Holds, clock: Clock) -> None:
    assert await holds.take(**wish("anna", seconds=120))
    clock.advance(119.9)
    assert not await holds.take(**wish("ben"))
    clock.advance(0.1)
    assert await holds.live(**CHAIR) == []
    assert await holds.take(**wish("ben"))


async def test_expired_rows_are_cleaned_as_they_are_met(holds: Holds, clock: Clock, engine: AsyncEngine) -> None:
    await holds.take(**wish("anna"))
    clock.advance(121)
    await holds.take(**wish("ben", HALF_PAST, TEN))
    async with reading(engine) as session:
        assert (await session.exec(select(Hold.call_id))).all() == ["ben"]


async def test_the_same_call_renews_its_hold(holds: Holds, clock: Clock) -> None:
    assert await holds.take(**wish("anna", seconds=120))
    clock.advance(100)
    assert await holds.take(**wish("anna", seconds=120))
    clock.advance(100)
    assert not await holds.take(**wish("ben"))


async def test_a_call_that_lost_its_expired_hold_does_not_get_it_back(holds: Holds, clock: Clock) -> None:
    assert await holds.take(**wish("anna", seconds=10))
    clock.advance(10)
    assert await holds.take(**wish("ben"))
    assert not await holds.take(**wish("anna"))


async def test_a_new_wish_moves_the_one_hold_of_the_call(holds: Holds) -> None:
    assert await holds.take(**wish("anna", NINE, HALF_PAST))
    assert await holds.take(**wish("anna", HALF_PAST, TEN))
    assert await intervals(holds) == {"anna": (HALF_PAST, TEN)}
    assert await holds.take(**wish("ben", NINE, HALF_PAST))


async def test_a_hold_moves_to_another_calendar(holds: Holds) -> None:
    assert await holds.take(**wish("anna"))
    assert await holds.take(**wish("anna", calendar="other chair"))
    assert await intervals(holds) == {}
    assert [hold.call_id for hold in await holds.live("salon", "other chair")] == ["anna"]


async def test_a_refused_move_leaves_the_old_hold_alone(holds: Holds) -> None:
    assert await holds.take(**wish("anna", NINE, HALF_PAST))
    assert await holds.take(**wish("ben", HALF_PAST, TEN))
    before = await holds.live(**CHAIR)
    assert not await holds.take(**wish("anna", HALF_PAST, TEN, seconds=600))
    assert await holds.live(**CHAIR) == before


async def test_a_hold_may_grow_over_its_own_time(holds: Holds) -> None:
    assert await holds.take(**wish("anna", NINE, HALF_PAST))
    assert await holds.take(**wish("anna", NINE, TEN))


async def test_release_frees_the_interval_and_may_be_repeated(holds: Holds) -> None:
    assert await holds.take(**wish("anna"))
    await holds.release("anna")
    await holds.release("anna")
    assert await holds.take(**wish("ben"))


async def test_shorten_brings_the_end_forward(holds: Holds, clock: Clock) -> None:
    assert await holds.take(**wish("anna", seconds=120))
    await holds.shorten("anna", 10)
    clock.advance(9)
    assert not await holds.take(**wish("ben"))
    clock.advance(1)
    assert await holds.take(**wish("ben"))


async def test_shorten_never_lengthens(holds: Holds, clock: Clock) -> None:
    assert await holds.take(**wish("anna", seconds=5))
    await holds.shorten("anna", 10)
    clock.advance(5)
    assert await holds.take(**wish("ben"))
    await holds.shorten("nobody", 10)


async def test_of_others_lists_live_overlapping_holds_of_other_calls(holds: Holds, clock: Clock) -> None:
    await holds.take(**wish("expired", NINE, HALF_PAST, seconds=1, capacity=9))
    clock.advance(1)
    await holds.take(**wish("later", HALF_PAST, TEN, capacity=9))
    await holds.take(**wish("own", NINE, TEN, capacity=9))
    await holds.take(**wish("first", NINE, HALF_PAST, capacity=9))
    await holds.take(**wish("outside", TEN, TEN + timedelta(minutes=30), capacity=9))
    found = await holds.of_others(**CHAIR, call_id="own", since=NINE, until=TEN)
    assert found == [(NINE, HALF_PAST), (HALF_PAST, TEN)]
    assert all(moment.utcoffset() is not None for interval in found for moment in interval)


async def test_live_shows_operators_call_interval_and_expiry(holds: Holds, clock: Clock) -> None:
    await holds.take(**wish("anna", seconds=120))
    assert await holds.live(**CHAIR) == [LiveHold("anna", NINE, HALF_PAST, clock.now + timedelta(seconds=120))]


@pytest.mark.parametrize(
    "nonsense", [{"end": NINE}, {"seconds": 0}, {"capacity": 0}], ids=["empty interval", "no time", "no capacity"]
)
async def test_nonsense_is_refused_loudly(holds: Holds, nonsense: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a hold needs"):
        await holds.take(**wish("anna") | nonsense)


async def test_concurrent_wishes_of_one_call_leave_it_one_hold(holds: Holds) -> None:
    starts = [NINE + timedelta(minutes=30 * step) for step in range(8)]
    taken = await asyncio.gather(*(holds.take(**wish("anna", at, at + timedelta(minutes=30))) for at in starts))
    assert all(taken)
    assert len(await holds.live(**CHAIR)) == 1


Race = Callable[[list[dict[str, Any]]], Awaitable[list[str]]]


@pytest.fixture
def race(engine: AsyncEngine, url: str, processes: Processes) -> Race:
    """Let several processes take at once, on a calendar that was used before; return the calls that won."""

    async def run(wishes: list[dict[str, Any]]) -> list[str]:
        await Holds(engine).take(**wish("before"))
        await Holds(engine).release("before")
        shares = [wishes[each :: processes.count] for each in range(processes.count)]
        answers = await processes.run(take_all, [(url, share) for share in shares])
        return [
            each["call_id"]
            for share, won in zip(shares, answers, strict=True)
            for each, granted in zip(share, won, strict=True)
            if granted
        ]

    return run


async def test_of_fifty_takers_in_several_processes_one_wins(race: Race, engine: AsyncEngine) -> None:
    winners = await race([wish(f"call-{number}") for number in range(50)])
    assert len(winners) == 1
    assert [hold.call_id for hold in await Holds(engine).live(**CHAIR)] == winners


async def test_of_overlapping_unequal_takers_in_several_processes_one_wins(race: Race) -> None:
    late = [NINE + timedelta(minutes=5 * minutes) for minutes in range(5)]
    wishes = [wish(f"call-{number}", late[number % 5], (HALF_PAST, TEN)[number % 2]) for number in range(20)]
    assert len(await race(wishes)) == 1


async def test_touching_takers_in_several_processes_both_win(race: Race) -> None:
    wishes = [wish(f"early-{number}", NINE, HALF_PAST) for number in range(10)]
    wishes += [wish(f"late-{number}", HALF_PAST, TEN) for number in range(10)]
    assert sorted(winner.partition("-")[0] for winner in await race(wishes)) == ["early", "late"]


async def test_of_many_takers_in_several_processes_capacity_two_lets_two_win(race: Race) -> None:
    assert len(await race([wish(f"call-{number}", capacity=2) for number in range(20)])) == 2


calls = st.sampled_from(["anna", "ben", "carla"])
quarters = st.integers(0, 7)
steps = st.one_of(
    st.tuples(st.just("take"), calls, quarters, st.integers(1, 4)),
    st.tuples(st.just("release"), calls, st.just(0), st.just(0)),
    st.tuples(st.just("wait"), calls, st.integers(1, 90), st.just(0)),
)


@given(script=st.lists(steps, max_size=12), capacity=st.integers(1, 2))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_holds_behave_like_a_list_of_intervals(
    engine: AsyncEngine, script: list[tuple[str, str, int, int]], capacity: int
) -> None:
    clock = Clock()
    holds = Holds(engine, clock)
    for call_id in ("anna", "ben", "carla"):
        await holds.release(call_id)
    model: dict[str, tuple[datetime, datetime, datetime]] = {}
    for step, call_id, number, length in script:
        if step == "wait":
            clock.advance(number)
        elif step == "release":
            await holds.release(call_id)
            model.pop(call_id, None)
        else:
            start = NINE + timedelta(minutes=15 * number)
            end = start + timedelta(minutes=15 * length)
            others = sum(
                1
                for other, (since, until, expires) in model.items()
                if other != call_id and since < end and until > start and expires > clock.now
            )
            granted = await holds.take(**wish(call_id, start, end, seconds=60, capacity=capacity))
            assert granted == (others < capacity)
            if granted:
                model[call_id] = (start, end, clock.now + timedelta(seconds=60))
        live = {call: (since, until) for call, (since, until, expires) in model.items() if expires > clock.now}
        assert await intervals(holds) == live
