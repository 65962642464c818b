"""The Temporal server of the stack: the dev server of the CLI, on a file or in memory."""

import sys
from dataclasses import dataclass
from pathlib import Path

from simulator.ports import Ports

SEARCH_ATTRIBUTES = {"Company": "Keyword", "CallOutcome": "Keyword", "SlotStart": "Datetime", "RaceDetected": "Bool"}
"""What the server must know before the first call. A test holds it against the workflows."""


@dataclass(frozen=True)
class ServerSettings:
    """How the server is run, each as `name=value`; without any it is as it comes.

    Attributes:
        dynamic_config: Its own settings.
        pragmas: Of its database, where that is a file.
        environment: Variables of its process.
    """

    dynamic_config: tuple[str, ...] = ()
    pragmas: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()


SHIPPED = ServerSettings(
    dynamic_config=(
        "matching.enableFairness=true",
        # The dev server has a single shard, which reads each of its queues 20 times a second by default: calls in a
        # row would wait up to 50 ms per step. A cluster has many shards.
        "history.transferProcessorMaxPollRPS=1000",
        "history.timerProcessorMaxPollRPS=1000",
        "history.visibilityProcessorMaxPollRPS=1000",
    ),
    # Without these every step of a call waits for the disk.
    pragmas=("journal_mode=WAL", "synchronous=NORMAL"),
)


def server_command(
    database: Path | None, ports: Ports, codec_url: str | None = None, settings: ServerSettings = SHIPPED
) -> list[str]:
    """What runs the server on a database file, or in memory without one, but for the settings' environment.

    Its UI has payloads deciphered at `codec_url`.
    """
    options = {
        "--ip": ["127.0.0.1"],
        "--port": [str(ports.temporal)],
        "--ui-ip": ["127.0.0.1"],
        "--ui-port": [str(ports.temporal_ui)],
        "--log-level": ["warn"],
        "--db-filename": [str(database)] if database else [],
        "--sqlite-pragma": settings.pragmas if database else (),
        "--search-attribute": [f"{name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()],
        "--dynamic-config-value": settings.dynamic_config,
        "--ui-codec-endpoint": [codec_url] if codec_url else [],
    }
    binary = Path(sys.executable).with_name("temporal")
    return [str(binary), "server", "start-dev", *(word for o, vs in options.items() for v in vs for word in (o, v))]
