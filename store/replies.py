"""What callers were told."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from store.engine import insert, writing
from store.errors import QUERY_SECONDS, answers_within
from store.tables import Reply


@answers_within(QUERY_SECONDS)
async def add_replies(engine: AsyncEngine, rows: Sequence[Reply]) -> None:
    """Keep what was said, all or nothing; ``id`` is given by the database.

    Raises ``StoreUnavailable`` when the database does not answer: whether the rows are kept is then not known.
    """
    if not rows:
        return
    async with writing(engine) as session:
        await session.exec(insert(session, Reply), params=[row.model_dump(exclude={"id"}) for row in rows])
