"""The databases that are measured: empty, by name, and gone afterwards."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from bench.postgres import NoPostgres, temporary_postgres


@contextmanager
def empty_databases(console: Console) -> Iterator[Mapping[str, str]]:
    """Provide the URLs of SQLite and PostgreSQL; says so where the latter cannot be run."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="slotkeeper-bench-"))
        urls = {"SQLite": f"sqlite:///{Path(folder) / 'store.db'}"}
        try:
            urls["PostgreSQL"] = stack.enter_context(temporary_postgres()).url
        except NoPostgres as why:
            console.print(f"PostgreSQL is left out: {why}")
        yield urls
