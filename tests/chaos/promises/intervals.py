"""Half-open spans of time."""

from collections.abc import Iterable
from datetime import datetime

Interval = tuple[datetime, datetime]


def overlap(one: Interval, other: Interval) -> bool:
    """Whether two spans share a moment; such as only touch do not."""
    return one[0] < other[1] and other[0] < one[1]


def most_at_once(intervals: Iterable[Interval], within: Interval) -> int:
    """Return how many of the spans share a moment inside ``within``, at most."""
    inside = [each for each in intervals if overlap(each, within)]
    moments = [max(begins, within[0]) for begins, _ in inside]
    return max((sum(begins <= moment < ends for begins, ends in inside) for moment in moments), default=0)
