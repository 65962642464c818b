"""A promise that is broken is found, and what only looks like it is not."""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecutionStatus, WorkflowHistory

from starter.replies.language import language
from store.tables import Hold
from tests.chaos.evidence import Evidence, Exchange, Injected, LedgerBooking
from tests.chaos.example import NAME, example
from tests.chaos.promises import PROMISES, judge
from tests.chaos.promises.intervals import most_at_once
from tests.replay.record import PATHS
from workflows.calendar import Calendar

SECOND = timedelta(seconds=1)
HALF_AN_HOUR = timedelta(minutes=30)
HOUR = timedelta(hours=1)


@pytest.fixture
async def booked() -> Evidence:
    """A question, a yes, a booking."""
    return await example("booked")


@pytest.fixture
async def offered() -> Evidence:
    """A question; the caller hangs up on the offer."""
    return await example("hung_up")


@pytest.fixture
async def taken() -> Evidence:
    """A question, a yes, somebody else's booking."""
    return await example("taken_at_booking")


ALL_BUT_REPLAY = [promise for promise in PROMISES if promise.number != 7]


async def broken(evidence: Evidence) -> set[int]:
    """Return the promises that were not kept; histories that were tampered with are not replayed."""
    return {breach.promise for breach in await judge(evidence, ALL_BUT_REPLAY)}


def heard(evidence: Evidence, place: int, body: dict[str, Any] | None = None, **changes: Any) -> Evidence:
    """Return the evidence with another answer, or another question, at a place of the conversation."""
    (call,) = evidence.calls
    exchanges = list(call.exchanges)
    changes |= {"body": {**exchanges[place].body, **body}} if body else {}
    exchanges[place] = replace(exchanges[place], **changes)
    return replace(evidence, calls=[replace(call, exchanges=exchanges)])


def said_further(evidence: Evidence, *further: Exchange, yes: bool = False) -> Evidence:
    """Return the evidence of a conversation that went on."""
    (call,) = evidence.calls
    places = range(len(call.exchanges), len(call.exchanges) + len(further)) if yes else ()
    said = replace(call, exchanges=[*call.exchanges, *further], said_yes=[*call.said_yes, *places])
    return replace(evidence, calls=[said])


def last(evidence: Evidence) -> Exchange:
    """Return what was said last."""
    return evidence.calls[0].exchanges[-1]


def nobody_answers(exchange: Exchange, after: timedelta = SECOND) -> Exchange:
    """Return the same words, said later, to which no answer came."""
    return replace(exchange, sent_at=exchange.sent_at + after, status_code=None, body={}, seconds=0.1)


def in_ledger(evidence: Evidence, **changes: Any) -> Evidence:
    """Return the evidence with its one booking changed."""
    (booking,) = evidence.ledger
    return replace(evidence, ledger=[replace(booking, **changes)])


def also_booked(evidence: Evidence, **as_in: Any) -> Evidence:
    """Return the evidence with a further booking: a haircut of another call with Dr Smith, unless it says otherwise."""
    return replace(evidence, ledger=[*evidence.ledger, a_booking(evidence, **as_in)])


def a_booking(evidence: Evidence, **as_in: Any) -> LedgerBooking:
    at = last(evidence).sent_at
    start = datetime.fromisoformat("2025-10-16T07:00:00+00:00")
    usual: dict[str, Any] = {
        "uid": "uid-further",
        "event_type_id": 900003,
        "host": "drsmith",
        "start": start,
        "end": as_in.get("start", start) + HALF_AN_HOUR,
        "created_at": at,
        "stands": True,
        "call_id": "call_of_another",
    }
    return LedgerBooking(**(usual | as_in))


def with_history(evidence: Evidence, change: Callable[[list[HistoryEvent]], list[HistoryEvent]]) -> Evidence:
    """Return the evidence with other events in its history."""
    (told,) = evidence.histories
    events = change([deepcopy(event) for event in told.history.events])
    return replace(evidence, histories=[replace(told, history=WorkflowHistory(told.workflow_id, events))])


def place_of(events: Sequence[HistoryEvent], signal: str) -> int:
    """Return where in a history a signal stands."""
    return next(n for n, e in enumerate(events) if e.workflow_execution_signaled_event_attributes.signal_name == signal)


async def a_yes_again(turn_id: str) -> HistoryEvent:
    """Return the signal of a yes, as another turn."""
    (told,) = (await example("booked")).histories
    event = deepcopy(told.history.events[place_of(told.history.events, "confirm")])
    (payload,) = event.workflow_execution_signaled_event_attributes.input.payloads
    said = json.loads(payload.data)
    payload.data = json.dumps({**said, "wish": {**said["wish"], "turn_id": turn_id}}).encode()
    return event


def recorded_otherwise(evidence: Evidence, change: Callable[[dict[str, Any]], None]) -> Evidence:
    """Return the evidence with another record of the call in its history."""

    def rewrite(events: list[HistoryEvent]) -> list[HistoryEvent]:
        for event in events:
            scheduled = event.activity_task_scheduled_event_attributes
            if scheduled.activity_type.name == "record_call":
                (payload,) = scheduled.input.payloads
                record = json.loads(payload.data)
                change(record)
                payload.data = json.dumps(record).encode()
        return events

    return with_history(evidence, rewrite)


def steps_named(events: Sequence[HistoryEvent], name: str) -> set[int]:
    """Return the numbers of all events that belong to the steps of a name."""
    begun = {e.event_id for e in events if e.activity_task_scheduled_event_attributes.activity_type.name == name}
    ends = ("activity_task_started_event_attributes", "activity_task_completed_event_attributes")
    return begun | {e.event_id for e in events for end in ends if getattr(e, end).scheduled_event_id in begun}


def hold_of(evidence: Evidence, expires_at: datetime) -> Evidence:
    """Return the evidence with a hold that is left."""
    start = datetime.fromisoformat("2025-10-16T07:00:00+00:00")
    hold = Hold(
        call_id=evidence.calls[0].call_id,
        company="salon-beispiel",
        calendar="dr-smith",
        starts_at=start,
        ends_at=start + HALF_AN_HOUR,
        expires_at=expires_at,
    )
    return replace(evidence, store=replace(evidence.store, holds=[hold]))


@pytest.mark.parametrize("name", PATHS)
async def test_an_undisturbed_call_keeps_every_promise(name: str) -> None:
    assert await judge(await example(name)) == []


def test_the_promises_are_numbered_from_one_to_nine() -> None:
    assert [promise.number for promise in PROMISES] == list(range(1, 10))


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

    async def test_a_slot_that_a_stranger_took_is_called_taken(self, taken: Evidence) -> None:
        assert await broken(also_booked(taken, call_id=None)) == set()

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
        eleven = replace(last(booked), args={"datum": "16.10.2025", "uhrzeit": "11:00"})
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


def nobody_heard(evidence: Evidence) -> Evidence:
    """Return the evidence of a question whose answer was lost."""
    (call,) = evidence.calls
    lost = replace(call.exchanges[0], status_code=None, body={})
    return replace(evidence, calls=[replace(call, exchanges=[lost, *call.exchanges[1:]])])


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


class TestNothingIsLeftOpen:
    @pytest.mark.parametrize("name", ["RUNNING", "FAILED", "TIMED_OUT", "TERMINATED"])
    async def test_a_call_ends_by_itself(self, booked: Evidence, name: str) -> None:
        (told,) = booked.histories
        other = replace(told, status=WorkflowExecutionStatus[name])
        assert 6 in await broken(replace(booked, histories=[other]))

    async def test_no_hold_lives_on(self, booked: Evidence) -> None:
        assert 6 in await broken(hold_of(booked, booked.settled_at + SECOND))

    async def test_a_booked_slots_hold_may_run_out(self, booked: Evidence) -> None:
        assert 6 not in await broken(hold_of(booked, last(booked).sent_at + 10 * SECOND))

    async def test_a_hold_that_was_let_go_is_gone(self, offered: Evidence) -> None:
        assert 6 in await broken(hold_of(offered, last(offered).sent_at + 120 * SECOND))

    async def test_a_lost_step_may_take_a_hold_late(self, offered: Evidence) -> None:
        assert 6 not in await broken(hold_of(offered, last(offered).sent_at + 150 * SECOND))

    async def test_a_call_lets_its_hold_go(self, offered: Evidence) -> None:
        def never(events: list[HistoryEvent]) -> list[HistoryEvent]:
            steps = steps_named(events, "release_hold")
            return [event for event in events if event.event_id not in steps]

        assert 6 in await broken(with_history(offered, never))


class TestHistoriesReplay:
    async def test_a_change_of_the_steps_is_found(self, offered: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
        async def keep_holding(_calendar: Calendar) -> None:
            """Forget to release the hold."""

        monkeypatch.setattr(Calendar, "let_go", keep_holding)
        (breach,) = await judge(offered)
        assert breach.promise == 7
        assert "does not replay" in breach.story[0]


class TestNobodyIsNamed:
    @pytest.mark.parametrize(
        "text",
        [
            "hello Hansi Schmidt",
            "HANSI SCHMIDT",
            "from=4915550100001",
            "?name=Hansi%20Schmidt",
            '{"name": "J\\u00fcrgen"}',
        ],
    )
    async def test_a_planted_word_is_found(self, booked: Evidence, text: str) -> None:
        texts = {"log of webhook": f"ready\n{text}\n"}
        evidence = replace(booked, texts=texts, planted=[*booked.planted, "Jürgen"])
        (breach,) = await judge(evidence)
        assert breach.promise == 8
        assert "log of webhook, line 2" in breach.story[0]
        assert NAME not in breach.story[0]

    async def test_part_of_a_name_is_nobody(self, booked: Evidence) -> None:
        assert await broken(replace(booked, texts={"log": "Hansi was here; Schmidt too"})) == set()


class TestTheStoreAgrees:
    @pytest.mark.parametrize("missing", ["calls", "turns", "bookings", "replies"])
    async def test_every_row_is_there(self, booked: Evidence, missing: str) -> None:
        assert await broken(replace(booked, store=replace(booked.store, **{missing: []}))) == {9}

    @pytest.mark.parametrize(
        ("table", "field", "value"),
        [
            ("calls", "outcome", "hung_up"),
            ("calls", "revision", 1),
            ("turns", "status", "slot_taken"),
            ("bookings", "uid", "another"),
            ("bookings", "starts_at", datetime.fromisoformat("2025-10-16T08:00:00+00:00")),
            ("replies", "message", "Something else."),
            ("replies", "status", "slot_taken"),
        ],
    )
    async def test_a_row_that_says_something_else_is_found(
        self, booked: Evidence, table: str, field: str, value: object
    ) -> None:
        setattr(getattr(booked.store, table)[0], field, value)
        assert await broken(booked) == {9}

    async def test_a_row_of_no_call_is_found(self, booked: Evidence) -> None:
        assert 9 in await broken(replace(booked, histories=[]))

    async def test_replies_still_in_memory_go_down_with_their_process(self, booked: Evidence) -> None:
        no_reply = replace(booked, store=replace(booked.store, replies=booked.store.replies[:-1]))
        killed = Injected(last(booked).sent_at + SECOND, "the webhook is killed", killed="webhook")
        assert await broken(no_reply) == {9}
        assert await broken(replace(no_reply, injected=[killed])) == set()
        assert await broken(replace(no_reply, injected=[replace(killed, killed="worker")])) == {9}

    async def test_a_reply_that_was_lost_on_its_way_stays(self, booked: Evidence) -> None:
        assert 9 not in await broken(heard(booked, 1, status_code=None))

    async def test_a_reply_to_nobody_is_found(self, booked: Evidence) -> None:
        booked.store.replies[0].at += HOUR
        assert 9 in await broken(booked)

    async def test_a_booking_in_no_book_of_ours_is_found(self, taken: Evidence) -> None:
        unknown = also_booked(taken, call_id=taken.calls[0].call_id)
        assert 9 in await broken(unknown)

        def not_found_out(events: list[HistoryEvent]) -> list[HistoryEvent]:
            booking = steps_named(events, "book_slot")
            for event in events:
                if event.event_id in booking and event.HasField("activity_task_completed_event_attributes"):
                    begun = event.activity_task_completed_event_attributes.scheduled_event_id
                    event.event_type = EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT
                    event.activity_task_timed_out_event_attributes.scheduled_event_id = begun
            return events

        assert 9 not in await broken(with_history(unknown, not_found_out))


class TestTheStory:
    async def test_it_is_short_and_tells_what_happened(self, booked: Evidence) -> None:
        at = last(booked).sent_at
        many = [Injected(at + n * SECOND, f"fault {n}") for n in range(-20, 20)]
        lied_to = replace(in_ledger(booked, stands=False), injected=many)
        for _ in range(10):
            lied_to = said_further(lied_to, replace(last(lied_to), sent_at=last(lied_to).sent_at + SECOND))
        breach = next(breach for breach in await judge(lied_to) if breach.promise == 3)
        assert breach.call_id == booked.calls[0].call_id
        assert len(breach.story) <= 12
        told = "\n".join(breach.story)
        for part in ("does not stand", "book_appointment", "booked Thu 07:00 uid-1", "step book_slot", "!! fault 0"):
            assert part in told
        assert NAME not in told
        times = [line[:12] for line in breach.story[1:]]
        assert times == sorted(times)
