"""Everything there is about one call, from every side, in one place."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple, Protocol, TypeVar

from starter.arguments import words_in
from store.tables import Booking, Call, Hold, Reply, Turn
from tests.chaos.evidence import Evidence, Exchange, LedgerBooking, PhoneCall
from tests.chaos.promises.recorded import Recorded, Step, read
from workflows.requests import BookSlot

TICK = timedelta(seconds=1)
"""Two that note the same instant may differ by this much: spans are measured, and a clock may be set meanwhile."""

NAMING = ("alternative_id", "moment", "day", "time_of_day")
"""The words that say which moment is meant; a "yes" without any is a mere one."""

EVENTS = frozenset({"call_started", "call_ended", "call_analyzed", "call_inbound"})
"""What is reported rather than asked: nobody waits for an answer."""


_CLOCK = re.compile(r"\d{1,2}:\d{2}")


class Span(NamedTuple):
    """From when until when a request was under way."""

    began: datetime
    ended: datetime

    def has(self, moment: datetime) -> bool:
        """Whether a moment that another process noted lies in it."""
        return self.began - TICK <= moment <= self.ended + TICK


def span(exchange: Exchange) -> Span:
    """Return when an exchange began and ended."""
    return Span(exchange.sent_at, exchange.sent_at + timedelta(seconds=exchange.seconds))


def said_at(exchange: Exchange, field: str) -> datetime | None:
    """Return the moment a field of an answer names, if it names one."""
    text = exchange.body.get(field)
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def names_a_clock(exchange: Exchange) -> bool:
    """Whether the caller named a time of day to the minute."""
    return _CLOCK.fullmatch(words_in(exchange.args).get("time_of_day", "")) is not None


def alternatives(exchange: Exchange) -> Mapping[str, datetime]:
    """Return the alternatives an answer offers, by id."""
    return {item["id"]: datetime.fromisoformat(item["start"]) for item in exchange.body.get("alternatives", ())}


def offered(exchange: Exchange) -> Sequence[datetime]:
    """Return the moments an answer offers."""
    wished = said_at(exchange, "requested_start") if exchange.status == "available" else None
    return [*([wished] if wished else []), *alternatives(exchange).values()]


def confirmations(phone: PhoneCall) -> int:
    """Return how often a caller said yes: what met no answer and was said again is one "yes"."""
    yes = [phone.exchanges[place] for place in phone.said_yes if not phone.exchanges[place].copy]
    again = sum(one.status_code is None and one.args == other.args for one, other in pairwise(yes))
    return len(yes) - again


@dataclass(frozen=True)
class Case:
    """One call. ``booked`` is what the calendar has of it, in the order it was made; the rest are rows of the store."""

    call_id: str
    phone: PhoneCall | None = None
    recorded: Recorded | None = None
    booked: Sequence[LedgerBooking] = ()
    row: Call | None = None
    turns: Sequence[Turn] = ()
    kept: Sequence[Booking] = ()
    replies: Sequence[Reply] = ()
    hold: Hold | None = None

    @property
    def standing(self) -> Sequence[LedgerBooking]:
        """The bookings of this call that stand."""
        return [booking for booking in self.booked if booking.stands]

    @property
    def steps(self) -> Sequence[Step]:
        """What was done for it."""
        return self.recorded.steps if self.recorded else ()

    @property
    def said(self) -> Sequence[Exchange]:
        """What the platform asked on this call, answered or not; no events."""
        return [said for said in (self.phone.exchanges if self.phone else ()) if said.what not in EVENTS]

    @property
    def answers(self) -> Sequence[Exchange]:
        """What was asked and answered; what somebody heard and what nobody did."""
        return [said for said in self.said if said.status_code is not None]

    def heard_before(self, later: Exchange) -> Sequence[Exchange]:
        """Return what was asked before, in order of time, with what the caller heard of it."""
        before = (said for said in self.said if said.sent_at < later.sent_at and not said.copy)
        return sorted(before, key=lambda said: said.sent_at)

    @property
    def yes(self) -> Sequence[Exchange]:
        """Every "yes" as the platform delivered it, again where it met no answer; no copies."""
        if self.phone is None:
            return ()
        said = (self.phone.exchanges[place] for place in self.phone.said_yes)
        return [yes for yes in said if not yes.copy]

    @property
    def deliveries(self) -> Sequence[Exchange]:
        """Every delivery of a "yes"; a copy may arrive where the original met nobody."""
        words = [(yes.what, yes.args) for yes in self.yes]
        return [said for said in self.said if (said.what, said.args) in words]

    def not_found_out(self, start: datetime) -> bool:
        """Whether a step that was to book this moment ended without anybody knowing what it did."""
        attempts = (step for step in self.steps if isinstance(step.request, BookSlot) and step.request.start == start)
        return any(step.failed or step.ended_at is None for step in attempts)


@dataclass(frozen=True)
class Inquiry:
    """The evidence, and the same sorted by calls."""

    evidence: Evidence
    cases: Sequence[Case]


class Finding(NamedTuple):
    """A promise that was not kept: what is wrong, and around when."""

    call_id: str | None
    says: str
    at: datetime | None = None


async def open_inquiry(evidence: Evidence) -> Inquiry:
    """Sort the evidence by calls, and read the histories."""
    recorded = {}
    for told in evidence.histories:
        if call := await read(told, evidence.converter):
            recorded[call.call.call_id] = call
    return Inquiry(evidence, _cases(evidence, recorded))


def _cases(evidence: Evidence, recorded: Mapping[str, Recorded]) -> Sequence[Case]:
    phones = {phone.call_id: phone for phone in evidence.calls}
    ours = _by_call(sorted(evidence.ledger, key=lambda booking: booking.created_at))
    rows = {row.call_id: row for row in evidence.store.calls}
    turns = _by_call(sorted(evidence.store.turns, key=lambda turn: turn.position))
    kept = _by_call(evidence.store.bookings)
    replies = _by_call(evidence.store.replies)
    holds = {hold.call_id: hold for hold in evidence.store.holds}
    everywhere = dict.fromkeys([*phones, *recorded, *ours, *rows, *turns, *kept, *replies, *holds])
    return [
        Case(
            call_id,
            phones.get(call_id),
            recorded.get(call_id),
            ours.get(call_id, ()),
            rows.get(call_id),
            turns.get(call_id, ()),
            kept.get(call_id, ()),
            replies.get(call_id, ()),
            holds.get(call_id),
        )
        for call_id in everywhere
    ]


class _OfCall(Protocol):
    @property
    def call_id(self) -> str | None:
        """Which call it is of."""


Item = TypeVar("Item", bound=_OfCall)


def _by_call(items: Iterable[Item]) -> Mapping[str, Sequence[Item]]:
    sorted_out: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.call_id is not None:
            sorted_out[item.call_id].append(item)
    return sorted_out
