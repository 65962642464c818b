"""What a worker says of itself can be asked whatever others do."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

import httpx

from starter.health import told_on


async def all_is_well() -> Mapping[str, bool]:
    return {"temporal": True}


async def test_connections_on_which_nothing_is_asked_keep_nobody_from_asking(
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    port = unused_tcp_port_factory()
    async with AsyncExitStack() as idle, told_on(f"127.0.0.1:{port}", all_is_well):
        for _ in range(300):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            idle.callback(writer.close)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            assert (await http.get("/health")).status_code == 200
            assert (await http.get("/ready")).json() == {"status": "ready", "temporal": True}
