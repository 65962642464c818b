"""Which listed slots are free once other calls' holds are taken into account."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta


def slots_free_of(
    starts: Iterable[datetime],
    duration: timedelta,
    held: Sequence[tuple[datetime, datetime]],
    capacity: int,
) -> tuple[datetime, ...]:
    """Return those starts where fewer than ``capacity`` held intervals overlap the whole ``duration``.

    Intervals are half-open: touching is no overlap. It is the rule by which the store grants holds.
    """
    return tuple(
        start for start in starts if sum(begin < start + duration and start < end for begin, end in held) < capacity
    )
