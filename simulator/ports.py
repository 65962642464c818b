"""Where the processes of the stack listen."""

import secrets
import socket
from contextlib import ExitStack
from typing import NamedTuple


class Ports(NamedTuple):
    """Where the processes listen, on 127.0.0.1. 0 takes a free port, and so does a port that is taken."""

    temporal: int = 7233
    temporal_ui: int = 8233
    calendar: int = 8765
    webhook: int = 8080
    console: int = 8090
    worker_metrics: int = 0
    webhook_metrics: int = 0

    def free(self) -> "Ports":
        """These ports, with free ones in place of the taken."""
        with ExitStack() as chosen:
            return Ports(*(_free_port(preferred, chosen) for preferred in self))


UNUSED = range(20_000, 32_000)
"""Where free ports are looked for: below those the system gives to connections, which could take the port of a process
that is not up yet, or is away for a while."""

ANY_PORTS = Ports(0, 0, 0, 0, 0)


def _free_port(preferred: int, chosen: ExitStack) -> int:
    """A port to listen on; it stays taken until `chosen` is closed, so that the next one is another."""
    listener = chosen.enter_context(socket.socket())
    # A port that closed connections still linger on can be listened on; one somebody listens on cannot.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    port = preferred or secrets.choice(UNUSED)
    for _ in UNUSED:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            port = secrets.choice(UNUSED)
        else:
            break
    listener.listen()
    return port
