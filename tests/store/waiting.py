"""Two at once on PostgreSQL, in a known order."""

import asyncio
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def ends_or_waits(query: asyncio.Task[Any], engine: AsyncEngine) -> None:
    """Return as soon as the query has ended, or waits for somebody else's lock."""
    for _ in range(1000):
        async with engine.connect() as watching:
            waits = (await watching.execute(_WAITING)).scalar_one()
        if waits or query.done():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("neither ended nor waiting")
