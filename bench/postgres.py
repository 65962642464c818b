"""A PostgreSQL server for a while: a temporary cluster, reached through a Unix socket."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SERVER_USER = "postgres"
"""Whom the system's packages run the server as; PostgreSQL refuses to run as root."""


SETTINGS = {"listen_addresses": "", "max_connections": "200", "fsync": "off", "full_page_writes": "off"}
"""Only through the socket, and without waiting for a disk: what is written here need not outlive the machine."""


class NoPostgres(Exception):
    """No server can be run here; the text says why."""


@dataclass(frozen=True)
class Server:
    """A server and how it is switched on and off; ``url`` is that of its empty database."""

    directory: Path
    _binaries: Path
    _user: str | None

    @property
    def url(self) -> str:
        """Where the administrator connects to."""
        return f"postgresql://slotkeeper@/postgres?host={self.directory}"

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        options += f" -c unix_socket_directories={self.directory}"
        self.run("pg_ctl", "start", "--wait", "--silent", "--log", f"{self.directory}/log", "--options", options)

    def stop(self) -> None:
        """End the server at once, as a crash would; what was committed is there after the next start."""
        self.run("pg_ctl", "stop", "--wait", "--silent", "--mode", "immediate")

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Let the server hang: connections are taken by the system, and nobody answers on them."""
        main = int((self.directory / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(main, signal.SIGSTOP)
        everybody = [main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text().split())]
        try:
            for process in everybody:
                _tell(process, signal.SIGSTOP)
            yield
        finally:
            for process in everybody:
                _tell(process, signal.SIGCONT)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs on the server's data."""
        command = [str(self._binaries / program), "--pgdata", f"{self.directory}/data", *arguments]
        subprocess.run(  # noqa: S603 the arguments are ours
            command, user=self._user, group=self._user, cwd=self.directory, stdout=subprocess.DEVNULL, check=True
        )


def _tell(process: int, what: signal.Signals) -> None:
    # One that had its work done has ended meanwhile.
    with suppress(ProcessLookupError):
        os.kill(process, what)


@contextmanager
def temporary_postgres() -> Iterator[Server]:
    """Run a server that is gone afterwards; raises ``NoPostgres`` where it cannot be run."""
    binaries = _binaries()
    # A directory of its own near the root: the path of a socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="slotkeeper-pg-") as name:
        server = Server(Path(name), binaries, _user_for(Path(name)))
        server.run("initdb", "--username", "slotkeeper", "--auth", "trust", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _binaries() -> Path:
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    for initdb in [*reversed(packaged), *([Path(on_path)] if on_path else [])]:
        if (initdb.parent / "postgres").exists():
            return initdb.parent
    raise NoPostgres("no PostgreSQL server binaries (initdb, postgres) in /usr/lib/postgresql or on PATH")


def _user_for(directory: Path) -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise NoPostgres(f"PostgreSQL does not run as root, and there is no user {SERVER_USER!r}") from None
    shutil.chown(directory, SERVER_USER)
    return SERVER_USER
