"""Requests byte by byte, as no well-behaved client would send them, and what comes back."""

import asyncio
import hmac
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

KEY = "key_0f1e2d3c4b5a69788796a5b4c3d2"
SALON, OFFICE, CALLER = "+493055500020", "+493055500021", "+4915550177331"
FUNCTIONS, EVENTS, INBOUND = "/retell/functions", "/retell/events", "/retell/inbound"

PATIENCE = 20.0
"""Seconds for any answer: more than the web process may take for one."""

Header = tuple[str, str]

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")


@dataclass(frozen=True)
class Heard:
    """The answers on one connection; no status where it was closed without one."""

    statuses: tuple[int, ...]
    text: str

    @property
    def status(self) -> int | None:
        return self.statuses[0] if self.statuses else None

    @property
    def body(self) -> dict[str, Any]:
        found = self.text.find("{")
        body = json.loads(self.text[found:]) if found >= 0 else {}
        return body if isinstance(body, dict) else {}


def stamp(age: timedelta = timedelta()) -> str:
    return str(int((datetime.now(UTC) - age).timestamp() * 1000))


def digest(body: bytes, at: str, key: str = KEY) -> str:
    return hmac.digest(key.encode(), body + at.encode(), "sha256").hex()


def signature(body: bytes, *, at: str | None = None, key: str = KEY) -> Header:
    at = at or stamp()
    return "X-Retell-Signature", f"v={at},d={digest(body, at, key)}"


def http(
    body: bytes = b"",
    headers: Iterable[Header] = (),
    *,
    path: str = FUNCTIONS,
    method: str = "POST",
    version: str = "HTTP/1.1",
    host: Iterable[str] = ("booking.example",),
    length: bool = True,
) -> bytes:
    """Write a request; ``length`` announces that of the body."""
    lines = [f"{method} {path} {version}", *(f"Host: {name}" for name in host)]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += [f"Content-Length: {len(body)}"] if length else []
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogatepass") + body


def signed(body: bytes, *more: Header, path: str = FUNCTIONS) -> bytes:
    """Write a request as the voice platform would sign it."""
    return http(body, [signature(body), *more], path=path)


def chunked(body: bytes, *more: Header, size: int = 65_536, path: str = FUNCTIONS) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    written = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    return http(written + b"0\r\n\r\n", [("Transfer-Encoding", "chunked"), *more], path=path, length=False)


async def send(address: tuple[str, int], request: bytes, answers: int = 1) -> Heard:
    """Send these bytes and listen for so many answers, or until the connection is closed."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        with suppress(ConnectionError):
            writer.write(request)
            await writer.drain()
        return await listen(reader, answers)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def listen(reader: asyncio.StreamReader, answers: int = 1) -> Heard:
    """Listen for so many answers, or until the connection is closed."""
    heard = b""
    async with asyncio.timeout(PATIENCE):
        while len(_answers(heard)) < answers and (piece := await _piece(reader)):
            heard += piece
    statuses = [int(answer.split(b" ", 2)[1]) for answer in _answers(heard, closed=True)]
    return Heard(tuple(statuses), heard.decode(errors="replace"))


async def _piece(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(65_536)
    except ConnectionError:
        return b""


def _answers(heard: bytes, *, closed: bool = False) -> list[bytes]:
    """Return the answers that are whole, without interim ones; one of unknown length is whole when all is said."""
    found: list[bytes] = []
    while heard:
        head, ends, rest = heard.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0 if head.startswith(b"HTTP/1.1 1") else None
        if not closed and (not ends or size is None or len(rest) < size):
            break
        heard = rest[size:] if size is not None else b""
        if not head.startswith(b"HTTP/1.1 1"):
            found.append(head)
    return found
