"""What callers and our own voice say, read back."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from starter.replies.language import language as language_of
from starter.replies.voice import Voice
from starter.spoken import NotUnderstood, Reading, Understood, read
from tests.starter.phrasings import (
    Phrase,
    Span,
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
from workflows.messages import Alternative, Answer, AnswerStatus, Shift

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2025, 10, 14, 10, tzinfo=BERLIN)
LANGUAGES = ("de", "en")

EVERY_TIME = [time(minutes // 60, minutes % 60) for minutes in range(7 * 60, 21 * 60, 5)]

AWKWARD_NOWS = [
    datetime(2025, 10, 26, 0, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
    datetime(2026, 3, 28, 23, 30, tzinfo=UTC),
    datetime(2025, 12, 31, 22, 59, tzinfo=UTC),
    datetime(2028, 2, 29, 11, 0, tzinfo=UTC),
    datetime(2027, 6, 1, 12, 0, tzinfo=UTC),
    datetime(2025, 10, 19, 21, 59, tzinfo=UTC),
]

SEVEN_YEARS = 7 * 365 * 24 * 60

ordinary_nows = st.integers(0, SEVEN_YEARS).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
nows = st.one_of(st.sampled_from(AWKWARD_NOWS), ordinary_nows).map(lambda now: now.astimezone(BERLIN))


times_of_day = st.sampled_from(EVERY_TIME)


@st.composite
def coming_moments(draw: st.DrawFn) -> tuple[date, time, datetime]:
    """A day and a time of day from the next minute on to 300 days ahead, and the now they are said at."""
    now = draw(nows)
    days_ahead = draw(st.one_of(st.integers(0, 22), st.integers(0, 300)))
    at = draw(times_of_day)
    day = now.date() + timedelta(days=days_ahead)
    if datetime.combine(day, at, BERLIN) < now + timedelta(minutes=1):
        day += timedelta(days=1)
    return day, at, now


languages = st.sampled_from(LANGUAGES)
any_of_them = st.integers(0, 10**6)
STRIDE = 199


def moment(reading: Reading) -> tuple[date, time] | Reading:
    """Return the exact moment that was understood, or the reading where it is anything else."""
    match reading:
        case Understood(
            day=date() as day,
            time_of_day=time() as at,
            about=False,
            window=None,
            shift=None,
            choice=None,
            first_free=False,
            week=None,
        ):
            return day, at
        case _:
            return reading


@settings(max_examples=300, deadline=None)
@given(coming_moments(), languages, any_of_them)
def test_any_moment_in_any_of_our_phrasings_is_read_back(
    said: tuple[date, time, datetime], language: str, which: int
) -> None:
    day, at, now = said
    # There are thousands for each moment: some twenty of them, other ones every time.
    some = islice(phrasings(day, at, now, language), which % STRIDE, None, STRIDE)
    misread = {phrase: reading for phrase in some if (reading := moment(_read(phrase, now, language))) != (day, at)}
    assert misread == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ahead", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 16, 19, 21, 28, 78, 79, 137, 300])
def test_every_name_of_a_day_is_read_back(language: str, ahead: int) -> None:
    day = TUESDAY.date() + timedelta(days=ahead)
    readings = {words: read(words, None, TUESDAY, language) for words in names_of(day, TUESDAY, language)}
    assert _others(readings, lambda said: said.day == day) == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("at", EVERY_TIME, ids=str)
def test_every_name_of_a_time_is_read_back(language: str, at: time) -> None:
    readings = {words: read(None, words, TUESDAY, language) for words in times_of(at, language)}
    assert _others(readings, lambda said: said.time_of_day == at) == {}


@settings(deadline=None)
@given(coming_moments(), languages, any_of_them)
def test_a_day_alone_says_no_time_and_a_time_alone_no_day(
    said: tuple[date, time, datetime], language: str, which: int
) -> None:
    day, at, now = said
    days, times = list(only_a_day(day, now, language)), list(only_a_time(at, language))
    a_day, a_time = days[which % len(days)], times[which % len(times)]
    assert _said_of(a_day, now, language) == (day, None), a_day
    assert _said_of(a_time, now, language) == (None, at), a_time


@settings(deadline=None)
@given(coming_moments(), languages, any_of_them)
def test_a_part_of_any_day_is_read_back(said: tuple[date, time, datetime], language: str, which: int) -> None:
    day, _, now = said
    ways = list(windows(day, now, language))
    phrase, span = ways[which % len(ways)]
    reading = _read(phrase, now, language)
    assert isinstance(reading, Understood), phrase
    assert reading.window is not None, phrase
    window = Span(reading.window.since, reading.window.until, reading.window.part)
    assert (reading.day, reading.time_of_day, window) == (day, None, span), phrase


NEGATIONS = {"de": ("nicht {}", "{} nicht", "außer {}", "bloß nicht {}"), "en": ("not {}", "anything but {}", "{} no")}
OR = {"de": "oder", "en": "or"}


@settings(deadline=None)
@given(coming_moments(), languages, any_of_them)
def test_what_is_not_wanted_is_never_understood_as_wanted(
    said: tuple[date, time, datetime], language: str, which: int
) -> None:
    day, at, now = said
    for names in (list(names_of(day, now, language)), list(times_of(at, language))):
        for negation in NEGATIONS[language]:
            for phrase in _in_either_argument(negation.format(names[which % len(names)])):
                assert isinstance(_read(phrase, now, language), NotUnderstood), phrase


@settings(deadline=None)
@given(coming_moments(), st.integers(1, 20), languages, any_of_them, any_of_them)
def test_of_two_days_none_is_understood(
    said: tuple[date, time, datetime], apart: int, language: str, which: int, other: int
) -> None:
    day, _, now = said
    assume(apart % 7)  # "Donnerstag" goes with the date of any Thursday.
    first = list(names_of(day, now, language))
    # "Heute" and "in sieben Tagen" are one day: counted days may count from the one before.
    second = [words for words in names_of(day + timedelta(days=apart), now, language) if not words.startswith("in ")]
    for phrase in _both(first[which % len(first)], second[other % len(second)], language):
        assert not isinstance(_read(phrase, now, language), Understood), phrase


@settings(deadline=None)
@given(coming_moments(), times_of_day, languages, any_of_them, any_of_them)
def test_of_two_times_none_is_understood(
    said: tuple[date, time, datetime], another: time, language: str, which: int, other: int
) -> None:
    _, at, now = said
    assume(at.minute != another.minute or (at.hour - another.hour) % 12)  # "7:00" goes with "sieben abends".
    first, second = list(times_of(at, language)), list(times_of(another, language))
    for phrase in _both(first[which % len(first)], second[other % len(second)], language):
        assert not isinstance(_read(phrase, now, language), Understood), phrase


@pytest.mark.parametrize(
    ("language", "phrase", "shift"),
    [(language, phrase, shift) for language in LANGUAGES for phrase, shift in shifts(language)],
)
def test_a_change_is_read_back(language: str, phrase: Phrase, shift: Shift) -> None:
    assert _without_its_words(_read(phrase, TUESDAY, language)) == Understood(shift=shift)


@pytest.mark.parametrize(
    ("language", "phrase", "choice"),
    [(language, phrase, choice) for language in LANGUAGES for phrase, choice in choices(language)],
)
def test_a_choice_is_read_back(language: str, phrase: Phrase, choice: int) -> None:
    assert _read(phrase, TUESDAY, language) == Understood(choice=choice)


@pytest.mark.parametrize(
    ("language", "phrase"), [(language, phrase) for language in LANGUAGES for phrase in first_free(language)]
)
def test_the_wish_for_the_first_free_moment_is_read_back(language: str, phrase: Phrase) -> None:
    assert _read(phrase, TUESDAY, language) == Understood(first_free=True)


@settings(deadline=None)
@given(coming_moments(), languages)
def test_the_day_and_the_time_our_voice_says_are_read_back(said: tuple[date, time, datetime], language: str) -> None:
    day, at, now = said
    words = _spoken_by_us(day, at, now, language)
    together = language_of(language).moment.format(**words)
    assert moment(read(words["day"], words["time"], now, language)) == (day, at), words
    for phrase in _in_either_argument(together):
        assert moment(_read(phrase, now, language)) == (day, at), phrase


@settings(deadline=None)
@given(coming_moments(), languages, st.booleans())
def test_the_alternatives_our_voice_describes_are_read_back(
    said: tuple[date, time, datetime], language: str, with_a_wish: bool
) -> None:
    day, at, now = said
    wished = datetime.combine(day - timedelta(days=1), at, BERLIN) if with_a_wish else None
    for phrase in _in_either_argument(_description(day, at, now, language, wished)):
        assert moment(_read(phrase, now, language)) == (day, at), phrase


@settings(deadline=None)
@given(coming_moments(), languages)
def test_an_alternative_described_as_the_same_day_names_its_time_only(
    said: tuple[date, time, datetime], language: str
) -> None:
    day, at, now = said
    wished = datetime.combine(day, time(12), BERLIN)
    for phrase in _in_either_argument(_description(day, at, now, language, wished)):
        assert _without_its_words(_read(phrase, now, language)) == Understood(time_of_day=at), phrase


def _read(phrase: Phrase, now: datetime, language: str) -> Reading:
    return read(phrase.datum, phrase.uhrzeit, now, language)


def _others(readings: dict[str, Reading], fits: Callable[[Understood], bool]) -> dict[str, Reading]:
    return {
        words: reading
        for words, reading in readings.items()
        if not (isinstance(reading, Understood) and not reading.about and reading.window is None and fits(reading))
    }


def _without_its_words(reading: Reading) -> Reading:
    return replace(reading, day_words=None) if isinstance(reading, Understood) else reading


def _said_of(phrase: Phrase, now: datetime, language: str) -> tuple[date | None, time | None] | Reading:
    reading = _read(phrase, now, language)
    if isinstance(reading, Understood) and not (reading.about or reading.window or reading.shift or reading.choice):
        return reading.day, reading.time_of_day
    return reading


def _both(first: str, second: str, language: str) -> Iterator[Phrase]:
    yield Phrase(first, second)
    yield from _in_either_argument(f"{first} {OR[language]} {second}")


def _in_either_argument(words: str) -> Iterator[Phrase]:
    yield Phrase(words, None)
    yield Phrase(None, words)


def _spoken_by_us(day: date, at: time, now: datetime, language: str) -> dict[str, str]:
    """Take the words for a day and a time from a sentence of ours."""
    say = language_of(language)
    answer = Answer(status=AnswerStatus.AVAILABLE, start=datetime.combine(day, at, BERLIN))
    template = re.escape(say.available)
    for part in ("day", "time"):
        template = template.replace(re.escape(f"{{{part}}}"), f"(?P<{part}>.+)")
    sentence = re.fullmatch(template, Voice(say, now).answer(answer))
    assert sentence is not None
    return sentence.groupdict()


def _description(day: date, at: time, now: datetime, language: str, wished: datetime | None) -> str:
    offer = Alternative(id="a1", start=datetime.combine(day, at, BERLIN))
    return Voice(language_of(language), now).description(offer, wished)
