"""Which call was faster, where the store still knows."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from store.agenda import agenda
from store.call_story import CallStory, call_story
from store.tables import Turn


async def rivals(
    engine: AsyncEngine, story: CallStory, durations: Mapping[str, timedelta], now: datetime
) -> dict[int, str]:
    """Return the ids of the calls that were faster than this one, by the position of the turn that noticed.

    A rival holds or has booked some of the wished time, and was offered it before this caller was told. Whoever booked
    past us, or let go what was held without booking it, stays unknown. ``durations`` are those of the services.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    found: dict[int, str] = {}
    for turn in story.turns:
        if not _lost(turn) or turn.wished_start is None or story.calendar is None:
            continue
        until = turn.wished_start + durations.get(turn.service or "", timedelta(minutes=1))
        seen = await agenda(engine, story.call.company, story.calendar, turn.wished_start, until, now)
        taken = {hold.call_id: hold.start for hold in seen.holds}
        taken |= {booking.call_id: booking.starts_at for booking in seen.bookings}
        for call_id, start in taken.items():
            other = None if call_id == story.call.call_id else await call_story(engine, call_id)
            if other and any(_had(theirs, start, turn.answered_at) for theirs in other.turns):
                found[turn.position] = call_id
                break
    return found


def _lost(turn: Turn) -> bool:
    """Whether somebody else had the moment that was asked for: in a race, or long before."""
    named = any(step["name"] == "check_slot" for step in turn.steps)
    return turn.race_caught_at is not None or (turn.status == "unavailable" and turn.reason is None and named)


def _had(theirs: Turn, start: datetime, before: datetime) -> bool:
    return theirs.wished_start == start and theirs.status in ("available", "booked") and theirs.answered_at <= before
