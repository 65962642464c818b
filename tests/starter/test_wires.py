"""Who is hung up, on real sockets: whoever pipelines, does not read, or has been answered for too long."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import cast

import pytest
import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from starter.serving import Server
from starter.wires import WIRES_PER_PLACE, Wires

GET = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = b"x" * 8 * 1024 * 1024

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[bytes], AbstractAsyncContextManager[Ends]]


class App:
    """Answers with the path; ``/never`` not at all, ``/long`` with more than any buffer holds."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.under_way = 0
        self.changed = asyncio.Condition()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        assert scope["type"] == "http"
        self.asked.append(scope["path"])
        await self._begun(1)
        try:
            if scope["path"] == "/never":
                while (await receive())["type"] != "http.disconnect":
                    pass
                return
            said = LONG if scope["path"] == "/long" else scope["path"].encode()
            length = (b"content-length", str(2 * len(said)).encode())
            await send({"type": "http.response.start", "status": 200, "headers": [length], "trailers": False})
            await send({"type": "http.response.body", "body": said, "more_body": True})
            await send({"type": "http.response.body", "body": said, "more_body": False})
        finally:
            await self._begun(-1)

    async def _begun(self, change: int) -> None:
        self.under_way += change
        async with self.changed:
            self.changed.notify_all()

    async def serves(self, many: int) -> None:
        """Wait until so many requests are under way."""
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(lambda: self.under_way == many)


@pytest.fixture
def app() -> App:
    return App()


@asynccontextmanager
async def serving(app: App, wires: Wires) -> AsyncIterator[Connect]:
    """Serve on a port of this machine's; yields what opens a connection and sends some bytes."""
    listening: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
    config = uvicorn.Config(
        app,
        port=0,
        http=cast(type[asyncio.Protocol], wires),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = Server(config, lambda host, port: listening.set_result((host, port)))
    serving = asyncio.create_task(server.serve())
    address = await listening

    @asynccontextmanager
    async def connect(sent: bytes) -> AsyncIterator[Ends]:
        ours = socket.create_connection(address)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader, writer = await asyncio.open_connection(sock=ours, limit=4096)
        writer.write(sent)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    try:
        yield connect
    finally:
        server.should_exit = True
        await serving


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Return what is heard until the connection is closed."""
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def test_who_asks_again_before_hearing_the_answer_is_hung_up_with_that_answer(app: App) -> None:
    async with (
        serving(app, Wires(1, answer_seconds=60)) as connect,
        connect(GET % b"one" + GET % b"two") as (reader, _),
    ):
        heard = await rest(reader)
    assert heard.endswith(b"\r\n\r\n/one/one")
    assert app.asked == ["/one"]


async def test_who_asks_again_after_hearing_the_answer_is_answered(app: App) -> None:
    async with serving(app, Wires(1, answer_seconds=60)) as connect, connect(GET % b"one") as (reader, writer):
        await reader.readuntil(b"/one/one")
        writer.write(GET % b"two")
        await reader.readuntil(b"/two/two")


async def test_who_does_not_read_the_answer_is_hung_up(app: App) -> None:
    async with serving(app, Wires(1, answer_seconds=0.2)) as connect, connect(GET % b"long"):
        await app.serves(1)
        await app.serves(0)


async def test_who_is_not_answered_in_time_is_hung_up(app: App) -> None:
    async with serving(app, Wires(1, answer_seconds=0.2)) as connect, connect(GET % b"never") as (reader, _):
        assert await rest(reader) == b""


async def test_who_waits_for_an_answer_is_not_hung_up_for_a_flood_of_requests_that_never_come_to_an_end(
    app: App,
) -> None:
    slow = b"POST /never HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
    async with serving(app, Wires(1, answer_seconds=60)) as connect, AsyncExitStack() as connections:
        waiting, _ = await connections.enter_async_context(connect(GET % b"never"))
        await app.serves(1)
        flood = []
        for asking in range(2, WIRES_PER_PLACE + 1):
            flood.append(await connections.enter_async_context(connect(slow)))
            await app.serves(asking)
        new, _ = await connections.enter_async_context(connect(GET % b"new"))
        assert await new.readuntil(b"/new/new")
        assert await rest(flood[0][0]) == b""
        assert not waiting.at_eof()


async def test_where_nobody_is_silent_who_has_asked_longest_gives_way_to_a_new_connection(app: App) -> None:
    async with serving(app, Wires(1, answer_seconds=60)) as connect, AsyncExitStack() as connections:
        first, _ = await connections.enter_async_context(connect(GET % b"never"))
        await app.serves(1)
        for asking in range(2, WIRES_PER_PLACE + 1):
            await connections.enter_async_context(connect(GET % b"never"))
            await app.serves(asking)
        new, _ = await connections.enter_async_context(connect(GET % b"new"))
        assert await new.readuntil(b"/new/new")
        assert await rest(first) == b""
