"""The table of phrases, read row by row."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.dates import get_day_names

from starter.spoken import (
    Contradiction,
    NotUnderstood,
    PastDay,
    Reading,
    SkippedTime,
    Understood,
    WeekdayMismatch,
    read,
)
from workflows.messages import Shift, TimeWindow

BERLIN = ZoneInfo("Europe/Berlin")
TABLE = tomllib.loads((Path(__file__).with_name("phrases.toml")).read_text(encoding="utf-8"))

Facts = Mapping[str, object]
"""A meaning in the words of the table: only what was said."""


@dataclass(frozen=True)
class Row:
    kind: str
    now: datetime
    language: str
    datum: str | None
    uhrzeit: str | None
    meaning: Facts

    def __str__(self) -> str:
        said = " / ".join("-" if words is None else words for words in (self.datum, self.uhrzeit))
        return f"{self.now:%Y-%m-%dT%H:%M} {self.language}: {said}"


def rows() -> Iterator[Row]:
    for group in TABLE["group"]:
        for phrase in group["phrases"]:
            said = {name: value for name, value in phrase.items() if name not in ("datum", "uhrzeit")}
            # An explicit bound narrows the window of the part that was named with it.
            meaning = TABLE["parts"].get(said.get("part"), {}) | said
            if said.keys() & {"since", "until"}:
                meaning = {name: value for name, value in meaning.items() if name != "anchor" or name in said}
            now = group["now"].astimezone(BERLIN)
            language = group.get("language", "de")
            yield Row(group["kind"], now, language, phrase.get("datum"), phrase.get("uhrzeit"), meaning)


ROWS = tuple(rows())


def facts(reading: Reading) -> Facts:
    match reading:
        case NotUnderstood(part):
            return {"not_understood": part.value}
        case Contradiction(part):
            return {"contradiction": part.value}
        case WeekdayMismatch(day):
            return {"mismatch": day}
        case PastDay(day, time_of_day):
            return _said(past=day, time=time_of_day)
        case SkippedTime(day, time_of_day):
            return {"skipped": day, "time": time_of_day}
        case Understood():
            said = _said(
                day=reading.day,
                time=reading.time_of_day,
                about=reading.about,
                shift=reading.shift and _shift(reading.shift),
                choice=reading.choice,
                first_free=reading.first_free,
                week=reading.week,
                weekday_alone=reading.weekday_alone,
            )
            return said | (_window(reading.window) if reading.window else {}) or {"nothing": True}


def _shift(shift: Shift) -> Facts:
    return _said(days=shift.days or None, minutes=shift.minutes or None, direction=shift.direction)


def _window(window: TimeWindow) -> dict[str, object]:
    if window.since is None and window.until is None:
        return {"window": "any"}
    part = window.part and window.part.value
    included = window.until_included
    return _said(since=window.since, until=window.until, until_included=included, part=part) | {"anchor": window.anchor}


def _said(**parts: object) -> dict[str, object]:
    return {name: value for name, value in parts.items() if value is not None and value is not False}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_phrase_means_what_the_table_says(row: Row) -> None:
    understood = facts(read(row.datum, row.uhrzeit, row.now, row.language))
    compared = {
        name: value for name, value in understood.items() if name in row.meaning or name not in ("anchor", "part")
    }
    assert compared == row.meaning, f"{row}\n  expected   {dict(row.meaning)}\n  understood {dict(understood)}"


def test_the_table_has_more_than_three_hundred_phrases() -> None:
    assert len({(row.datum, row.uhrzeit) for row in ROWS if row.language == "de"}) >= 240
    assert len({(row.datum, row.uhrzeit) for row in ROWS if row.language == "en"}) >= 100
    assert len(set(map(str, ROWS))) == len(ROWS), "a row is there twice"


def test_the_table_is_read_on_ordinary_and_on_awkward_days() -> None:
    nows = {row.now for row in ROWS}
    assert {now.isoformat(timespec="minutes") for now in nows} == {
        "2025-10-14T10:00+02:00",
        "2025-10-16T23:59+02:00",
        "2025-10-19T18:30+02:00",
        "2025-10-26T00:30+02:00",
        "2025-12-31T23:59+01:00",
        "2026-03-28T12:00+01:00",
        "2026-03-29T01:30+01:00",
        "2028-02-29T12:00+01:00",
        "2030-10-14T10:00+02:00",
    }


WEEKDAYS = {
    name.casefold(): number
    for locale in ("de", "en")
    for width in ("wide", "abbreviated")
    for number, name in get_day_names(width, locale=locale).items()
} | {"sonnabend": 5}


def test_the_days_of_the_table_have_the_weekdays_it_names() -> None:
    assert [str(row) for row in ROWS if not _weekday_fits(row)] == []


def _weekday_fits(row: Row) -> bool:
    named = {number for name, number in WEEKDAYS.items() if re.search(rf"\b{re.escape(name)}", str(row).casefold())}
    match row.meaning:
        case {"mismatch": date() as day}:
            return bool(named) and day.weekday() not in named
        case {"day": date() as day}:
            return named <= {day.weekday()}
        case _:
            return True


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (("Donnerstag um 9", None), ("Donnerstag um 10", None)),
        (("am Donnerstag", "9 Uhr"), ("am Donnerstag", "so gegen halb drei")),
        (("morgen um neun", None), ("morgen um viertel nach zehn", None)),
        (("den sechzehnten Zehnten", "vormittags"), ("den sechzehnten Zehnten", "um elf")),
        (("nächste Woche Dienstag ab 14 Uhr", None), ("nächste Woche Dienstag um acht Uhr abends", None)),
        (("October 16th at nine", None), ("October 16th at half past nine", None)),
    ],
)
def test_the_same_day_named_again_with_another_time_is_named_by_the_same_words(
    first: tuple[str, str | None], again: tuple[str, str | None]
) -> None:
    now = ROWS[0].now
    before, after = read(*first, now), read(*again, now)
    assert isinstance(before, Understood)
    assert isinstance(after, Understood)
    assert before.day_words
    assert before.day_words == after.day_words
