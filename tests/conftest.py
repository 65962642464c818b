"""What every test room shares: one Temporal server for the session."""

import time
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from tests.temporal import TemporalServer, dev_server

pytest_plugins = ["tests.databases", "tests.postgres"]


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[TemporalServer]:
    async with dev_server() as server:
        yield server


@pytest.fixture(scope="session")
def client(temporal: TemporalServer) -> Client:
    return temporal.client


def pytest_sessionfinish() -> None:
    # CPython 3.11 may abort while finalizing right after its last Temporal call; half a second lets the bridge's
    # threads come to rest first.
    time.sleep(0.5)
