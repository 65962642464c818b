"""What callers were told."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, bindparam
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from store.engine import insert, write
from store.errors import QUERY_SECONDS, answers_within
from store.tables import FORGOTTEN, Call, Reply

_REVISIONS = (
    # Whoever forgets one of them this moment is waited for, or waits and then deletes these rows, too.
    select(Call.call_id, Call.revision)
    .where(col(Call.call_id).in_(bindparam("calls", expanding=True)))
    .order_by(col(Call.call_id))
    .with_for_update(read=True)
)


@answers_within(QUERY_SECONDS)
async def add_replies(engine: AsyncEngine, rows: Sequence[Reply]) -> None:
    """Keep what was said, all or nothing; ``id`` is given by the database. A row that is kept already stays as it is.

    What was said in a call whose caller has been forgotten meanwhile is not kept.

    Raises ``StoreUnavailable`` when the database does not answer: whether the rows are kept is then not known; ask
    again.
    """
    said = [row.model_dump(exclude={"id"}) for row in rows]
    await write(engine, lambda connection: _add(connection, said))


@cache
def _keep_once(dialect: str) -> Insert:
    return insert(dialect, Reply).on_conflict_do_nothing(index_elements=["key"])


def _add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    found = connection.execute(_REVISIONS, {"calls": list({row["call_id"] for row in rows})})
    forgotten = {call_id for call_id, revision in found if revision == FORGOTTEN}
    if told := [row for row in rows if row["call_id"] not in forgotten]:
        connection.execute(_keep_once(connection.dialect.name), told)
