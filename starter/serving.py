"""The web process from start to end."""

import asyncio
import math
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
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
from starter.nearby import Nearby
from starter.patience import connected, database_there
from starter.settings import Settings, open_database
from starter.webhook import create_app
from starter.wires import Wires
from store.catalog import apply_catalog, load_catalog
from store.engine import close
from store.migrate import migrate

WorkerBeside = Callable[[Client, AsyncEngine, Settings, Connection], AbstractAsyncContextManager[Nearby]]
"""Runs a worker in the process of the web server; leaving the context drains it."""


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
    unless a worker runs ``beside`` in this process; that one ends when the last answer is out.
    For ``linger_seconds`` after the signal requests are still taken, while ``/ready`` already says no: for a load
    balancer to notice.

    Raises:
        CatalogError: The catalog file is refused, or there is no catalog at all.
        RuntimeError: Temporal has not answered for a minute, and a worker needs it.
        SettingsError: ``DATABASE_URL``, ``METRICS_BIND`` or Temporal's own settings cannot be used.
        StoreUnavailable: The database has not answered for a minute, or no longer does.
    """
    connection = read_connection(settings, "slotkeeper-webhook" if beside is None else "slotkeeper")
    engine = open_database(settings)
    try:
        with _told_to_stop() as stop:
            if not await database_there(engine, stop):
                return
            client = await (connect(connection, lazy=True) if beside is None else connected(connection, stop))
            if client is None:
                return
        await migrate(engine)
        if settings.catalog_file:
            await apply_catalog(engine, read_catalog(settings.catalog_file))
        directory = Directory(engine, await load_catalog(engine))
        async with nullcontext() if beside is None else beside(client, engine, settings, connection) as nearby:
            app = create_app(
                settings=settings,
                conversation=Conversation(client, nearby=nearby),
                directory=directory,
                journal=Journal(engine, connection.meter),
            )
            connection.tracing.see_answers(app)
            config = _config(app, settings, host, port)
            await Server(config, listening, app.state.leaving, linger_seconds).serve()
    finally:
        await close(engine)


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
    """Have SIGTERM and SIGINT set an event for a while."""
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
