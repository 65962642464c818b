"""What carries requests to Cal.com: requests a second, answer times and processor time, over TLS on this machine.

The same httpx request goes over httpx's own transport, over HTTP/2, over the package httpx-aiohttp and over ours
(``activities.calcom_http``) to a uvicorn server whose answer is as large as Cal.com's; that of HTTP/2 comes from a
server of its own, which uvicorn is not. Clients of one process ask one request after the other. All transports take
turns, several rounds in one run; the processor time is the client's alone.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from unittest.mock import patch

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from activities.aiohttp_transport import AiohttpTransport
from activities.calcom_http import KEEP_SECONDS, calcom_http
from bench.certificate import HOST, Certificate, write_certificate
from bench.figures import Figure, Figures, Spread, percentile, spread_of
from simulator.ports import ANY_PORTS
from simulator.process import Process

ROOT = Path(__file__).parents[1]
CLIENTS = (1, 4, 16, 64)
ROUNDS = 5
SECONDS = 1.0
UP_WITHIN_SECONDS = 30.0

LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=KEEP_SECONDS)
NEW_CONNECTION = {"Connection": "close"}

CAPTION = (
    "Over TLS, each request with an answer of ten days' slots. Requests a second and processor time of the client: "
    "median (least to most) of {rounds} rounds. new: every request over a connection of its own."
)


@dataclass(frozen=True)
class Transport:
    """A way to ask, and what it needs beside httpx."""

    name: str
    open: Callable[[str], httpx.AsyncClient]
    needs: str | None = None
    http2: bool = False


def _httpx_aiohttp(url: str) -> httpx.AsyncClient:
    client: httpx.AsyncClient = import_module("httpx_aiohttp").HttpxAiohttpClient(base_url=url, limits=LIMITS)
    return client


TRANSPORTS = (
    Transport("httpx", lambda url: httpx.AsyncClient(base_url=url, limits=LIMITS)),
    Transport(
        "httpx, HTTP/2", lambda url: httpx.AsyncClient(base_url=url, limits=LIMITS, http2=True), "h2", http2=True
    ),
    Transport("httpx-aiohttp", _httpx_aiohttp, "httpx_aiohttp"),
    Transport("ours", lambda url: calcom_http(url, AiohttpTransport(KEEP_SECONDS))),
)


@dataclass(frozen=True)
class Load:
    """How is asked: by so many at once, over connections that are kept, or over a new one each time."""

    clients: int
    connection: str = "kept"

    @property
    def headers(self) -> Mapping[str, str]:
        """What a request carries beside what all carry."""
        return NEW_CONNECTION if self.connection == "new" else {}


@dataclass
class Series:
    """What the rounds of one transport under one load came to."""

    transport: str
    load: Load
    per_second: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p95_ms: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def add(self, took: list[float], seconds: float, cpu_seconds: float) -> None:
        """Add a round: how long each request took, how long all together, and the processor time, in seconds."""
        self.per_second.append(len(took) / seconds)
        self.p50_ms.append(percentile(took, 50) * 1e3)
        self.p95_ms.append(percentile(took, 95) * 1e3)
        self.cpu_us.append(cpu_seconds / len(took) * 1e6)

    def figure(self) -> Figure:
        """Return the median of each figure, with the least and the most of the rounds where it matters."""
        return {
            "transport": self.transport,
            "clients": self.load.clients,
            "connection": self.load.connection,
            **Spread.of(self.per_second).named("requests", "per_second", digits=0),
            "p50_ms": round(median(self.p50_ms), 2),
            "p95_ms": round(median(self.p95_ms), 2),
            **Spread.of(self.cpu_us).named("cpu", "us", digits=0),
        }


def measure(console: Console) -> Figures:
    """Let the transports take turns; one figure per load and transport. What is not installed is left out and said."""
    transports = [transport for transport in TRANSPORTS if transport.needs is None or find_spec(transport.needs)]
    for transport in TRANSPORTS:
        if transport not in transports:
            console.print(f"{transport.name} is left out: {transport.needs} is not installed")
    with TemporaryDirectory(prefix="slotkeeper-bench-") as name:
        certificate = write_certificate(folder := Path(name))
        with patch.dict(os.environ, SSL_CERT_FILE=str(certificate.file)):
            return asyncio.run(_measure(console, transports, folder, certificate))


def table(figures: Figures) -> Table:
    """Lay the figures out: loads one below the other, in each the transports."""
    laid_out = Table(title="Ways to ask Cal.com", caption=CAPTION.format(rounds=ROUNDS))
    for heading in ("clients", "connection", ""):
        laid_out.add_column(heading)
    for heading in ("requests/s", "p50 ms", "p95 ms", "CPU µs"):
        laid_out.add_column(heading, justify="right")
    before = None
    for row in figures:
        load = (str(row["clients"]), str(row["connection"]))
        if before not in (None, load):
            laid_out.add_section()
        laid_out.add_row(
            *(load if load != before else ("", "")),
            str(row["transport"]),
            spread_of(row, "requests", "per_second"),
            f"{row['p50_ms']:.2f}",
            f"{row['p95_ms']:.2f}",
            spread_of(row, "cpu", "us"),
        )
        before = load
    return laid_out


async def _measure(console: Console, transports: list[Transport], folder: Path, certificate: Certificate) -> Figures:
    async with AsyncExitStack() as running:
        urls = {
            http2: await running.enter_async_context(_server(http2, folder, certificate))
            for http2 in {transport.http2 for transport in transports}
        }
        asking = {
            transport.name: await running.enter_async_context(transport.open(urls[transport.http2]))
            for transport in transports
        }
        loads = [Load(1, "new"), *map(Load, CLIENTS)]
        series = [
            # A connection of HTTP/2 is one for all requests.
            Series(transport.name, load)
            for load in loads
            for transport in transports
            if not (transport.http2 and load.connection == "new")
        ]
        for one in track(series * ROUNDS, "Asking over one transport after the other …", console=console):
            await _round(asking[one.transport], one)
    return [one.figure() for one in series]


async def _round(http: httpx.AsyncClient, series: Series) -> None:
    """Ask for a while; connections are opened before it is counted."""
    took: list[float] = []
    load, ends_at = series.load, 0.0

    async def ask() -> None:
        while True:
            began = perf_counter()
            response = await http.get("/v2/slots", params={"start": f"{began}"}, headers=load.headers)
            response.raise_for_status()
            took.append(perf_counter() - began)
            if perf_counter() >= ends_at:
                return

    await asyncio.gather(*(ask() for _ in range(load.clients)))
    took.clear()
    cpu, began = process_time(), perf_counter()
    ends_at = began + SECONDS
    await asyncio.gather(*(ask() for _ in range(load.clients)))
    series.add(took, perf_counter() - began, process_time() - cpu)


@asynccontextmanager
async def _server(http2: bool, folder: Path, certificate: Certificate) -> AsyncIterator[str]:
    port = ANY_PORTS.free().calendar
    url = f"https://{HOST}:{port}"
    keys = [str(certificate.file), str(certificate.key)]
    if http2:
        command = ["-m", "bench.http2", "--port", str(port), "--certificate", keys[0], "--key", keys[1]]
    else:
        tls = ["--ssl-certfile", keys[0], "--ssl-keyfile", keys[1]]
        command = ["-m", "uvicorn", "bench.double:app", "--host", HOST, "--port", str(port), *tls]
        command += ["--lifespan", "off", "--log-level", "error", "--no-access-log"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = Process(f"double {'HTTP2' if http2 else 'HTTP1'}", [sys.executable, *command], environment, folder)
    server.start()
    try:
        async with httpx.AsyncClient(base_url=url, http1=not http2, http2=http2) as http:

            async def answers() -> str | None:
                return url if (await http.get("/v2/slots")).is_success else None

            await server.until(answers, UP_WITHIN_SECONDS)
        yield url
    finally:
        await server.stop(grace_seconds=1)
