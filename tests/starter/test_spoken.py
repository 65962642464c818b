import re
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from unicodedata import normalize
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.spoken import (
    YEARS_AHEAD,
    Contradiction,
    NotUnderstood,
    Part,
    PastDay,
    Reading,
    SkippedTime,
    Understood,
    WeekdayMismatch,
    read,
)
from workflows.messages import Direction, Shift, TimeWindow

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2025, 10, 14, 20, 28, tzinfo=BERLIN)
THURSDAY = date(2025, 10, 16)

WEEKDAYS = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"]


def understood(reading: Reading) -> tuple[date | None, time | None]:
    assert isinstance(reading, Understood)
    return reading.day, reading.time_of_day


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("2025-10-16", THURSDAY),
        ("16.10.2025", THURSDAY),
        ("16.10.25", THURSDAY),
        ("16.10.", THURSDAY),
        ("16.10", THURSDAY),
        ("16. 10. 2025", THURSDAY),
        ("am 16.10.", THURSDAY),
        ("Donnerstag, 16.10.2025", THURSDAY),
        ("Donnerstag, den 16.10.", THURSDAY),
        ("am Donnerstag, dem 16.10.", THURSDAY),
        ("Thursday, 2025-10-16", THURSDAY),
        ("14.10.", date(2025, 10, 14)),
        ("13.10.", date(2026, 10, 13)),
        ("15.1", date(2026, 1, 15)),
        ("29.02.", date(2028, 2, 29)),
        ("heute", date(2025, 10, 14)),
        ("  MORGEN ", date(2025, 10, 15)),
        ("übermorgen", THURSDAY),
        ("u\u0308bermorgen", THURSDAY),
        ("uebermorgen", THURSDAY),
        ("today", date(2025, 10, 14)),
        ("Tomorrow", date(2025, 10, 15)),
        ("the day after tomorrow", THURSDAY),
    ],
)
def test_a_day_is_understood(words: str, day: date) -> None:
    assert understood(read(words, None, TUESDAY)) == (day, None)


@pytest.mark.parametrize(
    ("words", "time_of_day"),
    [
        ("09:00", time(9)),
        ("9:00", time(9)),
        ("09:00:00", time(9)),
        ("9", time(9)),
        ("9 Uhr", time(9)),
        ("9uhr", time(9)),
        ("um 9 Uhr", time(9)),
        ("9:30 Uhr", time(9, 30)),
        ("9.30 Uhr", time(9, 30)),
        ("9 Uhr 30", time(9, 30)),
        ("9 Uhr 5", time(9, 5)),
        ("9 30", time(9, 30)),
        ("9.30", time(9, 30)),
        ("neun null fünf", time(9, 5)),
        ("nine oh five", time(9, 5)),
        ("fünf nach halb zehn", time(9, 35)),
        ("14:00", time(14)),
        ("0 Uhr", time(0)),
        ("9am", time(9)),
        ("9 AM", time(9)),
        ("2 pm", time(14)),
        ("2:30 p.m.", time(14, 30)),
        ("at 2 pm", time(14)),
        ("12 am", time(0)),
        ("12 pm", time(12)),
    ],
)
def test_a_time_of_day_is_understood(words: str, time_of_day: time) -> None:
    assert understood(read(None, words, TUESDAY)) == (None, time_of_day)


@pytest.mark.parametrize(
    ("words", "time_of_day"),
    [
        ("2025-10-16T09:00", time(9)),
        ("2025-10-16 09:00:00", time(9)),
        ("2025-10-16T09:00:00+02:00", time(9)),
        ("2025-10-16T07:00Z", time(9)),
        ("2025-10-16T09:00:00.000Z", time(11)),
        ("2025-10-16T03:00-04:00", time(9)),
        ("16.10.2025 09:00", time(9)),
        ("16.10. 09:00", time(9)),
        ("16.10. 9 Uhr", time(9)),
        ("übermorgen um 9 Uhr", time(9)),
        ("übermorgen, 9:30", time(9, 30)),
        ("Donnerstag, 16.10. um 9.30 Uhr", time(9, 30)),
        ("day after tomorrow at 2pm", time(14)),
    ],
)
def test_a_day_and_a_time_are_understood_from_one_phrase(words: str, time_of_day: time) -> None:
    assert understood(read(words, None, TUESDAY)) == (THURSDAY, time_of_day)


def test_a_late_utc_moment_is_the_next_day_in_berlin() -> None:
    assert understood(read("2025-10-15T22:30Z", None, TUESDAY)) == (THURSDAY, time(0, 30))


@pytest.mark.parametrize(
    "words",
    [
        "31.02.",
        "31.02.2026",
        "30.2.26",
        "0.10.",
        "16.13.",
        "2025-02-30",
        "2025-1-1",
        "2025-10-16T25:00",
        "2025-10-16T09:00+99:00",
        "2025-10-16T09:00:30",
        "16.10.202",
        "16.10.20251",
        "9999-12-31",
        "9999-12-31T23:59Z",
        "0000-01-01",
        "16.10.2099",
        "16",
        "9",
        "9.30",
        "Donnerstag 9",
        "16.10. 25",
        "16.10. 9",
        "2025-10-16 9",
        "in 9999999999 Tagen",
        "bis Donnerstag",
        "am Wochenende",
        "Anfang nächster Woche",
        "letzten Montag",
        "den letzten Montag",
        "ersten",
        "heutet",
        "16.10.\u2028🕘",
        "heute 🙂",
        "x" * 10_000,
        "heute " * 10_000,
        "'; DROP TABLE call; --",
        "<script>heute</script>",
    ],
)
def test_a_day_that_is_not_understood_is_asked_back(words: str) -> None:
    assert read(words, None, TUESDAY) == NotUnderstood(Part.DAY)


@pytest.mark.parametrize(
    "words",
    [
        "24:00",
        "24 Uhr",
        "9:60",
        "9:5",
        "13 pm",
        "0 am",
        "900",
        "-9",
        "9 Uhr 99",
        "09:00:30",
        "halb dreizehn",
        "in einer Stunde",
        "in an hour",
        "nachts",
        "zwischen zehn",
        "neun " * 40,
    ],
)
def test_a_time_that_is_not_understood_is_asked_back(words: str) -> None:
    assert read("16.10.", words, TUESDAY) == NotUnderstood(Part.TIME)


def test_a_sign_that_only_resembles_a_digit_is_no_number() -> None:
    signs = [sign for sign in map(chr, range(128, sys.maxunicode)) if re.search("[0-9]", normalize("NFKD", sign))]
    assert "²" in signs
    assert [sign for sign in signs if read(None, f"um {sign}", TUESDAY) != NotUnderstood(Part.TIME)] == []


@pytest.mark.parametrize(
    "words",
    ["nicht am Montag", "Montag nicht", "außer Dienstag", "kein Freitag", "not Monday", "no Tuesday", "Dienstag nein"],
)
def test_what_is_not_wanted_is_never_taken_for_what_is(words: str) -> None:
    assert read(words, "um neun", TUESDAY) == NotUnderstood(Part.DAY)


def test_a_no_is_not_a_yes_but_may_stand_before_what_is_wanted_instead() -> None:
    assert read(None, "nein", TUESDAY) == NotUnderstood(Part.TIME)
    assert understood(read(None, "nein, lieber um elf", TUESDAY)) == (None, time(11))


@pytest.mark.parametrize("words", ["ja bitte", "Ja, gern!", "ähm also gut", "yes please", "am selben Tag", "...", " "])
def test_words_that_say_nothing_are_an_empty_understanding(words: str) -> None:
    assert read(words, words, TUESDAY) == Understood()


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("um drei", time(15)),
        ("3", time(15)),
        ("3 Uhr", time(15)),
        ("halb sieben", time(18, 30)),
        ("sieben Uhr", time(7)),
        ("halb acht", time(7, 30)),
        ("zwölf", time(12)),
        ("halb eins", time(12, 30)),
        ("03 Uhr", time(3)),
        ("3:00", time(3)),
        ("drei Uhr nachts", time(3)),
        ("drei Uhr morgens", time(3)),
        ("3 a.m.", time(3)),
        ("9:00 abends", time(21)),
        ("am späten Nachmittag um vier", time(16)),
        ("three in the morning", time(3)),
    ],
)
def test_an_hour_before_seven_is_in_the_afternoon_unless_it_is_written_or_said_to_be_at_night(
    words: str, meant: time
) -> None:
    assert understood(read(None, words, TUESDAY)) == (None, meant)


@pytest.mark.parametrize(
    ("words", "window"),
    [
        ("bis 12", TimeWindow(until=time(12), anchor=time(11))),
        ("ab 14 Uhr", TimeWindow(since=time(14), anchor=time(14))),
        ("vormittags bis elf", TimeWindow(since=time(9), until=time(11), anchor=time(10))),
        ("vormittags ab elf", TimeWindow(since=time(11), until=time(12), anchor=time(11))),
        ("nach dem Mittagessen", TimeWindow(since=time(14), anchor=time(14))),
        ("nach Feierabend", TimeWindow(since=time(17), anchor=time(17))),
        ("am späten Nachmittag", TimeWindow(since=time(15), until=time(17), anchor=time(15))),
        ("early afternoon", TimeWindow(since=time(12), until=time(15), anchor=time(14))),
        ("zwischen zehn und zwei", TimeWindow(since=time(10), until=time(14), anchor=time(10))),
        ("egal wann", TimeWindow(anchor=time(0))),
    ],
)
def test_a_window_has_an_anchor_inside_it(words: str, window: TimeWindow) -> None:
    assert read(None, words, TUESDAY) == Understood(window=window)


@pytest.mark.parametrize(
    ("day_words", "time_words", "part"),
    [
        ("Donnerstag", "Freitag um 9", Part.DAY),
        ("heute oder morgen", None, Part.DAY),
        ("diese Woche, 22.10.", None, Part.DAY),
        ("Donnerstag um 9", "10 Uhr", Part.TIME),
        ("2025-10-16T09:00", "10:00", Part.TIME),
        ("morgen", "15 Uhr vormittags", Part.TIME),
        ("morgen ab 14 Uhr", "13:00", Part.TIME),
        ("eine Stunde später", "um 10", Part.TIME),
        ("am nächsten Tag", "am Tag davor", Part.DAY),
        ("am nächsten Tag", "Donnerstag", Part.DAY),
        (None, "der erste oder der zweite", Part.TIME),
    ],
)
def test_two_different_days_or_times_contradict_each_other(
    day_words: str | None, time_words: str | None, part: Part
) -> None:
    assert read(day_words, time_words, TUESDAY) == Contradiction(part)


@pytest.mark.parametrize(
    ("day_words", "time_words"),
    [
        ("2025-10-16T09:00", "9 Uhr"),
        ("16.10.", "Donnerstag um neun"),
        ("um neun", "16.10."),
        ("16.10. um 9", "16. Oktober, 09:00"),
        ("übermorgen vormittags", "neun Uhr"),
    ],
)
def test_what_is_said_twice_or_in_the_other_argument_is_said(day_words: str, time_words: str) -> None:
    assert understood(read(day_words, time_words, TUESDAY)) == (THURSDAY, time(9))


def test_the_beginning_of_a_span_said_again_as_the_time_is_still_the_span() -> None:
    assert read("ab 14 Uhr", "14:00", TUESDAY) == read("ab 14 Uhr", None, TUESDAY)


def test_a_language_decides_only_what_is_the_same_word_in_two() -> None:
    assert understood(read(None, "at 3 am Thursday", TUESDAY, "en")) == (THURSDAY, time(3))
    assert understood(read(None, "um 3 am Donnerstag", TUESDAY, "de")) == (THURSDAY, time(15))
    assert understood(read(None, "2:30", TUESDAY, "en")) == (None, time(14, 30))
    assert understood(read(None, "2:30", TUESDAY, "de")) == (None, time(2, 30))
    for language in ("de", "en", "fr"):
        assert understood(read("Thursday", "um halb ten", TUESDAY, language)) == (THURSDAY, time(9, 30))
        assert understood(read("16/10", "half ten", TUESDAY, language)) == (THURSDAY, time(10, 30))
        assert understood(read("10/16/2025", "9pm", TUESDAY, language)) == (THURSDAY, time(21))


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("Dienstag", date(2025, 10, 21)),
        ("am Dienstag", date(2025, 10, 21)),
        ("diesen Dienstag", date(2025, 10, 21)),
        ("nächsten Dienstag", date(2025, 10, 21)),
        ("nächsten Donnerstag", THURSDAY),
        ("übernächsten Donnerstag", date(2025, 10, 23)),
        ("Donnerstag nächste Woche", date(2025, 10, 23)),
        ("Dienstag in einer Woche", date(2025, 10, 28)),
        ("in einer Woche am Dienstag", date(2025, 10, 21)),
        ("in zwei Wochen am Freitag", date(2025, 10, 31)),
        ("Donnerstag in einer Woche", date(2025, 10, 23)),
        ("heute in acht Tagen", date(2025, 10, 22)),
        ("a week from Thursday", date(2025, 10, 23)),
    ],
)
def test_a_weekday_is_the_next_one_after_today(words: str, day: date) -> None:
    assert understood(read(words, None, TUESDAY)) == (day, None)


def test_an_ordinal_is_a_choice_only_where_it_cannot_be_a_date() -> None:
    assert read(None, "der zweite", TUESDAY) == Understood(choice=2)
    for words in ("am zweiten", "der 2.", "the 2nd", "on the second"):
        assert understood(read(words, None, TUESDAY)) == (date(2025, 11, 2), None)
    assert understood(read("der zweite Zehnte", None, TUESDAY)) == (date(2026, 10, 2), None)
    assert understood(read("der vierte", None, TUESDAY)) == (date(2025, 11, 4), None)


def test_a_day_may_come_with_a_direction_and_days_later_with_a_time() -> None:
    later = Shift(direction=Direction.LATER)
    assert read("am 16.10. etwas später", None, TUESDAY) == Understood(THURSDAY, shift=later, day_words="am 16.10.")
    assert read("am nächsten Tag", "um 10", TUESDAY) == Understood(time_of_day=time(10), shift=Shift(days=1))
    both = Shift(days=1, minutes=60)
    assert read("am nächsten Tag", "eine Stunde später", TUESDAY) == Understood(shift=both)
    assert read(None, "etwas später, um 11", TUESDAY) == Understood(time_of_day=time(11))


def test_nothing_said_is_nothing_understood_and_no_default() -> None:
    assert read(None, None, TUESDAY) == Understood()


@pytest.mark.parametrize("words", ["Freitag, 16.10.2025", "Fr., den 16.10.", "Friday, 2025-10-16", "morgen, Montag"])
def test_a_weekday_that_does_not_fit_names_the_day_it_contradicts(words: str) -> None:
    reading = read(words, "9", TUESDAY)
    assert isinstance(reading, WeekdayMismatch)
    assert reading.day in (THURSDAY, date(2025, 10, 15))


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("2023-06-13", date(2023, 6, 13)),
        ("04.10.2023", date(2023, 10, 4)),
        ("13.10.25", date(2025, 10, 13)),
        ("2025-10-13T09:00", date(2025, 10, 13)),
        ("0001-01-01", date(1, 1, 1)),
    ],
)
def test_a_day_named_with_its_year_that_is_over_is_never_moved(words: str, day: date) -> None:
    assert read(words, "09:00", TUESDAY) == PastDay(day, time(9))


def test_on_the_last_evening_of_the_year_tomorrow_is_next_year() -> None:
    new_years_eve = datetime(2025, 12, 31, 23, 59, tzinfo=BERLIN)
    assert understood(read("morgen", None, new_years_eve)) == (date(2026, 1, 1), None)
    assert understood(read("31.12.", None, new_years_eve)) == (date(2025, 12, 31), None)
    assert understood(read("1.1.", None, new_years_eve)) == (date(2026, 1, 1), None)


def test_a_time_the_clocks_skip_does_not_exist() -> None:
    assert read("29.03.2026", "02:30", TUESDAY) == SkippedTime(date(2026, 3, 29), time(2, 30))
    assert understood(read("29.03.2026", "03:00", TUESDAY)) == (date(2026, 3, 29), time(3))


def test_of_a_time_that_comes_twice_the_first_is_meant_and_the_second_is_asked_back() -> None:
    first = read("26.10.2025", "02:30", TUESDAY)
    assert understood(first) == (date(2025, 10, 26), time(2, 30))
    assert understood(read("2025-10-26T02:30+02:00", None, TUESDAY)) == understood(first)
    assert read("2025-10-26T02:30+01:00", None, TUESDAY) == NotUnderstood(Part.TIME)


@pytest.mark.parametrize("words", ["Übermorgen", "am Donnerstag, den 16. Oktober", "nächste Woche Dienstag"])
def test_the_words_that_named_the_day_are_kept_without_the_time(words: str) -> None:
    nine, ten, alone = (read(said, None, TUESDAY) for said in (f"{words} um 9", f"  {words.upper()}, um 10 Uhr", words))
    assert isinstance(nine, Understood)
    assert isinstance(ten, Understood)
    assert isinstance(alone, Understood)
    assert nine.day_words == ten.day_words == alone.day_words


def test_a_written_moment_names_its_day_by_the_branchs_date() -> None:
    said = read("2025-10-15T22:30Z", None, TUESDAY)
    assert isinstance(said, Understood)
    assert said.day_words == "2025-10-16"


ITALIAN = """
from starter.spoken.lexicon import Lexicon
LEXICON = Lexicon(
    locale="it", numbers={{9: "nove"}}, ordinals={{}}, marks={{"at": "alle"}}, values={{"relative": {{1: "domani"}}}}
)
"""
SPEAKS_ITALIAN = """
import datetime, zoneinfo, starter.spoken
starter.spoken.__path__.append({folder!r})
now = datetime.datetime(2025, 10, 14, 20, 28, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
said = [starter.spoken.read(words, None, now, "it") for words in ("domani alle nove", "giovedì 16 ottobre")]
assert [(one.day.day, one.time_of_day) for one in said] == [(15, datetime.time(9)), (16, None)]
"""


def test_another_language_is_one_more_file(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text(ITALIAN.format(), encoding="utf-8")
    script = SPEAKS_ITALIAN.format(folder=str(tmp_path))
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)  # noqa: S603 - our own words


DAY_FORMS = ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "am %d.%m.%Y")
TIME_FORMS = ("%H:%M", "%H:%M Uhr", "%H.%M Uhr", "%H Uhr %M", "um %H:%M", "%I:%M %p", "%I:%M%p")

coming_days = st.dates(TUESDAY.date(), date(TUESDAY.year + YEARS_AHEAD, 12, 31))
times = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(coming_days, st.sampled_from(DAY_FORMS), st.booleans())
def test_any_coming_day_is_read_back_from_every_form(day: date, form: str, with_weekday: bool) -> None:
    words = f"{day:{form}}"
    if with_weekday and not words.startswith("am"):
        words = f"{WEEKDAYS[day.weekday()]}, {words}"
    assert understood(read(words, None, TUESDAY)) == (day, None)


@given(st.dates(TUESDAY.date(), TUESDAY.date() + timedelta(days=364)), st.sampled_from(("%d.%m.", "%d.%m")))
def test_a_date_without_year_is_the_next_one(day: date, form: str) -> None:
    assert understood(read(f"{day:{form}}", None, TUESDAY)) == (day, None)


@given(times, st.sampled_from(TIME_FORMS))
def test_any_time_is_read_back_from_every_form(time_of_day: time, form: str) -> None:
    assert understood(read(None, f"{time_of_day:{form}}", TUESDAY)) == (None, time_of_day)


@given(coming_days, times.filter(lambda t: t.hour > 3), st.sampled_from(DAY_FORMS), st.sampled_from(TIME_FORMS))
def test_any_moment_is_read_back_from_one_phrase(day: date, at: time, day_form: str, time_form: str) -> None:
    assert understood(read(f"{day:{day_form}} {at:{time_form}}", None, TUESDAY)) == (day, at)
