"""A call as a timeline: what was said, what was done for it, what was held, and what the caller was told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeAlias

from store.call_story import CallStory
from store.tables import Reply, Turn

REPLY_PATIENCE = timedelta(seconds=5)
"""So long after an answer the sentence may still be on its way to the store."""

HELD_AFTER_BOOKING = timedelta(seconds=10)
"""So long a hold stays after its booking: Cal.com's own list of free slots lags behind."""

_OVER = ("not_held", "moved", "lost", "let_go", "ran_out")

_NOT_CONFIGURED = "CalendarNotConfigured"


@dataclass(frozen=True)
class Step:
    """A step as it went.

    ``attempts`` is ``None`` where it is not known, ``failure`` the kind of error of a step that came to no result.
    ``result`` is what it came to, as a key of the texts: ``free``, ``free_not_held``, ``not_listed``, ``held``,
    ``held_elsewhere``, ``not_held``, ``still_free``, ``gone``, ``booked``, ``found_again``, ``taken``, ``let_go``.
    """

    at: datetime
    name: str
    seconds: float
    attempts: int | None = None
    failure: str | None = None
    result: str | None = None


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
class Fate:
    """What became of a hold, as a key of the texts.

    ``not_held``, ``renewed``, ``taken_again``, ``moved``, ``lost``, ``kept``, ``let_go``, ``not_let_go``, ``ran_out``.
    """

    at: datetime
    what: str


@dataclass(frozen=True)
class Held:
    """A hold on ``start``: until when it was kept at last, ``None`` where that is not known, and what became of it."""

    at: datetime
    start: datetime
    until: datetime | None
    fates: tuple[Fate, ...] = ()

    def keeps(self, now: datetime) -> bool:
        """Whether it keeps others away."""
        over = self.fates and self.fates[-1].what in _OVER
        return self.until is not None and now < self.until and not over


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


Entry: TypeAlias = Step | Said | Raced | Held | Told | Thought | Ended


def timeline(story: CallStory, now: datetime, rivals: Mapping[int, str] | None = None) -> list[Entry]:
    """Return what happened, in order.

    What belongs to a turn stays together; replies of no turn stand where they were given. ``rivals`` names the calls
    that were faster, by the position of the turn.
    """
    holds = holds_of(story, now)
    spoken = [
        (_began(turn), _of_turn(turn, story, now, holds, (rivals or {}).get(turn.position))) for turn in story.turns
    ]
    known = {turn.turn_id for turn in story.turns}
    loose = [(_asked(reply), _loose(reply)) for reply in story.replies if reply.turn_id not in known]
    groups = sorted([*spoken, *loose], key=lambda group: group[0])
    return [*chain.from_iterable(entries for _, entries in groups), *_end(story)]


def steps_of(rows: Sequence[Mapping[str, object]], results: Mapping[str, str] | None = None) -> list[Step]:
    """Return steps as they are kept with a turn or a call; ``results`` are what they came to, by name."""
    steps = []
    for row in rows:
        began, ended = (datetime.fromisoformat(str(row[name])) for name in ("began_at", "ended_at"))
        attempts, failure = row.get("attempts"), row.get("failure")
        name = str(row["name"])
        steps.append(
            Step(
                at=began,
                name=name,
                seconds=(ended - began).total_seconds(),
                attempts=attempts if isinstance(attempts, int) else None,
                failure=None if failure is None else str(failure),
                result=None if failure is not None else (results or {}).get(name),
            )
        )
    return steps


def misconfigured(turn: Turn) -> bool:
    """Whether the calendar could not work before an operator does something."""
    return any(step.get("failure") == _NOT_CONFIGURED for step in turn.steps)


def took_alternative(turn: Turn, before: Sequence[Turn]) -> bool:
    """Whether the "yes" was to one of the alternatives named last."""
    offers = [earlier for earlier in before if earlier.alternatives or earlier.status == "available"]
    return bool(offers) and turn.wished_start is not None and turn.wished_start in offers[-1].alternatives


def _began(turn: Turn) -> datetime:
    return turn.received_at or turn.answered_at


def _asked(reply: Reply) -> datetime:
    return reply.at - timedelta(seconds=reply.seconds)


def _of_turn(turn: Turn, story: CallStory, now: datetime, holds: Sequence[Held], rival: str | None) -> list[Entry]:
    replies = [reply for reply in story.replies if reply.turn_id == turn.turn_id]
    final = next((reply for reply in replies if reply.status == turn.status), None)
    before: list[Entry] = []
    if turn.gap_seconds is not None and turn.offered_at is not None:
        before.append(Thought(turn.offered_at, turn.gap_seconds))
    words = tuple(replies[0].words.items()) if replies else ()
    before.append(Said(_began(turn), turn.kind, words, turn.wished_start, turn.service))
    inner: list[Entry] = [*steps_of(turn.steps, _results(turn, story))]
    inner += [_told(reply, turn) for reply in replies if reply is not final]
    inner.sort(key=lambda entry: entry.at)
    if turn.race_caught_at is not None:
        inner.append(Raced(turn.answered_at, turn.race_caught_at, turn.wished_start, rival))
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
    held = [hold for hold in holds if _began(turn) <= hold.at <= turn.answered_at]
    return [*before, *inner, *held, *ending]


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
    rechecked = {"passed": "still_free", "gone": "held_elsewhere" if turn.race_caught_at == "hold" else "gone"}
    held = {"held": "held", "held_by_another_call": "held_elsewhere", "store_down": "not_held"}.get(turn.hold or "")
    checked = "free_not_held" if turn.hold == "store_down" else "free"
    if turn.status != "available":
        checked = "held_elsewhere" if turn.race_caught_at == "hold" else "not_listed"
    results = {
        "check_slot": checked,
        "hold_slot": held,
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
    ending += steps_of(call.steps, {"release_hold": "let_go"})
    yield from sorted(ending, key=lambda entry: entry.at)


_TAKING = ("check_slot", "hold_slot", "recheck_slot", "book_slot")


@dataclass
class _Keeping:
    """A hold while its story is told."""

    at: datetime
    start: datetime
    until: datetime | None = None
    fates: list[Fate] = field(default_factory=list)

    def ran_out_by(self, moment: datetime) -> bool:
        """Note that it has run out, if it has; return whether it had."""
        if self.until is not None and self.until <= moment and not (self.fates and self.fates[-1].what in _OVER):
            self.fates.append(Fate(self.until, "ran_out"))
        return bool(self.fates) and self.fates[-1].what == "ran_out"

    def meets(self, at: datetime, what: str) -> None:
        self.ran_out_by(at)
        self.fates.append(Fate(at, what))

    def renewed(self, at: datetime, until: datetime | None) -> None:
        self.fates.append(Fate(at, "taken_again" if self.ran_out_by(at) else "renewed"))
        self.until = until


def holds_of(story: CallStory, now: datetime) -> list[Held]:
    """Return the call's holds one after the other, each with what became of it."""
    told: list[_Keeping] = []
    current: _Keeping | None = None
    database_down, lasts = False, None
    for turn in story.turns:
        at = _taken_at(turn)
        if at is None or turn.wished_start is None:
            continue
        ours = current if current and current.start == turn.wished_start else None
        booked = turn.status == "booked" and not database_down
        if turn.hold == "store_down":
            database_down = True
            told.append(_Keeping(at, turn.wished_start, fates=[Fate(at, "not_held")]))
        elif turn.race_caught_at == "hold":
            if ours:
                ours.meets(at, "lost")
                current = None
        elif turn.hold == "held" or booked:
            database_down = False
            lasts = turn.held_until - at if turn.held_until else lasts
            until = at + lasts if lasts else None
            if ours:
                ours.renewed(at, until)
            else:
                if current:
                    current.meets(at, "moved")
                ours = _Keeping(at, turn.wished_start, until)
                told.append(ours)
            current = ours
            if booked:
                # It covers Cal.com's own cache of free slots, and is nobody's concern any more.
                ours.until = turn.answered_at + HELD_AFTER_BOOKING
                ours.fates.append(Fate(turn.answered_at, "kept"))
                current = None
    if current:
        released = [step for step in steps_of(story.call.steps) if step.name == "release_hold"]
        for step in released:
            current.meets(step.at, "not_let_go" if step.failure else "let_go")
        if released and released[-1].failure:
            current.ran_out_by(now)
        elif not released:
            # How a call that is over let go of it may not have been noted.
            current.ran_out_by(min(now, story.call.ended_at or now))
    return [Held(hold.at, hold.start, hold.until, tuple(hold.fates)) for hold in told]


def _taken_at(turn: Turn) -> datetime | None:
    """Return when a step of this turn was through with the call's hold."""
    done = {step.name: step.at + timedelta(seconds=step.seconds) for step in steps_of(turn.steps) if not step.failure}
    return next((done[name] for name in _TAKING if name in done), None)
