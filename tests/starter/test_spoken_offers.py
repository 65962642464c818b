"""How what is free instead is named, joined and said to fit."""

from datetime import datetime, time

import pytest

from starter.replies.bodies import answer_body
from starter.replies.language import languages
from tests.starter.voices import BERLIN, SAME_DAY, START, R, S, voice
from workflows.messages import Alternative, Answer, DayPart, TimeWindow


@pytest.mark.parametrize(
    ("day", "description"),
    [
        (14, "heute, 09:00 Uhr"),
        (15, "morgen, 09:00 Uhr"),
        (16, "am gleichen Tag, 09:00 Uhr"),
        (17, "am Freitag, 09:00 Uhr"),
        (20, "am Montag, 09:00 Uhr"),
        (21, "nächste Woche Dienstag, 09:00 Uhr"),
        (26, "nächste Woche Sonntag, 09:00 Uhr"),
        (27, "am 27.10.2025, 09:00 Uhr"),
    ],
)
def test_an_alternative_is_described_from_the_wish_and_from_today(day: int, description: str) -> None:
    offer = Alternative(id="a1", start=datetime(2025, 10, day, 9, tzinfo=BERLIN))
    assert voice("de").description(offer, START) == description


def test_the_day_after_tomorrow_is_named_where_it_is_not_the_wished_day() -> None:
    wished = datetime(2025, 10, 17, 9, tzinfo=BERLIN)
    assert voice("de").description(SAME_DAY, wished) == "übermorgen, 10:00 Uhr"


def test_a_day_far_ahead_is_spoken_without_its_year() -> None:
    far = Alternative(id="a1", start=datetime(2025, 10, 27, 9, tzinfo=BERLIN))
    answer = Answer(status=S.SLOT_TAKEN, reason=R.RACE_CONDITION_DETECTED, start=START, alternatives=(far,))
    assert voice("de").answer(answer).endswith("am Montag, 27. Oktober, 09:00 Uhr.")


def spoken(*offers: Alternative, start: datetime = START, window: TimeWindow | None = None, code: str = "de") -> str:
    return voice(code).answer(Answer(status=S.UNAVAILABLE, start=start, alternatives=offers, window=window))


def at(hour: int, minute: int = 0, day: int = 16, *, outside: bool = False) -> Alternative:
    return Alternative(id="a1", start=datetime(2025, 10, day, hour, minute, tzinfo=BERLIN), outside_window=outside)


def test_a_day_two_alternatives_share_is_said_once() -> None:
    assert "anbieten: am gleichen Tag, 09:30 Uhr oder 10:00 Uhr. Welcher" in spoken(at(9, 30), at(10))
    assert "anbieten: am Freitag, 09:30 Uhr oder 10:00 Uhr. Welcher" in spoken(at(9, 30, 17), at(10, 0, 17))
    assert "anbieten: morgen, 09:30 Uhr oder am Freitag, 09:30 Uhr. Welcher" in spoken(at(9, 30, 15), at(9, 30, 17))
    assert "alternatives: on the same day, 9:30 AM or 10:00 AM. Which" in spoken(at(9, 30), at(10), code="en")


FORENOON = TimeWindow(since=time(9), until=time(12), anchor=time(10), part=DayPart.FORENOON)


@pytest.mark.parametrize(
    ("window", "german", "english"),
    [
        (FORENOON, "vormittags ", "in the morning"),
        (TimeWindow(since=time(14), anchor=time(14)), "ab 14:00 Uhr ", "from 2:00 PM on"),
        (TimeWindow(until=time(12), anchor=time(9)), "vor 12:00 Uhr ", "before 12:00 PM"),
        (
            TimeWindow(since=time(10), until=time(12), anchor=time(10)),
            "zwischen 10:00 und 12:00 Uhr ",
            "between 10:00 AM and 12:00 PM",
        ),
        (TimeWindow(anchor=time(9)), "", ""),
    ],
)
def test_a_part_of_the_day_that_is_full_is_named(window: TimeWindow, german: str, english: str) -> None:
    assert spoken(window=window).startswith(f"Am Donnerstag, 16. Oktober ist {german}leider nichts mehr frei. ")
    place = f"Thursday, October 16 {english}".rstrip()
    assert spoken(window=window, code="en").startswith(f"Unfortunately nothing is free any more on {place}. ")


@pytest.mark.parametrize("code", languages())
@pytest.mark.parametrize("part", DayPart)
def test_every_part_of_the_day_has_a_word(code: str, part: DayPart) -> None:
    window = TimeWindow(since=time(9), until=time(10), anchor=time(9), part=part)
    assert "9:00" not in spoken(window=window, code=code)


def test_what_lies_outside_the_wished_part_of_the_day_is_said_to() -> None:
    assert "Nur außerhalb der gewünschten Zeit kann ich Ihnen etwas anbieten: am gleichen Tag, 15:00 Uhr." in spoken(
        at(15, outside=True), window=FORENOON
    )
    assert "anbieten: am Freitag, 10:00 Uhr oder außerhalb der gewünschten Zeit am gleichen Tag, 15:00 Uhr." in spoken(
        at(10, 0, 17), at(15, outside=True), window=FORENOON
    )
    taken = Answer(status=S.SLOT_TAKEN, start=START, alternatives=(at(15, outside=True),), window=FORENOON)
    assert voice("de").answer(taken).endswith("gefunden: außerhalb der gewünschten Zeit am gleichen Tag, 15:00 Uhr.")
    body = answer_body(voice("de"), Answer(status=S.ALTERNATIVES, alternatives=(at(10, 0, 17), at(15, outside=True))))
    offers = body["alternatives"]
    assert isinstance(offers, list)
    assert [isinstance(offer, dict) and offer.get("outside_window") for offer in offers] == [None, True]


def test_a_moment_in_a_part_of_the_day_is_offered_with_its_real_time() -> None:
    answer = Answer(status=S.AVAILABLE, start=START, window=FORENOON)
    assert voice("de").answer(answer).startswith("Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist noch frei.")
