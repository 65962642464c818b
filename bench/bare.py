"""A conversation with nothing in it: the round trips of ours, and no decision, no calendar, no database."""

from datetime import timedelta

from temporalio import activity, workflow

LIMIT = timedelta(seconds=10)


@activity.defn
async def step(number: int) -> int:
    """Do nothing."""
    return number


@workflow.defn
class BareCall:
    """Waits until it is hung up; answers a question, and what a "yes" came to, after so many steps."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._confirmed = 0
        self._over = False

    @workflow.run
    async def run(self) -> None:
        """Lead the call."""
        await workflow.wait_condition(lambda: self._over)
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.update
    async def ask(self, steps: int) -> int:
        """Answer after so many activities, one after the other."""
        for number in range(steps):
            await workflow.execute_activity(step, number, start_to_close_timeout=LIMIT)
        return steps

    @workflow.update
    async def ask_locally(self, steps: int) -> int:
        """Answer after so many local activities, one after the other."""
        for number in range(steps):
            await workflow.execute_local_activity(step, number, start_to_close_timeout=LIMIT)
        return steps

    @workflow.signal
    def confirm(self, number: int) -> None:
        """Take down a "yes"."""
        self._confirmed = number

    @workflow.signal
    def hang_up(self) -> None:
        """End the call."""
        self._over = True
