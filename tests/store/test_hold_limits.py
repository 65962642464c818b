"""How many slots may be held at once, for one caller and through one number of ours."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import select

from store.engine import reading
from store.holds import Holds, Line, OverLimit, digest_of
from store.tables import Hold

NINE = datetime(2025, 10, 16, 7, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
ANNA, BEN = "+4915550100001", "+4915550100002"
SALON, OTHER_NUMBER = "+493055500020", "+493055500029"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2025, 10, 13, 20, 28, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def holds(engine: AsyncEngine, clock: Clock) -> Holds:
    return Holds(engine, clock)


def line(caller: str | None = ANNA, dialled: str | None = SALON, most_of_caller: int = 3, most: int = 30) -> Line:
    return Line(caller, dialled, most_of_caller, most)


def wish(place: int, line: Line, **more: Any) -> dict[str, Any]:
    """Return the wish of a call of its own for a slot of its own."""
    start = NINE + place * HALF_HOUR
    usual = {"company": "salon", "calendar": "chair", "call_id": f"call-{place}", "seconds": 120, "capacity": 1}
    return usual | {"start": start, "end": start + HALF_HOUR, "line": line} | more


async def held(holds: Holds) -> list[str]:
    return [hold.call_id for hold in await holds.live("salon", "chair")]


async def test_a_caller_has_no_more_holds_than_allowed_over_all_calls(holds: Holds) -> None:
    for place in range(3):
        assert await holds.take(**wish(place, line()))
    with pytest.raises(OverLimit):
        await holds.take(**wish(3, line()))
    assert await held(holds) == ["call-0", "call-1", "call-2"]
    assert await holds.take(**wish(4, line(BEN)))


async def test_a_caller_is_counted_over_all_calendars_and_numbers_of_a_company_and_over_no_other(holds: Holds) -> None:
    await holds.take(**wish(0, line(most_of_caller=2)))
    await holds.take(**wish(1, line(dialled=OTHER_NUMBER, most_of_caller=2), calendar="other chair"))
    with pytest.raises(OverLimit):
        await holds.take(**wish(2, line(most_of_caller=2)))
    assert await holds.take(**wish(2, line(most_of_caller=2), company="other salon"))


async def test_a_dialled_number_has_no_more_holds_than_allowed_whoever_calls(holds: Holds) -> None:
    assert await holds.take(**wish(0, line(ANNA, most=2)))
    assert await holds.take(**wish(1, line(BEN, most=2)))
    with pytest.raises(OverLimit):
        await holds.take(**wish(2, line("+4915550100003", most=2)))
    assert await holds.take(**wish(2, line("+4915550100003", OTHER_NUMBER, most=2)))


@pytest.mark.parametrize(("most", "withheld"), [(1, 1), (3, 1), (4, 2), (30, 10)])
async def test_callers_who_withhold_the_number_share_a_third_of_the_dialled_one(
    holds: Holds, most: int, withheld: int
) -> None:
    for place in range(withheld):
        assert await holds.take(**wish(place, line(None, most_of_caller=1, most=most)))
    with pytest.raises(OverLimit):
        await holds.take(**wish(withheld, line(None, most_of_caller=1, most=most)))
    for place in range(withheld, most):
        assert await holds.take(**wish(place, line(f"+4915550100{place:03}", most=most)))


async def test_withheld_numbers_are_counted_for_each_dialled_number_apart(holds: Holds) -> None:
    assert await holds.take(**wish(0, line(None, SALON, most=3)))
    assert await holds.take(**wish(1, line(None, OTHER_NUMBER, most=3)))
    with pytest.raises(OverLimit):
        await holds.take(**wish(2, line(None, OTHER_NUMBER, most=3)))


async def test_a_withheld_number_has_no_limit_where_the_dialled_one_is_not_known_or_has_none(holds: Holds) -> None:
    for place, numbers in enumerate([line(None, None, most_of_caller=1)] * 2 + [Line(None, SALON, 1, None)] * 2):
        assert await holds.take(**wish(place, numbers))


async def test_without_numbers_or_limits_nothing_is_limited(holds: Holds) -> None:
    for place, numbers in enumerate([Line(ANNA, SALON), Line(ANNA, SALON), line(None, None, most=1)]):
        assert await holds.take(**wish(place, numbers))


async def test_a_call_renews_and_moves_its_hold_at_the_limit(holds: Holds) -> None:
    for place in range(3):
        await holds.take(**wish(place, line()))
    assert await holds.take(**wish(2, line()))
    assert await holds.take(**wish(7, line(), call_id="call-2"))
    assert await held(holds) == ["call-0", "call-1", "call-2"]


@pytest.mark.parametrize("freed", ["released", "run out"])
async def test_a_hold_that_is_over_counts_no_longer(holds: Holds, clock: Clock, freed: str) -> None:
    await holds.take(**wish(0, line(most_of_caller=1)))
    if freed == "released":
        await holds.release("call-0")
    else:
        clock.now += timedelta(seconds=120)
    assert await holds.take(**wish(1, line(most_of_caller=1)))


async def test_a_slot_another_call_holds_is_refused_before_limits_are_looked_at(holds: Holds) -> None:
    await holds.take(**wish(0, line(BEN)))
    await holds.take(**wish(1, line(most_of_caller=1)))
    assert not await holds.take(**wish(0, line(most_of_caller=1), call_id="call-2"))


async def test_the_limit_refuses_without_a_trace(holds: Holds) -> None:
    await holds.take(**wish(0, line(most_of_caller=1)))
    await holds.take(**wish(1, line(most_of_caller=2)))
    before = await holds.live("salon", "chair")
    with pytest.raises(OverLimit):
        await holds.take(**wish(9, line(most_of_caller=1), call_id="call-1", seconds=999))
    assert await holds.live("salon", "chair") == before


async def test_a_hold_has_no_callers_number_in_it(holds: Holds, engine: AsyncEngine) -> None:
    await holds.take(**wish(0, line()))
    async with reading(engine) as session:
        [hold] = (await session.exec(select(Hold))).all()
    assert (hold.caller, hold.dialled) == (digest_of("salon", ANNA), SALON)
    assert ANNA[-6:] not in hold.model_dump_json()
    assert digest_of("other salon", ANNA) != hold.caller
