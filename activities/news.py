"""What a step has come to, told in the same process while Temporal is still keeping it."""

from collections.abc import Callable

from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from workflows.messages import Answer
from workflows.requests import Availability, BookingOutcome, BookSlot, Held, SlotOffer

Tell = Callable[[str, Answer], None]
"""Is told a turn's id, and what it is answered with."""


class News(Interceptor):
    """Tells the answer a step brings about by itself: the one its request says, as the workflow will read it there."""

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
        result: object = await super().execute_activity(input)
        match input.args, result:
            case [SlotOffer(turn_id=str(turn_id)) as request], Availability() | Held():
                answer = request.answer_to(result)
            case [BookSlot(turn_id=str(turn_id)) as request], BookingOutcome():
                answer = request.answer_to(result)
            case _:
                return result
        if answer is not None:
            self._tell(turn_id, answer)
        return result
