"""What happens when there is too much at once: who is turned away, who is not, and that it is only for the moment."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.types import Message

from starter import admission
from starter.admission import Bodies, Places
from starter.directory import Directory
from starter.health import Readiness
from starter.settings import Settings
from starter.webhook import create_app
from tests.starter.fakes import KEY, FakeConversation, Retell, envelope, signature
from tests.starter.platforms import TOOL_SECRET, VAPI_SECRET, client_of
from workflows.messages import Answer, Call, SlotWish

PLACES = 8
FOR_NEW_CALLS = 6


class SlowConversation(FakeConversation):
    """Thinks about questions until told to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self.asked = asyncio.Semaphore(0)

    async def check_slot(self, call: Call, wish: SlotWish) -> Answer:
        self.asked.release()
        await self.answers.wait()
        return await super().check_slot(call, wish)


@pytest.fixture
def slow() -> SlowConversation:
    return SlowConversation()


@pytest.fixture
def app(slow: SlowConversation, directory: Directory) -> FastAPI:
    settings = Settings(
        retell_api_key=SecretStr(KEY),
        vapi_secret=SecretStr(VAPI_SECRET),
        elevenlabs_tool_secret=SecretStr(TOOL_SECRET),
        webhook_concurrency=PLACES,
    )
    return create_app(settings=settings, conversation=slow, directory=directory)


@pytest.fixture
async def retell(app: FastAPI) -> AsyncIterator[Retell]:
    async with client_of(app) as http:
        yield Retell(http)


def question(call_id: str) -> dict[str, object]:
    return envelope("check_availability", {"datum": "morgen", "uhrzeit": "9 Uhr"}, call_id=call_id)


@asynccontextmanager
async def waiting(
    retell: Retell, slow: SlowConversation, calls: int
) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
    """Have so many calls wait for an answer; at the end all are answered."""
    tasks = [asyncio.create_task(retell.post(question(f"call_w{number}"))) for number in range(calls)]
    for _ in tasks:
        await slow.asked.acquire()
    yield tasks
    slow.answers.set()
    assert [(await task).status_code for task in tasks] == [200] * calls


async def test_a_new_call_that_finds_no_place_hears_a_sentence_and_the_platform_when_to_come_again(
    retell: Retell, slow: SlowConversation
) -> None:
    async with waiting(retell, slow, FOR_NEW_CALLS):
        refused = await retell.post(question("call_new"))
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refused.json()["status"] == "error"
    assert refused.json()["message"].startswith("Ich kann die Verfügbarkeit momentan nicht prüfen.")
    assert "call_new" not in {call.call_id for call, _ in slow.wishes}
    assert (await retell.post(question("call_new"))).status_code == 200


async def test_a_call_in_progress_is_served_where_a_new_one_is_not(retell: Retell, slow: SlowConversation) -> None:
    clock = "current_time_berlin"
    assert (await retell.post(envelope(clock, {}, call_id="call_known"))).status_code == 200
    async with waiting(retell, slow, FOR_NEW_CALLS):
        assert (await retell.post(envelope(clock, {}, call_id="call_unknown"))).status_code == 503
        assert (await retell.post(envelope(clock, {}, call_id="call_known"))).status_code == 200
        assert (await retell.event("call_started", call_id="call_unknown")).status_code == 503
        assert (await retell.event("call_ended", call_id="call_known")).status_code == 200
        inbound = {"call_inbound": {"to_number": "+493055500020", "from_number": "+4915550100001"}}
        assert (await retell.post(inbound, "/retell/inbound")).headers["Retry-After"] == "1"
    assert [call_id for call_id, _ in slow.hang_ups] == ["call_known"]


async def test_calls_in_progress_are_turned_away_only_where_every_place_is_taken(
    retell: Retell, slow: SlowConversation
) -> None:
    async with waiting(retell, slow, FOR_NEW_CALLS):
        more = [asyncio.create_task(retell.post(question(f"call_w{number}"))) for number in range(2)]
        for _ in more:
            await slow.asked.acquire()
        assert (await retell.post(question("call_w2"))).status_code == 503
    assert [(await task).status_code for task in more] == [200, 200]


async def test_every_platform_is_asked_to_come_again(retell: Retell, slow: SlowConversation) -> None:
    numbers = {"customer": {"number": "+4915550100001"}, "phoneNumber": {"number": "+493055500020"}}
    call = {"id": "t1", "name": "current_time_berlin", "arguments": {}}
    vapi = json.dumps({"message": {"type": "tool-calls", "toolCallList": [call], "call": {"id": "1"}} | numbers})
    tool = {"Authorization": f"Bearer {TOOL_SECRET}", "X-Conversation-Id": "c1", "X-Called-Number": "+493055500020"}
    async with waiting(retell, slow, FOR_NEW_CALLS):
        by_vapi = await retell.http.post("/vapi/messages", content=vapi, headers={"X-Vapi-Secret": VAPI_SECRET})
        by_tool = await retell.http.post("/elevenlabs/functions/current_time_berlin", headers=tool)
    assert [answer.status_code for answer in (by_vapi, by_tool)] == [503, 503]
    assert [answer.headers["Retry-After"] for answer in (by_vapi, by_tool)] == ["1", "1"]


async def test_a_flood_is_one_line_in_the_log(
    retell: Retell, slow: SlowConversation, caplog: pytest.LogCaptureFixture
) -> None:
    async with waiting(retell, slow, FOR_NEW_CALLS):
        for number in range(20):
            assert (await retell.post(question(f"call_n{number}"))).status_code == 503
    assert len([record for record in caplog.records if record.name == "starter.admission"]) == 1


async def test_what_is_not_signed_takes_no_place(retell: Retell, slow: SlowConversation) -> None:
    async with waiting(retell, slow, FOR_NEW_CALLS):
        for _ in range(3 * PLACES):
            assert (await retell.http.post("/retell/functions", content=b"{}")).status_code == 401
        assert (await retell.post(envelope("current_time_berlin", {}, call_id="call_w1"))).status_code == 200


def test_calls_long_past_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_CALLS_REMEMBERED", 2)
    places = Places(2)
    numbers = count()
    for _ in range(5):
        with places.one_for(f"call_{next(numbers)}"):
            pass
    assert list(places._in_progress) == ["call_3", "call_4"]


class Sender:
    """A request whose body comes in pieces, when told."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[Message] = asyncio.Queue()
        headers = [(b"x-retell-signature", signature(b"x").encode())]
        scope = {"type": "http", "method": "POST", "path": "/retell/functions", "query_string": b"", "headers": headers}
        self.request = Request(scope, self.pieces.get)

    def sends(self, body: bytes, *, last: bool = False) -> None:
        self.pieces.put_nowait({"type": "http.request", "body": body, "more_body": not last})

    def leaves(self) -> None:
        self.pieces.put_nowait({"type": "http.disconnect"})


async def refusal(reading: "asyncio.Task[bytes]") -> tuple[int, Mapping[str, str]]:
    with pytest.raises(HTTPException) as refused:
        await reading
    return refused.value.status_code, refused.value.headers or {}


async def begin(bodies: Bodies, sender: Sender) -> "asyncio.Task[bytes]":
    reading = asyncio.create_task(bodies.read(sender.request))
    await asyncio.sleep(0)
    return reading


async def test_of_too_many_bodies_the_one_that_takes_longest_gives_way() -> None:
    bodies = Bodies(most=2)
    senders = [Sender() for _ in range(3)]
    readings = [await begin(bodies, sender) for sender in senders]
    assert await refusal(readings[0]) == (503, {"Retry-After": "1", "Connection": "close"})
    for sender in senders[1:]:
        sender.sends(b"whole", last=True)
    assert [await reading for reading in readings[1:]] == [b"whole", b"whole"]


async def test_of_bodies_that_hold_too_much_the_one_that_has_held_most_for_longest_gives_way() -> None:
    bodies = Bodies(most=10, most_bytes=100)
    oldest, slow, large = Sender(), Sender(), Sender()
    oldest.sends(b"x")
    slow.sends(b"y" * 60)
    readings = [await begin(bodies, sender) for sender in (oldest, slow, large)]
    await asyncio.sleep(0.001)
    large.sends(b"z" * 60, last=True)
    assert (await refusal(readings[1]))[0] == 503
    assert await readings[2] == b"z" * 60
    oldest.sends(b"x", last=True)
    assert await readings[0] == b"xx"


async def test_a_body_that_holds_too_much_alone_gives_way_and_leaves_room() -> None:
    bodies = Bodies(most=10, most_bytes=100)
    greedy, again = Sender(), Sender()
    greedy.sends(b"z" * 101)
    assert (await refusal(await begin(bodies, greedy)))[0] == 503
    again.sends(b"w" * 100, last=True)
    assert await bodies.read(again.request) == b"w" * 100


async def test_what_still_comes_of_a_body_that_gave_way_takes_no_room() -> None:
    bodies = Bodies(most=1, most_bytes=100)
    slow, other, later = Sender(), Sender(), Sender()
    reading = await begin(bodies, slow)
    reading_other = asyncio.create_task(bodies.read(other.request))
    slow.sends(b"x" * 80)
    assert (await refusal(reading))[0] == 503
    other.sends(b"y" * 60, last=True)
    assert await reading_other == b"y" * 60
    later.sends(b"z" * 60, last=True)
    assert await bodies.read(later.request) == b"z" * 60


async def test_a_body_that_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "BODY_SECONDS", 0.01)
    sender = Sender()
    sender.sends(b"{")
    assert await refusal(await begin(Bodies(most=1), sender)) == (408, {"Connection": "close"})


async def test_a_sender_who_leaves_is_no_error(retell: Retell, caplog: pytest.LogCaptureFixture) -> None:
    sender = Sender()
    sender.sends(b"{")
    sender.leaves()
    assert (await refusal(await begin(Bodies(most=1), sender)))[0] == 400
    assert caplog.records == []


async def test_readiness_is_looked_up_once_however_many_ask() -> None:
    looked = 0

    async def look() -> Mapping[str, bool]:
        nonlocal looked
        looked += 1
        await asyncio.sleep(0)
        return {"temporal": True}

    ready = Readiness(look)
    assert await asyncio.gather(*(ready() for _ in range(50))) == [{"temporal": True}] * 50
    assert looked == 1
    at_once = Readiness(look, seconds=0)
    await at_once()
    await at_once()
    assert looked == 3
