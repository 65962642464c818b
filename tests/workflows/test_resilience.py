"""What a call survives: a bug in the code that leads it, and a worker that goes away."""

import asyncio
from uuid import uuid4

import pytest

import workflows.rules
from starter.conversation import Conversation
from tests.temporal import TemporalServer
from tests.workflows.fakes import THURSDAY, FakeCalendar, Phone, new_call, worker_with
from workflows.call_log import Turn
from workflows.messages import AnswerStatus


def _plant(bug: pytest.MonkeyPatch, place: str, met: asyncio.Event) -> None:
    def forgets_everything(*_: object) -> None:
        met.set()
        raise KeyError("a bug")

    if place == "a handler":
        bug.setattr(Turn, "content", property(forgets_everything))
    else:
        bug.setattr(workflows.rules, "agreed_slot", forgets_everything)


@pytest.mark.parametrize("place", ["a handler", "a rule"])
async def test_a_bug_does_not_lose_the_call(
    phone: Phone, calendar: FakeCalendar, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    assert (await phone.asks(THURSDAY, "09:00")).status is AnswerStatus.AVAILABLE
    met = asyncio.Event()
    with monkeypatch.context() as bug:
        _plant(bug, place, met)
        confirming = asyncio.create_task(phone.says_yes())
        await met.wait()
    await confirming

    again = await phone.says_yes()

    assert again.status is AnswerStatus.BOOKED
    assert len(calendar.booked) == 1


async def test_a_yes_given_while_no_worker_lives_is_carried_out_by_the_next_one(temporal: TemporalServer) -> None:
    calendar, task_queue = FakeCalendar(), f"appointments-{uuid4().hex}"
    phone = Phone(temporal, Conversation(temporal.client, task_queue), new_call())
    async with worker_with(temporal.client, calendar, task_queue):
        await phone.asks(THURSDAY, "09:00")

    waits_in_vain = phone.wish().model_copy(update={"name": "Hansi Schmidt", "answer_by": phone.wish().asked_at})
    await phone.handle.signal("confirm", {"wish": waits_in_vain.model_dump(mode="json")})

    async with worker_with(temporal.client, calendar, task_queue):
        answer = await phone.says_yes()
        assert (answer.status, len(calendar.booked)) == (AnswerStatus.BOOKED, 1)
