"""Words for a day and a time of day -> what they mean."""

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
from starter.spoken.reading import YEARS_AHEAD, read

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
    "read",
]
