"""Whether the database is there."""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from store.errors import QUERY_SECONDS, StoreUnavailable, answers_within


async def is_there(engine: AsyncEngine) -> bool:
    """Whether the database answers; known within ``QUERY_SECONDS``."""
    try:
        await _ask(engine)
    except StoreUnavailable:
        return False
    return True


async def find(engine: AsyncEngine) -> None:
    """Ask the database for a sign of life; raises ``StoreUnavailable`` with what stands against it, in its words."""
    try:
        await _ask(engine)
    except StoreUnavailable as error:
        if isinstance(error.__cause__, DBAPIError):
            # A wrong name or password is told by words alone, in the server's language.
            said = str(error.__cause__.orig).strip().splitlines()
            raise StoreUnavailable(said[0] if said else str(error)) from error
        raise


@answers_within(QUERY_SECONDS)
async def _ask(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
