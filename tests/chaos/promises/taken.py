"""Whether what was called taken was: by a booking of somebody else, or by another call that held it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.chaos.evidence import Exchange
from tests.chaos.promises.case import TICK, Case, Finding, Inquiry, names_a_clock, said_at, span
from tests.chaos.promises.intervals import Interval, overlap
from tests.chaos.promises.recorded import Step
from workflows.messages import AnswerStatus, Reason
from workflows.options import BOOK
from workflows.requests import BookSlot, CalendarRequest, SlotCheck, SlotHold, SlotRecheck

Whose = tuple[str, str]
"""A company and its calendar: whose time something takes."""

_TAKEN = {Reason.RACE_CONDITION_DETECTED, Reason.HELD_BY_ANOTHER_CALL}

_OUTLIVED = BOOK["start_to_close_timeout"]
"""So long after a step was given up, an attempt at it may still take a hold."""


class HeldTime(NamedTuple):
    """A hold that a call may have had: on what, and from when until when at most."""

    call_id: str
    whose: Whose
    takes: Interval
    alive: Interval


def told_taken(inquiry: Inquiry) -> Iterator[Finding]:
    """Nothing was called taken that was this call's own, or nobody's. Nobody hears what a copy is answered.

    An old list shows more as free than there is, as nobody in a storm cancels: it makes nothing taken.
    """
    services = services_of(inquiry)
    holds = [hold for case in inquiry.cases for hold in _holds(case, inquiry.evidence.settled_at)]
    for case in inquiry.cases:
        for answer in case.answers:
            start = None if answer.copy else _said_taken(answer)
            if start and (lie := _lie(inquiry, case, answer, start, services, holds)):
                yield Finding(case.call_id, f"told {answer.status}, and {lie}", answer.sent_at)


def services_of(inquiry: Inquiry) -> Mapping[int, Whose]:
    """Return whose time each event type takes."""
    requests = (step.request for case in inquiry.cases for step in case.steps)
    return {
        request.service.event_type_id: (request.company, request.service.calendar)
        for request in requests
        if isinstance(request, CalendarRequest)
    }


def _said_taken(answer: Exchange) -> datetime | None:
    """Return the moment an answer calls taken.

    "Not available" and "nothing is free" say so only of a time of day that was named: of a part of the day they say
    that nothing is left.
    """
    reason = answer.body.get("reason")
    match answer.status:
        case AnswerStatus.SLOT_TAKEN:
            taken = True
        case AnswerStatus.NO_AVAILABILITY:
            taken = reason in _TAKEN or (reason == Reason.NO_SLOTS and names_a_clock(answer))
        case AnswerStatus.UNAVAILABLE:
            taken = reason in (None, *_TAKEN) and names_a_clock(answer)
        case _:
            taken = False
    return said_at(answer, "requested_start") if taken else None


def _lie(
    inquiry: Inquiry,
    case: Case,
    answer: Exchange,
    start: datetime,
    services: Mapping[int, Whose],
    holds: Sequence[HeldTime],
) -> str | None:
    """Return what is untrue about calling a moment taken.

    A calendar is full when as many are booked, or as many others hold, as it can take at once.
    """
    ended = span(answer).ended
    mine = (booking for booking in case.standing if booking.start == start and booking.created_at <= ended)
    if booking := next(mine, None):
        return f"{booking.uid} is this call's own booking"
    looks = [step for step in case.steps if step.began_at <= ended + TICK and _start_of(step) == start]
    if not looks:
        return f"nobody had looked at {start}"
    request = looks[-1].request
    assert isinstance(request, CalendarRequest)
    whose, takes = (request.company, request.service.calendar), (start, start + request.service.duration)
    booked = sum(
        booking.call_id != case.call_id
        and booking.stands
        and booking.created_at <= ended + TICK
        and services.get(booking.event_type_id) == whose
        and overlap((booking.start, booking.end), takes)
        for booking in inquiry.evidence.ledger
    )
    told_of = (min(answer.sent_at, looks[-1].began_at) - TICK, ended + TICK)
    held = sum(
        hold.call_id != case.call_id
        and hold.whose == whose
        and overlap(hold.takes, takes)
        and overlap(hold.alive, told_of)
        for hold in holds
    )
    return None if max(booked, held) >= request.service.capacity else f"nobody else had {start}"


def _start_of(step: Step) -> datetime | None:
    return step.request.start if isinstance(step.request, SlotCheck | SlotHold | SlotRecheck | BookSlot) else None


def _holds(case: Case, settled_at: datetime) -> Iterator[HeldTime]:
    """Return the holds of a call: each until it was let go or another one took its place, or until it ran out."""
    for step in case.steps:
        request = step.request
        if not step.takes_hold or not isinstance(request, SlotCheck | SlotHold | SlotRecheck | BookSlot):
            continue
        known = step.ended_at is not None and not step.failed
        granted_by = (step.ended_at or settled_at) + (timedelta(0) if known else _OUTLIVED)
        until = granted_by + timedelta(seconds=request.hold_seconds or 0)
        if known:
            until = min([until, *_ends_of_hold(case, step)])
        yield HeldTime(
            case.call_id,
            (request.company, request.service.calendar),
            (request.start, request.start + request.service.duration),
            (step.began_at, until),
        )


def _ends_of_hold(case: Case, since: Step) -> Iterator[datetime]:
    for step in case.steps:
        over = step.takes_hold or step.name == "release_hold"
        if over and step.number > since.number and step.ended_at and not step.failed:
            yield step.ended_at
