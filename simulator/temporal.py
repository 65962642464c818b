"""The Temporal server of the stack: the dev server of the CLI, on a file or in memory."""

import sys
from pathlib import Path

from simulator.ports import Ports

SEARCH_ATTRIBUTES = {"Company": "Keyword", "CallOutcome": "Keyword", "SlotStart": "Datetime", "RaceDetected": "Bool"}
"""What the server must know before the first call. A test holds it against the workflows."""

DYNAMIC_CONFIG = {
    "matching.enableFairness": "true",
    # The dev server has a single shard, which reads each of its queues 20 times a second by default: calls in a row
    # would wait up to 50 ms per step. A cluster has many shards.
    "history.transferProcessorMaxPollRPS": "1000",
    "history.timerProcessorMaxPollRPS": "1000",
    "history.visibilityProcessorMaxPollRPS": "1000",
}

PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")
"""How its database file is written: without these every step of a call waits for the disk."""


def server_command(
    database: Path | None, ports: Ports, codec_url: str | None = None, *, stock: bool = False
) -> list[str]:
    """What runs the server on a database file, or in memory without one; as it comes where it is to be `stock`.

    Its UI has payloads deciphered at `codec_url`.
    """
    pragmas = PRAGMAS if database and not stock else ()
    tuned = {} if stock else DYNAMIC_CONFIG
    options = {
        "--ip": ["127.0.0.1"],
        "--port": [str(ports.temporal)],
        "--ui-ip": ["127.0.0.1"],
        "--ui-port": [str(ports.temporal_ui)],
        "--log-level": ["warn"],
        "--db-filename": [str(database)] if database else [],
        "--sqlite-pragma": pragmas,
        "--search-attribute": [f"{name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()],
        "--dynamic-config-value": [f"{key}={value}" for key, value in tuned.items()],
        "--ui-codec-endpoint": [codec_url] if codec_url else [],
    }
    binary = Path(sys.executable).with_name("temporal")
    return [str(binary), "server", "start-dev", *(word for o, vs in options.items() for v in vs for word in (o, v))]
