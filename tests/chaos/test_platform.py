"""The line of a call in the storm: what is sent again, what comes twice, and what is noted of it."""

import json
from datetime import UTC, datetime, timedelta
from random import Random

import httpx

from simulator.caller import Caller
from tests.chaos.platform import Lateness, Manners, Platform

KEY = "key_test_0123456789"
POLITE = Manners(twice=0, late=0, after_hang_up=0)


class Web(httpx.AsyncBaseTransport):
    """A web process that does one thing after the other: raises, or answers with a status."""

    def __init__(self, *does: type[httpx.TransportError] | int) -> None:
        self._does = list(does)
        self.bodies: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        does = self._does.pop(0) if self._does else 200
        if isinstance(does, int):
            self.bodies.append(request.content)
            return httpx.Response(does, content=json.dumps({"status": "available"}).encode())
        raise does("gone", request=request)


def calls(web: Web, manners: Manners) -> tuple[Caller, Platform]:
    platform = Platform("http://webhook", Random(1), manners, Lateness(), web)  # noqa: S311 - nothing secret
    return Caller(platform.http, KEY, "+493055500020"), platform


async def test_what_meets_nobody_is_sent_again_and_only_what_arrived_is_noted() -> None:
    caller, platform = calls(Web(httpx.ConnectError, httpx.ReadError), POLITE)
    reply = await caller.say("book_appointment", name="Hansi")

    assert reply.status == "available"
    assert [(said.what, said.status_code) for said in platform.exchanges] == [
        ("book_appointment", None),
        ("book_appointment", 200),
    ]


async def test_an_event_that_was_not_carried_out_is_delivered_again_and_a_question_is_not() -> None:
    caller, platform = calls(Web(503, 200, 503), POLITE)
    ended = await caller.hang_up()
    asked = await caller.say("check_availability", datum="morgen")

    assert (ended.status_code, asked.status_code) == (200, 503)
    assert [said.status_code for said in platform.exchanges] == [503, 200, 503]


async def test_what_was_meant_is_noted_with_what_was_said_and_its_copies() -> None:
    caller, platform = calls(Web(httpx.ReadError), Manners(twice=1, late=0, after_hang_up=0))
    nine = platform.meant = datetime(2026, 3, 2, 9, tzinfo=UTC)
    await caller.say("check_availability", datum="2.3.2026")
    platform.meant = nine + timedelta(hours=1)
    await caller.hang_up()
    await platform.come_to_rest()

    said = [said for said in platform.exchanges if said.what == "check_availability"]
    assert [each.meant for each in said] == [nine] * 3
    assert {each.meant for each in platform.exchanges if each not in said} == {None}


async def test_what_comes_twice_is_the_same_to_the_byte_and_noted_as_a_copy() -> None:
    web = Web()
    caller, platform = calls(web, Manners(twice=1, late=0, after_hang_up=1))
    await caller.say("check_availability", datum="morgen")
    platform.call_is_over()
    await platform.come_to_rest()

    assert sorted(said.copy for said in platform.exchanges) == [False, True, True]
    assert len(web.bodies) == 3
    assert len(set(web.bodies)) == 1
