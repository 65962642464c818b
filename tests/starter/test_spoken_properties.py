"""What holds for any words at all: said, misheard, made up or malicious."""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from starter.spoken.de import LEXICON as GERMAN
from starter.spoken.en import LEXICON as ENGLISH
from starter.spoken.grammar import RULES
from starter.spoken.lexicon import FILLER, NOISE, Lexicon

BERLIN = ZoneInfo("Europe/Berlin")
ANY_READING = (Understood, NotUnderstood, Contradiction, WeekdayMismatch, PastDay, SkippedTime)

UNDERSTOOD = [
    "heute",
    "Donnerstag um halb zehn",
    "am Donnerstag, den 16. Oktober um Viertel nach neun",
    "nächste Woche Dienstag",
    "übernächste Woche Freitag, fünfzehn Uhr dreißig",
    "der sechzehnte Zehnte",
    "übermorgen früh",
    "so gegen drei",
    "zwischen zehn und zwölf",
    "am späten Nachmittag",
    "eine halbe Stunde später",
    "so bald wie möglich",
    "der zweite",
    "16.10.2025 09:00",
    "2025-10-16T09:00:00+02:00",
    "quarter to ten tomorrow morning",
    "the sixteenth of October at 9 p.m.",
]


def _words(lexicon: Lexicon) -> Iterator[str]:
    groups: list[Mapping[int, str] | Mapping[object, str]] = [lexicon.numbers, lexicon.ordinals]
    for group in [*groups, *lexicon.values.values(), dict(enumerate(lexicon.marks.values()))]:
        for words in group.values():
            yield from words.split(", ")


KNOWN = sorted({*_words(GERMAN), *_words(ENGLISH)})
WRITTEN = ["9", "16", "31", "2025", "09", "9.", "16.10.", "16.10", "9:30", "02:30", "29.2.", "10/16", "2026-03-29", "-"]
BY_OTHER_MEANS = {
    *(
        "moment",
        "iso",
        "dated",
        "dotted",
        "pointed",
        "slashed",
        "timed",
        "faced",
        "digits",
        "padded",
        "ordinal",
        "dash",
    ),
    *("number", "rank", "asked_day", "asked_time", "end"),
}
STRANGE = ["🕘", "<script>", "'; --", "\u202e", "\x00", "{{x}}", "Зустріч", "明日", "%s", "\ud800"]

nows = st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(BERLIN), allow_imaginary=False)  # noqa: DTZ001 - the strategy wants naive bounds
languages = st.sampled_from(["de", "en", "fr"])
soup = st.lists(st.sampled_from(KNOWN + WRITTEN), max_size=12).map(" ".join)
dirty_soup = st.lists(st.sampled_from(KNOWN + WRITTEN + STRANGE), max_size=12).map(" ".join)
any_words = st.none() | st.text() | soup | dirty_soup


@settings(deadline=None)
@given(any_words, any_words, nows, languages)
def test_any_words_are_read_without_an_error(
    day_words: str | None, time_words: str | None, now: datetime, language: str
) -> None:
    assert isinstance(read(day_words, time_words, now, language), ANY_READING)


@settings(max_examples=500, deadline=None)
@given(soup, soup, nows, languages)
def test_what_is_understood_makes_sense(day_words: str, time_words: str, now: datetime, language: str) -> None:
    match read(day_words, time_words, now, language):
        case Understood() as said:
            assert said.day is None or said.day >= now.date()
            assert said.time_of_day is None or said.window is None
            assert said.week is None or (said.day is None and said.week.weekday() == 0)
            assert (said.day is None) == (said.day_words is None)
            assert said.choice in (None, -1, 1, 2, 3)
            assert not said.weekday_alone or said.day is not None
            assert said.window is None or _is_sound(said.window.since, said.window.anchor, said.window.until)
        case PastDay(day):
            assert day < now.date()
        case SkippedTime(day, time_of_day):
            assert not _exists(day, time_of_day)


def _is_sound(since: time | None, anchor: time, until: time | None) -> bool:
    return (since or time.min) <= anchor < (until or time.max)


def _exists(day: date, at: time) -> bool:
    local = datetime.combine(day, at, BERLIN)
    return (local.astimezone(ZoneInfo("UTC")).astimezone(BERLIN)).replace(tzinfo=None) == local.replace(tzinfo=None)


def test_every_kind_of_word_has_a_rule_and_every_rule_its_words() -> None:
    symbols = {rule.symbol for rule in RULES}
    wanted = {kind.strip("<?") for rule in RULES for step in rule.pattern.split() for kind in step.split("|")} - symbols
    spoken = {kind for lexicon in (GERMAN, ENGLISH) for kind in (*lexicon.marks, *lexicon.values)}
    assert spoken - wanted == {NOISE, FILLER}
    assert not spoken & symbols
    assert wanted - spoken == BY_OTHER_MEANS


@given(soup, soup, nows, languages)
def test_the_same_words_mean_the_same(day_words: str, time_words: str, now: datetime, language: str) -> None:
    assert read(day_words, time_words, now, language) == read(day_words, time_words, now, language)


@given(st.sampled_from(UNDERSTOOD), st.data(), nows)
def test_noise_changes_nothing(words: str, data: st.DataObject, now: datetime) -> None:
    clean = words.split()
    at = data.draw(st.integers(0, len(clean)))
    filler = data.draw(st.sampled_from(["ähm", "äh", "hm", "uh", "\u00a0", "\u200b", "\u202e"]))
    noisy = [*clean[:at], filler, *clean[at:]]
    opening, ending = data.draw(st.sampled_from([("ja also", "bitte"), ("", "gern!"), ("well,", "please")]))
    assert read(f"{opening} {' '.join(noisy)} {ending}", None, now) == read(words, None, now)


@pytest.mark.parametrize("words", UNDERSTOOD)
@given(now=nows)
def test_case_and_spelling_change_nothing(words: str, now: datetime) -> None:
    plain = words.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
    spellings = [
        words.upper(),
        words.lower(),
        plain,
        unicodedata.normalize("NFD", words),
        words.replace(" ", "\u00a0 "),
    ]
    understood = read(words, None, now)
    assert [read(spelling, None, now) for spelling in spellings] == [understood] * len(spellings)


@given(
    st.sampled_from(UNDERSTOOD), st.sampled_from(["nicht", "Blumenkohl", "außer", "not", "kein", *STRANGE[:2]]), nows
)
def test_a_word_nobody_knows_is_never_passed_over(words: str, stranger: str, now: datetime) -> None:
    for said in (f"{stranger} {words}", f"{words} {stranger}"):
        assert isinstance(read(said, None, now), NotUnderstood)
        assert isinstance(read(None, said, now), NotUnderstood)


def _readings(words: str, now: datetime) -> tuple[Reading, Reading]:
    return read(words, None, now), read(None, words, now)


@given(st.sampled_from(UNDERSTOOD), nows)
def test_either_argument_will_do(words: str, now: datetime) -> None:
    in_day, in_time = _readings(words, now)
    assert in_day == in_time


@pytest.mark.parametrize(
    "words", ["one half ", "viertel vor ", "9 uhr ", "der zweite ", "von 10 bis ", "am am pm ", "- "]
)
def test_words_without_end_are_given_up_quickly(words: str) -> None:
    now = datetime(2025, 10, 14, 10, tzinfo=BERLIN)
    for length in (100, 400, 10_000):
        began = datetime.now(BERLIN)
        read((words * length)[:length], (words * length)[:length], now)
        assert datetime.now(BERLIN) - began < timedelta(seconds=1)
