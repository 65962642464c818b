"""The shortest story of a promise that was not kept: what was said, done and found around that moment."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from starter.arguments import words_in
from tests.chaos.evidence import Evidence, Exchange, LedgerBooking
from tests.chaos.promises.case import Case, Finding, Inquiry, said_at
from tests.chaos.promises.intervals import overlap
from tests.chaos.promises.recorded import Step
from workflows.requests import BookingOutcome

MOST_LINES = 12
NEAR = timedelta(seconds=15)
"""What was done to the stack longer ago has nothing to do with it."""

_SHARES = {"said": 4, "calendar": 2, "step": 3, "fault": 2}
"""How many lines of each kind are told, of those nearest; the rest is the headline."""


class _Line(NamedTuple):
    at: datetime
    text: str


def story(inquiry: Inquiry, finding: Finding) -> Sequence[str]:
    """Tell what went wrong in at most ``MOST_LINES`` lines: the finding, then what happened, by the clock (UTC)."""
    case = next((case for case in inquiry.cases if case.call_id == finding.call_id), None)
    company = f" of {case.phone.company}" if case and case.phone else ""
    headline = f"{finding.call_id}{company}: {finding.says}" if finding.call_id else finding.says
    if case is None:
        return [headline]
    at = finding.at or _last_moment(case) or inquiry.evidence.settled_at
    kinds: dict[str, Iterable[_Line]] = {
        "said": _said(case),
        "calendar": _in_the_calendar(inquiry.evidence, case),
        "step": (_done(step) for step in case.steps if step.name not in ("record_call", "find_customer")),
        "fault": (_Line(each.at, f"!! {each.what}") for each in inquiry.evidence.injected if abs(each.at - at) <= NEAR),
    }
    told = [line for kind, lines in kinds.items() for line in _nearest(lines, at, _SHARES[kind])]
    return [headline, *(f"{line.at:%H:%M:%S}.{line.at.microsecond // 1000:03} {line.text}" for line in sorted(told))]


def _nearest(lines: Iterable[_Line], at: datetime, most: int) -> Sequence[_Line]:
    return sorted(lines, key=lambda line: abs(line.at - at))[:most]


def _last_moment(case: Case) -> datetime | None:
    return case.phone.exchanges[-1].sent_at if case.phone and case.phone.exchanges else None


def _said(case: Case) -> Iterator[_Line]:
    """Tell what was asked and answered, without names and numbers."""
    for exchange in case.phone.exchanges if case.phone else ():
        words = ", ".join(words_in(exchange.args).values())
        asked = f"{'copy of ' if exchange.copy else ''}{exchange.what}({words})"
        yield _Line(exchange.sent_at, f"{asked} -> {_heard(exchange)} after {exchange.seconds:.2f} s")


def _heard(exchange: Exchange) -> str:
    if exchange.status_code != 200:
        return "no answer" if exchange.status_code is None else f"HTTP {exchange.status_code}"
    start = said_at(exchange, "start") or said_at(exchange, "requested_start")
    about = (exchange.status, start.strftime("%a %H:%M") if start else None, exchange.body.get("booking_uid"))
    return " ".join(str(part) for part in about if part)


def _in_the_calendar(evidence: Evidence, case: Case) -> Iterator[_Line]:
    """Tell this call's bookings, and the others that lie across them or across what it was told of."""
    told_of = [
        (start, start + timedelta(minutes=1))
        for said in case.answers
        if (start := said_at(said, "start") or said_at(said, "requested_start"))
    ]
    spans = [*((booking.start, booking.end) for booking in case.booked), *told_of]
    for booking in evidence.ledger:
        if any(overlap((booking.start, booking.end), each) for each in spans):
            yield _Line(booking.created_at, _booking(booking))


def _booking(booking: LedgerBooking) -> str:
    whose = booking.call_id or "a stranger"
    stands = "" if booking.stands else ", does not stand"
    return f"calendar: {booking.uid} {booking.start:%a %H:%M}-{booking.end:%H:%M}Z {booking.host} for {whose}{stands}"


def _done(step: Step) -> _Line:
    if step.ended_at is None:
        came_to = "not over"
    elif isinstance(step.result, BookingOutcome):
        came_to = step.result.result.value
    else:
        came_to = "failed" if step.failed else "done"
    seconds = f" after {(step.ended_at - step.began_at).total_seconds():.2f} s" if step.ended_at else ""
    return _Line(step.began_at, f"step {step.name} -> {came_to}{seconds}")
