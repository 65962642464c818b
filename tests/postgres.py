"""A PostgreSQL server of the tests' own: one temporary cluster per session."""

from collections.abc import Iterator

import pytest

from bench.postgres import NoPostgres, temporary_postgres


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of an empty database of a temporary cluster; skips where the server cannot be run."""
    try:
        with temporary_postgres() as url:
            yield url
    except NoPostgres as why:
        pytest.skip(str(why))
