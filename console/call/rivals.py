"""Which call was faster, where the store still knows, and what came of it there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from console.call.holds import holds_of
from store.agenda import agenda, who_held
from store.call_story import CallStory, call_story
from store.catalog import CatalogService
from store.tables import Turn

_FATES = {"moved": "moved", "ran_out": "ran_out", "lost": "ran_out"}
"""What ended a hold before its call was over, as a key of the texts."""


@dataclass(frozen=True)
class Rival:
    """A call that was faster.

    ``fate`` is what became of the hold it was faster by, as a key of the texts: ``had_booked``, ``booked``, ``holds``,
    ``hung_up``, ``ended``, ``moved``, ``ran_out``; at the moment ``at``, where that says anything. Without a ``fate``
    it had booked, and a hold had no part in it.
    """

    call_id: str
    fate: str | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class _Lost:
    """A moment that somebody else had, when a caller asked for it."""

    call_id: str
    company: str
    calendar: str
    start: datetime
    end: datetime
    asked_at: datetime
    told_at: datetime


async def rivals(
    engine: AsyncEngine, story: CallStory, services: Mapping[str, CatalogService], now: datetime
) -> dict[int, Rival]:
    """Return the calls that were faster than this one, by the position of the turn that noticed.

    A rival held some of the wished time just then, or had booked it. Whoever booked past us stays unknown.
    ``services`` are those of the call's branch, by key.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    found: dict[int, Rival] = {}
    for turn in story.turns:
        service = services.get(turn.service or "")
        calendar = service.calendar if service else story.calendar
        if not _is_lost(turn) or turn.wished_start is None or calendar is None:
            continue
        lost = _Lost(
            call_id=story.call.call_id,
            company=story.call.company,
            calendar=calendar,
            start=turn.wished_start,
            end=turn.wished_start + timedelta(minutes=service.duration_minutes if service else 1),
            asked_at=_began(turn),
            told_at=turn.answered_at,
        )
        by_hold = turn.race_caught_at == "hold"
        rival = (by_hold and await _holder(engine, lost, now)) or await _booker(engine, lost, now)
        if rival:
            found[turn.position] = rival
    return found


async def _holder(engine: AsyncEngine, lost: _Lost, now: datetime) -> Rival | None:
    """Return who held the time when it was asked for."""
    for call_id, start in await who_held(engine, lost.company, lost.calendar, lost.start, lost.end, lost.told_at):
        other = None if call_id == lost.call_id else await call_story(engine, call_id)
        rival = _by_hold(lost, other, start, now) if other else None
        if rival:
            return rival
    return None


def _by_hold(lost: _Lost, other: CallStory, start: datetime, now: datetime) -> Rival | None:
    """Return the other call where a hold of it on ``start`` kept this one away, with what became of that hold."""
    call, since = other.call, lost.asked_at
    for hold in holds_of(other, now):
        taker = next((turn for turn in other.turns if _began(turn) <= hold.at <= turn.answered_at), None)
        was_first = taker is not None and _began(taker) <= lost.told_at
        if not was_first or hold.start != start or not hold.may_have_kept(since):
            continue
        end = hold.end_after(since)
        booked = next((t for t in other.turns if t.status == "booked" and t.wished_start == start), None)
        if booked:
            return Rival(call.call_id, "had_booked" if booked.answered_at <= since else "booked")
        if end and end.what in _FATES:
            return Rival(call.call_id, _FATES[end.what], end.at)
        if call.ended_at is None:
            return Rival(call.call_id, "holds")
        if end or call.ended_at > since:
            return Rival(call.call_id, "hung_up" if call.hang_up_reason else "ended", call.ended_at)
    return None


async def _booker(engine: AsyncEngine, lost: _Lost, now: datetime) -> Rival | None:
    """Return who has booked the time, and was about to before this caller was told."""
    seen = await agenda(engine, lost.company, lost.calendar, lost.start, lost.end, now)
    for booking in seen.bookings:
        other = None if booking.call_id == lost.call_id else await call_story(engine, booking.call_id)
        said_yes = [turn for turn in other.turns if turn.status == "booked"] if other else []
        if any(turn.wished_start == booking.starts_at and _began(turn) <= lost.told_at for turn in said_yes):
            return Rival(booking.call_id)
    return None


def _is_lost(turn: Turn) -> bool:
    """Whether somebody else had the moment that was asked for: in a race, or long before."""
    named = any(step["name"] == "check_slot" for step in turn.steps)
    return turn.race_caught_at is not None or (turn.status == "unavailable" and turn.reason is None and named)


def _began(turn: Turn) -> datetime:
    return turn.received_at or turn.answered_at
