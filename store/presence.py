"""Whether the database is there."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from store.errors import QUERY_SECONDS, StoreUnavailable, answers_within


async def is_there(engine: AsyncEngine) -> bool:
    """Whether the database answers; known within ``QUERY_SECONDS``."""
    try:
        await _ask(engine)
    except StoreUnavailable:
        return False
    return True


@answers_within(QUERY_SECONDS)
async def _ask(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
