"""Which of its attempts brought a step's result."""

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from workflows.requests import StepResult


class Attempts(Interceptor):
    """Writes into every ``StepResult`` the attempt it is of: Temporal tells a workflow only of failures for good."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Take part in every activity."""
        return _Attempt(next)


class _Attempt(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> object:
        result: object = await super().execute_activity(input)
        if isinstance(result, StepResult):
            return result.model_copy(update={"attempt": activity.info().attempt})
        return result
