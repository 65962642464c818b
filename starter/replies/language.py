"""What a language has to say: one file per language, named by its code, holds one ``Language`` called ``LANGUAGE``.

The sentences are templates. ``{day}`` is a weekday with its date, ``{date}`` the date alone, ``{weekday}`` the weekday
alone, ``{time}`` a time of day, ``{moment}`` day and time, ``{alternatives}`` one or two moments joined. No sentence
names a year, an id or a phone number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module


@dataclass(frozen=True)
class Near:
    """How the moment of an alternative is named, by how near it is to the wish and to today."""

    same_day: str
    today: str
    tomorrow: str
    day_after_tomorrow: str
    this_week: str
    next_week: str
    later: str
    later_spoken: str


@dataclass(frozen=True)
class Language:
    """All patterns, words and sentences of one language.

    ``locale`` is Babel's; ``day``, ``date`` and ``time`` are its date patterns (Unicode TR 35) and ``moment`` joins a
    day and a time. ``arguments`` names what can be wrong with a function's input.
    """

    locale: str
    day_pattern: str
    date_pattern: str
    time_pattern: str
    moment: str
    near: Near

    available: str
    booked: str
    booked_again: str
    booked_awaiting_host: str
    confirmation_by_mail: str
    slot_taken: str
    slot_taken_without_alternatives: str
    found_alternatives: str
    unavailable: str
    held_by_another_call: str
    outside_hours: str
    too_soon: str
    earliest: str
    offer_alternative: str
    offer_alternatives: str
    ask_for_another: str
    no_slots: str
    no_slots_from: str

    missing: str
    missing_parts: Mapping[str, str]
    only_missing_part: Mapping[str, str]
    missing_customer_name: str
    past_time: str
    day_not_understood: str
    time_not_understood: str
    weekday_mismatch: str
    skipped_time: str
    unknown_service: str
    invalid_input: str
    too_long: str
    unreadable: str
    arguments: Mapping[str, str]

    pending: str
    expired: str
    closed: str
    uncertain: str
    cannot_check: str
    unknown_number: str
    unknown_function: str

    existing_customer: str
    new_customer: str
    customers_unknowable: str


@cache
def language(code: str) -> Language:
    """Return the language of this code. Raises ``ModuleNotFoundError`` where no file brings it."""
    found: Language = import_module(f"starter.replies.{code}").LANGUAGE
    return found
