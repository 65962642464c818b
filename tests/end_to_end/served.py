"""An app of the test, served to processes of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from tests.end_to_end.salon import eventually


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve on a free port, in a thread; return the address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, log_level="warning", ws="none"))
    thread = Thread(target=server.run)
    thread.start()

    async def listens() -> bool:
        return server.started

    try:
        await eventually(listens)
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()
