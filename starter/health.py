"""What a process tells whoever keeps it running: that it lives, and whether it is ready."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from starter.settings import SettingsError
from starter.wires import Wires

ANSWER_LIMIT = timedelta(seconds=2)
"""How long Temporal may take to say that it is there."""

LOOK_SECONDS = 10.0
"""How often a process looks by itself."""

FAREWELL_SECONDS = 1
"""How long an answer under way may hold up the end."""

_READY_SECONDS = 1.0
_PLACES = 20

logger = logging.getLogger(__name__)

Look = Callable[[], Awaitable[Mapping[str, bool]]]
"""Finds out what answers and what does not, by name."""


def slotkeeper_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("slotkeeper")
    except PackageNotFoundError:
        return "not installed"


def alive() -> JSONResponse:
    """Say that the process lives, and which version it is. A blocked event loop says nothing."""
    return JSONResponse({"status": "alive", "version": slotkeeper_version()})


def readiness(answers: Mapping[str, bool]) -> JSONResponse:
    """Say that the process is ready if all is as it has to be, and what is and what is not."""
    ready = all(answers.values())
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse({"status": "ready" if ready else "not ready", **answers}, status)


class Readiness:
    """Whether what we depend on answers, looked up at most once a second: anybody may ask, as often as they like."""

    def __init__(self, look: Look, seconds: float = _READY_SECONDS) -> None:
        """Find out with ``look``; what was seen counts for so many seconds."""
        self._look = look
        self._seconds = seconds
        self._seen: Mapping[str, bool] = {}
        self._seen_at = float("-inf")
        self._looking = asyncio.Lock()

    async def __call__(self) -> Mapping[str, bool]:
        """Return what answers and what does not, by name."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if now - self._seen_at >= self._seconds:
                self._seen = await self._look()
                self._seen_at = asyncio.get_running_loop().time()
            return self._seen

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Look every ten seconds: what is lost and what is back is said when it happens, even if nobody asks."""
        looking = asyncio.create_task(self._keep_looking())
        try:
            yield
        finally:
            looking.cancel()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self()


class TemporalWatch:
    """Whether Temporal is there, and a line in the log whenever that changes."""

    def __init__(self, client: Client) -> None:
        """Take it for there: whoever does not find it at first hears of it."""
        self._client = client
        self._is_there = True

    async def answers(self) -> bool:
        """Whether Temporal answers and has our namespace."""
        request = DescribeNamespaceRequest(namespace=self._client.namespace)
        why = ""
        try:
            async with asyncio.timeout(ANSWER_LIMIT.total_seconds()):
                await self._client.workflow_service.describe_namespace(request, timeout=ANSWER_LIMIT)
        except (RPCError, RuntimeError, TimeoutError) as error:
            # A lazy client that cannot connect raises RuntimeError.
            why = error.status.name if isinstance(error, RPCError) else type(error).__name__
        is_there, was_there = not why, self._is_there
        self._is_there = is_there
        if was_there and not is_there:
            logger.warning("Temporal is away: %s", why)
        elif is_there and not was_there:
            logger.info("Temporal is back")
        return is_there


@asynccontextmanager
async def told_on(bind: str | None, look: Look) -> AsyncIterator[None]:
    """Serve ``GET /health`` and ``GET /ready`` on this address, if there is one, from the caller's own event loop.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    if bind is None:
        yield
        return

    async def health(_: Request) -> JSONResponse:
        return alive()

    async def ready(_: Request) -> JSONResponse:
        return readiness(await look())

    app = Starlette(routes=[Route("/health", health), Route("/ready", ready)])
    with _listening(bind) as listener:
        server = _Server(_config(app))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        # It is called like a class of protocols, and makes them. uvicorn's own limit counts who merely is connected.
        http=cast(type[asyncio.Protocol], Wires(_PLACES, ANSWER_LIMIT.total_seconds())),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=FAREWELL_SECONDS,
    )


@contextmanager
def _listening(bind: str) -> Iterator[socket.socket]:
    host, _, port = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, int(port)), family=family)
    except OSError as error:
        raise SettingsError(f"HEALTH_BIND: {bind} cannot be listened on: {os.strerror(error.errno or 0)}") from None
    with listener:
        yield listener


class _Server(uvicorn.Server):
    """Leaves signals to the process it is a part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
