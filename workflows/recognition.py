"""Who is calling."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import FailureError

from workflows import options, steps
from workflows.calendar import RunOnStore, kind_of
from workflows.messages import Call, Caller
from workflows.requests import CustomerLookup


class Recognition:
    """Looks the caller up by company and number, once per call; ``told`` says whether he has heard his name."""

    def __init__(self, call: Call, run: RunOnStore) -> None:
        """Nobody has been looked up yet."""
        self._call = call
        self._run = run
        self._looking: asyncio.Task[Caller] | None = None
        self.caller: Caller | None = None
        self.told = False

    def begin(self) -> asyncio.Task[Caller]:
        """Begin while nobody waits."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return self._looking

    async def known(self) -> Caller:
        """Return who is calling; one who could not be looked up is not looked up again while he waits."""
        self.caller = self.caller or await self.begin()
        return self.caller

    async def again(self) -> Caller:
        """Return who is calling; look again for one who was not found before: this call may have made him one."""
        if self.caller is not None and not self.caller.found:
            self._looking = self.caller = None
        return await self.known()

    async def _look(self) -> Caller:
        if self._call.caller_number is None:
            return Caller()
        request = CustomerLookup(company=self._call.branch.company, number=self._call.caller_number)
        try:
            return await self._run(steps.find_customer, request, options.FIND_CUSTOMER, "who is calling?")
        except FailureError as error:
            workflow.logger.warning("the caller could not be looked up: %s", kind_of(error))
            return Caller(unknowable=True)
