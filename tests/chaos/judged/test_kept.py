"""What is left: a promise that is broken is found, and what only looks like it is not."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecutionStatus

from tests.chaos.altered import (
    HOUR,
    SECOND,
    also_booked,
    broken,
    heard,
    hold_of,
    last,
    recorded_otherwise,
    steps_named,
    with_history,
    without_steps,
)
from tests.chaos.evidence import Evidence, Injected, Store
from tests.chaos.example import NAME, example
from tests.chaos.promises import judge
from tests.chaos.promises.case import span
from tests.chaos.promises.recorded import read
from workflows.calendar import Calendar


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

    @pytest.mark.parametrize("name", ["hung_up", "taken_at_booking"])
    async def test_a_call_lets_its_hold_go(self, name: str) -> None:
        assert 6 in await broken(without_steps(await example(name), "release_hold"))

    async def test_a_look_before_booking_may_take_a_hold(self, taken: Evidence) -> None:
        recorded = await read(taken.histories[0], taken.converter)
        assert recorded is not None
        assert [step.name for step in recorded.steps if step.takes_hold] == ["check_slot", "recheck_slot"]


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
            "?name=Hansi+Schmidt",
            "+49 155 50100001",
            "0155/501-00001",
            "(0049) 155 50100001",
            "015550100001",
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

    @pytest.mark.parametrize("text", ["+49 155 50100002", "015550100\n001", "155 5010000", "0155a50100001"])
    async def test_another_number_is_nobodys(self, booked: Evidence, text: str) -> None:
        assert await broken(replace(booked, texts={"log": text})) == set()

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

    @pytest.mark.parametrize(("after", "may_be_lost"), [(5.9, True), (6.1, False), (-0.9, True), (-1.1, False)])
    async def test_a_reply_waits_six_seconds_for_its_row_at_most(
        self, booked: Evidence, after: float, may_be_lost: bool
    ) -> None:
        no_reply = replace(booked, store=replace(booked.store, replies=booked.store.replies[:-1]))
        killed = Injected(span(last(booked)).ended + after * SECOND, "the webhook is killed", killed="webhook")
        assert (await broken(replace(no_reply, injected=[killed])) == set()) is may_be_lost

    async def test_no_log_line_excuses_missing_replies(self, booked: Evidence) -> None:
        texts = {"log of webhook": "what callers are told is not kept for operators now: StoreUnavailable"}
        assert await broken(replace(booked, texts=texts, store=replace(booked.store, replies=[]))) == {9}

    async def test_who_heard_of_a_workflow_has_a_history(self, offered: Evidence) -> None:
        gone = replace(offered, histories=[], store=Store(replies=offered.store.replies))
        assert await broken(gone) == {9}
        by_the_web = replace(heard(gone, 0, {"status": "error"}), store=Store())
        assert 9 not in await broken(heard(by_the_web, 0, status_code=503, body={}))

    async def test_the_row_says_what_the_call_came_to(self, booked: Evidence) -> None:
        booked.store.calls[0].outcome = "hung_up"
        otherwise = recorded_otherwise(booked, lambda record: record.update(outcome="hung_up"))
        assert await broken(otherwise) == {9}

    async def test_a_workflow_knows_what_its_steps_booked(self, booked: Evidence) -> None:
        def forget(events: list[HistoryEvent]) -> list[HistoryEvent]:
            (payload,) = events[-1].workflow_execution_completed_event_attributes.result.payloads
            payload.data = json.dumps({**json.loads(payload.data), "bookings": []}).encode()
            return events

        forgotten = replace(with_history(booked, forget), ledger=[], store=replace(booked.store, bookings=[]))
        assert 9 in await broken(forgotten)

    async def test_what_is_in_our_books_is_in_the_calendar(self, booked: Evidence) -> None:
        assert 9 in await broken(replace(booked, ledger=[]))

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
