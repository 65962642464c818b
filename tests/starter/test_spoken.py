from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.spoken import (
    YEARS_AHEAD,
    NotUnderstood,
    Part,
    PastDay,
    Reading,
    SkippedTime,
    Understood,
    WeekdayMismatch,
    read,
)

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
        "Mittwoch",
        "nächsten Dienstag",
        "nächste Woche",
        "irgendwann",
        "31.02.",
        "31.02.2026",
        "30.2.26",
        "0.10.",
        "16.13.",
        "2025-02-30",
        "2025-1-1",
        "2025-10-16T25:00",
        "2025-10-16T09:00+99:00",
        "16.10.202",
        "16.10.20251",
        "9999-12-31",
        "9999-12-31T23:59Z",
        "0000-01-01",
        "16.10.2099",
        "16/10/2025",
        "October 16",
        "16",
        "9",
        "heutet",
        "x" * 10_000,
        "'; DROP TABLE call; --",
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
        "9.30",
        "halb zehn",
        "so gegen 15 Uhr",
        "ab 14 Uhr",
        "vormittags",
        "13 pm",
        "0 am",
        "900",
        "-9",
        "9 Uhr 99",
        "09:00:30",
        "2025-10-16T09:00",
    ],
)
def test_a_time_that_is_not_understood_is_asked_back(words: str) -> None:
    assert read("16.10.", words, TUESDAY) == NotUnderstood(Part.TIME)


@pytest.mark.parametrize(
    "words",
    ["16.10. 25", "16.10. 20", "16.10. 9", "16.10. halb zehn", "heute vielleicht", "2025-10-16 9", "16.10.\u2028🕘"],
)
def test_a_day_followed_by_no_clear_time_is_asked_back(words: str) -> None:
    assert read(words, None, TUESDAY) == NotUnderstood(Part.TIME)


def test_nothing_said_is_nothing_understood_and_no_default() -> None:
    assert read(None, None, TUESDAY) == Understood()


def test_two_times_that_differ_are_asked_back_and_equal_ones_are_one() -> None:
    assert read("2025-10-16T09:00", "10:00", TUESDAY) == NotUnderstood(Part.TIME)
    assert understood(read("2025-10-16T09:00", "9 Uhr", TUESDAY)) == (THURSDAY, time(9))


@pytest.mark.parametrize("words", ["Freitag, 16.10.2025", "Freitag, den 16.10.", "Friday, 2025-10-16", "Montag morgen"])
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


def test_the_words_that_named_the_day_are_kept_without_the_time() -> None:
    said = read("  Übermorgen  um 9 Uhr", None, TUESDAY)
    assert isinstance(said, Understood)
    assert said.day_words == "übermorgen"
    assert read("ÜBERMORGEN", "9", TUESDAY) == said


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


@given(st.one_of(st.none(), st.text()), st.one_of(st.none(), st.text()))
def test_no_words_raise(day_words: str | None, time_words: str | None) -> None:
    read(day_words, time_words, TUESDAY)
