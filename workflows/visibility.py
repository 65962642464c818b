"""What operators see in the Temporal UI: search attributes, one-line summaries, the page of the call.

Moments are shown on the branch's own clock: the one callers speak of. Search attributes, summaries and ids are never
encrypted: no names, no numbers.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from workflows import options
from workflows.messages import (
    AnswerStatus,
    Call,
    CallOutcome,
    CaughtAt,
    ConversationView,
    HoldState,
    StepRecord,
    TurnKind,
    TurnRecord,
)

COMPANY = SearchAttributeKey.for_keyword("Company")
CALL_OUTCOME = SearchAttributeKey.for_keyword("CallOutcome")
SLOT_START = SearchAttributeKey.for_datetime("SlotStart")
RACE_DETECTED = SearchAttributeKey.for_bool("RaceDetected")

SEARCH_ATTRIBUTES = (COMPANY, CALL_OUTCOME, SLOT_START, RACE_DETECTED)
"""Every search attribute there is: what a server must have registered before the first call."""


class Listed(NamedTuple):
    """What the list of calls shows of one, besides its company."""

    outcome: CallOutcome
    slot_start: datetime | None
    race_detected: bool

    @property
    def lasts(self) -> bool:
        """Whether it says more than that a call is in progress: who looks at the list a minute later still finds it."""
        return self.race_detected or self.outcome not in _IN_PROGRESS


_IN_PROGRESS = (CallOutcome.OPEN, CallOutcome.WAITING_FOR_YES, CallOutcome.ALTERNATIVES_OFFERED)


def at_start(call: Call) -> TypedSearchAttributes:
    """Return the search attributes a call begins with."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(COMPANY, call.branch.company),
            SearchAttributePair(CALL_OUTCOME, CallOutcome.OPEN),
            SearchAttributePair(RACE_DETECTED, False),
        ]
    )


def updates(listed: Listed) -> list[SearchAttributeUpdate[Any]]:
    """Return the search attributes of a call that came a step further."""
    changes: list[SearchAttributeUpdate[Any]] = [
        CALL_OUTCOME.value_set(listed.outcome),
        RACE_DETECTED.value_set(listed.race_detected),
    ]
    return changes if listed.slot_start is None else [*changes, SLOT_START.value_set(listed.slot_start)]


def call_summary(call: Call) -> str:
    """Return the one line that names a call in the list: whose business, which branch."""
    return f"{call.branch.company} / {call.branch.key}"


def moment(start: datetime, timezone: str) -> str:
    """Return a moment as callers speak of it: weekday, day and time on the branch's clock, to the minute."""
    return start.astimezone(ZoneInfo(timezone)).strftime("%a %d %b %Y %H:%M")


def turn_label(kind: TurnKind, start: datetime | None, timezone: str) -> str:
    """Return what the group of a turn's steps is called: what was said, of which moment if that is known."""
    said = "yes" if kind is TurnKind.CONFIRMATION else "question"
    return said if start is None else f"{said}: {moment(start, timezone)}"


def silence_summary(window: timedelta) -> str:
    """Return what a call's timer is for."""
    return f"the call ends after {window.total_seconds():g} s without a word"


def page(view: ConversationView, call: Call, ending: Sequence[StepRecord] = ()) -> str:
    """Return the call as a readable Markdown page: how it stands, what became of its hold, then turn by turn.

    ``ending`` are the steps taken since the last answer: when the call has ended, they say whether its hold was let go.
    """
    zone = call.branch.timezone
    outcome = view.outcome.replace("_", " ")
    lines = [f"**{outcome}** at {call.branch.company} / {call.branch.key}. All times are {zone}.", ""]
    if view.offered_start:
        lines.append(f"- on offer: {moment(view.offered_start, zone)}")
    if view.alternatives:
        lines.append(f"- on offer: {_any_of((a.start for a in view.alternatives), zone)}")
    if hold := _hold(_fates(view.turns, ending, call), zone):
        lines.append(f"- hold: {hold}")
    lines += [
        f"- booked: {moment(b.start, zone)} as `{b.uid}`{' (found again)' if b.recovered else ''}"
        for b in view.bookings
    ]
    if view.turns:
        lines += ["", f"| {' | '.join(_COLUMNS)} |", f"|{' --- |' * len(_COLUMNS)}"]
        lines += [f"| {' | '.join(_row(turn, zone))} |" for turn in view.turns]
    return "\n".join(lines)


_COLUMNS = ("at", "said", "moment", "answer", "re-check", "race caught at", "thought for", "steps")


def _row(turn: TurnRecord, zone: str) -> tuple[str, ...]:
    answer = turn.status if turn.reason is None else f"{turn.status}: {turn.reason}"
    if turn.alternatives:
        answer += f"; instead {_any_of(turn.alternatives, zone)}"
    elif turn.status is AnswerStatus.SLOT_TAKEN:
        answer += "; no alternatives"
    if not turn.heard:
        answer += "; nobody listened any more"
    gap = ""
    if turn.offered_at and turn.confirmed_at:
        gap = f"{(turn.confirmed_at - turn.offered_at).total_seconds():.0f} s"
    return (
        _time(turn.received_at or turn.answered_at, zone),
        turn_label(turn.kind, None, zone),
        moment(turn.wished_start, zone) if turn.wished_start else "",
        answer,
        turn.recheck or "",
        turn.caught_at or "",
        gap,
        "; ".join(_step(step) for step in turn.steps),
    )


def _step(step: StepRecord) -> str:
    taken = f"`{step.name}` {(step.ended_at - step.began_at).total_seconds():.1f} s"
    if step.failure is not None:
        return f"{taken}, failed: {step.failure}"
    return f"{taken}, {step.attempts} attempts" if step.attempts and step.attempts > 1 else taken


class _Fate(NamedTuple):
    """What became of the call's hold on a moment."""

    start: datetime | None
    what: str


_TAKING = ("recheck_slot", "hold_slot", "check_slot", "book_slot")


def _fates(turns: Sequence[TurnRecord], ending: Sequence[StepRecord], call: Call) -> Iterator[_Fate]:
    """Tell what each turn made of the hold, and the end of the call."""
    held: datetime | None = None
    kept = True
    for turn in turns:
        done = {step.name: step.ended_at for step in turn.steps if step.failure is None}
        took = next((name for name in _TAKING if name in done), None)
        if took is None:
            continue
        start, ours = turn.wished_start, held is not None and held == turn.wished_start
        if turn.status is AnswerStatus.BOOKED:
            # The turn does not say what became of the hold; with the database away there was none.
            if kept:
                yield _Fate(start, "kept for the booking")
            held = None
        elif turn.hold is HoldState.HELD_BY_ANOTHER_CALL or turn.caught_at is CaughtAt.HOLD:
            yield _Fate(start, "lost to another call" if ours else "held by another call")
            held = None if ours else held
        elif turn.hold is HoldState.HELD:
            is_offer = took in ("hold_slot", "check_slot")
            seconds = call.hold_seconds if is_offer else options.hold_while_booking(call.hold_seconds)
            until = _time(done[took] + timedelta(seconds=seconds), call.branch.timezone)
            yield _Fate(start, f"{'renewed' if ours else 'held'} until {until}")
            held, kept = start, True
        elif turn.hold is HoldState.STORE_DOWN:
            yield _Fate(start, "not held, the database did not answer")
            kept = False
        elif turn.hold is HoldState.OVER_LIMIT:
            yield _Fate(start, "not held, too many are held for this line")
            kept = False
    if held is not None:
        released = (step for step in ending if step.name == "release_hold")
        yield from (_Fate(held, "not let go, it runs out by itself" if s.failure else "let go") for s in released)


def _hold(fates: Iterable[_Fate], zone: str) -> str:
    words: list[str] = []
    last: datetime | None = None
    for start, what in fates:
        words.append(f"{moment(start, zone)} {what}" if start and start != last else what)
        last = start
    return ", ".join(words)


def _time(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%H:%M:%S")


def _any_of(starts: Iterable[datetime], zone: str) -> str:
    return " or ".join(moment(start, zone) for start in starts)
