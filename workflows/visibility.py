"""What operators see in the Temporal UI: search attributes, one-line summaries, the page of the call.

Search attributes, summaries and ids are never encrypted: no names, no numbers.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from workflows.messages import AnswerStatus, Call, CallOutcome, ConversationView, TurnRecord

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


def moment(start: datetime) -> str:
    """Return a moment as operators compare it with the calendar: UTC, to the minute."""
    return start.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def page(view: ConversationView, call: Call) -> str:
    """Return the call as a readable Markdown page: how it stands, then turn by turn."""
    lines = [f"**{view.outcome.replace('_', ' ')}** at {call.branch.company} / {call.branch.key}", ""]
    if view.offered_start:
        lines.append(f"- on offer: {moment(view.offered_start)}, hold: {view.hold}")
    if view.alternatives:
        lines.append(f"- on offer: {_listed(a.start for a in view.alternatives)}")
    lines += [
        f"- booked: {moment(b.start)} as `{b.uid}`{' (found again)' if b.recovered else ''}" for b in view.bookings
    ]
    if view.turns:
        lines += ["", "| asked | moment | answer | race caught at | thought for |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(turn) for turn in view.turns]
    return "\n".join(lines)


def _row(turn: TurnRecord) -> str:
    wished = moment(turn.wished_start) if turn.wished_start else ""
    answer = turn.status if turn.reason is None else f"{turn.status}: {turn.reason}"
    if turn.status is AnswerStatus.SLOT_TAKEN or turn.alternatives:
        answer += f", {len(turn.alternatives)} alternatives"
    gap = ""
    if turn.offered_at and turn.confirmed_at:
        gap = f"{(turn.confirmed_at - turn.offered_at).total_seconds():.0f} s"
    return f"| {turn.kind} | {wished} | {answer} | {turn.caught_at or ''} | {gap} |"


def _listed(starts: Iterable[datetime]) -> str:
    return " or ".join(moment(start) for start in starts)
