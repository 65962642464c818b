"""Callers in a process of their own: ``python -m bench.load PLAN`` plays it, and prints a line of JSON for each call.

Every caller rings up, asks for a slot that nobody else wants, says yes and hangs up. Calls begin at random moments, so
many a second on average, whatever became of those before (an open loop: a slow answer does not keep others from
asking); or each of a fixed number of callers makes one call after the other, without a pause, as fast as it goes.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import date
from itertools import count
from random import Random

import httpx
from pydantic import BaseModel, ConfigDict

from bench.town import Town
from simulator.caller import Caller, Reply

GREETING_SECONDS = 0.5
THINKING_SECONDS = 1.0
"""How long an agent greets and a caller thinks, give or take a half; shorter than in life, so that a run is short."""

PATIENCE_SECONDS = 20.0
"""Well beyond the answer budget: an answer that takes longer counts as none."""

HANGS_UP_AGAIN_SECONDS = 0.5
HANGS_UP_WITHIN_SECONDS = 60.0


class Plan(BaseModel):
    """Who is called, by whom, and how often.

    Attributes:
        webhook_url: Who is called.
        retell_api_key: What requests are signed with.
        companies: How many there are in the town.
        today: The town's own: its calendars are empty after it.
        first: The first slot to be wished, in the town's order.
        name: What the ids of the calls begin with.
        seconds: How long calls are begun.
        calls_a_second: How many are begun on average; 0 lets ``callers`` make theirs one after the other.
        callers: How many of these there are.
        seed: Decides when calls begin and how long callers think.
    """

    model_config = ConfigDict(frozen=True)

    webhook_url: str
    retell_api_key: str
    companies: int
    today: date
    first: int
    name: str
    seconds: float
    calls_a_second: float = 0
    callers: int = 0
    seed: int = 0


class Played(BaseModel):
    """What became of a call; times in seconds, an answer's from the request to its last byte.

    Attributes:
        late: How much later than planned it began: the generator's own lateness.
        check: The status word of the answer to the question, or what came instead.
        check_seconds: How long that took.
        confirm: The same for the "yes"; nothing where no offer was made.
        confirm_seconds: How long that took.
        ended_at: When the call was over, from the beginning of the plan.
    """

    late: float = 0
    check: str = ""
    check_seconds: float = 0
    confirm: str = ""
    confirm_seconds: float = 0
    ended_at: float = 0

    @property
    def is_offered(self) -> bool:
        """Whether the slot was offered."""
        return self.check == "available"

    @property
    def is_booked(self) -> bool:
        """Whether the caller was told "booked"."""
        return self.confirm == "booked"

    @property
    def failure(self) -> str | None:
        """What went wrong, in words for a tally: every slot is free, so anything but a booking is a failure."""
        if not self.is_offered:
            return f"check: {self.check}"
        return None if self.is_booked else f"confirm: {self.confirm}"


class Generator:
    """Plays a plan; ``told`` hears of every call when it is over."""

    def __init__(self, plan: Plan, http: httpx.AsyncClient, told: Callable[[Played], None]) -> None:
        """Call through ``http``, which all callers share as a voice platform's do."""
        self._plan = plan
        self._http = http
        self._told = told
        self._appointments = Town(plan.companies, plan.today).appointments(plan.first)
        self._numbers = count()
        self._began = 0.0

    async def play(self) -> None:
        """Begin calls for as long as planned, and wait until all are over."""
        self._began = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as calls:
            if self._plan.calls_a_second:
                async for late in self._arrivals():
                    calls.create_task(self._call(late))
            else:
                for _ in range(self._plan.callers):
                    calls.create_task(self._calls())

    @property
    def _passed(self) -> float:
        return asyncio.get_running_loop().time() - self._began

    async def _arrivals(self) -> AsyncIterator[float]:
        """Yield whenever a call is to begin: how much too late it is."""
        chance, at = Random(self._plan.seed), 0.0  # noqa: S311 nothing is kept secret here
        while (at := at + chance.expovariate(self._plan.calls_a_second)) < self._plan.seconds:
            await asyncio.sleep(at - self._passed)
            yield self._passed - at

    async def _calls(self) -> None:
        while True:
            await self._call()
            if self._passed >= self._plan.seconds:
                return

    async def _call(self, late: float = 0) -> None:
        number, appointment = next(self._numbers), next(self._appointments)
        caller = Caller(
            self._http,
            self._plan.retell_api_key,
            appointment.number,
            f"+49155{self._plan.first + number:08d}",
            call_id=f"{self._plan.name}-{number}",
        )
        played = Played(late=late)
        pauses = Random(f"{self._plan.seed} {number}")  # noqa: S311
        await _answered(caller.started())
        await self._pause(pauses, GREETING_SECONDS)
        played.check, played.check_seconds = await _answered(caller.say("check_availability", **appointment.words))
        if played.is_offered:
            await self._pause(pauses, THINKING_SECONDS)
            said = {**appointment.words, "name": "Ada Miller"}
            played.confirm, played.confirm_seconds = await _answered(caller.say("book_appointment", **said))
        await _hang_up(caller)
        played.ended_at = self._passed
        self._told(played)

    async def _pause(self, chance: Random, seconds: float) -> None:
        if self._plan.calls_a_second:
            await asyncio.sleep(seconds * chance.uniform(0.5, 1.5))


async def _answered(asked: Coroutine[object, object, Reply]) -> tuple[str, float]:
    """Return the status word of the answer, or what came instead, and the seconds it took."""
    try:
        reply = await asked
    except httpx.TransportError as error:
        return type(error).__name__, PATIENCE_SECONDS
    return reply.status or f"HTTP {reply.status_code}", reply.seconds


async def _hang_up(caller: Caller) -> None:
    """Hang up until somebody has heard it, as a voice platform does: otherwise the call would wait for its "yes"."""
    async with asyncio.timeout(HANGS_UP_WITHIN_SECONDS):
        while True:
            said, _ = await _answered(caller.hang_up())
            if said == "HTTP 200":
                return
            await asyncio.sleep(HANGS_UP_AGAIN_SECONDS)


async def main() -> None:
    """Play the plan that is given as JSON."""
    plan = Plan.model_validate_json(sys.argv[1])
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)

    def tell(played: Played) -> None:
        sys.stdout.write(played.model_dump_json() + "\n")
        sys.stdout.flush()

    async with httpx.AsyncClient(
        base_url=plan.webhook_url, trust_env=False, timeout=PATIENCE_SECONDS, limits=limits
    ) as http:
        await Generator(plan, http, tell).play()


if __name__ == "__main__":
    asyncio.run(main())
