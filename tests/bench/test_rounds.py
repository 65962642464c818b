from dataclasses import replace

from bench.rounds import Condition, cpu_of, sittings, tally
from bench.systems import APART, PLAIN, STOCK
from tests.bench.made import played, run

SLOW = Condition(calendar_ms=50, seconds=1, calls_a_second=1)
BUSY = Condition(calendar_ms=50, seconds=1, calls_a_second=10)
AT_ONCE = Condition(calendar_ms=0, seconds=1, calls_a_second=10)


def test_a_system_is_started_once_for_conditions_it_can_take_one_after_the_other() -> None:
    plan = {SLOW: (PLAIN, APART), BUSY: (PLAIN, APART, STOCK), AT_ONCE: (PLAIN,)}

    first = [(system.name, conditions) for number, system, conditions in sittings(plan)]

    assert first == [
        ("plain", [SLOW, BUSY]),
        ("apart", [SLOW, BUSY]),
        ("stock", [BUSY]),
        ("plain", [AT_ONCE]),
    ]


def test_every_other_round_goes_the_other_way_round() -> None:
    order = [(number, system.name) for number, system, _ in sittings({replace(BUSY, rounds=3): (PLAIN, APART)})]

    assert order == [(0, "plain"), (0, "apart"), (1, "apart"), (1, "plain"), (2, "plain"), (2, "apart")]


def test_a_condition_is_played_as_often_as_it_says_beside_those_that_are_still_due() -> None:
    thrice = replace(BUSY, rounds=3)

    assert [conditions for _, _, conditions in sittings({SLOW: (PLAIN,), thrice: (PLAIN,)})] == [
        [SLOW, thrice],
        [thrice],
        [thrice],
    ]


def test_what_was_counted_is_counted_over_all_rounds() -> None:
    rounds = [
        run(played(10, 20), played(10, 20), Temporal=200, Worker=100),
        run(played(10, 20), played(10, 0, "pending"), unheld=1, Temporal=400, Worker=140),
    ]

    counted = tally(rounds)

    assert (counted["calls"], counted["not_booked"], counted["unheld"]) == (4, 1, 1)
    assert counted["failures"] == "confirm: pending 1"
    assert counted["requests_per_call"] == 3
    assert (counted["cpu_temporal_ms"], counted["cpu_worker_max_ms"]) == (150, 70)
    assert cpu_of(counted) == "temporal 150, worker 60"


def test_a_second_counts_until_the_last_call_is_at_rest() -> None:
    assert run(played(10, 20), played(10, 20), played(10, 0, "error"), seconds=4).calls_a_second == 0.5
