"""The same conversations on the separate test server: another implementation of time, the same answers."""

import sys
from collections.abc import AsyncIterator

import pytest

from tests.temporal import TemporalServer, time_skipping_test_server
from tests.workflows.test_conversation import *  # noqa: F403  every case runs here again

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the test server's package has no Windows build")


@pytest.fixture
async def temporal() -> AsyncIterator[TemporalServer]:
    # A server of its own: a call another test left open would keep the one clock of this server from moving.
    async with time_skipping_test_server() as server:
        yield server
