"""What a language has to say: one file per language, named by its code, holds one ``Language`` called ``LANGUAGE``.

The sentences are templates. ``{day}`` is a weekday with its date, ``{date}`` the date alone, ``{weekday}`` the weekday
alone, ``{time}`` a time of day, ``{moment}`` day and time, ``{alternatives}`` one or two moments joined. No sentence
names a year, an id or a phone number. Where a number decides about the form, the template is a ``Forms``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeAlias

from starter import replies
from workflows.messages import DayPart

Forms: TypeAlias = Mapping[str, str]
"""One template per plural form of the language, by its CLDR name: ``one``, ``few``, ..., and always ``other``."""


@dataclass(frozen=True)
class Near:
    """How the day of an alternative is named, by how near it is to the wish and to today.

    ``later`` is written, with ``{numeric_date}``; ``later_spoken`` is heard, without a year.
    """

    same_day: str
    today: str
    tomorrow: str
    day_after_tomorrow: str
    this_week: str
    next_week: str
    later: str
    later_spoken: str


@dataclass(frozen=True)
class Window:
    """How a part of a day is named: by its word, or by the times of day it begins and ends at."""

    parts: Mapping[DayPart, str]
    since: str
    until: str
    after: str
    up_to: str
    at: str
    between: str


@dataclass(frozen=True)
class FlowTexts:
    """What a flow's conversation is led by: when it goes from one node to another, and what to do at a node."""

    wish_named: str
    first_free_wanted: str
    agreed: str
    alternative_chosen: str
    other_wish: str
    answered: str
    name_given: str
    said: str
    nothing_more: str
    ask_back: str
    ask_for_name: str


@dataclass(frozen=True)
class AgentTexts:
    """What a voice agent is told and says by itself, in texts without holes unless named here.

    ``locale`` is the voice platforms' name of the language, like ``de-DE``. ``begin_message`` greets in the name of
    ``{business}``, or of ``nobody`` in particular. ``rules`` hold in every call, ``steps`` are for a model that decides
    itself what to call. ``while_looking`` is said while a function runs. ``functions`` and
    ``parameters`` describe what can be called, the latter by the fields of ``starter.arguments.Arguments``.
    """

    locale: str
    begin_message: str
    nobody: str
    rules: str
    steps: str
    while_looking: str
    end_call: str
    goodbye: str
    functions: Mapping[str, str]
    parameters: Mapping[str, str]
    flow: FlowTexts


@dataclass(frozen=True)
class Language:
    """All patterns, words and sentences of one language.

    ``locale`` is Babel's; ``day_pattern``, ``date_pattern``, ``time_pattern`` and ``clock_pattern`` (a time of day that
    another one follows) are its date patterns (Unicode TR 35), ``moment`` joins a day and a time, ``alternative`` a day
    and one or two times. ``years_ahead`` is what a day or date becomes that would pass for one of this year.
    ``arguments`` names what can be wrong with a function's input.
    """

    locale: str
    day_pattern: str
    date_pattern: str
    time_pattern: str
    clock_pattern: str
    moment: str
    years_ahead: Forms
    near: Near
    alternative: str
    outside_window: str
    window: Window

    available: str
    available_for: str
    booked: str
    booked_again: str
    booked_awaiting_host: str
    confirmation_by_mail: str
    slot_taken: str
    slot_taken_without_alternatives: str
    found_alternatives: Forms
    unavailable: str
    held_by_another_call: str
    outside_hours: str
    nothing_in_window: str
    nothing_that_day: str
    closed_in_window: str
    closed_that_day: str
    nothing_further: str
    too_soon: str
    earliest: str
    offer_alternatives: Forms
    offer_outside_window: Forms
    ask_for_another: str
    no_slots: Forms
    no_slots_from: Forms

    missing: str
    missing_parts: Mapping[str, str]
    only_missing_part: Mapping[str, str]
    missing_customer_name: str
    today_or_tomorrow: str
    past_time: str
    day_not_understood: str
    time_not_understood: str
    two_days: str
    two_times: str
    which_alternative: str
    weekday_mismatch: str
    skipped_time: str
    unknown_service: Forms
    invalid_input: str
    too_long: str
    unreadable: str
    arguments: Mapping[str, str]

    clock: str
    date_named: str
    services: str
    service: str

    pending: str
    expired: str
    closed: str
    uncertain: str
    cannot_check: str
    unknown_number: str
    unknown_function: str

    existing_customer: str
    existing_customer_unnamed: str
    new_customer: str
    customers_unknowable: str

    agent: AgentTexts


def languages() -> tuple[str, ...]:
    """Return the codes of all languages there is a file of, in order."""
    names = (module.name for module in iter_modules(replies.__path__))
    return tuple(sorted(name for name in names if re.fullmatch(r"[a-z]{2}", name)))


@cache
def language(code: str) -> Language:
    """Return the language of this code. Raises ``ModuleNotFoundError`` where no file brings it."""
    found: Language = import_module(f"starter.replies.{code}").LANGUAGE
    return found
