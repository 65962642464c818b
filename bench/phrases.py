"""How long spoken dates and times take to read, and how many are read rightly: ours beside dateparser.

Both read every phrase of the tests' table at the same "now", in turns, in one run. dateparser gets the words for day
and time in one string, the language, German date order and "future" preferred: what a program that uses it would write.
Counted are the phrases that name one exact moment or day, and those that have to be asked back: a meaning found in
them is an invention. On all others (windows, steps, choices) ours is held to the table by the tests.
"""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter_ns
from zoneinfo import ZoneInfo

import dateparser
from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Figures
from starter import spoken

PHRASES = Path(__file__).parents[1] / "tests" / "starter" / "phrases.toml"
BERLIN = ZoneInfo("Europe/Berlin")
ROUNDS = 5

ASKED_BACK = {"not_understood", "contradiction", "mismatch", "past", "skipped", "week"}
"""Meanings of the table that name no moment anybody could be offered."""

CAPTION = (
    "The phrases are those of our own tests. Right, wrong, not understood: of those that name one moment or day. "
    "Invented: of those that must be asked back, how many were given a meaning."
)

Moment = tuple[date, time | None]


@dataclass(frozen=True)
class Phrase:
    """What was said, when, and the day and time it means, if it names just these."""

    datum: str | None
    uhrzeit: str | None
    language: str
    now: datetime
    means: Moment | None
    is_asked_back: bool


@dataclass
class Reader:
    """One way to read phrases, with what was measured of it."""

    name: str
    read: Callable[[Phrase], Moment | None]
    microseconds: list[float] = field(default_factory=list)
    right: int = 0
    wrong: int = 0
    silent: int = 0
    invented: int = 0

    def summary(self) -> Figure:
        """Return the figures: microseconds per phrase, and how the comparable phrases were read."""
        p95 = quantiles(self.microseconds, n=20)[-1]
        return {
            "reader": self.name,
            "median_us": round(median(self.microseconds), 1),
            "p95_us": round(p95, 1),
            "right": self.right,
            "wrong": self.wrong,
            "not_understood": self.silent,
            "invented": self.invented,
        }


def phrases() -> Iterator[Phrase]:
    """Yield the phrases of the table."""
    for group in tomllib.loads(PHRASES.read_text(encoding="utf-8"))["group"]:
        for row in group["phrases"]:
            others = row.keys() - {"datum", "uhrzeit", "day", "time", "weekday_alone"}
            yield Phrase(
                datum=row.get("datum"),
                uhrzeit=row.get("uhrzeit"),
                language=group.get("language", "de"),
                now=group["now"].astimezone(BERLIN),
                means=(row["day"], row.get("time")) if "day" in row and not others else None,
                is_asked_back=bool(row.keys() & ASKED_BACK),
            )


def measure(console: Console) -> Figures:
    """Read all phrases in turns, several times over; one figure for each reader."""
    with console.status("Reading the phrases of the table, in turns …"):
        return [reader.summary() for reader in _read_by_all()]


def table(figures: Figures) -> Table:
    """Lay the figures out, a reader a line."""
    laid_out = Table(title="Spoken dates and times", caption=CAPTION)
    laid_out.add_column("")
    for heading in ("median µs", "p95 µs", "right", "wrong", "not understood", "invented"):
        laid_out.add_column(heading, justify="right")
    for row in figures:
        laid_out.add_row(*(str(value) for value in row.values()))
    return laid_out


def _read_by_all() -> Sequence[Reader]:
    """Let every reader read every phrase, in turns; meanings are counted in the first round."""
    readers = [Reader("slotkeeper", _ours), Reader("dateparser", _dateparsers)]
    said = list(phrases())
    for phrase in said[:50]:
        for reader in readers:
            reader.read(phrase)
    for number in range(ROUNDS):
        for phrase in said:
            for reader in readers:
                begin = perf_counter_ns()
                understood = reader.read(phrase)
                reader.microseconds.append((perf_counter_ns() - begin) / 1000)
                if number == 0:
                    _count(reader, phrase, understood)
    return readers


def _count(reader: Reader, phrase: Phrase, understood: Moment | None) -> None:
    if phrase.is_asked_back:
        reader.invented += understood is not None
    elif phrase.means is None:
        return
    elif understood is None:
        reader.silent += 1
    elif understood == phrase.means:
        reader.right += 1
    else:
        reader.wrong += 1


def _ours(phrase: Phrase) -> Moment | None:
    said = spoken.read(phrase.datum, phrase.uhrzeit, phrase.now, phrase.language)
    if not isinstance(said, spoken.Understood) or said.day is None or said.window or said.about:
        return None
    return said.day, said.time_of_day


def _dateparsers(phrase: Phrase) -> Moment | None:
    words = " ".join(part for part in (phrase.datum, phrase.uhrzeit) if part)
    found = dateparser.parse(
        words,
        languages=[phrase.language],
        settings={
            "RELATIVE_BASE": phrase.now.replace(tzinfo=None),
            "PREFER_DATES_FROM": "future",
            "DATE_ORDER": "DMY",
        },
    )
    if found is None:
        return None
    # A day without a time comes back with a time of its own; it is held to the day alone then.
    return found.date(), found.time() if phrase.means and phrase.means[1] else None
