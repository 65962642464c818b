"""One plan played against a running system, and what came of it."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import cast

import httpx

from bench.load import Plan, Played
from bench.systems import RETELL_KEY, Running
from simulator.stack import ROOT

TURNS = ("check", "confirm")
"""What a caller waits for: whether the slot is free, and whether it is booked."""

WARMING_UP = 3.0
"""Seconds in which a new system answers calls that are not counted: connections are made, code is read."""


SETTLING_SECONDS = 1.0
"""Within this what was answered is noted, which no call waits for."""


class Untrue(Exception):
    """A system told callers what is not so: its figures are worth nothing."""


@dataclass(frozen=True)
class Run:
    """What came of a plan.

    Attributes:
        calls: Every call.
        seconds: From the first call's beginning until all is at rest.
        cpu_ms: How long each process computed, by its name.
        requests: How many requests the calendar had.
        unheld: How many offers were made without a hold.
    """

    calls: Sequence[Played]
    seconds: float
    cpu_ms: Mapping[str, float]
    requests: int
    unheld: int

    @property
    def failures(self) -> Counter[str]:
        """What went wrong, and how often; a call counts once."""
        return Counter(failure for call in self.calls if (failure := call.failure))

    @property
    def calls_a_second(self) -> float:
        """How many calls were booked in a second, with all that their booking left to do."""
        return sum(call.is_booked for call in self.calls) / self.seconds

    @property
    def cpu_ms_per_call(self) -> Mapping[str, float]:
        """How long each process computed for a call, with what it does while nobody calls."""
        return {name: spent / max(1, len(self.calls)) for name, spent in self.cpu_ms.items()}

    def milliseconds(self, turn: str) -> Sequence[float]:
        """How long callers waited for a good answer to that turn."""
        if turn == "check":
            return [1000 * call.check_seconds for call in self.calls if call.is_offered]
        return [1000 * call.confirm_seconds for call in self.calls if call.is_booked]


async def warm_up(system: Running) -> None:
    """Let a new system answer some calls."""
    await play(system, "warm", seconds=WARMING_UP, callers=4)


async def play(
    system: Running,
    name: str,
    *,
    seconds: float,
    calls_a_second: float = 0,
    callers: int = 0,
    seed: int = 0,
    told: Callable[[int], None] = lambda _calls: None,
) -> Run:
    """Play a plan in a process of its own, and wait until the system is at rest.

    ``name`` is another one for every run of a system; ``told`` hears how many calls are over; ``Plan`` has the rest.

    Raises:
        RuntimeError: The load could not be made.
        Untrue: More callers were told "booked" than bookings were made.
    """
    plan = Plan(
        webhook_url=system.webhook_url,
        retell_api_key=RETELL_KEY,
        companies=system.town.companies,
        today=system.town.today,
        first=system.wished,
        name=name,
        seconds=seconds,
        calls_a_second=calls_a_second,
        callers=callers,
        seed=seed,
    )
    async with httpx.AsyncClient(base_url=system.calendar_url, trust_env=False, timeout=30) as calendar:
        (await calendar.post("/_double/reset")).raise_for_status()
        before = system.cpu_ms()
        calls = await _generated(plan, told)
        ended = perf_counter()
        await system.come_to_rest()
        resting = perf_counter() - ended
        await asyncio.sleep(SETTLING_SECONDS)
        after = system.cpu_ms()
        ledger = (await calendar.get("/_double/ledger")).json()
    system.wished += len(calls)
    if sum(call.is_booked for call in calls) > len(ledger["bookings"]):
        raise Untrue(f"{system.pids}: {len(ledger['bookings'])} bookings, and more callers were told of one")
    return Run(
        calls=calls,
        seconds=max((call.ended_at for call in calls), default=0.0) + resting,
        cpu_ms={process: after[process] - spent for process, spent in before.items()},
        requests=sum(ledger["requests"].values()),
        unheld=system.unheld(f"{name}-"),
    )


async def _generated(plan: Plan, told: Callable[[int], None]) -> Sequence[Played]:
    command = (sys.executable, "-m", "bench.load", plan.model_dump_json())
    generator = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        calls = []
        async for line in cast(asyncio.StreamReader, generator.stdout):
            calls.append(Played.model_validate_json(line))
            told(len(calls))
        if status := await generator.wait():
            raise RuntimeError(f"the load generator ended with exit status {status}")
        return calls
    finally:
        if generator.returncode is None:
            generator.kill()
            await generator.wait()
