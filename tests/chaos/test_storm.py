"""Storms over the whole stack: a short one that breaks nothing, and planted bugs that are found."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from simulator.business import SALON, workdays
from simulator.caller import Caller
from simulator.desk import Desk
from simulator.stack import WORKER, Stack, running_stack
from tests.chaos.caller import OFFICES, UNCLEAR
from tests.chaos.planted import worker_with
from tests.chaos.promises import judge
from tests.chaos.storm import Plan, rage
from tests.chaos.weather import LOST_ANSWERS, NEVER, REFUSALS, Weather
from tests.databases import DatabaseWith

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]

SEED = 10
"""Each process ends early in the storm of this seed, and payloads are encrypted."""
KILLS = 10


async def test_a_storm_breaks_no_promise(database_with: DatabaseWith) -> None:
    evidence = await rage(replace(Plan.of(SEED, 25), database_url=database_with("nothing")))

    told = {exchange.status for call in evidence.calls for exchange in call.exchanges}
    ended = {each.killed for each in evidence.injected}
    broken = await judge(evidence)
    assert {"available", "booked"} <= told
    assert sum(call.calm for call in evidence.calls) == len(OFFICES)
    assert {"worker", "webhook", "temporal"} <= ended
    assert broken == [], "\n".join(line for breach in broken for line in breach.story)


PLANTED = [
    ("no-look-up", Weather(LOST_ANSWERS, (0.1, 0.5), NEVER, ()), 0.0, 3),
    ("hold-not-released", Weather((), NEVER, NEVER, ()), 0.7, 6),
    ("told-before-booked", Weather(REFUSALS, (0.1, 0.5), NEVER, ()), 0.0, 3),
]
planted = pytest.mark.parametrize(("bug", "weather", "leaving", "promise"), PLANTED)


@planted
async def test_a_planted_bug_is_found(bug: str, weather: Weather, leaving: float, promise: int) -> None:
    assert promise in await broken_by(worker_with(bug), weather, leaving)


@planted
async def test_without_the_bug_the_same_weather_breaks_no_such_promise(
    bug: str, weather: Weather, leaving: float, promise: int
) -> None:
    assert promise not in await broken_by(WORKER, weather, leaving)


async def broken_by(worker: Sequence[str], weather: Weather, leaving: float) -> set[int]:
    """Return the promises that this worker breaks in a short storm in which nothing dies."""
    plan = Plan(SEED, 10, window_seconds=5, grace_seconds=15, weather=weather, leaving=leaving, worker=worker)
    return {breach.promise for breach in await judge(await rage(plan))}


async def test_ten_workers_killed_between_offer_and_yes_cost_no_call(
    tmp_path: Path, database_with: DatabaseWith
) -> None:
    async with (
        running_stack(tmp_path, settings={"DATABASE_URL": database_with("nothing")}) as stack,
        httpx.AsyncClient(base_url=stack.webhook_url, timeout=30) as line,
        httpx.AsyncClient(base_url=stack.calendar_url) as calendar,
    ):
        heard = [await _survives_a_kill(stack, line, number) for number in range(KILLS)]
        ledger = await Desk(calendar).ledger()

    assert heard == ["booked"] * KILLS
    assert len(ledger) == KILLS
    assert len({booked.start for booked in ledger}) == KILLS


async def _survives_a_kill(stack: Stack, line: httpx.AsyncClient, number: int) -> str | None:
    """Return what a caller heard at last whose worker was killed while he thought."""
    caller = Caller(line, stack.retell_api_key, SALON.number, name="Erika Muster", call_id=f"call_kill_{number}")
    day = next(workdays(datetime.now(SALON.zone).date()))
    when = {"datum": f"{day:%d.%m.%Y}", "uhrzeit": f"{9 + number // 2:02}:{number % 2 * 3}0"}
    offered = await caller.say("check_availability", **when)
    assert offered.status == "available"
    await stack.end("Worker", warned=False)

    coming_back = asyncio.create_task(stack.begin("Worker"))
    reply = await caller.say("book_appointment", name=caller.name)
    await coming_back
    while reply.status in UNCLEAR:
        reply = await caller.say("book_appointment", name=caller.name)
    await caller.hang_up()
    return reply.status
