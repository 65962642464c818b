"""The web process from start to end."""

import asyncio
import math
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from types import FrameType
from typing import cast

import uvicorn
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from starter.connect import Connection, connect, read_connection
from starter.conversation import Conversation
from starter.directory import Directory, read_catalog
from starter.journal import Journal
from starter.nearby import Begin, Nearby
from starter.patience import connected, database_there
from starter.settings import Settings, open_database
from starter.webhook import create_app
from starter.wires import Wires
from store.catalog import apply_catalog, load_catalog
from store.engine import close
from store.migrate import migrate
from workflows.messages import Answer

WorkerBeside = Callable[
    [Client, AsyncEngine, Settings, Connection, Callable[[str, str, Answer], None]], AbstractAsyncContextManager[Begin]
]
"""Runs a worker in the process of the web server, which tells what its steps come to and begins looks when asked to.

Leaving the context drains it; where it cannot go on, whoever is in the context is cancelled and it raises why.
"""


async def serve_webhook(
    settings: Settings,
    host: str,
    port: int,
    listening: Callable[[str, int], None],
    linger_seconds: float = 0,
    beside: WorkerBeside | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then let the answers under way out.

    ``listening`` is told host and port once requests are taken; port 0 takes a free one. Temporal need not run yet,
    unless a worker runs ``beside`` in this process: that one begins before the first request is taken, and drains when
    the last answer is out. One does not go on without the other.
    For ``linger_seconds`` after the signal requests are still taken, while ``/ready`` already says no: for a load
    balancer to notice.

    Raises:
        CatalogError: The catalog file is refused, or there is no catalog at all.
        RuntimeError: Temporal has not answered for a minute, or the worker beside could not go on.
        SettingsError: ``DATABASE_URL``, ``METRICS_BIND``, ``HEALTH_BIND`` or Temporal's own settings cannot be used.
        StoreUnavailable: The database has not answered for a minute, or no longer does.
    """
    connection = read_connection(settings, "slotkeeper-webhook" if beside is None else "slotkeeper-serve")
    engine = open_database(settings)
    with _told_to_stop() as stop:
        try:
            if not await database_there(engine, stop):
                return
            client = await (connect(connection, lazy=True) if beside is None else connected(connection, stop))
            if client is None:
                return
            await migrate(engine)
            if settings.catalog_file:
                await apply_catalog(engine, read_catalog(settings.catalog_file))
            directory = Directory(engine, await load_catalog(engine))
            async with _nearby(beside, client, engine, settings, connection) as nearby:
                conversation = Conversation(client, nearby=nearby)
                app = create_app(
                    settings=settings,
                    conversation=conversation,
                    directory=directory,
                    journal=Journal(engine, connection.meter),
                )
                connection.tracing.see_answers(app)
                server = Server(_config(app, settings, host, port), listening, app.state.leaving, linger_seconds)
                # A worker beside looks for itself whether Temporal is there.
                looking = app.state.readiness.kept() if beside is None else nullcontext()
                try:
                    if not stop.is_set():
                        async with looking:
                            await server.serve()
                finally:
                    await conversation.close()
        finally:
            await close(engine)


@asynccontextmanager
async def _nearby(
    beside: WorkerBeside | None, client: Client, engine: AsyncEngine, settings: Settings, connection: Connection
) -> AsyncIterator[Nearby | None]:
    if beside is None:
        yield None
        return
    nearby = Nearby()
    async with beside(client, engine, settings, connection, nearby.tell) as nearby.begin:
        yield nearby


def _config(app: FastAPI, settings: Settings, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        # It is called like a class of protocols, and makes them.
        http=cast(type[asyncio.Protocol], Wires(settings.webhook_concurrency, settings.answer_budget_seconds)),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=answers_out_within(settings.answer_budget_seconds),
    )


@contextmanager
def _told_to_stop() -> Iterator[asyncio.Event]:
    """Have SIGTERM and SIGINT set an event, until a server takes them."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def answers_out_within(answer_budget_seconds: float) -> int:
    """Return how many seconds the answers under way may take once no request is taken any more."""
    return math.ceil(answer_budget_seconds) + 1


class Server(uvicorn.Server):
    """Says where it listens, and ends by itself on a signal instead of dying of it."""

    def __init__(
        self,
        config: uvicorn.Config,
        listening: Callable[[str, int], None],
        leaving: asyncio.Event | None = None,
        linger_seconds: float = 0,
    ) -> None:
        """Tell ``listening`` host and port once requests are taken.

        A signal sets ``leaving``; requests are taken for ``linger_seconds`` after it, unless there is another one.
        """
        super().__init__(config)
        self._listening = listening
        self._leaving = leaving or asyncio.Event()
        self._linger_seconds = linger_seconds
        self._lingering: asyncio.TimerHandle | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._listening(self.config.host, self.servers[0].sockets[0].getsockname()[1])

    async def main_loop(self) -> None:
        """Serve until told to stop; being cancelled as well lets the answers under way out first."""
        try:
            await super().main_loop()
        except asyncio.CancelledError:
            self._leaving.set()
            await self.shutdown()
            raise

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to leave."""
        if self._lingering is not None:
            # A second SIGINT to uvicorn, even a late one of ours, cuts off the answers under way.
            self._lingering.cancel()
        if self._leaving.is_set() or not self._linger_seconds:
            super().handle_exit(sig, frame)
        else:
            loop = asyncio.get_running_loop()
            self._lingering = loop.call_later(self._linger_seconds, super().handle_exit, sig, frame)
        self._leaving.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM end the serving."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
