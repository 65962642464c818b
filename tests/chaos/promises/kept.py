"""What is left when all is quiet: in Temporal, in the store, and in the logs."""

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import phonenumbers
from temporalio.client import WorkflowExecutionStatus
from temporalio.worker import Replayer

from store.tables import Booking
from tests.chaos.promises.case import TICK, Case, Finding, Inquiry, span
from workflows.appointment import AppointmentWorkflow
from workflows.messages import AnswerStatus, BookingRecord
from workflows.requests import CallRecord

REPLY_LOST = timedelta(seconds=6)
"""Answers given this shortly before a web process is killed may be missing in the store; it tells operators only."""

_BETWEEN_DIGITS = re.compile(r"(?<=\d)[ ()/.\-]+(?=\d)")

_BY_THE_WEB = ("", AnswerStatus.ERROR, AnswerStatus.PAST_TIME, AnswerStatus.MISSING_REQUIRED_FIELDS)
"""Answers that may be given without a workflow."""


def nothing_left_open(inquiry: Inquiry) -> Iterator[Finding]:
    """Every call has ended by itself, and keeps no slot from anybody."""
    for case in inquiry.cases:
        recorded = case.recorded
        if recorded and recorded.status is not WorkflowExecutionStatus.COMPLETED:
            status = recorded.status.name if recorded.status else "unknown"
            yield Finding(case.call_id, f"the workflow has not completed: {status}")
        if case.hold and case.hold.expires_at > inquiry.evidence.settled_at:
            yield Finding(case.call_id, f"a hold lives until {case.hold.expires_at}", case.hold.expires_at)
        yield from _hold_not_released(case)


def _hold_not_released(case: Case) -> Iterator[Finding]:
    """A hold is let go when the call ends and does not wait until it runs out, except for a while after booking."""
    recorded = case.recorded
    if recorded is None or recorded.status is not WorkflowExecutionStatus.COMPLETED:
        return
    last = next((step for step in reversed(recorded.steps) if step.booking or step.takes_hold), None)
    released = next((step for step in reversed(recorded.steps) if step.name == "release_hold"), None)
    if last is None or last.booking:
        return
    if released is None or released.number < last.number:
        yield Finding(case.call_id, "the call has ended and never let go of its hold", last.began_at)
    elif case.hold and not released.failed and released.ended_at:
        taken_at = case.hold.expires_at - timedelta(seconds=recorded.call.hold_seconds)
        if taken_at < released.began_at:
            yield Finding(case.call_id, "the hold was let go, and is still there", released.began_at)


async def every_history_replays(inquiry: Inquiry) -> AsyncIterator[Finding]:
    """The code as it is makes of every history what was made of it."""
    replayer = Replayer(workflows=[AppointmentWorkflow], data_converter=inquiry.evidence.converter)
    for told in inquiry.evidence.histories:
        replayed = await replayer.replay_workflow(told.history, raise_on_replay_failure=False)
        if replayed.replay_failure is not None:
            why = f"{replayed.replay_failure}".partition("\n")[0]
            yield Finding(told.workflow_id.removeprefix("call/"), f"does not replay: {why}")


def nobody_is_named(inquiry: Inquiry) -> Iterator[Finding]:
    """No name and no number stands where it must not.

    Neither as it is, nor as JSON or an address writes it, in any case; a number not in groups or as it is dialled.
    """
    for place, text in inquiry.evidence.texts.items():
        folded = text.casefold()
        digits = _BETWEEN_DIGITS.sub("", folded)
        for number, planted in enumerate(inquiry.evidence.planted):
            written = [(folded, form) for form in _forms(planted)] + [(digits, form) for form in _dialled(planted)]
            if found := next(((where, form) for where, form in written if form in where), None):
                line = found[0].count("\n", 0, found[0].index(found[1])) + 1
                yield Finding(None, f"planted word {number} stands in {place}, line {line}")


def _forms(planted: str) -> Iterable[str]:
    """Return how a word may be written; a form that contains another is found with it."""
    written = (planted, json.dumps(planted)[1:-1], quote(planted), quote_plus(planted), planted.removeprefix("+"))
    forms = {form.casefold() for form in written}
    return [form for form in forms if not any(other != form and other in form for other in forms)]


def _dialled(planted: str) -> Iterable[str]:
    """Return how a number is dialled from abroad and from its own country; nothing of what is none."""
    try:
        number = phonenumbers.parse(planted)
    except phonenumbers.NumberParseException:
        return ()
    return f"{number.country_code}{number.national_number}", f"0{number.national_number}"


def store_agrees(inquiry: Inquiry) -> Iterator[Finding]:
    """The rows say what the workflows said, the calendar has what they booked, and replies are what was answered."""
    for case in inquiry.cases:
        record = case.recorded.record if case.recorded else None
        if record:
            yield from (Finding(case.call_id, says, record.started_at) for says in _rows_differ(case, record))
        elif case.row or case.turns or case.kept:
            yield Finding(case.call_id, "the store has a call that no history knows")
        if case.recorded is None and (told := next((s for s in case.answers if s.status not in _BY_THE_WEB), None)):
            yield Finding(case.call_id, f"told {told.status} by a call that has no history", told.sent_at)
        yield from _bookings_differ(case)
        yield from _replies_differ(case)
        yield from _replies_missing(case, inquiry)


def _rows_differ(case: Case, record: CallRecord) -> Iterator[str]:
    row = case.row
    if row is None:
        yield "the store has no row of the call"
        return
    if (row.revision, row.outcome, row.ended_at) != (record.revision, record.outcome, record.ended_at):
        yield f"the row says {row.outcome}, revision {row.revision}; written was {record.outcome}, {record.revision}"
    rows = [(turn.turn_id, turn.kind, turn.status, turn.wished_start, turn.answered_at) for turn in case.turns]
    turns = [(turn.turn_id, turn.kind, turn.status, turn.wished_start, turn.answered_at) for turn in record.turns]
    if rows != turns:
        yield f"the store has {len(rows)} turns, the history {len(turns)}, or they say something else"
    result = case.recorded.result if case.recorded else None
    if result and result.outcome != row.outcome:
        yield f"the row says {row.outcome}, and the workflow came to {result.outcome}"


def _bookings_differ(case: Case) -> Iterator[Finding]:
    """What the steps booked, the workflow came to, the store has and the calendar has is the same.

    The calendar may have one that nobody could find out about, as the caller was told.
    """
    result = case.recorded.result if case.recorded else None
    came_to = {_of_result(booking) for booking in result.bookings} if result else set()
    kept = {_of_row(booking) for booking in case.kept}
    stand = {(booking.uid, booking.start) for booking in case.booked}
    for step in case.steps:
        made = step.booking
        if made and result and made not in {(each.uid, each.start) for each in came_to}:
            yield Finding(case.call_id, f"{made[0]} was booked, and the workflow does not know it", step.began_at)
    if result and kept != came_to:
        yield Finding(case.call_id, f"the store has {len(kept)} bookings, the workflow {len(came_to)}, or others")
    for entry in sorted(came_to | kept):
        if (entry.uid, entry.start) not in stand:
            yield Finding(case.call_id, f"{entry.uid} at {entry.start} is in our books, and not in the calendar")
    for booking in case.booked:
        known = any(entry.uid == booking.uid for entry in kept)
        if not known and not case.not_found_out(booking.start):
            yield Finding(case.call_id, f"{booking.uid} is in the calendar, and not in our books", booking.created_at)


class _Entry(NamedTuple):
    uid: str
    start: datetime
    end: datetime
    service: str
    calendar: str


def _of_result(booking: BookingRecord) -> _Entry:
    return _Entry(booking.uid, booking.start, booking.end, booking.service, booking.calendar)


def _of_row(booking: Booking) -> _Entry:
    return _Entry(booking.uid, booking.starts_at, booking.ends_at, booking.service, booking.calendar)


def _replies_differ(case: Case) -> Iterator[Finding]:
    """A reply is what an answer of that moment said; that of an answer which was lost on the way nobody can tell."""
    for reply in case.replies:
        near = [said for said in case.said if span(said).has(reply.at)]
        said_so = (said.status == reply.status and said.body.get("message") == reply.message for said in near)
        lost = any(said.status_code is None for said in near)
        if not lost and not any(said_so):
            yield Finding(case.call_id, f"the store has a reply that nobody was given: {reply.status}", reply.at)


def _replies_missing(case: Case, inquiry: Inquiry) -> Iterator[Finding]:
    """An answer that arrived is among the replies; only rows still in memory go down with the process that has them."""
    killed = [each.at for each in inquiry.evidence.injected if (each.killed or "").casefold() == "webhook"]
    for said in case.answers:
        ended = span(said).ended
        if said.status_code != 200 or any(ended - TICK <= at <= ended + REPLY_LOST for at in killed):
            continue
        if not any(span(said).has(reply.at) and reply.status == said.status for reply in case.replies):
            yield Finding(case.call_id, f"was told {said.status}, and the store has no such reply", said.sent_at)
