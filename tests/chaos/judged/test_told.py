"""What callers were told: a promise that is broken is found, and what only looks like it is not."""

from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from temporalio.api.history.v1 import HistoryEvent

from starter.replies.language import language
from tests.chaos.altered import (
    HOUR,
    MINUTE,
    SECOND,
    a_yes_again,
    also_booked,
    beside,
    broken,
    heard,
    in_ledger,
    last,
    nobody_answers,
    of_capacity,
    place_of,
    said_further,
    with_history,
    without_steps,
)
from tests.chaos.evidence import Evidence, Injected
from tests.chaos.example import example
from tests.chaos.promises import told
from tests.chaos.promises.case import span
from tests.chaos.promises.recorded import read

NOTHING: dict[str, dict[str, Any]] = {
    "error": {"body": {"status": "error"}},
    "taken, and no word of what is free": {"body": {"status": "slot_taken", "alternatives": []}},
    "too busy": {"status_code": 503},
    "silence": {"status_code": None, "seconds": 0.1},
}


FOUND = {"status": "unavailable", "message": "It is taken."}
NOT_FOUND_OUT = {"status": "error", "message": "Nothing could be found out."}


async def looked_at_first(evidence: Evidence) -> datetime:
    """Return when the calendar was asked first."""
    recorded = await read(evidence.histories[0], evidence.converter)
    assert recorded is not None
    return next(step.began_at for step in recorded.steps if step.seen_free)


class TestEveryYesComesToSomething:
    async def test_a_yes_that_goes_on_by_itself_is_told_so(self, booked: Evidence) -> None:
        assert not {1, 3, 4} & await broken(heard(booked, 1, {"status": "pending"}))

    async def test_it_does_not_go_on_where_no_yes_arrived(self, offered: Evidence) -> None:
        pending = replace(last(offered), body={"status": "pending", "message": "One moment."})
        assert 1 in await broken(said_further(offered, pending, yes=True))

    @pytest.mark.parametrize("body", [{"status": "new_customer"}, {"status": ""}, {"message": ""}])
    async def test_a_yes_is_answered_with_what_it_came_to(self, booked: Evidence, body: dict[str, str]) -> None:
        assert 1 in await broken(heard(booked, 1, body))

    async def test_a_yes_that_arrived_is_decided(self, offered: Evidence) -> None:
        yes = await a_yes_again("yes/lost")

        def before_the_end(events: list[HistoryEvent]) -> list[HistoryEvent]:
            place = place_of(events, "hang_up")
            return [*events[:place], yes, *events[place:]]

        assert 1 in await broken(with_history(offered, before_the_end))

    async def test_a_yes_after_the_end_needs_no_decision(self, offered: Evidence) -> None:
        yes = await a_yes_again("yes/late")
        assert 1 not in await broken(with_history(offered, lambda events: [*events, yes]))

    async def test_the_same_yes_again_has_the_answer_of_the_first(self, booked: Evidence) -> None:
        again = await a_yes_again("yes/again")

        def twice(events: list[HistoryEvent]) -> list[HistoryEvent]:
            place = place_of(events, "confirm")
            return [*events[:place], again, *events[place:]]

        assert 1 not in await broken(with_history(booked, twice))

    async def test_a_yes_that_joined_another_needs_no_decision_when_it_is_delivered_once_more(
        self, booked: Evidence
    ) -> None:
        again = await a_yes_again("yes/again")

        def thrice(events: list[HistoryEvent]) -> list[HistoryEvent]:
            place, end = place_of(events, "confirm"), place_of(events, "hang_up")
            once_more = deepcopy(again)
            once_more.event_time.seconds = events[-1].event_time.seconds + 60
            return [*events[:place], again, *events[place:end], once_more, *events[end:]]

        assert 1 not in await broken(with_history(booked, thrice))

    async def test_a_call_in_calm_weather_ends_booked(self, booked: Evidence, offered: Evidence) -> None:
        calm = [replace(evidence, calls=[replace(evidence.calls[0], calm=True)]) for evidence in (booked, offered)]
        assert [await broken(evidence) for evidence in calm] == [set(), {1}]

    @pytest.mark.parametrize("answer", NOTHING.values(), ids=NOTHING)
    async def test_nothing_comes_of_what_was_said_only_where_something_was_wrong(
        self, booked: Evidence, answer: dict[str, Any]
    ) -> None:
        nothing = heard(booked, 1, **answer)
        at = last(booked).sent_at

        async def excuses(injected: Injected) -> bool:
            return 1 not in await broken(replace(nothing, injected=[injected]))

        assert 1 in await broken(nothing)
        assert await excuses(Injected(at - 14 * SECOND, "the worker is killed", killed="worker"))
        assert not await excuses(Injected(at - 16 * SECOND, "the worker is killed", killed="worker"))
        assert not await excuses(Injected(at - SECOND, "slots are late", fault="delay"))
        assert not await excuses(Injected(at + 31 * SECOND, "the worker is killed", killed="worker"))
        assert not await excuses(Injected(at - SECOND, "a stranger books"))

    async def test_a_step_that_failed_explains_what_its_turn_came_to_and_no_other(self) -> None:
        evidence = await example("recheck_fails")
        assert 1 not in await broken(heard(evidence, 1, **NOTHING["error"]))
        assert 1 in await broken(heard(evidence, 0, **NOTHING["error"]))

    async def test_who_asks_again_hears_what_failed_when_it_was_asked_first(self) -> None:
        evidence = await example("recheck_fails")
        first = evidence.calls[0].exchanges[1]
        waits = heard(evidence, 1, {"status": "pending"})
        again = replace(first, sent_at=first.sent_at + 30 * SECOND, seconds=0.1, body=NOT_FOUND_OUT)
        assert 1 not in await broken(said_further(waits, again, yes=True))
        booked = heard(evidence, 1, {"status": "unavailable"})
        assert 1 in await broken(said_further(booked, again, yes=True))

    async def test_however_much_goes_wrong_few_answers_are_that_nothing_could_be_found_out(
        self, booked: Evidence, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(told, "ENOUGH_ANSWERS", 20)
        at = last(booked).sent_at
        storm = [Injected(at + minute * MINUTE, "the worker is killed", killed="worker") for minute in range(20)]

        async def kept_with(errors: int) -> bool:
            question = replace(booked.calls[0].exchanges[0], body=NOT_FOUND_OUT)
            good = [replace(question, sent_at=at + place * MINUTE, body=FOUND) for place in range(18 - errors)]
            bad = [replace(question, sent_at=at + place * MINUTE) for place in range(18 - errors, 18)]
            return 1 not in await broken(replace(said_further(booked, *good, *bad), injected=storm))

        assert await kept_with(errors=4)
        assert not await kept_with(errors=5)

    async def test_nobody_needs_to_hear_what_a_copy_is_answered(self, booked: Evidence) -> None:
        copy = replace(nobody_answers(last(booked)), copy=True)
        assert await broken(said_further(booked, copy)) == set()


class TestWhatWasToldIsTrue:
    @pytest.mark.parametrize(
        "changes",
        [
            {"uid": "another"},
            {"call_id": "call_of_another"},
            {"call_id": None},
            {"stands": False},
            {"start": datetime.fromisoformat("2025-10-16T08:00:00+00:00")},
        ],
    )
    async def test_nobody_is_told_booked_without_a_booking(self, booked: Evidence, changes: dict[str, Any]) -> None:
        assert 3 in await broken(in_ledger(booked, **changes))

    async def test_nobody_is_told_booked_before_it_is(self, booked: Evidence) -> None:
        assert 3 in await broken(in_ledger(booked, created_at=last(booked).sent_at + 3 * SECOND))

    async def test_a_copy_is_told_the_truth_as_well(self, booked: Evidence) -> None:
        copy = replace(last(booked), copy=True)
        assert await broken(said_further(booked, copy)) == set()
        assert 3 in await broken(said_further(booked, replace(copy, body={**copy.body, "booking_uid": "invented"})))

    @pytest.mark.parametrize(
        "body",
        [{"status": "slot_taken"}, {"status": "no_availability", "reason": "race_condition_detected"}],
        ids=["taken", "taken, and nothing else is free"],
    )
    async def test_nobody_is_told_that_his_own_slot_is_taken(self, booked: Evidence, body: dict[str, str]) -> None:
        assert 3 in await broken(heard(booked, 1, body))

    @pytest.mark.parametrize(
        ("words", "reason", "is_a_lie"),
        [
            ({"datum": "16.10.2025", "uhrzeit": "09:00"}, None, True),
            ({"datum": "16.10.2025", "uhrzeit": "09:00"}, "held_by_another_call", True),
            ({"datum": "16.10.2025", "uhrzeit": "09:00"}, "outside_hours", False),
            ({"datum": "16.10.2025", "uhrzeit": "vormittags"}, None, False),
        ],
    )
    async def test_not_available_is_said_of_others_slots(
        self, booked: Evidence, words: dict[str, str], reason: str | None, is_a_lie: bool
    ) -> None:
        body = {"status": "unavailable", "message": "No.", "requested_start": "2025-10-16T09:00:00+02:00"}
        body |= {"reason": reason} if reason else {}
        asked = replace(
            last(booked), what="check_availability", sent_at=last(booked).sent_at + SECOND, args=words, body=body
        )
        assert (3 in await broken(said_further(booked, asked))) is is_a_lie

    @pytest.mark.parametrize("status", ["slot_taken", "available", "missing_customer_name", "error", "closed"])
    async def test_a_yes_that_was_refused_books_nothing_later(self, taken: Evidence, status: str) -> None:
        later = last(taken).sent_at + 3 * SECOND
        refused = heard(taken, 1, {"status": status})
        assert 3 in await broken(also_booked(refused, call_id=taken.calls[0].call_id, created_at=later))

    @pytest.mark.parametrize(
        "body",
        [
            {"status": "pending"},
            {"status": "error", "message": language("de").uncertain},
            {"status": "error", "message": language("en").uncertain},
        ],
    )
    async def test_who_was_told_that_it_is_not_known_may_have_a_booking(
        self, taken: Evidence, body: dict[str, str]
    ) -> None:
        later = last(taken).sent_at + 3 * SECOND
        not_known = heard(taken, 1, body)
        assert 3 not in await broken(also_booked(not_known, call_id=taken.calls[0].call_id, created_at=later))

    async def test_a_yes_without_an_answer_may_book_while_the_next_is_asked_back(self, taken: Evidence) -> None:
        first = nobody_answers(last(taken))
        asked_back = replace(last(taken), sent_at=first.sent_at + SECOND, body={"status": "error", "message": "When?"})
        made_at = asked_back.sent_at + SECOND
        story = said_further(taken, first, asked_back, yes=True)
        assert 3 not in await broken(also_booked(story, call_id=taken.calls[0].call_id, created_at=made_at))

    async def test_nothing_is_offered_that_we_booked_before(self, offered: Evidence) -> None:
        assert 3 in await broken(also_booked(offered, created_at=last(offered).sent_at - HOUR))

    @pytest.mark.parametrize(
        "other",
        [
            {"stands": False},
            {"call_id": None},
            {"event_type_id": 900005},
            {"start": datetime.fromisoformat("2025-10-16T07:30:00+00:00")},
            {"start": datetime.fromisoformat("2025-10-16T06:30:00+00:00")},
        ],
        ids=["a cancelled one", "a stranger's", "one on another calendar", "one after it", "one before it"],
    )
    async def test_an_offer_beside_other_bookings_is_true(self, offered: Evidence, other: dict[str, Any]) -> None:
        made_at = last(offered).sent_at - HOUR
        assert 3 not in await broken(also_booked(offered, created_at=made_at, **other))

    async def test_an_offer_may_be_as_old_as_the_calendars_lists(self, offered: Evidence) -> None:
        looked_at = last(offered).sent_at
        assert 3 not in await broken(also_booked(offered, created_at=looked_at - SECOND))
        old = also_booked(offered, created_at=looked_at - 20 * SECOND)
        stale = Injected(looked_at - 25 * SECOND, "slots are stale", fault="stale")
        assert 3 not in await broken(replace(old, injected=[stale]))
        assert 3 in await broken(replace(old, injected=[replace(stale, fault="delay")]))

    @pytest.mark.parametrize(("after", "is_too_late"), [(0.9, False), (1.1, True)])
    async def test_a_booking_is_made_a_second_after_it_was_told_at_the_latest(
        self, booked: Evidence, after: float, is_too_late: bool
    ) -> None:
        made_at = span(last(booked)).ended + after * SECOND
        assert (3 in await broken(in_ledger(booked, created_at=made_at))) is is_too_late

    async def test_what_a_yes_booked_is_the_moment_it_named(self) -> None:
        evidence = await example("confirmation_first")
        assert 3 in await broken(heard(evidence, 0, meant=evidence.ledger[0].start + HOUR))

    async def test_what_is_available_is_the_moment_that_was_named(self, offered: Evidence) -> None:
        later = datetime.fromisoformat("2025-10-16T08:00:00+00:00")
        assert 3 in await broken(heard(offered, 0, meant=later))
        assert 3 not in await broken(heard(offered, 0, meant=later, args={"uhrzeit": "vormittags"}))
        assert 3 not in await broken(heard(offered, 0, meant=later, copy=True))

    @pytest.mark.parametrize(
        ("other", "is_a_lie"),
        [
            ({"call_id": "call_of_another"}, False),
            ({"call_id": None}, False),
            ({"start": datetime.fromisoformat("2025-10-16T06:45:00+00:00")}, False),
            ({"stands": False}, True),
            ({"event_type_id": 900005}, True),
            ({"start": datetime.fromisoformat("2025-10-16T07:30:00+00:00")}, True),
            ({"start": datetime.fromisoformat("2025-10-16T06:30:00+00:00")}, True),
        ],
        ids=["another call's", "a stranger's", "over it", "cancelled", "another calendar's", "after it", "before it"],
    )
    async def test_what_is_called_taken_is_booked_by_somebody_else(
        self, taken: Evidence, other: dict[str, Any], is_a_lie: bool
    ) -> None:
        assert (3 in await broken(also_booked(replace(taken, ledger=[]), **other))) is is_a_lie

    @pytest.mark.parametrize("name", ["taken_at_booking", "taken_at_recheck", "held_by_another_call", "calendar_full"])
    async def test_nothing_is_called_taken_that_nobody_has(self, name: str) -> None:
        evidence = await example(name)
        ours = [booking for booking in evidence.ledger if booking.call_id]
        assert await broken(replace(evidence, ledger=ours)) == {3}

    @pytest.mark.parametrize(("after", "is_a_lie"), [(0.9, False), (1.1, True)])
    async def test_what_is_called_taken_was_booked_by_then(self, taken: Evidence, after: float, is_a_lie: bool) -> None:
        made_at = span(last(taken)).ended + after * SECOND
        other = also_booked(replace(taken, ledger=[]), call_id=None, created_at=made_at)
        assert (3 in await broken(other)) is is_a_lie

    async def test_a_calendar_that_takes_two_at_a_time_is_taken_by_two(self, taken: Evidence) -> None:
        one = of_capacity(taken, 2)
        assert 3 in await broken(one)
        assert 3 not in await broken(also_booked(one, call_id=None))

    @pytest.mark.parametrize(("seconds", "is_a_lie"), [(0.5, False), (5, True)])
    async def test_what_is_called_held_another_call_holds_and_has_not_let_go(
        self, offered: Evidence, seconds: float, is_a_lie: bool
    ) -> None:
        held = replace(await example("held_by_another_call"), ledger=[])
        assert (3 in await broken(beside(held, offered, last(held).sent_at - seconds * SECOND))) is is_a_lie

    @pytest.mark.parametrize(("seconds", "is_a_lie"), [(110, False), (130, True), (-2, True)])
    async def test_a_hold_that_is_not_let_go_runs_out(self, offered: Evidence, seconds: float, is_a_lie: bool) -> None:
        held = replace(await example("held_by_another_call"), ledger=[])
        kept = without_steps(offered, "release_hold")
        assert (3 in await broken(beside(held, kept, last(held).sent_at - seconds * SECOND))) is is_a_lie

    async def test_a_yes_that_was_refused_books_nothing_by_its_copy(self, taken: Evidence) -> None:
        copy = replace(last(taken), copy=True, sent_at=span(last(taken)).ended + SECOND)
        made = {"call_id": taken.calls[0].call_id, "created_at": copy.sent_at + SECOND / 5}
        assert 3 in await broken(also_booked(said_further(taken, copy), **made))
        said_again = said_further(taken, nobody_answers(last(taken), copy.sent_at - last(taken).sent_at), yes=True)
        assert 3 not in await broken(also_booked(said_again, **made))

    @pytest.mark.parametrize(("seconds", "is_a_lie"), [(4.9, False), (5.1, True)])
    async def test_what_was_clearly_booked_before_a_look_is_not_offered(
        self, offered: Evidence, seconds: float, is_a_lie: bool
    ) -> None:
        looked_at = await looked_at_first(offered)
        assert (3 in await broken(also_booked(offered, created_at=looked_at - seconds * SECOND))) is is_a_lie

    @pytest.mark.parametrize(("seconds", "is_a_lie"), [(59, False), (61, True)])
    async def test_an_old_list_is_shown_within_a_minute_of_its_order(
        self, offered: Evidence, seconds: float, is_a_lie: bool
    ) -> None:
        looked_at = await looked_at_first(offered)
        old = also_booked(offered, created_at=looked_at - HOUR)
        stale = Injected(looked_at - seconds * SECOND, "slots are stale", fault="stale")
        assert (3 in await broken(replace(old, injected=[stale]))) is is_a_lie


class TestAnswersComeInTime:
    @pytest.mark.parametrize(("seconds", "is_late"), [(8.9, False), (9.1, True)])
    async def test_an_answer_has_the_budget_and_a_second(self, booked: Evidence, seconds: float, is_late: bool) -> None:
        assert (5 in await broken(heard(booked, 0, seconds=seconds))) is is_late

    @pytest.mark.parametrize(("seconds", "is_silence"), [(0.2, False), (20, True)])
    async def test_a_dead_process_breaks_off_and_is_not_silent(
        self, booked: Evidence, seconds: float, is_silence: bool
    ) -> None:
        assert (5 in await broken(heard(booked, 0, status_code=None, seconds=seconds))) is is_silence

    @pytest.mark.parametrize(("status_code", "is_raw"), [(200, False), (503, False), (500, True), (401, True)])
    async def test_nobody_hears_a_raw_error(self, booked: Evidence, status_code: int, is_raw: bool) -> None:
        assert (5 in await broken(heard(booked, 0, status_code=status_code))) is is_raw

    async def test_nobody_waits_for_the_answer_to_an_event(self, booked: Evidence) -> None:
        event = replace(last(booked), what="call_ended", seconds=15, body={}, args={})
        assert 5 not in await broken(said_further(booked, event))
