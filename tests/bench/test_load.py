import asyncio

import httpx
import pytest

from bench import load
from bench.load import Generator, Plan, Played
from bench.systems import RETELL_KEY
from simulator.calcom import Fault
from tests.bench.conftest import TOWN, Office


def plan(**changes: object) -> Plan:
    usual = {
        "webhook_url": "http://plain.example",
        "retell_api_key": RETELL_KEY,
        "companies": TOWN.companies,
        "today": TOWN.today,
        "first": 0,
        "name": "test",
        "seconds": 0.05,
    }
    return Plan.model_validate(usual | changes)


async def calls_of(plan: Plan, http: httpx.AsyncClient) -> list[Played]:
    over: list[Played] = []
    await Generator(plan, http, over.append).play()
    return over


async def test_every_caller_of_a_plan_gets_a_slot_of_their_own(office: Office) -> None:
    calls = await calls_of(plan(callers=3), office.http)

    assert len(calls) >= 3
    assert [call.failure for call in calls] == [None] * len(calls)
    assert len(office.calendar.bookings) == len(calls)
    assert all(call.check_seconds > 0 and call.confirm_seconds > 0 and call.ended_at > 0 for call in calls)


async def test_calls_that_come_by_themselves_do_not_wait_for_one_another(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("GREETING_SECONDS", "THINKING_SECONDS"):
        monkeypatch.setattr(load, pause, 0)
    everybody = asyncio.Barrier(3)

    async def gap() -> None:
        await everybody.wait()

    office.calendar.gap = gap
    # With this seed three calls begin in the time there is; each needs the other two under way to be booked.
    calls = await calls_of(plan(calls_a_second=60, seed=9), office.http)

    assert [call.failure for call in calls] == [None] * 3


async def test_what_goes_wrong_is_told_apart(office: Office) -> None:
    office.calendar.add_fault(Fault(endpoint="bookings.create", kind="status", status=500))
    calls = await calls_of(plan(callers=1, seconds=0), office.http)
    office.calendar.add_fault(Fault(endpoint="slots", kind="status", status=500))
    later = await calls_of(plan(callers=1, first=len(calls)), office.http)

    assert (calls[0].failure, calls[0].is_offered, calls[0].is_booked) == ("confirm: slot_taken", True, False)
    assert (later[0].failure, later[0].is_offered) == ("check: error", False)


async def test_a_caller_hangs_up_until_somebody_has_heard_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "HANGS_UP_AGAIN_SECONDS", 0)
    heard: list[int] = []

    def webhook(request: httpx.Request) -> httpx.Response:
        if b"call_ended" not in request.content:
            return httpx.Response(503)
        heard.append(503 if len(heard) < 2 else 200)
        return httpx.Response(heard[-1])

    async with httpx.AsyncClient(transport=httpx.MockTransport(webhook), base_url="http://plain.example") as http:
        calls = await calls_of(plan(callers=1, seconds=0), http)

    assert heard == [503, 503, 200]
    assert [call.failure for call in calls] == ["check: HTTP 503"]
