"""A PostgreSQL server of the tests' own: one temporary cluster per session."""

from collections.abc import Iterator

import pytest

from bench.postgres import NoPostgres, Server, temporary_postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """Skips where the server cannot be run."""
    try:
        with temporary_postgres() as server:
            yield server
    except NoPostgres as why:
        pytest.skip(str(why))
