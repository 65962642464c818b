"""What a step has come to, told in the same process while Temporal is still keeping it."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from workflows import options
from workflows.messages import Answer
from workflows.requests import Availability, BookingOutcome, BookSlot, Held, SlotOffer

logger = logging.getLogger(__name__)

Tell = Callable[[str, str, Answer], None]
"""Is told the ids of a call and of its turn, and what the turn is answered with."""


class News(Interceptor):
    """Tells the answer a step brings about by itself: the one its request says, as the workflow will read it there.

    A result that comes when the time of its attempt is all but over is not told: Temporal may have given it up by then,
    and the workflow decides without it.
    """

    def __init__(self, tell: Tell) -> None:
        """Tell it to ``tell``."""
        self._tell = tell

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Take part in every activity."""
        return _Reporter(next, self._tell)


class _Reporter(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, tell: Tell) -> None:
        super().__init__(next)
        self._tell = tell

    async def execute_activity(self, input: ExecuteActivityInput) -> object:
        began = time.monotonic()
        result: object = await super().execute_activity(input)
        try:
            self._report(input, result, timedelta(seconds=time.monotonic() - began))
        except Exception as error:  # noqa: BLE001 - a step that has booked does not fail for what is said of it
            logger.error("what a step came to was not told: %s", type(error).__name__)
        return result

    def _report(self, input: ExecuteActivityInput, result: object, took: timedelta) -> None:
        match input.args, result:
            case [SlotOffer(turn_id=str(turn_id)) as request], Availability() | Held():
                answer = request.answer_to(result)
            case [BookSlot(turn_id=str(turn_id)) as request], BookingOutcome():
                answer = request.answer_to(result)
            case _:
                return
        if answer is not None and took < _time_given() - options.LAST_MOMENT:
            self._tell(request.call_id, turn_id, answer)


def _time_given() -> timedelta:
    """Return how long this attempt may take, by its own limit and by what earlier ones have left of the step's."""
    info = activity.info()
    of_attempt, of_step = info.start_to_close_timeout, info.schedule_to_close_timeout
    limits = [of_attempt, of_step and of_step - (info.started_time - info.scheduled_time)]
    return min(limit for limit in limits if limit is not None)
