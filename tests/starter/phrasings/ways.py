"""The templates filled in: every way to say what is meant."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import chain, cycle

from babel.dates import get_day_names, get_month_names

from tests.starter.phrasings.numbers import CARDINAL, ORDINAL, cardinal_de, with_suffix
from tests.starter.phrasings.templates import (
    AT,
    CHANGES,
    CHOICES,
    CLOCK,
    DAY_PARTS,
    DAYS,
    FACE,
    FILLERS,
    FIRST_FREE,
    FULL_HOUR,
    NOON,
    ON,
    PARTS,
    PAST_THE_HOUR,
    SHIFTS,
    STAND_ALONE,
    WINDOWS,
    Span,
    Words,
)
from workflows.messages import Shift


@dataclass(frozen=True)
class Phrase:
    """The two arguments as a voice model passes them on; ``None`` is a missing one."""

    datum: str | None
    uhrzeit: str | None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _weeks_apart(day: date, today: date) -> int:
    return (_monday(day) - _monday(today)).days // 7


def _is_next_date(day: date, today: date) -> bool:
    """Tell whether this is the next day of its name in the year: for the 29 February, the next there is."""
    earlier = (day.replace(year=year) for year in range(today.year, day.year) if not _is_leap_day(day))
    return all(candidate < today for candidate in earlier)


def _is_leap_day(day: date) -> bool:
    return (day.month, day.day) == (2, 29)


def _is_next_in_month(day: date, today: date) -> bool:
    days = (today + timedelta(days=ahead) for ahead in range((day - today).days))
    return all(candidate.day != day.day for candidate in days)


APPLIES: Mapping[str, Callable[[date, date], bool]] = {
    "any": lambda day, today: True,
    "next of its date": _is_next_date,
    "next of its day of month": _is_next_in_month,
    "today": lambda day, today: day == today,
    "tomorrow": lambda day, today: (day - today).days == 1,
    "day after tomorrow": lambda day, today: (day - today).days == 2,
    # "In acht Tagen" is a week for some; "in einem Tag" and "in einer Woche" are said in their own words.
    "some days": lambda day, today: 2 <= (day - today).days <= 30 and (day - today).days != 8,
    "one week": lambda day, today: (day - today).days == 7,
    "some weeks": lambda day, today: (day - today).days in range(14, 50, 7),
    "next of its weekday": lambda day, today: 0 < (day - today).days <= 7,
    "within six days": lambda day, today: 0 < (day - today).days < 7,
    "this week": lambda day, today: day > today and _weeks_apart(day, today) == 0,
    "next week": lambda day, today: _weeks_apart(day, today) == 1,
    "week after next": lambda day, today: _weeks_apart(day, today) == 2,
    # "Next Friday" is this week's for some and next week's for others: only where both are the same day.
    "next by any reading": lambda day, today: (day - today).days <= 7 and _weeks_apart(day, today) == 1,
}
"""When a day can be named in which way, by the day and today."""

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})

SPELLINGS: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.lower,
    lambda words: words.translate(_UMLAUTS),
    lambda words: unicodedata.normalize("NFD", words),
    lambda words: f"  {words.replace(' ', '   ')} ",
    lambda words: words.replace(" ", "\u00a0"),
    lambda words: words.replace(", ", " "),
    # A full stop behind a number would make it an ordinal.
    lambda words: f"{words}." if words[-1].isalpha() else words,
    lambda words: f"{words}?",
)
"""What a transcription does to words without changing their meaning."""


def phrasings(day: date, at: time, now: datetime, language: str) -> Iterator[Phrase]:
    """Yield the ways to say a moment: plain ones, and each with some noise.

    ``day`` and ``at`` are on the branch's clock, ``now`` is in its time zone.
    """
    noises = cycle(_noises(language))
    for plain in _plain(day, at, now, language):
        yield plain
        noise = next(noises)
        yield Phrase(plain.datum and noise(plain.datum), plain.uhrzeit and noise(plain.uhrzeit))


def _plain(day: date, at: time, now: datetime, language: str) -> Iterator[Phrase]:
    for day_words in names_of(day, now, language):
        yield from (Phrase(day_words, time_words) for time_words in times_of(at, language))
        for time_words in _times_in_a_sentence(at, language):
            yield Phrase(time_words, day_words)
            yield Phrase(f"{day_words} {time_words}", None)
            yield Phrase(None, f"{day_words}, {time_words}")
            if day_words.startswith(ON[language]):
                yield Phrase(f"{time_words} {day_words}", None)
        if day_words[-1].isalpha():
            for time_words in filter(STAND_ALONE[language].search, _clock(at, language)):
                yield Phrase(f"{day_words} {time_words}", None)
    for part in _parts_behind_a_day(at, language):
        for day_words in _filled(DAY_PARTS[language], day, now, language, part=part, part_joined=part.lower()):
            for time_words in chain(_faces(at, language), _clock(at, language)):
                yield Phrase(day_words, time_words)
                yield Phrase(f"{day_words} {AT[language]} {time_words}", None)


def names_of(day: date, now: datetime, language: str) -> Iterator[str]:
    """Yield the names of a day, as seen from ``now``."""
    yield from dict.fromkeys(_filled(DAYS[language], day, now, language))


def times_of(at: time, language: str) -> Iterator[str]:
    """Yield the words for a time of day, none of which could mean another one."""
    yield from _bare_times(at, language)
    yield from _times_in_a_sentence(at, language)


def _times_in_a_sentence(at: time, language: str) -> Iterator[str]:
    yield from (f"{AT[language]} {words}" for words in _bare_times(at, language))
    for part in _parts_behind_a_time(at, language):
        yield from (f"{part} {AT[language]} {face}" for face in _faces(at, language))


def _bare_times(at: time, language: str) -> Iterator[str]:
    yield from _clock(at, language)
    if _is_plain_on_the_face(at):
        yield from _faces(at, language)
    for part in _parts_behind_a_time(at, language):
        yield from (f"{face} {part}" for face in _faces(at, language))
    if at == time(12):
        yield NOON[language]


def only_a_day(day: date, now: datetime, language: str) -> Iterator[Phrase]:
    """Yield the ways to name a day and no time, new or changed, in either argument."""
    yield from _either(_changed(names_of(day, now, language), language))


def only_a_time(at: time, language: str) -> Iterator[Phrase]:
    """Yield the ways to name a time of day and no day, new or changed, in either argument."""
    yield from _either(_changed(_times_in_a_sentence(at, language), language))


def windows(day: date, now: datetime, language: str) -> Iterator[tuple[Phrase, Span]]:
    """Yield the ways to wish for a part of a day, each with the window that is meant."""
    for day_words in names_of(day, now, language):
        for words, span in WINDOWS[language]:
            yield Phrase(day_words, words), span
            yield Phrase(f"{day_words} {words}", None), span


def shifts(language: str) -> Iterator[tuple[Phrase, Shift]]:
    """Yield the ways to move the moment spoken of last, each with the change that is meant."""
    yield from ((phrase, shift) for words, shift in SHIFTS[language] for phrase in _either([words]))


def choices(language: str) -> Iterator[tuple[Phrase, int]]:
    """Yield the ways to take one of the alternatives on offer: 1 is the first heard, -1 the last."""
    yield from ((phrase, choice) for words, choice in CHOICES[language] for phrase in _either([words]))


def first_free(language: str) -> Iterator[Phrase]:
    """Yield the ways to wish for the first free moment."""
    yield from _either(FIRST_FREE[language])


def _either(many: Iterable[str]) -> Iterator[Phrase]:
    for words in many:
        yield Phrase(words, None)
        yield Phrase(None, words)


def _changed(many: Iterable[str], language: str) -> Iterator[str]:
    changes = cycle(CHANGES[language])
    for words in many:
        yield words
        yield next(changes).format(words=words)


def _noises(language: str) -> Iterator[Callable[[str], str]]:
    yield from SPELLINGS
    yield from (partial(_with_filler, filler) for filler in FILLERS[language])


def _with_filler(filler: str, words: str) -> str:
    return filler.format(words=words)


def _filled(templates: Mapping[str, Words], day: date, now: datetime, language: str, **others: str) -> Iterator[str]:
    words = _day_words(day, now.date(), language) | others
    for case, names in templates.items():
        if APPLIES[case](day, now.date()):
            yield from (name.format(**words) for name in names)


def _day_words(day: date, today: date, language: str) -> dict[str, str]:
    ahead = (day - today).days
    words = {
        "d": f"{day.day}",
        "dd": f"{day:%d}",
        "d_th": with_suffix(day.day),
        "m": f"{day.month}",
        "mm": f"{day:%m}",
        "yy": f"{day:%y}",
        "yyyy": f"{day:%Y}",
        "weekday": get_day_names("wide", locale=language)[day.weekday()],
        "month": get_month_names("wide", locale=language)[day.month],
        "nth": ORDINAL[language](day.day),
        "nth_month": ORDINAL[language](day.month),
        "year": f"zweitausend{cardinal_de(day.year - 2000)}",
        "ahead": f"{ahead}",
        "weeks": f"{ahead // 7}",
    }
    if ahead < 60:
        words |= {"ahead_words": CARDINAL[language](ahead), "weeks_words": CARDINAL[language](ahead // 7)}
    return words


def _clock(at: time, language: str) -> Iterator[str]:
    templates = CLOCK[language] + (PAST_THE_HOUR if at.minute else FULL_HOUR)[language]
    half = "am" if at.hour < 12 else "pm"
    words = {
        "H": f"{at.hour}",
        "HH": f"{at:%H}",
        "M": f"{at.minute}",
        "MM": f"{at:%M}",
        "h12": f"{_on_the_face(at.hour)}",
        "ampm": half,
        "a_m": f"{half[0]}.m.",
        "hour": CARDINAL[language](at.hour),
        "minute": CARDINAL[language](at.minute),
    }
    yield from dict.fromkeys(template.format(**words) for template in templates)


def _faces(at: time, language: str) -> Iterator[str]:
    number = CARDINAL[language]
    words = {"h": number(_on_the_face(at.hour)), "next": number(_on_the_face(at.hour + 1))}
    yield from (template.format(**words) for template in FACE[language][at.minute])


def _is_plain_on_the_face(at: time) -> bool:
    """Tell whether the face alone says it: from seven in the morning, and one to six in the afternoon.

    Between half past six and seven the hour that is named may be seven, which is in the morning.
    """
    return at.hour < 18 or (at.hour == 18 and at.minute <= 15)


def _parts_behind_a_time(at: time, language: str) -> Iterator[str]:
    return chain.from_iterable(behind for since, until, behind, _ in PARTS[language] if since <= at.hour < until)


def _parts_behind_a_day(at: time, language: str) -> Iterator[str]:
    return chain.from_iterable(behind for since, until, _, behind in PARTS[language] if since <= at.hour < until)


def _on_the_face(hour: int) -> int:
    return (hour - 1) % 12 + 1
