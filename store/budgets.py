"""How many requests Cal.com still allows each account: what one worker was told, the others can read."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, or_, select

from store.engine import insert, reading, write
from store.errors import QUERY_SECONDS, answers_within
from store.tables import CalendarBudget

CLOCKS_DIFFER = timedelta(seconds=2)
"""What was noted further in the future than this was noted by a clock that is wrong, and counts for nothing."""


@answers_within(QUERY_SECONDS)
async def exchange_budgets(engine: AsyncEngine, said: Sequence[CalendarBudget], now: datetime) -> list[CalendarBudget]:
    """Keep what was said of some accounts, and return what was said last of all that have not been reset by ``now``.

    Of two that speak of one account the one noted later is kept; one noted in the future (``CLOCKS_DIFFER``) gives way
    to any other and is not returned. Raises ``StoreUnavailable`` when the database does not answer; saying it again is
    safe.
    """
    noted_at, credible = col(CalendarBudget.noted_at), now + CLOCKS_DIFFER
    if said:
        # In one order for everybody: two workers that write the same rows must not wait for each other in a circle.
        rows = [row.model_dump() for row in sorted(said, key=lambda row: row.account)]
        new = insert(engine.dialect.name, CalendarBudget)
        statement = new.on_conflict_do_update(
            index_elements=["account"],
            set_={name: new.excluded[name] for name in ("allowed", "remaining", "resets_at", "noted_at")},
            where=or_(noted_at < new.excluded.noted_at, noted_at > credible),
        )
        await write(engine, lambda connection: connection.execute(statement, rows))
    async with reading(engine) as session:
        live = select(CalendarBudget).where(col(CalendarBudget.resets_at) > now, noted_at <= credible)
        return list(await session.exec(live))
