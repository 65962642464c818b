"""The web process from start to end."""

import asyncio
import math
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from starter.connect import connect, read_connection
from starter.conversation import Conversation
from starter.directory import Directory, read_catalog
from starter.journal import Journal
from starter.settings import Settings, open_database
from starter.webhook import create_app
from store.catalog import apply_catalog, load_catalog
from store.engine import close
from store.migrate import migrate


async def serve_webhook(settings: Settings, host: str, port: int, listening: Callable[[str, int], None]) -> None:
    """Serve until SIGTERM or SIGINT, then let the answers under way out.

    ``listening`` is told host and port once requests are taken; port 0 takes a free one. Temporal need not run yet.

    Raises:
        CatalogError: The catalog file is refused, or there is no catalog at all.
        SettingsError: ``DATABASE_URL``, ``METRICS_BIND`` or Temporal's own settings cannot be used.
        StoreUnavailable: The database does not answer.
    """
    connection = read_connection(settings, "slotkeeper-webhook")
    engine = open_database(settings)
    try:
        await migrate(engine)
        if settings.catalog_file:
            await apply_catalog(engine, read_catalog(settings.catalog_file))
        directory = Directory(engine, await load_catalog(engine))
        conversation = Conversation(await connect(connection, lazy=True))
        journal = Journal(engine, connection.meter)
        app = create_app(settings=settings, conversation=conversation, directory=directory, journal=journal)
        connection.tracing.see_answers(app)
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=math.ceil(settings.answer_budget_seconds) + 1,
        )
        await Server(config, listening).serve()
    finally:
        await close(engine)


class Server(uvicorn.Server):
    """Says where it listens, and ends by itself on a signal instead of dying of it."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[str, int], None]) -> None:
        """Tell ``listening`` host and port once requests are taken."""
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._listening(self.config.host, self.servers[0].sockets[0].getsockname()[1])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM end the serving."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
