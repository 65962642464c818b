"""A storm from start to end: calls over the whole stack while it is torn apart, then silence, then what is left."""

import asyncio
import base64
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from random import Random
from time import monotonic

import httpx
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.converter import DataConverter

from simulator.stack import WORKER, Stack, running_stack
from starter.encryption import data_converter
from tests.chaos.caller import OFFICES, Board, ChaosCaller, Office, ring_up
from tests.chaos.evidence import Evidence, PhoneCall
from tests.chaos.gather import gather, logs, still_going_on
from tests.chaos.platform import Lateness, Manners, Platform
from tests.chaos.weather import Storm, Weather

BUDGET_SECONDS = 8.0
GRACE_SECONDS = 75.0
"""Beyond the confirmation window: a step may take 25 s and be tried again, and a hold outlasts the booking; on a busy
machine all of it takes longer."""

CALM = Manners(twice=0, late=0, after_hang_up=0)

UNLIMITED = {"requests": 1_000_000}
"""Whether callers are served well under Cal.com's rate limit is another question; single 429s are among the faults."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is done, as far as it can be said before.

    Attributes:
        seconds: How long it rages.
        callers: How many calls there are at a time.
        window_seconds: The confirmation window.
        hold_seconds: How long a slot is kept.
        encryption_keys: `PAYLOAD_ENCRYPTION_KEYS`; empty for none.
        leaving: How likely a caller walks away at every turn.
        worker: What runs a worker.
        database_url: The store; empty for a file of its own.
        grace_seconds: How long after the last word, and the window, everything has to have come to rest.
    """

    seed: int
    seconds: float
    callers: int = 10
    window_seconds: float = 20
    hold_seconds: float = 120
    encryption_keys: str = ""
    offices: tuple[Office, ...] = OFFICES
    weather: Weather = field(default_factory=Weather)
    manners: Manners = field(default_factory=Manners)
    leaving: float = 0.1
    worker: Sequence[str] = WORKER
    database_url: str = ""
    grace_seconds: float = GRACE_SECONDS

    @classmethod
    def of(cls, seed: int, seconds: float) -> "Plan":
        """Return the plan of a seed: long or short holds, payloads encrypted or not."""
        random = Random(seed)  # noqa: S311 - to be repeated
        plan = cls(seed, seconds)
        if random.random() < 0.5:
            plan = replace(plan, hold_seconds=15)
        if random.random() < 0.5:
            key = base64.b64encode(random.randbytes(32)).decode()
            plan = replace(plan, encryption_keys=f"storm:{key}")
        return plan

    @property
    def settings(self) -> Mapping[str, str]:
        """What the processes are set to."""
        return {
            "ANSWER_BUDGET_SECONDS": str(BUDGET_SECONDS),
            "CONFIRMATION_WINDOW_SECONDS": str(self.window_seconds),
            "HOLD_SECONDS": str(self.hold_seconds),
            **({"PAYLOAD_ENCRYPTION_KEYS": self.encryption_keys} if self.encryption_keys else {}),
            **({"DATABASE_URL": self.database_url} if self.database_url else {}),
        }

    @property
    def converter(self) -> DataConverter:
        """What reads the payloads."""
        return data_converter(SecretStr(self.encryption_keys) if self.encryption_keys else None)


async def rage(plan: Plan, tell: Tell = lambda _line: None) -> Evidence:
    """Carry out a plan, and return what is left when all has come to rest."""
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        data = Path(folder)
        async with running_stack(data, settings=plan.settings, say=tell, worker=plan.worker) as stack:
            evidence = await _weathered(plan, stack, tell)
        return replace(evidence, texts={**evidence.texts, **logs(data)})


async def _weathered(plan: Plan, stack: Stack, tell: Tell) -> Evidence:
    # The double closes a connection that has been idle for 5 s, even while a request is on its way there.
    kept = httpx.Limits(keepalive_expiry=2)
    async with httpx.AsyncClient(base_url=stack.calendar_url, trust_env=False, timeout=30, limits=kept) as calendar:
        (await calendar.post("/_double/limit", json=UNLIMITED)).raise_for_status()
        board = Board()
        random = Random(f"weather {plan.seed}")  # noqa: S311 - to be repeated
        storm = Storm(stack, calendar, plan.weather, board, random, monotonic() + plan.seconds)
        tell(f"The storm rages for {plan.seconds:g} s")
        async with asyncio.TaskGroup() as all_at_once:
            raging = all_at_once.create_task(storm.rages())
            calling = all_at_once.create_task(_callers(plan, stack, storm, board))
        raging.result()
        tell("The storm is over; one more call to every office")
        calls = [*calling.result(), *await _calm_calls(plan, stack, board)]
        tell(f"{len(calls)} calls; waiting until all has come to rest")
        client = await Client.connect(stack.temporal_address, data_converter=plan.converter)
        deadline = monotonic() + plan.window_seconds + plan.grace_seconds
        while await still_going_on(client, stack.database_url) and monotonic() < deadline:
            await storm.mend()
            await asyncio.sleep(0.5)
        tell("Gathering what is left")
        for name in stack.metrics_urls:
            await storm.scrape(name)
        left = await gather(client, calendar, stack.database_url, encrypted=bool(plan.encryption_keys))
        return replace(
            left,
            seed=plan.seed,
            seconds=plan.seconds,
            budget_seconds=BUDGET_SECONDS,
            calls=calls,
            texts={**left.texts, "metrics": "\n".join(storm.scraped)},
            planted=[said for call in calls for said in (*_whole_and_surname(call.name), call.number) if said],
            injected=storm.injected,
            converter=plan.converter,
        )


def _whole_and_surname(name: str | None) -> Sequence[str]:
    """Return what names somebody; a surname is four syllables, and in no other word by chance."""
    return (name, name.split()[-1]) if name else ()


async def _calm_calls(plan: Plan, stack: Stack, board: Board) -> list[PhoneCall]:
    """Ring up every office once, when nothing goes wrong any more: each has to be booked."""
    calls = []
    for number, office in enumerate(plan.offices):
        call_id = f"call_calm_{plan.seed}_{number}"
        platform = Platform(stack.webhook_url, Random(call_id), CALM, Lateness())  # noqa: S311 - to be repeated
        call = ring_up(platform, stack.retell_api_key, call_id, (office,), board)
        await call.talks_calmly()
        calls.append(call.call())
    return calls


async def _callers(plan: Plan, stack: Stack, storm: Storm, board: Board) -> list[PhoneCall]:
    """Let so many callers ring up, one call after the other, as long as the storm rages."""
    calls: list[ChaosCaller] = []
    lateness = Lateness()

    async def rings_up_again_and_again(line: int) -> None:
        for number in count(1):
            call_id = f"call_storm_{plan.seed}_{line}_{number}"
            random = Random(f"platform {call_id}")  # noqa: S311 - to be repeated
            platform = Platform(stack.webhook_url, random, plan.manners, lateness)
            calls.append(ring_up(platform, stack.retell_api_key, call_id, plan.offices, board))
            await calls[-1].talks(plan.leaving)
            if monotonic() > storm.until:
                return

    watching = asyncio.create_task(lateness.watched())
    try:
        async with asyncio.TaskGroup() as lines:
            for line in range(plan.callers):
                lines.create_task(rings_up_again_and_again(line))
    finally:
        watching.cancel()
    return [call.call() for call in calls]
