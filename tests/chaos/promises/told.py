"""What callers were told: that it came to something, that it was true, and that it came in time."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from starter.arguments import words_in
from starter.replies.language import language, languages
from tests.chaos.evidence import Exchange, Injected, LedgerBooking
from tests.chaos.promises.case import NAMING, TICK, Case, Finding, Inquiry, names_a_clock, offered, said_at, span
from tests.chaos.promises.intervals import most_at_once
from tests.chaos.promises.taken import services_of, told_taken
from workflows.messages import AnswerStatus, Service
from workflows.requests import CalendarRequest

LATE_SECONDS = 1.0
"""So much later than the budget an answer may come: the way there and back."""

CLEARLY = timedelta(seconds=5)
"""A booking this much older than a look at the calendar must be seen in it: its lists may be 2 s old."""

STALE = timedelta(seconds=60)
"""So long an order to serve a stale list may wait for the request it strikes; it then shows what was free before it."""

COMES_BACK = timedelta(seconds=15)
"""So long after a process was ended its end may still be felt: away for 3 s, 4 s to start, the last workflow task it
took is given to another after 5 s. What the calendar is made to do wrong shows in the steps themselves."""

MOST_TOLD_NOTHING = 0.2
"""Of the answers, even in a storm: processes are back in seconds, and most of what goes wrong is tried again. Measured
were 2 %, and up to 15 % where four storms shared two cores."""

ENOUGH_ANSWERS = 200
"""Of fewer a share says little."""

_BUSY = 503
"""Says "come again", which is as much as no answer."""

_ENDS = {status.value for status in AnswerStatus} - {AnswerStatus.EXISTING_CUSTOMER, AnswerStatus.NEW_CUSTOMER}
_NOT_SURE = {language(code).uncertain for code in languages()}
_BY_THE_WEB = (AnswerStatus.ERROR, AnswerStatus.PAST_TIME)
"""Answers that may say nothing of what the workflow was told before: it takes one thing after the other."""


def never_left_hanging(inquiry: Inquiry) -> Iterator[Finding]:
    """Every "yes" that was answered ended in words for it, and every one that arrived was decided.

    A "yes" that came when the call was over is not decided any more, and needs not be: it was answered so. Nothing came
    of a question only where something was wrong, and a call in calm weather ends booked.
    """
    for case in inquiry.cases:
        for yes in case.yes:
            if yes.status_code == 200 and (yes.status not in _ENDS or not yes.body.get("message")):
                yield Finding(case.call_id, f"a yes was answered with {yes.status or 'nothing'}", yes.sent_at)
            if yes.status == AnswerStatus.PENDING and not _arrived(case, yes):
                yield Finding(case.call_id, "told that it goes on, and no yes reached the workflow", yes.sent_at)
        yield from _never_decided(case)
        yield from _came_to_nothing(case, inquiry.evidence.injected)
        if case.phone and case.phone.calm and not any(said.status == AnswerStatus.BOOKED for said in case.answers):
            yield Finding(case.call_id, "the storm was over, and nothing could be booked")
    yield from _too_often_nothing([said for case in inquiry.cases for said in case.answers])


def _too_often_nothing(answers: Sequence[Exchange]) -> Iterator[Finding]:
    nothing = sum(said.status == AnswerStatus.ERROR for said in answers)
    if len(answers) >= ENOUGH_ANSWERS and nothing > MOST_TOLD_NOTHING * len(answers):
        yield Finding(None, f"{nothing} of {len(answers)} answers were that nothing could be found out")


def _came_to_nothing(case: Case, injected: Sequence[Injected]) -> Iterator[Finding]:
    for said in case.said:
        nothing = _nothing(said)
        if nothing and not said.copy and not _something_wrong(case, said, injected):
            yield Finding(case.call_id, f"{nothing}, and nothing was wrong", said.sent_at)


def _nothing(said: Exchange) -> str | None:
    if said.status_code in (None, _BUSY):
        return "nobody answered"
    if said.status == AnswerStatus.ERROR:
        return "told that nothing could be found out"
    alone = said.status == AnswerStatus.SLOT_TAKEN and not said.body.get("alternatives")
    return "told slot_taken without what is free instead" if alone else None


def _something_wrong(case: Case, said: Exchange, injected: Sequence[Injected]) -> bool:
    """Whether a step of the turn failed or was not over, or a process was ended shortly before."""
    began, ended = _first_asked(case, said), span(said).ended
    looks = (step for step in case.steps if isinstance(step.request, CalendarRequest))
    during = (step for step in looks if step.began_at <= ended and (step.ended_at or ended) >= began - TICK)
    near = (each.at for each in injected if each.killed)
    return any(step.failed or (step.ended_at or ended) >= ended for step in during) or any(
        began - COMES_BACK <= at <= ended for at in near
    )


def _first_asked(case: Case, said: Exchange) -> datetime:
    """Return when these words were said first: who asks again hears what came of them."""
    began = span(said).began
    for earlier in reversed(case.heard_before(said)):
        if (earlier.what, earlier.args) != (said.what, said.args) or earlier.status not in (None, AnswerStatus.PENDING):
            break
        began = span(earlier).began
    return began


def _arrived(case: Case, yes: Exchange) -> bool:
    """Whether the workflow has the "yes": of the delivery itself, whose signal it was answered for."""
    signals = case.recorded.yes if case.recorded else ()
    return any(span(yes).has(signal.at) for signal in signals)


def _never_decided(case: Case) -> Iterator[Finding]:
    if case.recorded is None:
        return
    turns = case.recorded.record.turns if case.recorded.record else ()
    answered = {turn.turn_id: turn.answered_at for turn in turns if turn.kind == "confirmation"}
    # What is delivered again is what it was the first time.
    arrived_first = {yes.said.wish.turn_id: yes for yes in reversed(case.recorded.yes)}
    for yes in arrived_first.values():
        same = (other for other in case.recorded.yes if other.said.wish.content == yes.said.wish.content)
        joined = (answered.get(other.said.wish.turn_id) for other in same)
        # What is said again while it is being answered joins the first, and has its answer.
        if not yes.too_late and not any(at is not None and at + TICK >= yes.at for at in joined):
            turn_id = yes.said.wish.turn_id
            if turn_id not in answered:
                yield Finding(case.call_id, f"the yes {turn_id} reached the workflow and was never decided", yes.at)


def told_the_truth(inquiry: Inquiry) -> Iterator[Finding]:
    """What was told is what stands in the calendar."""
    by_uid = {booking.uid: booking for booking in inquiry.evidence.ledger}
    for case in inquiry.cases:
        for answer in case.answers:
            if answer.status == AnswerStatus.BOOKED and (lie := _no_such_booking(case, answer, by_uid)):
                yield Finding(case.call_id, lie, answer.sent_at)
            if lie := _another_moment(answer):
                yield Finding(case.call_id, lie, answer.sent_at)
        yield from _booked_after_all(case)
    yield from told_taken(inquiry)
    yield from _offered_what_we_booked(inquiry)


def _no_such_booking(case: Case, answer: Exchange, by_uid: dict[str, LedgerBooking]) -> str | None:
    uid, start = answer.body.get("booking_uid"), said_at(answer, "start")
    booking = by_uid.get(str(uid))
    if booking is None:
        return f"told booked, and the calendar has no booking {uid}"
    if booking.call_id != case.call_id:
        return f"told booked, and {uid} is not this call's"
    if booking.start != start:
        return f"told booked at {start}, and {uid} is at {booking.start}"
    if not booking.stands:
        return f"told booked, and {uid} does not stand"
    if booking.created_at > span(answer).ended + TICK:
        return f"told booked before {uid} was made"
    return None


def _another_moment(answer: Exchange) -> str | None:
    """Return the moment an answer is about, where the caller named another. Nobody hears what a copy is answered."""
    named = any(word in words_in(answer.args) for word in NAMING)
    match answer.status:
        case AnswerStatus.BOOKED if named:
            start = said_at(answer, "start")
        case AnswerStatus.AVAILABLE if names_a_clock(answer):
            start = said_at(answer, "requested_start")
        case _:
            return None
    return None if answer.copy or start == answer.meant else f"told {answer.status} of {start}, not of {answer.meant}"


def _booked_after_all(case: Case) -> Iterator[Finding]:
    """A "yes" that was refused or asked back books nothing afterwards, unless an earlier one was still open."""
    still_open = False
    for yes in case.yes:
        later = (
            other.sent_at
            for other in case.deliveries
            if other.sent_at > span(yes).ended and not (other.copy and _same_yes(yes, other))
        )
        until = min(later, default=None)
        made = [b for b in case.booked if b.created_at > yes.sent_at and (until is None or b.created_at < until)]
        if made and not still_open and not _is_open(yes) and yes.status != AnswerStatus.BOOKED:
            says = f"told {yes.status}, and {made[0].uid} was booked for that yes all the same"
            yield Finding(case.call_id, says, yes.sent_at)
        still_open = _is_open(yes) or (still_open and yes.status in _BY_THE_WEB)


def _same_yes(one: Exchange, other: Exchange) -> bool:
    return (one.what, one.args, one.meant) == (other.what, other.args, other.meant)


def _is_open(yes: Exchange) -> bool:
    """Whether what a "yes" came to is not known from its answer: it may go on by itself."""
    not_sure = yes.status == AnswerStatus.ERROR and yes.body.get("message") in _NOT_SURE
    return yes.status_code != 200 or yes.status == AnswerStatus.PENDING or not_sure


def _offered_what_we_booked(inquiry: Inquiry) -> Iterator[Finding]:
    """Nothing was offered that we had clearly booked before we looked, unless the calendar showed an old list."""
    services = services_of(inquiry)
    for case in inquiry.cases:
        for answer in case.answers:
            if answer.copy:
                continue
            for start in offered(answer):
                look = _look(case, start, span(answer).ended)
                if look is None or _shown_stale(inquiry.evidence.injected, look[1]):
                    continue
                service, looked_at = look
                before = looked_at - CLEARLY
                mine = [
                    (booking.start, booking.end)
                    for booking in inquiry.evidence.ledger
                    if booking.call_id is not None
                    and booking.stands
                    and booking.created_at < before
                    and services.get(booking.event_type_id) == services[service.event_type_id]
                ]
                if most_at_once(mine, (start, start + service.duration)) >= service.capacity:
                    yield Finding(case.call_id, f"offered {start}, which we had booked before", answer.sent_at)


def _look(case: Case, start: datetime, until: datetime) -> tuple[Service, datetime] | None:
    """Return the service, and when the calendar was asked last of what brought this moment into an offer."""
    for step in reversed(case.steps):
        if step.ended_at and step.ended_at <= until + TICK and (seen := step.seen_free):
            request, starts = seen
            if start in starts:
                return request.service, step.began_at
    return None


def _shown_stale(injected: Sequence[Injected], looked_at: datetime) -> bool:
    return any(each.fault == "stale" and looked_at - STALE <= each.at <= looked_at + CLEARLY for each in injected)


def in_time(inquiry: Inquiry) -> Iterator[Finding]:
    """Every question had its answer within the budget, as words; what broke off, broke off within it as well.

    A process that is not there, or says that it has no hands free, gives no answer: the platform asks again.
    """
    limit = inquiry.evidence.budget_seconds + LATE_SECONDS
    for case in inquiry.cases:
        for exchange in case.said:
            if exchange.seconds - exchange.late > limit:
                waited = f"waited {exchange.seconds:.1f} s of at most {limit:g}"
                yield Finding(case.call_id, waited, exchange.sent_at)
            if exchange.status_code not in (None, 200, _BUSY):
                yield Finding(case.call_id, f"answered with HTTP {exchange.status_code}", exchange.sent_at)
