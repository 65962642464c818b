"""The promises, one by one, and the judgement over all of them."""

from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.chaos.evidence import Breach, Evidence
from tests.chaos.promises import booked, kept, told
from tests.chaos.promises.case import EVENTS, Finding, Inquiry, confirmations, open_inquiry
from tests.chaos.promises.story import story


@dataclass(frozen=True)
class Promise:
    """What is promised, and how it is checked.

    Attributes:
        number: How it is called elsewhere.
        sentence: The promise.
        check: Finds where it was not kept.
        things: What was looked at, in the plural.
        count: How many of them there were.
    """

    number: int
    sentence: str
    check: Callable[[Inquiry], Iterable[Finding] | AsyncIterable[Finding]]
    things: str
    count: Callable[[Evidence], int]


def _confirmations(evidence: Evidence) -> int:
    return sum(confirmations(call) for call in evidence.calls)


def _answers(evidence: Evidence) -> int:
    exchanges = (said for call in evidence.calls for said in call.exchanges)
    return sum(said.status_code is not None and said.what not in EVENTS for said in exchanges)


def _bookings(evidence: Evidence) -> int:
    return sum(booking.call_id is not None for booking in evidence.ledger)


def _histories(evidence: Evidence) -> int:
    return len(evidence.histories)


def _rows(evidence: Evidence) -> int:
    store = evidence.store
    return len(store.calls) + len(store.turns) + len(store.bookings) + len(store.replies)


PROMISES = (
    Promise(
        1,
        'Every "yes" ends booked, with alternatives, or with the truth about waiting',
        told.never_left_hanging,
        "confirmations",
        _confirmations,
    ),
    Promise(
        2,
        "One booking per call and moment at most; no two of ours overlap on a calendar",
        booked.nothing_twice,
        "bookings",
        _bookings,
    ),
    Promise(3, "What was told is what stands in the calendar", told.told_the_truth, "answers", _answers),
    Promise(4, "No confirmation is carried out twice", booked.once_for_each_yes, "confirmations", _confirmations),
    Promise(5, "Every answer comes within the budget and a second", told.in_time, "answers", _answers),
    Promise(6, "No call stays open, no hold stays", kept.nothing_left_open, "histories", _histories),
    Promise(7, "Every history replays on the code as it is", kept.every_history_replays, "histories", _histories),
    Promise(
        8,
        "Nobody's name or number in logs, ids, search attributes, metrics, or encrypted payloads",
        kept.nobody_is_named,
        "texts",
        lambda evidence: len(evidence.texts),
    ),
    Promise(9, "The store agrees with the histories", kept.store_agrees, "rows", _rows),
)


async def judge(evidence: Evidence, promises: Sequence[Promise] = PROMISES) -> list[Breach]:
    """Return where these promises were not kept, in their order, each with the shortest story of it."""
    inquiry = await open_inquiry(evidence)
    return [
        Breach(promise.number, finding.call_id, story(inquiry, finding))
        for promise in promises
        for finding in await _findings(promise, inquiry)
    ]


async def _findings(promise: Promise, inquiry: Inquiry) -> Sequence[Finding]:
    found = promise.check(inquiry)
    return [each async for each in found] if isinstance(found, AsyncIterable) else list(found)
