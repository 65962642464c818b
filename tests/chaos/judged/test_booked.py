"""What was booked: a promise that is broken is found, and what only looks like it is not."""

from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.api.history.v1 import HistoryEvent

from tests.chaos.altered import (
    HALF_AN_HOUR,
    HOUR,
    SECOND,
    also_booked,
    broken,
    heard,
    in_ledger,
    last,
    nobody_answers,
    nobody_heard,
    recorded_otherwise,
    said_further,
    steps_named,
    with_history,
)
from tests.chaos.evidence import Evidence
from tests.chaos.example import example
from tests.chaos.promises.intervals import most_at_once

ELEVEN = {"datum": "16.10.2025", "uhrzeit": "11:00"}


class TestNothingIsBookedTwice:
    async def test_one_call_has_one_booking_of_a_moment(self, booked: Evidence) -> None:
        again = also_booked(booked, host="anna", call_id=booked.calls[0].call_id)
        assert 2 in await broken(again)

    @pytest.mark.parametrize("earlier", [HALF_AN_HOUR, timedelta(0)])
    async def test_a_longer_appointment_overlaps_a_shorter_one(self, booked: Evidence, earlier: timedelta) -> None:
        start = booked.ledger[0].start - earlier
        assert 2 in await broken(also_booked(booked, event_type_id=900004, start=start, end=start + HOUR))

    @pytest.mark.parametrize(
        "other",
        [
            {"call_id": None},
            {"stands": False},
            {"host": "anna"},
            {"start": datetime.fromisoformat("2025-10-16T07:30:00+00:00")},
        ],
        ids=["a stranger's", "a cancelled one", "another host's", "one that begins when ours ends"],
    )
    async def test_what_does_not_overlap_ours_is_no_breach(self, booked: Evidence, other: dict[str, Any]) -> None:
        assert 2 not in await broken(also_booked(booked, **other))

    async def test_a_host_of_two_seats_takes_two_and_no_third(self, booked: Evidence) -> None:
        two = replace(also_booked(booked), capacities={900003: 2})
        assert 2 not in await broken(two)
        assert 2 in await broken(also_booked(two, uid="uid-third", call_id="call_third"))

    def test_spans_in_a_row_are_never_at_once(self) -> None:
        nine = datetime.fromisoformat("2025-10-16T09:00:00+00:00")
        in_a_row = [(nine + n * HALF_AN_HOUR, nine + (n + 1) * HALF_AN_HOUR) for n in range(3)]
        assert most_at_once(in_a_row, (nine, nine + 2 * HOUR)) == 1
        assert most_at_once([*in_a_row, (nine, nine + HOUR)], (nine, nine + 2 * HOUR)) == 2
        assert most_at_once(in_a_row, (nine + 2 * HOUR, nine + 3 * HOUR)) == 0


class TestNoYesIsCarriedOutTwice:
    async def test_a_yes_makes_one_booking(self, booked: Evidence) -> None:
        start = booked.ledger[0].start + HOUR
        assert 4 in await broken(also_booked(booked, call_id=booked.calls[0].call_id, start=start))

    async def test_nothing_is_booked_before_a_yes(self, booked: Evidence) -> None:
        assert 4 in await broken(in_ledger(booked, created_at=last(booked).sent_at - 3 * SECOND))

    async def test_a_yes_whose_copy_came_through_may_book(self, booked: Evidence) -> None:
        early = replace(last(booked), sent_at=last(booked).sent_at - 4 * SECOND, copy=True)
        made_early = in_ledger(booked, created_at=last(booked).sent_at - 3 * SECOND)
        assert 4 not in await broken(said_further(made_early, early))

    async def test_a_yes_repeated_into_silence_is_one_yes(self, booked: Evidence) -> None:
        eleven = replace(last(booked), args=ELEVEN, meant=booked.ledger[0].start + 2 * HOUR)
        unheard = said_further(booked, nobody_answers(eleven), nobody_answers(eleven, 2 * SECOND), yes=True)
        made = {"call_id": booked.calls[0].call_id, "created_at": last(unheard).sent_at + SECOND}
        second = also_booked(unheard, start=booked.ledger[0].start + 2 * HOUR, **made)
        assert 4 not in await broken(second)
        assert 4 in await broken(also_booked(second, uid="uid-third", start=booked.ledger[0].start + 3 * HOUR, **made))

    async def test_the_alternative_that_was_chosen_is_booked(self) -> None:
        evidence = await example("taken_at_recheck")
        other = evidence.ledger[0].start - HALF_AN_HOUR
        assert 4 in await broken(in_ledger(evidence, start=other))

    async def test_a_mere_yes_books_what_was_offered(self, booked: Evidence) -> None:
        assert 4 in await broken(in_ledger(booked, start=booked.ledger[0].start + HOUR))

    async def test_a_mere_yes_after_a_lost_answer_may_mean_its_offer(self, booked: Evidence) -> None:
        assert 4 not in await broken(in_ledger(nobody_heard(booked), start=booked.ledger[0].start + HOUR))

    @pytest.mark.parametrize(("after", "may_mean_it"), [(-1, False), (1, True)])
    async def test_only_an_answer_lost_after_the_last_offer_may_have_been_another(
        self, booked: Evidence, after: float, may_mean_it: bool
    ) -> None:
        lost = nobody_answers(booked.calls[0].exchanges[0], after * SECOND)
        elsewhere = in_ledger(said_further(booked, lost), start=booked.ledger[0].start + HOUR)
        later = heard(elsewhere, 1, sent_at=last(booked).sent_at + 2 * SECOND)
        made = in_ledger(later, created_at=last(booked).sent_at + 2 * SECOND)
        assert (4 not in await broken(made)) is may_mean_it

    async def test_a_yes_that_names_a_moment_books_that(self) -> None:
        evidence = await example("confirmation_first")
        (call,) = evidence.calls
        elsewhere = [replace(said, meant=evidence.ledger[0].start + HOUR) for said in call.exchanges]
        lost = replace(nobody_answers(call.exchanges[0], -SECOND), what="check_availability")
        assert 4 in await broken(
            replace(evidence, calls=[replace(call, exchanges=[lost, *elsewhere], said_yes=[1, 2])])
        )

    async def test_a_turn_books_in_one_step(self, booked: Evidence) -> None:
        def again(record: dict[str, Any]) -> None:
            for turn in record["turns"]:
                turn["steps"] += [step for step in turn["steps"] if step["name"] == "book_slot"]

        assert 4 in await broken(recorded_otherwise(booked, again))

    async def test_a_turn_is_answered_once(self, booked: Evidence) -> None:
        twice = recorded_otherwise(booked, lambda record: record["turns"].extend(record["turns"][1:]))
        assert 4 in await broken(twice)

    async def test_a_yes_has_one_step_that_books(self, booked: Evidence) -> None:
        def again(events: list[HistoryEvent]) -> list[HistoryEvent]:
            steps = [deepcopy(event) for event in events if event.event_id in steps_named(events, "book_slot")]
            for event in steps:
                event.event_id += 1000
                if event.HasField("activity_task_completed_event_attributes"):
                    event.activity_task_completed_event_attributes.scheduled_event_id += 1000
            return [*events, *steps]

        assert 4 in await broken(with_history(booked, again))
