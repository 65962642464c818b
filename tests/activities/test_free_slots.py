from datetime import UTC, datetime, timedelta

import pytest

from activities.free_slots import slots_free_of

HALF_HOUR = timedelta(minutes=30)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, 8, hour, minute, tzinfo=UTC)


def test_touching_intervals_do_not_meet() -> None:
    starts = (at(9), at(9, 30), at(10))

    assert slots_free_of(starts, HALF_HOUR, [(at(9, 30), at(10))], 1) == (at(9), at(10))


@pytest.mark.parametrize(
    "held",
    [
        (at(9, 29), at(9, 31)),
        (at(9, 59), at(11)),
        (at(8), at(12)),
        (at(9, 40), at(9, 50)),
        (at(9, 30), at(10)),
    ],
)
def test_any_overlap_with_the_full_duration_counts(held: tuple[datetime, datetime]) -> None:
    assert slots_free_of((at(9, 30),), HALF_HOUR, [held], 1) == ()


def test_with_capacity_two_the_second_hold_closes_the_slot() -> None:
    hold = (at(9), at(9, 30))

    assert slots_free_of((at(9),), HALF_HOUR, [hold], 2) == (at(9),)
    assert slots_free_of((at(9),), HALF_HOUR, [hold, hold], 2) == ()


def test_without_holds_everything_stays() -> None:
    assert slots_free_of((at(9), at(10)), HALF_HOUR, [], 1) == (at(9), at(10))
