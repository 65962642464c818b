"""The words for days, times of day, windows and changes: templates whose braces are filled in from what is meant."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from workflows.messages import DayPart, Direction, Shift

Words = tuple[str, ...]


@dataclass(frozen=True)
class Span:
    """A window of the day, half-open and open-ended where ``None``; ``part`` is the one word that was said for it."""

    since: time | None
    until: time | None
    part: DayPart | None = None


DAYS: Mapping[str, Mapping[str, Words]] = {
    "de": {
        "today": ("heute",),
        "tomorrow": ("morgen",),
        "day after tomorrow": ("übermorgen",),
        "any": (
            "{d}.{m}.{yyyy}",
            "{dd}.{mm}.{yyyy}",
            "{dd}.{mm}.{yy}",
            "{dd}/{mm}/{yyyy}",
            "{yyyy}-{mm}-{dd}",
            "am {d}. {month} {yyyy}",
            "{weekday}, den {d}. {month} {yyyy}",
            "{nth}er {month} {year}",
            "{nth}er {nth_month}er {year}",
        ),
        "next of its date": (
            "{dd}.{mm}.",
            "am {d}.{m}.",
            "{dd}/{mm}",
            "{d}. {month}",
            "am {d}. {month}",
            "{weekday}, den {d}. {month}",
            "am {weekday}, dem {d}. {month}",
            "{weekday}, {dd}.{mm}.",
            "der {nth}e {nth_month}e",
            "den {nth}en {nth_month}en",
            "am {nth}en {nth_month}en",
            "{nth}er {month}",
            "am {nth}en {month}",
            "{weekday}, der {nth}e {nth_month}e",
        ),
        "next of its day of month": ("am {d}.", "am {nth}en", "{weekday}, den {d}."),
        "some days": ("in {ahead} Tagen", "in {ahead_words} Tagen"),
        "one week": ("in einer Woche", "heute in einer Woche"),
        "some weeks": ("in {weeks} Wochen", "in {weeks_words} Wochen", "heute in {weeks_words} Wochen"),
        "within six days": ("am {weekday}",),
        "next of its weekday": (
            "{weekday}",
            "nächsten {weekday}",
            "kommenden {weekday}",
            "am kommenden {weekday}",
        ),
        "this week": ("diesen {weekday}", "diese Woche {weekday}", "{weekday} diese Woche"),
        "next week": (
            "nächste Woche {weekday}",
            "nächste Woche am {weekday}",
            "{weekday} nächste Woche",
            "{weekday} nächster Woche",
        ),
        "week after next": ("übernächste Woche {weekday}", "{weekday} übernächste Woche"),
    },
    "en": {
        "today": ("today",),
        "tomorrow": ("tomorrow",),
        "day after tomorrow": ("the day after tomorrow",),
        "any": (
            "{yyyy}-{mm}-{dd}",
            "{month} {d}, {yyyy}",
            "{month} {d_th}, {yyyy}",
            "{d} {month} {yyyy}",
            "{weekday}, {month} {d_th}, {yyyy}",
        ),
        "next of its date": (
            "{month} {d}",
            "{month} {d_th}",
            "{month} {nth}",
            "{d} {month}",
            "the {nth} of {month}",
            "on the {d_th} of {month}",
            "{weekday}, {month} {d_th}",
            "{weekday} the {nth} of {month}",
        ),
        "next of its day of month": ("the {d_th}", "on the {d_th}", "on the {nth}", "{weekday} the {d_th}"),
        "some days": ("in {ahead} days", "in {ahead_words} days"),
        "within six days": ("on {weekday}",),
        "next of its weekday": ("{weekday}",),
        "next by any reading": ("next {weekday}",),
        "one week": ("in a week",),
        "some weeks": ("in {weeks} weeks", "in {weeks_words} weeks"),
        "this week": ("this {weekday}", "{weekday} this week"),
        "next week": ("{weekday} next week", "next week {weekday}", "next week on {weekday}"),
        "week after next": ("{weekday} the week after next",),
    },
}
"""Names of a day, by when they apply."""

DAY_PARTS: Mapping[str, Mapping[str, Words]] = {
    "de": {
        "today": ("heute {part}",),
        "tomorrow": ("morgen {part}",),
        "day after tomorrow": ("übermorgen {part}",),
        "next of its weekday": ("{weekday} {part}", "{weekday}{part_joined}", "nächsten {weekday} {part}"),
        "within six days": ("am {weekday} {part}", "am {weekday}{part_joined}"),
        "next week": ("nächste Woche {weekday} {part}",),
    },
    "en": {
        "today": ("this {part}",),
        "tomorrow": ("tomorrow {part}",),
        "next of its weekday": ("{weekday} {part}",),
        "within six days": ("on {weekday} {part}",),
        "next by any reading": ("next {weekday} {part}",),
    },
}
"""Names of a day together with a part of it."""

FULL_HOUR: Mapping[str, Words] = {
    "de": ("{H} Uhr", "{hour} Uhr", "{H}"),
    "en": ("{h12} {ampm}", "{h12}{ampm}", "{h12} {a_m}"),
}
CLOCK: Mapping[str, Words] = {
    "de": ("{H}:{MM}", "{HH}:{MM}", "{HH}:{MM}:00", "{H}:{MM} Uhr", "{H}.{MM} Uhr"),
    "en": ("{HH}:{MM}", "{h12}:{MM} {ampm}", "{h12}:{MM}{ampm}", "{h12}:{MM} {a_m}"),
}
PAST_THE_HOUR: Mapping[str, Words] = {
    "de": ("{H} Uhr {M}", "{hour} Uhr {minute}"),
    "en": (),
}
"""Times of day that name their half of the day themselves."""

FACE: Mapping[str, Mapping[int, Words]] = {
    "de": {
        0: ("{h}",),
        5: ("fünf nach {h}", "fünf Minuten nach {h}"),
        10: ("zehn nach {h}",),
        15: ("viertel nach {h}", "viertel {next}"),
        20: ("zwanzig nach {h}", "zehn vor halb {next}"),
        25: ("fünf vor halb {next}",),
        30: ("halb {next}",),
        35: ("fünf nach halb {next}",),
        40: ("zwanzig vor {next}",),
        45: ("viertel vor {next}", "dreiviertel {next}"),
        50: ("zehn vor {next}", "zehn Minuten vor {next}"),
        55: ("fünf vor {next}",),
    },
    # "Ten to twelve" may be a window.
    "en": {
        0: ("{h}", "{h} o'clock"),
        5: ("five past {h}", "five minutes past {h}"),
        10: ("ten past {h}", "{h} ten"),
        15: ("quarter past {h}", "a quarter past {h}", "{h} fifteen"),
        20: ("twenty past {h}", "{h} twenty"),
        25: ("twenty-five past {h}", "{h} twenty-five"),
        30: ("half past {h}", "{h} thirty"),
        35: ("twenty-five to {next}", "{h} thirty-five"),
        40: ("twenty to {next}", "{h} forty"),
        45: ("quarter to {next}", "a quarter to {next}", "{h} forty-five"),
        50: ("ten minutes to {next}", "{h} fifty"),
        55: ("five minutes to {next}", "{h} fifty-five"),
    },
}
"""Times of day on a face of twelve hours, by the minute."""

PARTS: Mapping[str, tuple[tuple[int, int, Words, Words], ...]] = {
    "de": (
        (7, 9, ("früh",), ("früh",)),
        (7, 11, ("morgens", "am Morgen"), ()),
        (9, 12, ("vormittags", "am Vormittag"), ("Vormittag",)),
        (12, 14, ("mittags",), ("Mittag",)),
        (13, 17, ("nachmittags", "am Nachmittag"), ("Nachmittag",)),
        (18, 21, ("abends", "am Abend"), ("Abend",)),
    ),
    "en": (
        (7, 12, ("in the morning",), ("morning",)),
        (13, 17, ("in the afternoon",), ("afternoon",)),
        (18, 21, ("in the evening",), ("evening",)),
    ),
}
"""Parts of the day by their hours: as they follow a time, and as they follow a day."""

AT: Mapping[str, str] = {"de": "um", "en": "at"}
ON: Mapping[str, str] = {"de": "am ", "en": "on "}
NOON: Mapping[str, str] = {"de": "zwölf Uhr mittags", "en": "noon"}

STAND_ALONE: Mapping[str, re.Pattern[str]] = {"de": re.compile(":|Uhr"), "en": re.compile(":")}
"""What a time of day shows that can follow a date without a word between them."""

WINDOWS: Mapping[str, tuple[tuple[str, Span], ...]] = {
    "de": (
        ("vormittags", Span(time(9), time(12), DayPart.FORENOON)),
        ("am Vormittag", Span(time(9), time(12), DayPart.FORENOON)),
        ("mittags", Span(time(11), time(14), DayPart.NOON)),
        ("nachmittags", Span(time(12), time(17), DayPart.AFTERNOON)),
        ("am Nachmittag", Span(time(12), time(17), DayPart.AFTERNOON)),
        ("abends", Span(time(17), time(21), DayPart.EVENING)),
        ("am Abend", Span(time(17), time(21), DayPart.EVENING)),
        ("ab 14 Uhr", Span(time(14), None)),
        ("ab halb zehn", Span(time(9, 30), None)),
        ("nach 15 Uhr", Span(time(15), None)),
        ("nach Feierabend", Span(time(17), None)),
        ("bis 12 Uhr", Span(None, time(12))),
        ("vor elf", Span(None, time(11))),
        ("zwischen 10 und 12", Span(time(10), time(12))),
        ("zwischen drei und fünf", Span(time(15), time(17))),
        ("von 9 bis 12 Uhr", Span(time(9), time(12))),
        ("egal wann", Span(None, None)),
    ),
    "en": (
        ("in the morning", Span(time(9), time(12), DayPart.FORENOON)),
        ("in the afternoon", Span(time(12), time(17), DayPart.AFTERNOON)),
        ("in the evening", Span(time(17), time(21), DayPart.EVENING)),
        ("after 2 pm", Span(time(14), None)),
        ("after work", Span(time(17), None)),
        ("before noon", Span(None, time(12))),
        ("until 11", Span(None, time(11))),
        ("between ten and twelve", Span(time(10), time(12))),
        ("from 10 to 12", Span(time(10), time(12))),
        ("any time", Span(None, None)),
    ),
}

SHIFTS: Mapping[str, tuple[tuple[str, Shift], ...]] = {
    "de": (
        ("eine Stunde später", Shift(minutes=60)),
        ("zwei Stunden früher", Shift(minutes=-120)),
        ("eine halbe Stunde später", Shift(minutes=30)),
        ("30 Minuten früher", Shift(minutes=-30)),
        ("anderthalb Stunden später", Shift(minutes=90)),
        ("eine Viertelstunde später", Shift(minutes=15)),
        ("einen Tag später", Shift(days=1)),
        ("am nächsten Tag", Shift(days=1)),
        ("zwei Tage später", Shift(days=2)),
        ("eine Woche später", Shift(days=7)),
        ("später", Shift(direction=Direction.LATER)),
        ("lieber etwas später", Shift(direction=Direction.LATER)),
        ("früher", Shift(direction=Direction.EARLIER)),
        ("geht es auch früher", Shift(direction=Direction.EARLIER)),
    ),
    "en": (
        ("an hour later", Shift(minutes=60)),
        ("two hours earlier", Shift(minutes=-120)),
        ("half an hour later", Shift(minutes=30)),
        ("15 minutes earlier", Shift(minutes=-15)),
        ("a day later", Shift(days=1)),
        ("the next day", Shift(days=1)),
        ("a week later", Shift(days=7)),
        ("later", Shift(direction=Direction.LATER)),
        ("a bit earlier", Shift(direction=Direction.EARLIER)),
    ),
}

CHOICES: Mapping[str, tuple[tuple[str, int], ...]] = {
    "de": (
        ("den ersten", 1),
        ("die erste Option", 1),
        ("Nummer eins", 1),
        ("der zweite", 2),
        ("den zweiten Termin", 2),
        ("Nummer 2", 2),
        ("den letzten", -1),
    ),
    "en": (
        ("the first one", 1),
        ("the first", 1),
        ("the second one", 2),
        ("number two", 2),
        ("the last one", -1),
    ),
}

FIRST_FREE: Mapping[str, Words] = {
    "de": ("so bald wie möglich", "so früh wie möglich", "den nächsten freien Termin", "möglichst bald"),
    "en": ("as soon as possible", "the next available appointment"),
}

CHANGES: Mapping[str, Words] = {
    "de": ("lieber {words}", "dann doch {words}", "und {words}?", "ginge auch {words}", "vielleicht {words}"),
    "en": ("maybe {words}", "how about {words}", "and {words}?", "what about {words}"),
}
"""How a caller changes their mind about a day or a time."""

FILLERS: Mapping[str, Words] = {
    "de": ("ähm {words}", "ja {words} bitte", "also dann {words}", "ich hätte gern {words}", "ja gerne, {words}"),
    "en": ("uh {words}", "yes, {words} please", "well then {words}", "I'd like {words}", "okay {words}"),
}
