"""A call as a timeline: what was said, what was done for it, what was held, and what the caller was told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeAlias

from console.call.holds import Held, holds_of
from console.call.rivals import Rival
from console.call.steps import Step, steps_of
from store.call_story import CallStory
from store.tables import Call, Reply, Turn

REPLY_PATIENCE = timedelta(seconds=5)
"""So long after an answer the sentence may still be on its way to the store."""


@dataclass(frozen=True)
class Said:
    """What the caller said, as the agent passed it on.

    ``kind`` is ``question`` or ``confirmation``, or the name of the function that was called where no turn came of it.
    ``words`` are by field: ``moment``, ``day``, ``time_of_day``, ``service``, ``alternative_id``. ``start`` is the
    moment it came to, ``service`` the key of its service.
    """

    at: datetime
    kind: str
    words: tuple[tuple[str, str], ...] = ()
    start: datetime | None = None
    service: str | None = None


@dataclass(frozen=True)
class Raced:
    """Somebody else was faster; ``caught`` is ``hold``, ``recheck`` or ``booking``, ``rival`` that call, if known."""

    at: datetime
    caught: str
    start: datetime | None
    rival: str | None = None


@dataclass(frozen=True)
class Told:
    """What the caller was told: ``message`` word for word, ``None`` where it is not known.

    ``alternatives`` are the moments it named, ``waited`` the seconds the caller waited for it. ``heard`` is false for
    an answer that came when nobody listened any more.
    """

    at: datetime
    message: str | None
    status: str
    reason: str | None = None
    alternatives: tuple[datetime, ...] = ()
    waited: float | None = None
    heard: bool = True


@dataclass(frozen=True)
class Thought:
    """The caller thought, from the offer at ``at``, for so many seconds; ``None`` while it lasts."""

    at: datetime
    seconds: float | None


@dataclass(frozen=True)
class Ended:
    """The call was over: ``hung_up``, ``silent``, ``cancelled`` or just ``ended``; the voice platform's ``reason``."""

    at: datetime
    how: str
    reason: str | None = None


_HOLD_RESULTS = {
    "held": "held",
    "held_by_another_call": "held_elsewhere",
    "store_down": "not_held",
    "over_limit": "over_limit",
}

Entry: TypeAlias = Step | Said | Raced | Held | Told | Thought | Ended


def timeline(story: CallStory, now: datetime, rivals: Mapping[int, Rival] | None = None) -> list[Entry]:
    """Return what happened, in order.

    What belongs to a turn stays together; replies of no turn stand where they were given. ``rivals`` are the calls
    that were faster, by the position of the turn.
    """
    holds, steps = holds_of(story, now), _steps_by_turn(story)
    groups: list[tuple[datetime, Sequence[Entry]]] = [
        (_began(turn), _of_turn(turn, story, now, holds, steps[turn.position], (rivals or {}).get(turn.position)))
        for turn in story.turns
    ]
    known = {turn.turn_id for turn in story.turns}
    groups += [(_asked(reply), _loose(reply)) for reply in story.replies if reply.turn_id not in known]
    groups += [(step.at, [step]) for step in steps[None]]
    groups.sort(key=lambda group: group[0])
    return [*chain.from_iterable(entries for _, entries in groups), *_end(story)]


def _steps_by_turn(story: CallStory) -> dict[int | None, list[Step]]:
    """Return the steps by the position of the turn they were begun in; at ``None`` those begun in no turn.

    A step is kept with the turn that was answered next after its end, which is a later one for what nobody waited for.
    """
    steps: dict[int | None, list[Step]] = {None: [], **{turn.position: [] for turn in story.turns}}
    kept: list[tuple[Turn | None, Step]] = [
        (turn, step) for turn in story.turns for step in steps_of(turn.steps, _results(turn, story))
    ]
    kept += [(None, step) for step in steps_of(story.call.steps) if not _at_the_end(step, story.call)]
    for keeper, step in kept:
        if keeper is None or step.at < _began(keeper):
            keeper = next((turn for turn in story.turns if _began(turn) <= step.at <= turn.answered_at), None)
        steps[None if keeper is None else keeper.position].append(step)
    return steps


def _at_the_end(step: Step, call: Call) -> bool:
    return call.ended_at is not None and step.at >= call.ended_at


def _began(turn: Turn) -> datetime:
    return turn.received_at or turn.answered_at


def _asked(reply: Reply) -> datetime:
    return reply.at - timedelta(seconds=reply.seconds)


def _of_turn(
    turn: Turn, story: CallStory, now: datetime, holds: Sequence[Held], steps: Sequence[Step], rival: Rival | None
) -> list[Entry]:
    replies = [reply for reply in story.replies if reply.turn_id == turn.turn_id]
    final = next((reply for reply in replies if reply.status == turn.status), None)
    before: list[Entry] = []
    if turn.gap_seconds is not None and turn.offered_at is not None:
        before.append(Thought(turn.offered_at, turn.gap_seconds))
    words = tuple(replies[0].words.items()) if replies else ()
    before.append(Said(_began(turn), turn.kind, words, turn.wished_start, turn.service))
    inner: list[Entry] = [hold for hold in holds if _began(turn) <= hold.at <= turn.answered_at]
    inner += [*steps, *(_told(reply, turn) for reply in replies if reply is not final)]
    inner.sort(key=lambda entry: entry.at)
    if turn.race_caught_at is not None:
        faster = rival.call_id if rival else None
        inner.append(Raced(turn.answered_at, turn.race_caught_at, turn.wished_start, faster))
    ending: list[Entry] = []
    if final is not None:
        ending.append(_told(final, turn))
    elif replies or now >= turn.answered_at + REPLY_PATIENCE or story.call.ended_at is not None:
        ending.append(
            Told(
                at=turn.answered_at,
                message=None,
                status=turn.status,
                reason=turn.reason,
                alternatives=tuple(turn.alternatives),
                heard=turn.heard,
            )
        )
    return [*before, *inner, *ending]


def _told(reply: Reply, turn: Turn) -> Told:
    answers = reply.status == turn.status
    return Told(
        at=reply.at,
        message=reply.message,
        status=reply.status,
        reason=reply.reason,
        alternatives=tuple(turn.alternatives) if answers else (),
        waited=reply.seconds,
        heard=turn.heard or not answers,
    )


def _loose(reply: Reply) -> list[Entry]:
    """Return a reply of no turn with what was asked for it."""
    told = Told(reply.at, reply.message, reply.status, reply.reason, waited=reply.seconds)
    return [Said(_asked(reply), reply.function, tuple(reply.words.items())), told]


def _results(turn: Turn, story: CallStory) -> dict[str, str]:
    """Return what the steps of a turn came to, by name."""
    found_again = any(b.recovered and b.starts_at == turn.wished_start for b in story.bookings)
    refused = {"booking": "taken", "hold": "held_elsewhere"}.get(turn.race_caught_at or "")
    booked = ("found_again" if found_again else "booked") if turn.status == "booked" else refused
    gone = "held_elsewhere" if turn.race_caught_at == "hold" else "gone"
    rechecked = {"passed": "still_free", "gone": gone, "skipped": "skipped"}
    checked = "free_not_held" if turn.hold in ("store_down", "over_limit") else "free"
    if turn.status != "available":
        checked = "held_elsewhere" if turn.race_caught_at == "hold" else "not_listed"
    results = {
        "check_slot": checked,
        "hold_slot": _HOLD_RESULTS.get(turn.hold or ""),
        "recheck_slot": rechecked.get(turn.recheck or ""),
        "book_slot": booked,
    }
    return {name: result for name, result in results.items() if result is not None}


def _end(story: CallStory) -> Iterator[Entry]:
    call = story.call
    if call.ended_at is None:
        if story.turns and call.outcome in ("waiting_for_yes", "alternatives_offered"):
            yield Thought(story.turns[-1].answered_at, None)
        return
    how = call.outcome
    if how not in ("hung_up", "silent", "cancelled"):
        how = "hung_up" if call.hang_up_reason else "ended"
    ending: list[Entry] = [Ended(call.ended_at, how, call.hang_up_reason)]
    ending += [step for step in steps_of(call.steps, {"release_hold": "let_go"}) if _at_the_end(step, call)]
    yield from sorted(ending, key=lambda entry: entry.at)
