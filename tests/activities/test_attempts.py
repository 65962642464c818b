"""A step's result says which attempt brought it."""

from typing import cast

from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.attempts import Attempts
from tests.activities.fakes import Run
from workflows.messages import Caller, HoldState
from workflows.requests import Held


class Answers(ActivityInboundInterceptor):
    """Stands where the activity itself would."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    async def execute_activity(self, input: ExecuteActivityInput) -> object:
        return self._answer


def seen_by_temporal(answer: object) -> ActivityInboundInterceptor:
    return Attempts().intercept_activity(Answers(answer))


ANY_INPUT = cast(ExecuteActivityInput, None)


async def test_the_attempt_is_written_into_what_a_step_comes_to(run: Run) -> None:
    step = seen_by_temporal(Held(hold=HoldState.HELD))

    assert await run(step.execute_activity, ANY_INPUT, attempt=3) == Held(hold=HoldState.HELD, attempt=3)


async def test_what_is_no_result_of_a_step_passes_as_it_is(run: Run) -> None:
    for answer in (None, Caller(found=True)):
        assert await run(seen_by_temporal(answer).execute_activity, ANY_INPUT, attempt=2) is answer
