"""A thousand hostile requests of every kind, to real processes: no error of ours, no effect without the key."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from random import Random

import httpx
import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from simulator.caller import Caller, encode, envelope
from simulator.desk import Desk
from simulator.stack import Stack
from starter.replies.bodies import INFORMATION
from store.engine import close, create_engine
from tests.attack.kinds import BODIES, CONTENTS, HEADERS, KINDS, PATHS, SIGNATURES, Kind, Shot
from tests.attack.memory import MEBIBYTE, resident
from tests.attack.wire import CALLER, EVENTS, KEY, Heard, http, send, signed
from tests.databases import everything_in
from workflows.messages import AnswerStatus, workflow_id

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]

SEED = 5
REQUESTS = 1_000
AT_ONCE = 16
MOST_GROWTH = 48 * MEBIBYTE

SECRETS = (KEY, "CALCOM_API_KEY", "cal_", "9000", "riverside", "Riverside", "Traceback", "site-packages", "dr-smith")
"""What no answer may say: keys and where they are, event types, calendars, other businesses, our insides."""

SAID = ("DROP TABLE", "evil.example", "Ignore all", "calcom_event_type_id", "<script", "__class__", "etc/passwd")
"""What attackers said."""

CALL_ID = re.compile(r"call_hostile_[0-9]{5}|call_victim|'other'")


@dataclass(frozen=True)
class Fired:
    name: str
    kind: Kind
    call_id: str
    heard: Heard

    @property
    def was_foreseen(self) -> bool:
        return {*self.heard.statuses} <= self.kind.heard if self.heard.statuses else None in self.kind.heard


class Battery:
    """Fires requests, each of a call of its own."""

    def __init__(self, address: tuple[str, int], seed: int) -> None:
        self.address = address
        self.dice = Random(seed)  # noqa: S311 - to be repeated, not kept secret
        self.numbers = count()
        self.fired: list[Fired] = []

    async def fire(self, name: str) -> None:
        kind = KINDS[name]
        call_id = f"call_hostile_{next(self.numbers):05}"
        request = kind.write(Shot(Random(self.dice.random()), call_id))  # noqa: S311 - as above
        self.fired.append(Fired(name, kind, call_id, await send(self.address, request, kind.answers)))

    async def fire_all(self, names: list[str]) -> None:
        waiting = iter(names)

        async def one_after_the_other() -> None:
            for name in waiting:
                await self.fire(name)

        await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))


@pytest.fixture(scope="module")
def battery(address: tuple[str, int]) -> Battery:
    return Battery(address, SEED)


@pytest.fixture(scope="module")
async def client(stack: Stack) -> Client:
    return await Client.connect(stack.temporal_address)


@pytest.fixture
async def our_bookings(stack: Stack) -> AsyncIterator[Callable[[], Awaitable[list[str]]]]:
    """Return the names we have booked under."""
    async with httpx.AsyncClient(base_url=stack.calendar_url, trust_env=False) as desk:

        async def names() -> list[str]:
            return [entry.name for entry in await Desk(desk).ledger() if not entry.by_stranger]

        yield names


def test_there_are_many_kinds() -> None:
    assert len(KINDS) == sum(map(len, (SIGNATURES, BODIES, HEADERS, PATHS, CONTENTS)))
    assert len(KINDS) >= 40
    assert sum(not kind.may_act for kind in KINDS.values()) >= 40


async def test_a_thousand_of_them_cost_a_caller_nothing(
    battery: Battery, stack: Stack, rings: Callable[[], Caller], our_bookings: Callable[[], Awaitable[list[str]]]
) -> None:
    booked_before = await our_bookings()
    caller = rings()
    offered = await caller.say("check_availability", datum="in 8 Tagen", uhrzeit="10 Uhr", name="Hansi Schmidt")
    assert offered.status in ("available", "slot_taken"), offered.text
    names = list(KINDS)
    drawn = [battery.dice.choice(names) for _ in range(REQUESTS - len(names))]
    half = len(drawn) // 2
    ours = {name: stack.pids[name] for name in ("Webhook", "Worker")}
    await battery.fire_all([*names, *drawn[:half]])
    before = {name: resident(pid) for name, pid in ours.items()}
    await battery.fire_all(drawn[half:])
    growth = {name: resident(pid) - before[name] for name, pid in ours.items()}
    forged = Shot(battery.dice, caller.call_id).event("call_ended")
    assert (await send(battery.address, http(forged, path=EVENTS))).statuses == (401,)
    booked = await caller.say("book_appointment", alternative_id="a1" if offered.status == "slot_taken" else None)

    assert {name: stack.pids[name] for name in ours} == ours
    assert max(growth.values()) < MOST_GROWTH, growth
    assert len(battery.fired) == REQUESTS
    unforeseen = {(shot.name, *shot.heard.statuses) for shot in battery.fired if not shot.was_foreseen}
    assert unforeseen == set()
    assert [shot.name for shot in battery.fired if max(shot.heard.statuses, default=0) >= 500] == []
    assert booked.status == "booked", booked.text
    assert await our_bookings() == [*booked_before, "Hansi Schmidt"]
    await caller.hang_up()


async def test_what_nobody_signed_has_left_nothing_behind(battery: Battery, stack: Stack, client: Client) -> None:
    unsigned = {shot.call_id for shot in battery.fired if not shot.kind.may_act}
    assert len(unsigned) > REQUESTS // 3
    for call_id in unsigned:
        with pytest.raises(RPCError) as unknown:
            await client.get_workflow_handle(workflow_id(call_id)).describe()
        assert unknown.value.status is RPCStatusCode.NOT_FOUND
    engine = create_engine(stack.database_url)
    kept = set(CALL_ID.findall(await everything_in(engine)))
    await close(engine)
    assert kept
    assert kept & {*unsigned, "call_victim", "'other'"} == set()
    assert kept <= {shot.call_id for shot in battery.fired}


def test_no_answer_tells_what_is_nobodys_business(battery: Battery) -> None:
    told = {secret: shot.name for shot in battery.fired for secret in SECRETS if secret in shot.heard.text}
    assert told == {}
    served = [shot.heard.body for shot in battery.fired if shot.heard.statuses == (200,)]
    answered = [body for body in served if body.keys() - {"call_inbound"}]
    assert len(answered) > REQUESTS // 10
    for answer in answered:
        assert answer["status"] in {*AnswerStatus, INFORMATION}
        assert isinstance(answer["success"], bool)
        assert answer["message"]
        assert not any(words in json.dumps(answer, ensure_ascii=False) for words in SAID)


@pytest.mark.parametrize("process", ["webhook", "worker"])
def test_the_logs_are_lines_of_ours_and_say_nothing_of_it(battery: Battery, stack: Stack, process: str) -> None:
    assert battery.fired
    log = (stack.data / "logs" / f"{process}.log").read_text()
    assert not any(words in log for words in (*SAID, "Hansi", CALLER, KEY))
    if process == "webhook":
        greeting, *lines = log.splitlines()
        assert greeting.startswith("slotkeeper ")
        assert {json.loads(line)["process"] for line in lines} == {"webhook"}
        assert "\x1b" not in log


async def test_the_same_request_again_hears_the_same_and_books_once(
    address: tuple[str, int], rings: Callable[[], Caller], our_bookings: Callable[[], Awaitable[list[str]]]
) -> None:
    before = await our_bookings()
    caller = rings()
    offered = await caller.say("check_availability", datum="in 9 Tagen", uhrzeit="11 Uhr", name="Ada Lovelace")
    assert offered.status in ("available", "slot_taken"), offered.text
    args = {"alternative_id": "a1"} if offered.status == "slot_taken" else {}
    invocation = {"role": "tool_call_invocation", "tool_call_id": "yes_1", "name": "book_appointment"}
    spoken = [*caller.transcript, invocation | {"arguments": json.dumps(args)}]
    request = signed(encode(envelope("book_appointment", args, caller.call(transcript_with_tool_calls=spoken))))

    at_once = await asyncio.gather(*(send(address, request) for _ in range(4)))
    heard = [answer.body for answer in (*at_once, await send(address, request))]

    assert [answer["status"] for answer in heard] == ["booked"] * 5
    assert all(answer == heard[0] for answer in heard)
    assert await our_bookings() == [*before, "Ada Lovelace"]
    await caller.hang_up()
