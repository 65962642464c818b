"""Too many connections, too many bodies, too slow ones: memory stays flat, and calls in progress are served."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from simulator.caller import Caller, Reply, encode, envelope
from simulator.stack import Stack
from tests.attack.conftest import PLACES, attacked, calling, where_it_listens
from tests.attack.memory import MEBIBYTE, forget_peak, peak, resident
from tests.attack.wire import PATIENCE, Heard, http, listen, send, signature, signed
from tests.databases import DatabaseWith

pytestmark = [pytest.mark.alone, pytest.mark.timeout(180)]

Address = tuple[str, int]

MOST_GROWTH = 96 * MEBIBYTE
"""The bodies that may arrive at once hold 32 MiB; the rest is what is on its way through, and room for chance."""

BODY = b"x" * 1024 * 1024


@asynccontextmanager
async def connected(address: Address, first: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """Open a connection and send a beginning, or more."""
    reader, writer = await asyncio.open_connection(*address)
    with suppress(ConnectionError):
        writer.write(first)
    try:
        yield reader
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def hold(address: Address, first: bytes, at_once: int, rounds: int, answers: int = 1) -> Counter[int | None]:
    """Keep so many connections at once, each until so many answers or for as long as it is left open.

    Returns how they were first answered.
    """
    ends: Counter[int | None] = Counter()
    opening = asyncio.Semaphore(16)

    async def one_after_the_other() -> None:
        for _ in range(rounds):
            async with AsyncExitStack() as connection:
                async with opening:
                    reader = await connection.enter_async_context(connected(address, first))
                ends[(await listen(reader, answers)).status] += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
    return ends


async def turn_a_deaf_ear(address: Address, request: bytes, at_once: int) -> Counter[int | None]:
    """Send requests on so many connections until each is closed, and read no answer."""
    loop = asyncio.get_running_loop()

    async def until_closed() -> None:
        with socket.socket() as deaf:
            deaf.setblocking(False)
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with suppress(ConnectionError):
                await loop.sock_connect(deaf, address)
                while True:
                    await loop.sock_sendall(deaf, request)

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(until_closed() for _ in range(at_once)))
    return Counter({None: at_once})


async def repeat(address: Address, request: bytes, at_once: int, times: int) -> Counter[int | None]:
    """Send a whole request again and again; return what was answered."""
    answers: Counter[int | None] = Counter()

    async def one_after_the_other() -> None:
        for _ in range(times):
            answers[(await send(address, request)).status] += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
    return answers


def arriving(size: int) -> bytes:
    """Return a request of which so much of the body is there.

    Its signature is well-formed, fresh and another body's: it takes the whole body to see that it is wrong.
    """
    headers = [signature(b"another body"), ("Content-Length", str(len(BODY)))]
    return http(BODY[:size], headers, length=False)


SLOW_HEAD = b"POST /retell/functions HTTP/1.1\r\nHost: x\r\nX-Slow: "
NOT_SIGNED = http(BODY)
IN_A_ROW = 1_400
MANY_AT_ONCE = http(method="GET", path="/health") * IN_A_ROW
ENDLESS_HEADERS = b"POST /retell/functions HTTP/1.1\r\n" + b"X-Flood: " + b"x" * 200_000

Flood = Callable[[Address], Awaitable[Counter[int | None]]]
FLOODS: dict[str, tuple[Flood, set[int | None]]] = {
    "connections that say nothing": (lambda at: hold(at, b"", 12 * PLACES, 1), {None}),
    "headers that never end": (lambda at: hold(at, SLOW_HEAD, 12 * PLACES, 1), {None}),
    "headers without end": (lambda at: repeat(at, ENDLESS_HEADERS, PLACES, 10), {400, None}),
    "bodies that never end": (lambda at: hold(at, arriving(1000), 6 * PLACES, 2), {408, 503, None}),
    "bodies that end but for a byte": (lambda at: hold(at, arriving(len(BODY) - 1), 4 * PLACES, 2), {408, 503, None}),
    "bodies signed by somebody else": (lambda at: repeat(at, arriving(len(BODY)), 2 * PLACES, 4), {401, 503, None}),
    "bodies nobody signed": (lambda at: repeat(at, NOT_SIGNED, 2 * PLACES, 4), {401, None}),
    "requests nobody signed": (lambda at: repeat(at, http(b"{}"), 4 * PLACES, 10), {401, None}),
    "requests that wait for no answer": (lambda at: hold(at, MANY_AT_ONCE, 12 * PLACES, 1, IN_A_ROW), {200, None}),
    "answers that are not read": (lambda at: turn_a_deaf_ear(at, MANY_AT_ONCE, 12 * PLACES), {None}),
    "looks at whether we are ready": (lambda at: repeat(at, http(method="GET", path="/ready"), PLACES, 20), {200}),
}


@pytest.mark.parametrize(("flood", "answers"), FLOODS.values(), ids=FLOODS)
async def test_calls_in_progress_are_served_under_a_flood_and_memory_stays_flat(
    stack: Stack, address: Address, rings: Callable[[], Caller], flood: Flood, answers: set[int | None]
) -> None:
    caller, web = rings(), stack.pids["Webhook"]
    assert (await caller.say("current_time_berlin")).status_code == 200
    before = resident(web)
    forget_peak(web)
    flooding = asyncio.ensure_future(flood(address))
    heard: list[Reply] = []
    while not flooding.done() or len(heard) < 3:
        heard.append(await caller.say("current_time_berlin"))
    ends = await flooding
    assert {reply.status_code for reply in heard} == {200}
    assert {reply.status for reply in heard} == {"information"}
    assert set(ends) <= answers
    assert stack.pids["Webhook"] == web
    assert peak(web) - before < MOST_GROWTH, (peak(web) - before, ends)


async def test_a_flood_of_new_calls_that_are_signed_is_asked_to_come_again_and_a_call_in_progress_is_booked(
    tmp_path: Path, database_with: DatabaseWith
) -> None:
    """On a stack of its own: afterwards the calendar's key has reached its limit for a minute."""
    async with attacked(tmp_path, database_with("nothing")) as stack, calling(stack) as rings:
        address = where_it_listens(stack)
        caller, web = rings(), stack.pids["Webhook"]
        offered = await caller.say("check_availability", datum="in 12 Tagen", uhrzeit="10 Uhr", name="Ada Lovelace")
        assert offered.status_code == 200
        before = resident(web)
        forget_peak(web)
        flood = [rings() for _ in range(5 * PLACES)]
        wish = {"datum": "morgen", "uhrzeit": "9 Uhr"}
        questions = [signed(encode(envelope("check_availability", wish, other.call()))) for other in flood]
        asking = [asyncio.ensure_future(send(address, question)) for question in questions]
        await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        booked = await caller.say("book_appointment", alternative_id=None if offered.status == "available" else "a1")
        heard = await asyncio.gather(*asking)
        answered = Counter(answer.status for answer in heard)

        assert booked.status == "booked", booked.text
        assert set(answered) == {200, 503}
        assert answered[200] >= PLACES // 2
        refused = [answer.text.lower() for answer in heard if answer.status == 503]
        assert all("retry-after: 1" in answer for answer in refused)
        assert peak(web) - before < MOST_GROWTH
        assert stack.pids["Webhook"] == web
        for other in (caller, *flood):
            await other.hang_up()


async def test_a_body_that_stops_arriving_is_told_so_and_a_silent_connection_is_hung_up(address: Address) -> None:
    async with AsyncExitStack() as open_connections:
        readers = [
            await open_connections.enter_async_context(connected(address, first))
            for first in (arriving(1000), b"", SLOW_HEAD)
        ]
        slow, silent, slow_head = await asyncio.gather(*(listen(reader) for reader in readers))
    assert slow.status == 408
    assert "connection: close" in slow.text.lower()
    assert (silent, slow_head) == (Heard((), ""), Heard((), ""))
