"""What stands in the calendar: nothing twice, nothing over another, nothing nobody agreed to."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import takewhile

from starter.arguments import words_in
from tests.chaos.evidence import Exchange, LedgerBooking
from tests.chaos.promises.case import NAMING, TICK, Case, Finding, Inquiry, confirmations, offered
from tests.chaos.promises.intervals import most_at_once


def nothing_twice(inquiry: Inquiry) -> Iterator[Finding]:
    """A call has one booking of a moment at most, and a host no more of ours at once than he can take."""
    for case in inquiry.cases:
        of_moment = Counter((booking.event_type_id, booking.start) for booking in case.standing)
        for booking in case.standing:
            if (times := of_moment.pop((booking.event_type_id, booking.start), 0)) > 1:
                yield Finding(case.call_id, f"{times} bookings of one call at {booking.start}", booking.created_at)
    of_host: dict[str, list[LedgerBooking]] = defaultdict(list)
    for booking in sorted(inquiry.evidence.ledger, key=lambda booking: booking.created_at):
        if booking.call_id is None or not booking.stands:
            continue
        earlier = of_host[booking.host]
        at_once = 1 + most_at_once(((each.start, each.end) for each in earlier), (booking.start, booking.end))
        if at_once > inquiry.evidence.capacities.get(booking.event_type_id, 1):
            says = f"{booking.uid} overlaps another of ours: {at_once} at once with {booking.host}"
            yield Finding(booking.call_id, says, booking.created_at)
        earlier.append(booking)


def once_for_each_yes(inquiry: Inquiry) -> Iterator[Finding]:
    """No "yes" was carried out twice, and nothing was booked without one that meant it."""
    for case in inquiry.cases:
        yield from _decided_twice(case)
        said = confirmations(case.phone) if case.phone else 0
        for count, booking in enumerate(case.booked, start=1):
            before = [yes for yes in case.deliveries if yes.sent_at <= booking.created_at + TICK]
            if count > said:
                says = f"{booking.uid} is booking {count} of a call that has said yes {said} times"
                yield Finding(case.call_id, says, booking.created_at)
            elif not any(_may_book(case, yes, booking) for yes in before):
                says = f"{booking.uid} is at {booking.start}, which no yes before it was to"
                yield Finding(case.call_id, says, booking.created_at)


def _decided_twice(case: Case) -> Iterator[Finding]:
    record = case.recorded.record if case.recorded else None
    confirmations = [turn for turn in record.turns if turn.kind == "confirmation"] if record else []
    times = Counter(turn.turn_id for turn in confirmations)
    for turn in confirmations:
        carried_out = sum(step.name == "book_slot" and step.failure is None for step in turn.steps)
        if times[turn.turn_id] > 1 or carried_out > 1:
            yield Finding(case.call_id, f"the yes {turn.turn_id} was carried out more than once", turn.answered_at)
    made = [step for step in case.steps if step.booking]
    if case.recorded and len(made) > len({yes.said.wish.turn_id for yes in case.recorded.yes}):
        yield Finding(case.call_id, f"{len(made)} steps booked for fewer yes", made[-1].began_at)


def _may_book(case: Case, yes: Exchange, booking: LedgerBooking) -> bool:
    """Whether a "yes" was to the moment booked: the one the caller meant.

    A mere "yes" names none. Where answers after the last offer that was heard were lost on their way, or said that
    nothing could be found out, an offer may have been made all the same, and nobody can tell here which.
    """
    if yes.meant == booking.start:
        return True
    if any(word in words_in(yes.args) for word in NAMING):
        return False
    since_the_offer = takewhile(lambda said: not offered(said), reversed(case.heard_before(yes)))
    return any(said.status in ("", "error") for said in since_the_offer)
