"""What the connections to Cal.com do, on the wire: everything beside the requests and answers themselves."""

import asyncio
import gzip
import logging
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

import activities.calcom_http
from activities import calcom_client
from activities.calcom_client import CalcomClient
from activities.calcom_http import calcom_http
from activities.errors import Unreachable
from bench.certificate import write_certificate
from tests.activities.fakes import ACCOUNT, KEY

OWNER = b'{"status": "success", "data": {"id": 1, "timeZone": "Europe/Berlin"}}'

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

Say = Callable[["Server", asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes = OWNER, *headers: str, status: str = "200 OK") -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
    return head.encode() + b"\r\n" + body


def says(*answers: bytes) -> Say:
    """Answer each request with the next of these, the last for ever, and leave the connection open."""
    left = list(answers)

    async def say(_: "Server", writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return say


def breaks_off_after(answer: bytes) -> Say:
    async def say(_: "Server", writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    return say


async def resets(_: "Server", writer: asyncio.StreamWriter) -> None:
    # Without lingering a connection is not closed but reset.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


async def never_answers(_: "Server", __: asyncio.StreamWriter) -> None: ...


@dataclass
class Server:
    """Answers whatever comes in as it is told to, and remembers it."""

    say: Say
    url: str = ""
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    is_left: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                if length := re.search(r"content-length: (\d+)", head, re.IGNORECASE):
                    self.bodies.append(await reader.readexactly(int(length[1])))
                await self.say(self, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.is_left.set()
            writer.close()


@asynccontextmanager
async def serving(say: Say, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(say)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    host, port = listener.sockets[0].getsockname()
    server.url = f"{'https' if tls else 'http'}://{host}:{port}"
    async with listener:
        yield server


@asynccontextmanager
async def asking(server: Server) -> AsyncIterator[CalcomClient]:
    async with calcom_http(server.url) as http:
        yield CalcomClient(http)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    certificate = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.mark.parametrize(
    ("say", "kind"),
    [
        (breaks_off_after(b""), "RemoteProtocolError"),
        (resets, "ReadError"),
        (breaks_off_after(b"HTTP/1.1 200 OK\r\nContent-Le"), "RemoteProtocolError"),
        (breaks_off_after(answer()[:-1]), "RemoteProtocolError"),
        (
            breaks_off_after(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc"),
            "RemoteProtocolError",
        ),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"), "RemoteProtocolError"),
        (says(b"SSH-2.0-server\r\n\r\n"), "RemoteProtocolError"),
        (says(answer(b"not zipped", "Content-Encoding: gzip")), "DecodingError"),
    ],
    ids=[
        "closed",
        "reset",
        "cut off in the head",
        "cut off",
        "cut off in a chunk",
        "no chunk",
        "no HTTP",
        "not zipped",
    ],
)
async def test_an_answer_that_does_not_arrive_whole_is_none_and_is_asked_for_once(say: Say, kind: str) -> None:
    async with serving(say) as server, asking(server) as client:
        with pytest.raises(Unreachable, match=f"could not be asked for the key's owner: {kind}") as error:
            await client.me(ACCOUNT)

        assert error.value.unanswered
        assert len(server.heads) == 1


async def test_a_kept_connection_that_breaks_is_not_asked_a_second_time() -> None:
    async def once(server: Server, writer: asyncio.StreamWriter) -> None:
        if len(server.heads) == 1:
            writer.write(answer())
        else:
            writer.close()

    async with serving(once) as server, asking(server) as client:
        await client.me(ACCOUNT)
        with pytest.raises(Unreachable, match="RemoteProtocolError") as error:
            await client.me(ACCOUNT)

        assert error.value.unanswered
        assert (len(server.heads), server.connections) == (2, 1)


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with serving(never_answers) as server:
        pass
    async with asking(server) as client:
        with pytest.raises(Unreachable, match="could not be asked for the key's owner: ConnectError") as error:
            await client.me(ACCOUNT)

        assert not error.value.unanswered


async def test_a_server_is_who_its_certificate_says(
    tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(says(answer()), tls) as server:
        async with asking(server) as client:
            with pytest.raises(Unreachable, match="ConnectError") as error:
                await client.me(ACCOUNT)
        assert not error.value.unanswered
        assert server.heads == []

        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        async with asking(server) as client:
            assert (await client.me(ACCOUNT)).id == 1


async def trickles(_: Server, writer: asyncio.StreamWriter) -> None:
    for byte in answer():
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def goes_wrong_late(_: Server, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.write(b"zz\r\n")


@pytest.mark.parametrize("say", [never_answers, trickles, goes_wrong_late])
async def test_the_time_an_answer_may_take_is_bounded_as_a_whole(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calcom_client, "LOOKUP_SECONDS", 0.05)
    async with serving(say) as server, asking(server) as client:
        with pytest.raises(Unreachable, match=r"did not answer within 0\.05 s") as error:
            await client.me(ACCOUNT)

        assert error.value.unanswered


async def test_limits_of_a_single_request_are_heeded() -> None:
    async with serving(never_answers) as server:
        async with calcom_http(server.url) as http:
            with pytest.raises(httpx.ReadTimeout):
                await http.get("/v2/me", timeout=httpx.Timeout(None, read=0.01))
        # Connected, but nobody there agrees on keys.
        async with calcom_http(server.url.replace("http", "https")) as http:
            with pytest.raises(httpx.ConnectTimeout):
                await http.get("/v2/me", timeout=httpx.Timeout(None, connect=0.01))


async def test_requests_that_give_up_together_leave_room_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(never_answers) as server, asking(server) as client:
        monkeypatch.setattr(calcom_client, "LOOKUP_SECONDS", 0.2)
        waiting = [client.get_booking(ACCOUNT, f"u{number}") for number in range(60)]
        given_up = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(error) for error in given_up} == {Unreachable}

        monkeypatch.setattr(calcom_client, "LOOKUP_SECONDS", 10)
        server.say = says(answer())
        assert (await client.me(ACCOUNT)).id == 1


async def test_as_many_are_asked_at_once_as_ask() -> None:
    many, all_here = 150, asyncio.Event()

    async def when_all_are_here(server: Server, writer: asyncio.StreamWriter) -> None:
        if len(server.heads) == many:
            all_here.set()
        await all_here.wait()
        writer.write(answer())

    async with serving(when_all_are_here) as server, calcom_http(server.url) as http:
        answers = await asyncio.gather(*(http.get("/v2/me", timeout=20) for _ in range(many)))

        assert {answer.status_code for answer in answers} == {200}


async def test_a_connection_is_kept_for_the_next_request() -> None:
    async with serving(says(answer())) as server, asking(server) as client:
        for _ in range(3):
            await client.me(ACCOUNT)

        assert (len(server.heads), server.connections) == (3, 1)


async def test_a_connection_that_the_server_has_closed_is_replaced() -> None:
    async with serving(breaks_off_after(answer())) as server, asking(server) as client:
        for _ in range(3):
            await client.me(ACCOUNT)
            await server.is_left.wait()
            server.is_left.clear()
            # One turn of the event loop to hear of it.
            await asyncio.sleep(0)

        assert (len(server.heads), server.connections) == (3, 3)


async def test_a_connection_that_nobody_needs_any_more_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activities.calcom_http, "KEEP_SECONDS", 0.01)
    async with serving(says(answer())) as server, asking(server) as client:
        await client.me(ACCOUNT)
        await server.is_left.wait()


@pytest.mark.parametrize("encrypted", [False, True])
async def test_no_connection_outlives_the_pool(
    encrypted: bool, tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    async with serving(says(answer()), tls if encrypted else None) as server:
        async with asking(server) as client:
            await client.me(ACCOUNT)
        await server.is_left.wait()


async def test_a_request_that_is_under_way_when_the_pool_is_closed_is_unanswered() -> None:
    asked = asyncio.Event()

    async def is_asked(_: Server, __: asyncio.StreamWriter) -> None:
        asked.set()

    async with serving(is_asked) as server:
        async with calcom_http(server.url) as http:
            asking = asyncio.create_task(CalcomClient(http).me(ACCOUNT))
            await asked.wait()
        with pytest.raises(Unreachable, match="RemoteProtocolError") as error:
            await asking

        assert error.value.unanswered


async def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    moved = answer(b"", "Location: /elsewhere", "Set-Cookie: session=1; Path=/", status="302 Found")
    async with serving(says(moved, answer())) as server:
        # No library keeps cookies of an address in numbers.
        server.url = server.url.replace("127.0.0.1", "localhost")
        async with asking(server) as client:
            with pytest.raises(Unreachable, match="HTTP 302"):
                await client.me(ACCOUNT)
            await client.me(ACCOUNT)

        assert [head.split()[1] for head in server.heads] == ["/v2/me", "/v2/me"]
        assert all("cookie" not in head.casefold() for head in server.heads)


async def test_a_request_arrives_as_it_was_made() -> None:
    async with serving(says(answer())) as server, calcom_http(server.url) as http:
        asked = http.build_request("POST", "/v2/a..%2Fb", params={"e": "a+b@c.example", "t": "8:00 ä"}, json={"ü": 1})
        await http.send(asked)

    [head] = server.heads
    request, *headers = head.splitlines()
    assert request == f"POST {asked.url.raw_path.decode()} HTTP/1.1"
    sent = {line.partition(": ")[0].casefold(): line.partition(": ")[2] for line in headers if line}
    assert sent == dict(asked.headers)
    assert sent["user-agent"] == "slotkeeper"


async def test_a_body_arrives_whole() -> None:
    body = b"b" * 200_000
    async with serving(says(answer())) as server, calcom_http(server.url) as http:
        await http.post("/v2/bookings", content=body)

    assert server.bodies == [body]


async def test_a_zipped_answer_is_unzipped() -> None:
    zipped = answer(gzip.compress(OWNER), "Content-Encoding: gzip")
    async with serving(says(zipped)) as server, asking(server) as client:
        assert (await client.me(ACCOUNT)).id == 1


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
async def test_a_proxy_that_the_environment_names_is_asked_instead(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(says(answer())) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        async with calcom_http("http://calcom.example") as http:
            assert (await CalcomClient(http).me(ACCOUNT)).id == 1

    assert proxy.heads[0].startswith("GET http://calcom.example/v2/me HTTP/1.1")


async def test_a_proxy_that_is_not_for_a_host_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(never_answers) as proxy, serving(says(answer())) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with asking(server) as client:
            await client.me(ACCOUNT)

    assert proxy.heads == []


async def test_nothing_asked_is_logged_by_what_carries_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with serving(says(b"SSH-2.0-server\r\n\r\n")) as server, calcom_http(server.url) as http:
            with pytest.raises(httpx.RemoteProtocolError) as broken:
                await http.get(
                    "/v2/bookings",
                    params={"attendeeEmail": "ann@example.com"},
                    headers={"Authorization": f"Bearer {KEY}"},
                )

    assert len(server.heads) == 1
    for said in (caplog.text, str(broken.value)):
        assert "example.com" not in said
        assert KEY not in said
