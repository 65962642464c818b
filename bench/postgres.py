"""A PostgreSQL server for a while: a temporary cluster, reached through a Unix socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_USER = "postgres"
"""Whom the system's packages run the server as; PostgreSQL refuses to run as root."""


class NoPostgres(Exception):
    """No server can be run here; the text says why."""


@contextmanager
def temporary_postgres() -> Iterator[str]:
    """Run a server, and yield the URL of its empty database; raises ``NoPostgres`` where it cannot be run."""
    binaries = _binaries()
    # A directory of its own near the root: the path of a socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="slotkeeper-pg-") as name:
        directory = Path(name)
        user = _user_for(directory)

        def run(program: str, *arguments: str) -> None:
            command = [str(binaries / program), "--pgdata", f"{directory}/data", *arguments]
            subprocess.run(  # noqa: S603 the arguments are ours
                command, user=user, group=user, cwd=directory, stdout=subprocess.DEVNULL, check=True
            )

        run("initdb", "--username", "slotkeeper", "--auth", "trust", "--no-sync")
        settings = f"-c listen_addresses= -c unix_socket_directories={directory} -c fsync=off -c max_connections=200"
        run("pg_ctl", "start", "--wait", "--silent", "--log", f"{directory}/log", "--options", settings)
        try:
            yield f"postgresql://slotkeeper@/postgres?host={directory}"
        finally:
            run("pg_ctl", "stop", "--wait", "--silent", "--mode", "immediate")


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
