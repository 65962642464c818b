"""Runs the double as a server: `python -m simulator.calcom --port 8765`."""

import asyncio
import logging
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from simulator.calcom.app import create_app
from simulator.calcom.config import DEFAULT_FILE, Config
from simulator.calcom.faults import BrokenConnection


class Server(uvicorn.Server):
    """Stops at the first signal, without waiting for requests a fault keeps hanging."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drops what is still open."""
        self.force_exit = True
        super().handle_exit(sig, frame)


def is_news(record: logging.LogRecord) -> bool:
    """Whether a log record is about anything but a request broken off on purpose."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, BrokenConnection | asyncio.CancelledError)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8765,
    config: Annotated[Path, typer.Option(help="TOML file with keys, hosts and event types.")] = DEFAULT_FILE,
    latency: Annotated[
        float | None, typer.Option(help="Seconds before which no answer leaves, instead of the file's.", min=0)
    ] = None,
) -> None:
    """A calendar that speaks Cal.com's API v2."""
    calendar = Config.load(config)
    if latency is not None:
        calendar = calendar.model_copy(update={"latency_seconds": latency})
    app = create_app(calendar)
    logging.getLogger("uvicorn.error").addFilter(is_news)
    Server(uvicorn.Config(app, host=host, port=port, log_level="error", access_log=False, lifespan="off")).run()


if __name__ == "__main__":
    typer.run(serve)
