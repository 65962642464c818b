"""Ways in which callers say a moment, a part of one, or a change: the words for a meaning, not the meaning of words.

Only phrases that have one meaning are said: no "drei Uhr" that may be at night, no "halb sieben" without its part of
the day, no "in acht Tagen". Days run from today on, times of day from 07:00 to 20:55 in steps of five minutes.
"""

from tests.starter.phrasings.templates import Span
from tests.starter.phrasings.ways import (
    Phrase,
    choices,
    first_free,
    names_of,
    only_a_day,
    only_a_time,
    phrasings,
    shifts,
    times_of,
    windows,
)

__all__ = [
    "Phrase",
    "Span",
    "choices",
    "first_free",
    "names_of",
    "only_a_day",
    "only_a_time",
    "phrasings",
    "shifts",
    "times_of",
    "windows",
]
