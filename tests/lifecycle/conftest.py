from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.databases import DatabaseWith
from tests.lifecycle.site import Site, open_site


@pytest.fixture
async def site(
    tmp_path: Path, database_with: DatabaseWith, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Site]:
    async with open_site(tmp_path, database_with("catalog"), unused_tcp_port_factory) as opened:
        yield opened
