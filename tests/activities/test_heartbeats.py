"""A step that takes its time says that it lives."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio import activity
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ActivityOutboundInterceptor, ExecuteActivityInput

from activities import heartbeats
from activities.heartbeats import Heartbeats

ANY_INPUT = cast(ExecuteActivityInput, None)


class Step(ActivityInboundInterceptor):
    """Stands where the activity itself would; ends when it is told to, and may say something at its start."""

    def __init__(self, *says: object) -> None:
        self._says = says
        self.ends = asyncio.Event()

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._outbound = outbound

    async def execute_activity(self, input: ExecuteActivityInput) -> object:
        if self._says:
            self._outbound.heartbeat(*self._says)
        await self.ends.wait()
        return "over"


class Sent(ActivityOutboundInterceptor):
    """What would go to Temporal; tells a step to end when that is enough."""

    def __init__(self, step: Step, enough: int = 3) -> None:
        self.beats: list[tuple[Any, ...]] = []
        self._step = step
        self._enough = enough

    def heartbeat(self, *details: Any) -> None:
        self.beats.append(details)
        if len(self.beats) == self._enough:
            self._step.ends.set()


async def lived(step: Step, *, within: timedelta | None = timedelta(seconds=2), before: object = None) -> Sent:
    """Carry a step out; ``before`` is what an earlier attempt said last."""
    environment = ActivityEnvironment()
    said = () if before is None else (before,)
    environment.info = dataclasses.replace(environment.info, heartbeat_timeout=within, heartbeat_details=said)
    heart = Heartbeats().intercept_activity(step)
    sent = Sent(step)
    heart.init(sent)
    assert await environment.run(heart.execute_activity, ANY_INPUT) == "over"
    return sent


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats, "BEAT_SECONDS", 0.001)


async def test_a_step_says_that_it_lives_for_as_long_as_it_takes_and_not_after() -> None:
    sent = await lived(Step())
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert sent.beats == [()] * 3


async def test_a_sign_of_life_repeats_what_the_step_said_last() -> None:
    assert (await lived(Step("asked"), before="old")).beats == [("asked",)] * 3


async def test_what_an_earlier_attempt_said_stands_until_something_new_is_said() -> None:
    assert (await lived(Step(), before="asked")).beats == [("asked",)] * 3


async def test_a_quick_step_and_one_nobody_listens_to_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    unheard = Step()
    asyncio.get_running_loop().call_later(0.02, unheard.ends.set)
    assert (await lived(unheard, within=None)).beats == []
    monkeypatch.setattr(heartbeats, "BEAT_SECONDS", 3600)
    quick = Step()
    quick.ends.set()
    assert (await lived(quick)).beats == []


async def test_a_step_that_fails_says_nothing_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: ExecuteActivityInput) -> object:
        raise ValueError(str(activity.info().attempt))

    step = Step()
    monkeypatch.setattr(step, "execute_activity", fail)
    with pytest.raises(ValueError, match="1"):
        await lived(step)
    before = asyncio.all_tasks()
    await asyncio.sleep(0)
    assert not [task for task in before if "_beat" in repr(task.get_coro()) and not task.done()]
