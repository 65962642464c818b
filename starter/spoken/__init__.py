"""Words for a day and a time of day -> what they mean."""

from starter.spoken.days import YEARS_AHEAD
from starter.spoken.meaning import (
    Contradiction,
    NotUnderstood,
    Part,
    PastDay,
    Reading,
    SkippedTime,
    Understood,
    WeekdayMismatch,
)
from starter.spoken.reading import prepare, read

__all__ = [
    "YEARS_AHEAD",
    "Contradiction",
    "NotUnderstood",
    "Part",
    "PastDay",
    "Reading",
    "SkippedTime",
    "Understood",
    "WeekdayMismatch",
    "prepare",
    "read",
]
