"""The operators' web process from start to end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from console.app import create_app
from console.console import Console
from console.gauges import keep_gauges
from console.login.access import check_exposure
from starter.connect import connect, read_connection
from starter.directory import Directory
from starter.serving import Server
from starter.settings import Settings, open_database
from store.catalog import Catalog, CatalogError, load_catalog
from store.engine import close
from store.migrate import check_there, check_version


async def serve_console(settings: Settings, host: str, port: int, listening: Callable[[str, int], None]) -> None:
    """Serve until SIGTERM or SIGINT. Neither Temporal nor a voice platform need be there.

    ``listening`` is told host and port once requests are taken; port 0 takes a free one.

    Raises:
        SettingsError: Other machines could reach it without a login, or a setting cannot be used.
        StoreUnavailable: The database does not answer.
        NotUpToDate: It is of another version than this program, or not there: whoever only reads makes none.
    """
    check_exposure(settings, host)
    connection = read_connection(settings, "slotkeeper-console")
    check_there(settings.database_url)
    engine = open_database(settings)
    try:
        await check_version(engine)
        console = Console(
            settings=settings,
            engine=engine,
            client=await connect(connection, lazy=True),
            directory=Directory(engine, await _catalog(engine)),
        )

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            async with asyncio.TaskGroup() as tasks:
                ending = asyncio.Event()
                keeping_fresh = tasks.create_task(console.directory.keep_fresh())
                tasks.create_task(keep_gauges(engine, connection.meter, console.clock, ending))
                yield
                keeping_fresh.cancel()
                ending.set()

        config = uvicorn.Config(
            create_app(console, lifespan),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
        await Server(config, listening).serve()
    finally:
        await close(engine)


async def _catalog(engine: AsyncEngine) -> Catalog:
    """Return the catalog, empty where none was applied yet: that is noticed later."""
    try:
        return await load_catalog(engine)
    except CatalogError:
        return Catalog.model_construct(companies=())
