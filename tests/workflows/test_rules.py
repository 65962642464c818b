"""The rules of the conversation, without any server."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.workflows.fakes import BRANCH, COLOUR, HAIRCUT, NOW, THURSDAY, berlin
from workflows import rules
from workflows.messages import (
    Aim,
    Alternative,
    AnswerStatus,
    Branch,
    DayPart,
    Direction,
    Missing,
    Reason,
    Shift,
    SlotWish,
    TimeWindow,
)
from workflows.rules import Choice, OnOffer, Slot

FRIDAY = date(2025, 10, 17)
BERLIN = ZoneInfo("Europe/Berlin")
NINE = berlin("2025-10-16T09:00")


def wish(day: date | None = None, at: str | None = None, **more: object) -> SlotWish:
    clock = time.fromisoformat(at) if at else None
    return SlotWish.model_validate(
        {"turn_id": "t", "asked_at": NOW, "day": day, "time_of_day": clock, "day_words": day and day.isoformat()} | more
    )


@pytest.mark.parametrize(
    ("day", "at", "instant"),
    [
        pytest.param("2025-10-16", "09:00", "2025-10-16T07:00:00Z", id="summer time"),
        pytest.param("2025-12-16", "09:00", "2025-12-16T08:00:00Z", id="winter time"),
        pytest.param("2025-10-26", "09:00", "2025-10-26T08:00:00Z", id="the day clocks go back"),
        pytest.param("2026-03-29", "09:00", "2026-03-29T07:00:00Z", id="the day clocks go forward"),
        pytest.param("2025-10-26", "02:30", "2025-10-26T00:30:00Z", id="an hour that comes twice means the first"),
        pytest.param("2025-10-17", "00:30", "2025-10-16T22:30:00Z", id="another day in UTC"),
    ],
)
def test_a_moment_is_the_instant_of_the_branchs_clock(day: str, at: str, instant: str) -> None:
    moment = rules.moment(date.fromisoformat(day), time.fromisoformat(at), "Europe/Berlin")
    assert moment == datetime.fromisoformat(instant)


def test_a_time_that_a_clock_change_skips_is_no_moment() -> None:
    assert rules.moment(date(2026, 3, 29), time(2, 30), "Europe/Berlin") is None
    skipped = wish(date(2026, 3, 29), "02:30", service=HAIRCUT)
    assert rules.wished_slot(skipped, BRANCH) is None
    assert rules.incomplete(skipped).missing == (Missing.TIME,)


def test_an_appointment_across_a_clock_change_lasts_as_long_as_any_other() -> None:
    start = rules.moment(date(2026, 3, 29), time(1, 30), "Europe/Berlin")
    assert start is not None
    assert Slot(COLOUR, start).end - start == timedelta(minutes=60)


def complete(
    said: SlotWish,
    earlier: SlotWish | None = None,
    *,
    spoken_of: datetime | None = None,
    on_offer: OnOffer | None = None,
    branch: Branch = BRANCH,
) -> SlotWish:
    return rules.complete(said, earlier or wish(), spoken_of, on_offer, branch)


def test_a_wish_is_completed_by_what_was_said_before() -> None:
    before = wish(THURSDAY, "09:00", service=COLOUR, name="Ann Lee")
    after = complete(wish(at="11:00"), before)
    assert (after.day, after.time_of_day, after.service, after.name) == (THURSDAY, time(11), COLOUR, "Ann Lee")
    assert after.day_words == "2025-10-16"


def test_a_spoken_service_beats_the_default_and_the_default_comes_last() -> None:
    assert complete(wish(service=COLOUR)).service == COLOUR
    assert complete(wish(), wish(service=COLOUR)).service == COLOUR
    assert complete(wish()).service == HAIRCUT
    assert complete(wish(), branch=BRANCH.model_copy(update={"default_service": None})).service is None


FORENOON = TimeWindow(since=time(9), until=time(12), anchor=time(10), part=DayPart.FORENOON)


@pytest.mark.parametrize(
    ("said", "day", "at"),
    [
        pytest.param(wish(at="11:00"), THURSDAY, time(11), id="und um elf"),
        pytest.param(wish(FRIDAY), FRIDAY, time(9), id="lieber Freitag"),
        pytest.param(wish(shift=Shift(minutes=60)), THURSDAY, time(10), id="eine Stunde später"),
        pytest.param(wish(shift=Shift(minutes=-30)), THURSDAY, time(8, 30), id="eine halbe Stunde früher"),
        pytest.param(wish(shift=Shift(days=1)), FRIDAY, time(9), id="einen Tag später"),
        pytest.param(wish(at="11:00", shift=Shift(days=1)), FRIDAY, time(11), id="am nächsten Tag um elf"),
        pytest.param(wish(shift=Shift(days=7)), THURSDAY + timedelta(days=7), time(9), id="eine Woche später"),
        pytest.param(wish(shift=Shift(minutes=24 * 60)), FRIDAY, time(9), id="in minutes across midnight"),
    ],
)
def test_a_wish_may_carry_only_what_changed(said: SlotWish, day: date, at: time) -> None:
    after = complete(said, wish(THURSDAY, "09:00"), spoken_of=NINE)
    assert (after.day, after.time_of_day, after.shift) == (day, at, None)


def test_an_hour_later_is_a_real_hour_across_a_clock_change() -> None:
    half_past_one = datetime.fromisoformat("2026-03-29T01:30+01:00")
    after = complete(wish(shift=Shift(minutes=60)), spoken_of=half_past_one)
    assert (after.day, after.time_of_day) == (date(2026, 3, 29), time(3, 30))


def test_later_and_earlier_are_the_rest_of_the_day_on_that_side() -> None:
    before = wish(THURSDAY, "09:00")
    later = complete(wish(shift=Shift(direction=Direction.LATER)), before, spoken_of=NINE)
    assert (later.day, later.window) == (THURSDAY, TimeWindow(since=time(9), since_excluded=True, anchor=time(9)))
    earlier = complete(wish(shift=Shift(direction=Direction.EARLIER)), before, spoken_of=NINE)
    assert (earlier.day, earlier.window) == (THURSDAY, TimeWindow(until=time(9), anchor=time(9)))
    on_friday = complete(wish(FRIDAY, shift=Shift(direction=Direction.LATER)), before, spoken_of=NINE)
    assert (on_friday.day, on_friday.window) == (FRIDAY, TimeWindow(since=time(9), since_excluded=True, anchor=time(9)))


def test_a_part_of_the_day_stays_when_only_the_day_changes_and_goes_when_a_time_is_named() -> None:
    before = wish(THURSDAY, window=FORENOON)
    assert complete(wish(FRIDAY), before).window == FORENOON
    assert complete(wish(shift=Shift(days=1)), before, spoken_of=NINE).window == FORENOON
    after = complete(wish(at="14:00"), before)
    assert (after.window, after.time_of_day) == (None, time(14))


@pytest.mark.parametrize("said", [wish(shift=Shift(minutes=60)), wish(choice=2), wish(choice=-1)])
def test_what_points_at_nothing_names_no_moment_and_is_asked_back(said: SlotWish) -> None:
    after = complete(said, wish(THURSDAY, "09:00"))
    assert rules.wished_slot(after, BRANCH) is None
    assert rules.incomplete(after).missing == (Missing.DATE, Missing.TIME)
    assert complete(wish(), after).day == THURSDAY, "nothing of what was said before is lost"


def test_the_first_free_moment_at_a_time_is_only_at_that_time() -> None:
    after = complete(wish(at="10:00", aim=Aim.FIRST_FREE))
    assert after.window == TimeWindow(since=time(10), until=time(10), until_included=True, anchor=time(10))


@pytest.mark.parametrize(
    ("clock", "window", "inside"),
    [
        ("09:00", TimeWindow(since=time(9), anchor=time(9)), True),
        ("09:00", TimeWindow(since=time(9), since_excluded=True, anchor=time(9)), False),
        ("09:01", TimeWindow(since=time(9), since_excluded=True, anchor=time(9)), True),
        ("11:00", TimeWindow(until=time(11), anchor=time(9)), False),
        ("11:00", TimeWindow(until=time(11), until_included=True, anchor=time(9)), True),
        ("11:01", TimeWindow(until=time(11), until_included=True, anchor=time(9)), False),
    ],
)
def test_a_bound_belongs_to_a_part_of_the_day_or_not(clock: str, window: TimeWindow, inside: bool) -> None:
    assert rules.within(window, time.fromisoformat(clock)) is inside


@pytest.mark.parametrize(
    ("day", "window", "closed"),
    [
        ("2025-10-16", FORENOON, False),
        ("2025-10-18", FORENOON, True),
        ("2025-10-16", TimeWindow(since=time(18), anchor=time(18)), True),
        ("2025-10-16", TimeWindow(since=time(17, 30), anchor=time(18)), False),
        ("2025-10-16", TimeWindow(since=time(17, 45), anchor=time(18)), True),
    ],
)
def test_a_part_of_a_day_in_which_no_appointment_can_begin_is_closed(
    day: str, window: TimeWindow, closed: bool
) -> None:
    slot = Slot(HAIRCUT, berlin(f"{day}T10:00"))
    assert rules.is_closed(slot, window, BRANCH) is closed


def test_a_choice_is_the_moment_heard_at_that_place() -> None:
    for choice, start in [(1, TWO.starts[0]), (2, FRIDAY_TEN), (-1, FRIDAY_TEN), (-2, TWO.starts[0])]:
        after = complete(wish(choice=choice), wish(THURSDAY, "09:00"), on_offer=TWO)
        assert rules.named_moment(after, "Europe/Berlin") == start
    assert complete(wish(choice=3), on_offer=TWO).choice == 3
    assert complete(wish(at="11:00", choice=2), on_offer=TWO).choice == 2, "the second one is not at eleven"
    assert complete(wish(choice=1), on_offer=OFFER).choice == 1, "one moment on offer is no list"


def test_a_day_alone_names_the_only_alternative_of_that_day() -> None:
    before = wish(THURSDAY, "09:00")
    assert complete(wish(FRIDAY), before, on_offer=TWO).time_of_day == time(10)
    other_friday = FRIDAY - timedelta(days=7)
    assert complete(wish(other_friday, weekday_alone=True), before, on_offer=TWO).day == FRIDAY
    assert complete(wish(other_friday), before, on_offer=TWO).day == other_friday
    assert complete(wish(FRIDAY, "11:00"), before, on_offer=TWO).time_of_day == time(11)


def test_a_weekday_belongs_to_the_week_that_was_named_before_it() -> None:
    next_week = date(2025, 10, 20)
    asked = complete(wish(at="10:00", week=next_week))
    assert rules.incomplete(asked).missing == (Missing.DATE,)
    after = complete(wish(THURSDAY, weekday_alone=True), asked)
    assert (after.day, after.time_of_day) == (date(2025, 10, 23), time(10))
    assert complete(wish(FRIDAY), asked).day == FRIDAY, "a date says itself which week it is in"
    this_week = complete(wish(week=date(2025, 10, 13)))
    monday = wish(date(2025, 10, 20), weekday_alone=True)
    assert complete(monday, this_week).day == date(2025, 10, 20), "never a day that is over"


def test_a_time_alone_is_tomorrow_once_it_has_gone_by_today_and_asked_back_before() -> None:
    # It is 23:06 on Tuesday in Berlin.
    tomorrow = complete(wish(at="15:00"))
    assert (tomorrow.day, tomorrow.time_of_day) == (date(2025, 10, 15), time(15))
    assert complete(wish(window=FORENOON)).day == date(2025, 10, 15)
    still_to_come = complete(wish(at="23:30"))
    assert still_to_come.day is None
    asked = rules.incomplete(still_to_come)
    assert (asked.missing, asked.time_of_day) == ((Missing.DATE,), time(23, 30))


def test_a_day_whose_words_were_lost_is_never_guessed() -> None:
    after = complete(wish(at="15:00", day_lost=True))
    assert after.day is None
    asked = rules.incomplete(after)
    assert (asked.missing, asked.time_of_day) == ((Missing.DATE,), None)
    assert complete(wish(at="15:00", day_lost=True), wish(THURSDAY, "09:00")).day == THURSDAY


def test_the_first_free_moment_begins_anew_but_keeps_the_service() -> None:
    before = wish(THURSDAY, "09:00", service=COLOUR)
    after = complete(wish(aim=Aim.FIRST_FREE), before)
    assert (after.day, after.time_of_day, after.service) == (None, None, COLOUR)
    assert rules.wished_slot(after, BRANCH) == Slot(COLOUR, NOW)
    after_friday = complete(wish(FRIDAY, aim=Aim.FIRST_FREE), before)
    assert rules.wished_slot(after_friday, BRANCH) == Slot(COLOUR, berlin("2025-10-17T00:00"))
    next_week = complete(wish(week=date(2025, 10, 20), aim=Aim.FIRST_FREE), before)
    assert rules.wished_slot(next_week, BRANCH) == Slot(COLOUR, berlin("2025-10-20T00:00"))
    nothing = complete(wish(aim=Aim.FIRST_FREE), branch=BRANCH.model_copy(update={"default_service": None}))
    assert rules.incomplete(nothing).missing == (Missing.SERVICE,)


FRIDAY_TEN, MONDAY_TEN = berlin("2025-10-17T10:00"), berlin("2025-10-20T10:00")
OFFER = OnOffer(HAIRCUT, NINE, (), "donnerstag")
TWO = OnOffer(
    HAIRCUT,
    None,
    (Alternative(id="a1", start=berlin("2025-10-16T09:30")), Alternative(id="a2", start=FRIDAY_TEN)),
    "donnerstag",
    NINE,
)
ONLY = OnOffer(HAIRCUT, None, (Alternative(id="a1", start=FRIDAY_TEN),), "donnerstag")
TWINS = OnOffer(
    HAIRCUT, None, (Alternative(id="a1", start=FRIDAY_TEN), Alternative(id="a2", start=MONDAY_TEN)), "donnerstag"
)


@pytest.mark.parametrize(
    ("said", "alternative_id", "on_offer", "books"),
    [
        pytest.param(wish(), None, OFFER, NINE, id="plain yes to the moment on offer"),
        pytest.param(wish(THURSDAY, "09:00"), None, OFFER, NINE, id="the moment on offer by name"),
        pytest.param(wish(at="09:00"), None, OFFER, NINE, id="its time of day"),
        pytest.param(wish(THURSDAY), None, OFFER, NINE, id="its day"),
        pytest.param(wish(at="10:00"), None, OFFER, None, id="another time of day"),
        pytest.param(wish(date(2025, 10, 17), "09:00"), None, OFFER, None, id="another day"),
        pytest.param(wish(date(2025, 10, 17)), None, OFFER, None, id="another day without a time"),
        pytest.param(
            wish(date(2025, 10, 17), "09:00", day_words="donnerstag"), None, OFFER, NINE, id="midnight went by"
        ),
        pytest.param(wish(service=COLOUR), None, OFFER, None, id="another service"),
        pytest.param(wish(service=HAIRCUT), None, OFFER, NINE, id="the same service"),
        pytest.param(wish(), "a2", TWO, FRIDAY_TEN, id="alternative by id"),
        pytest.param(wish(), "a7", TWO, None, id="unknown id"),
        pytest.param(wish(THURSDAY, "09:00"), "a2", TWO, FRIDAY_TEN, id="an id beside the wish that was refused"),
        pytest.param(wish(THURSDAY, "09:30"), "a2", TWO, None, id="an id that contradicts the moment"),
        pytest.param(wish(at="09:30"), "a2", TWO, None, id="an id that contradicts the time of day"),
        pytest.param(wish(at="10:00"), "a2", TWO, FRIDAY_TEN, id="an id and its own time of day"),
        pytest.param(wish(date(2025, 10, 17), "10:00"), None, TWO, FRIDAY_TEN, id="alternative by moment"),
        pytest.param(wish(at="10:00"), None, TWO, FRIDAY_TEN, id="alternative by time of day"),
        pytest.param(
            wish(THURSDAY, "10:00", day_words="donnerstag"), None, TWO, FRIDAY_TEN, id="day words used before"
        ),
        pytest.param(wish(THURSDAY, "10:00", day_words="am 16."), None, TWO, None, id="new day words are a new day"),
        pytest.param(wish(), None, TWO, None, id="plain yes to two alternatives"),
        pytest.param(wish(), None, ONLY, FRIDAY_TEN, id="plain yes to an only alternative"),
        pytest.param(wish(at="10:00"), None, TWINS, None, id="a time of day that fits both"),
        pytest.param(wish(THURSDAY, "09:00"), None, TWO, None, id="the moment that was refused"),
        pytest.param(wish(THURSDAY, "09:00"), None, None, NINE, id="explicit wish with nothing on offer"),
        pytest.param(wish(at="09:00"), None, None, None, id="half a wish with nothing on offer"),
        pytest.param(wish(), None, None, None, id="plain yes with nothing on offer"),
        pytest.param(wish(choice=2), None, TWO, FRIDAY_TEN, id="der zweite bitte"),
        pytest.param(wish(THURSDAY, "09:30", choice=2), None, TWO, None, id="a place that contradicts the moment"),
        pytest.param(wish(choice=3), None, TWO, None, id="a place nobody has heard of"),
        pytest.param(wish(at="11:00", choice=2), None, TWO, None, id="a place and a time that is not its own"),
        pytest.param(wish(date(2025, 10, 20), choice=2), None, TWO, None, id="a place and a day that is not its own"),
        pytest.param(wish(FRIDAY, choice=2), None, TWO, FRIDAY_TEN, id="a place and its own day"),
        pytest.param(wish(FRIDAY, "14:00"), "a2", TWO, None, id="an id and a moment nobody has heard of"),
        pytest.param(wish(at="09:00", choice=2), None, TWO, FRIDAY_TEN, id="a place beside the time that was refused"),
        pytest.param(wish(choice=1), None, OFFER, None, id="a place where there is no list"),
        pytest.param(wish(shift=Shift(minutes=60)), None, OFFER, None, id="an hour later is no yes"),
        pytest.param(wish(week=date(2025, 10, 20)), None, OFFER, None, id="next week is no yes"),
        pytest.param(wish(aim=Aim.FIRST_FREE), None, OFFER, None, id="the first free one is no yes"),
        pytest.param(wish(window=FORENOON), None, OFFER, NINE, id="the part of the day it lies in"),
        pytest.param(wish(window=FORENOON), None, ONLY, FRIDAY_TEN, id="the part of the day the only one lies in"),
        pytest.param(
            wish(window=TimeWindow(since=time(14), anchor=time(14))), None, OFFER, None, id="another part of the day"
        ),
        pytest.param(wish(at="09:00", about=True), None, OFFER, NINE, id="about the time on offer"),
        pytest.param(wish(THURSDAY, "09:00", about=True), None, None, None, id="about a time with nothing on offer"),
    ],
)
def test_what_a_confirmation_may_book(
    said: SlotWish, alternative_id: str | None, on_offer: OnOffer | None, books: datetime | None
) -> None:
    ids = {a.id: a.start for a in on_offer.alternatives} if on_offer else {}
    chosen = Choice(ids.get(alternative_id)) if alternative_id else None
    chosen = Choice(rules.nth(said.choice, on_offer)) if said.choice else chosen
    slot = rules.agreed_slot(said, chosen, on_offer, HAIRCUT, "Europe/Berlin")
    assert (slot.start if slot else None) == books


@pytest.mark.parametrize(
    ("start", "status", "reason"),
    [
        (NOW - timedelta(minutes=1), AnswerStatus.PAST_TIME, Reason.PAST_TIME),
        (NOW, AnswerStatus.PAST_TIME, Reason.PAST_TIME),
        (NOW + timedelta(minutes=14), AnswerStatus.UNAVAILABLE, Reason.BOOKING_NOTICE_VIOLATION),
        (berlin("2025-10-16T08:30"), AnswerStatus.UNAVAILABLE, Reason.OUTSIDE_HOURS),
        (berlin("2025-10-16T17:45"), AnswerStatus.UNAVAILABLE, Reason.OUTSIDE_HOURS),
        (berlin("2025-10-18T10:00"), AnswerStatus.UNAVAILABLE, Reason.OUTSIDE_HOURS),
    ],
)
def test_what_stands_against_a_moment(start: datetime, status: AnswerStatus, reason: Reason) -> None:
    objection = rules.objection(Slot(HAIRCUT, start), NOW, BRANCH)
    assert objection is not None
    assert (objection.status, objection.reason) == (status, reason)


def test_nothing_stands_against_the_last_slot_of_the_day() -> None:
    assert rules.objection(Slot(HAIRCUT, berlin("2025-10-16T17:30")), NOW, BRANCH) is None
