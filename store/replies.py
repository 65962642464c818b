"""What callers were told."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from store.engine import insert, writing
from store.errors import QUERY_SECONDS, answers_within
from store.tables import FORGOTTEN, Call, Reply


@answers_within(QUERY_SECONDS)
async def add_replies(engine: AsyncEngine, rows: Sequence[Reply]) -> None:
    """Keep what was said, all or nothing; ``id`` is given by the database. A row that is kept already stays as it is.

    What was said in a call whose caller has been forgotten meanwhile is not kept.

    Raises ``StoreUnavailable`` when the database does not answer: whether the rows are kept is then not known; ask
    again.
    """
    calls = {row.call_id for row in rows}
    async with writing(engine) as session:
        # Whoever forgets one of them this moment is waited for, or waits and then deletes these rows, too.
        kept = select(Call.call_id, Call.revision).where(col(Call.call_id).in_(calls)).order_by(col(Call.call_id))
        found = (await session.exec(kept.with_for_update(read=True))).all()
        forgotten = {call_id for call_id, revision in found if revision == FORGOTTEN}
        if told := [row.model_dump(exclude={"id"}) for row in rows if row.call_id not in forgotten]:
            once = insert(session, Reply).on_conflict_do_nothing(index_elements=["key"])
            await session.exec(once, params=told)
