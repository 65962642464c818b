"""Which free slots are offered, without any server: examples."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.workflows.fakes import BRANCH, COLOUR, HAIRCUT, NOW
from workflows.alternatives import BONUS, Kind, Moment, alternatives, bookable, nearest, score
from workflows.messages import Branch, Opening, Service, TimeWindow
from workflows.rules import Slot, is_open

BERLIN = ZoneInfo("Europe/Berlin")
FORENOON = TimeWindow(since=time(9), until=time(12), anchor=time(10))
AFTERNOON = TimeWindow(since=time(12), until=time(17), anchor=time(14))
EVENING = TimeWindow(since=time(17), until=time(21), anchor=time(18))
ALL_HOURS = BRANCH.model_copy(update={"opening_hours": ()})


def opened(*spans: str) -> Branch:
    """Build a branch from spans like ``0 09:00-12:30``; 0 is Monday."""
    hours = (span.replace("-", " ").split() for span in spans)
    openings = [
        Opening(weekday=int(day), opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))
        for day, opens, closes in hours
    ]
    return BRANCH.model_copy(update={"opening_hours": tuple(openings)})


def at(*moments: str) -> list[datetime]:
    """Read moments of October 2025 like ``16 09:00``; the 16th is a Thursday, the 13th a Monday."""
    return [
        datetime.fromisoformat(f"2025-10-{moment.replace(' ', 'T')}").replace(tzinfo=BERLIN).astimezone(UTC)
        for moment in moments
    ]


def offered(
    wished: str,
    *free: str,
    branch: Branch = BRANCH,
    service: Service = HAIRCUT,
    now: datetime = NOW,
    window: TimeWindow | None = None,
    taken: list[tuple[datetime, datetime]] | None = None,
    not_again: list[datetime] | None = None,
) -> list[str]:
    """Say what is offered instead of a moment, written like ``16 09:00``; ``!`` marks what lies outside the window."""
    slot = Slot(service, at(wished)[0])
    found = alternatives(slot, at(*free), now, branch, window=window, taken=taken or (), not_again=not_again or ())
    return [f"{a.start.astimezone(BERLIN):%d %H:%M}{'!' if a.outside_window else ''}" for a in found]


def moment(text: str) -> Moment:
    local = datetime.fromisoformat(text).replace(tzinfo=BERLIN)
    return Moment(local.astimezone(UTC), local.date(), local.time())


@pytest.mark.parametrize(
    ("kind", "from_noon", "before_noon"),
    [
        ("same_day_later", 500, 300),
        ("same_day_earlier", 300, 500),
        ("next_workday", 250, 250),
        ("next_week", 150, 150),
        ("next_available", 100, 100),
        ("other", 0, 0),
    ],
)
def test_a_score_is_nearness_and_a_bonus_by_the_half_of_the_day(kind: str, from_noon: int, before_noon: int) -> None:
    for wished, bonus in {"12:00": from_noon, "17:30": from_noon, "11:59": before_noon, "09:00": before_noon}.items():
        wish = moment(f"2025-10-16T{wished}")
        for minutes in (-90, 45):
            other = wish._replace(instant=wish.instant + timedelta(minutes=minutes))
            assert score(Kind(kind), other, wish) == 10_000 - abs(minutes) + bonus


def test_every_kind_has_its_bonus() -> None:
    assert set(BONUS) == set(Kind)


@pytest.mark.parametrize(
    ("wished", "free", "heard"),
    [
        pytest.param("16 10:00", ["16 09:30", "16 10:30"], ["16 09:30", "16 10:30"], id="a morning leans to earlier"),
        pytest.param("16 10:00", ["16 08:15", "16 09:00", "16 10:15", "16 10:30"], ["16 09:00", "16 10:15"], id="both"),
        pytest.param(
            "16 11:00", ["16 09:00", "16 09:30", "16 11:30"], ["16 09:30", "16 09:00"], id="up to 200 minutes"
        ),
        pytest.param("16 14:30", ["16 14:00", "16 15:00"], ["16 15:00", "16 14:00"], id="an afternoon to later"),
        pytest.param("16 12:00", ["16 11:30", "16 12:30"], ["16 12:30", "16 11:30"], id="noon is an afternoon"),
        pytest.param("16 14:00", ["16 12:00", "16 16:00"], ["16 16:00", "16 12:00"], id="two hours are near"),
        pytest.param(
            "16 14:00", ["16 11:59", "16 16:01", "17 14:00", "23 14:00"], ["17 14:00", "23 14:00"], id="more are not"
        ),
        pytest.param(
            "16 14:00",
            ["16 15:30", "17 14:00", "23 14:00"],
            ["16 15:30", "17 14:00"],
            id="one near slot and the same time on the next workday",
        ),
        pytest.param("17 14:00", ["20 14:00"], ["20 14:00"], id="after Friday comes Monday"),
        pytest.param(
            "16 14:00", ["17 14:15", "20 14:00", "23 14:00"], ["17 14:15", "20 14:00"], id="the same time to the minute"
        ),
        pytest.param(
            "16 14:00", ["16 15:00", "17 14:15", "23 14:00"], ["16 15:00", "23 14:00"], id="the same day next week"
        ),
        pytest.param(
            "16 14:00", ["16 15:00", "17 14:15", "23 14:15"], ["16 15:00", "17 14:15"], id="next week to the minute"
        ),
        pytest.param(
            "16 14:00",
            ["20 09:00", "20 13:00", "20 14:45", "20 17:00", "22 09:00", "22 10:00"],
            ["20 14:45", "22 10:00"],
            id="of each day the slot nearest to the time of day",
        ),
        pytest.param(
            "16 14:00", ["20 13:30", "20 14:30"], ["20 13:30", "20 14:30"], id="of two equal ones the earlier"
        ),
        pytest.param(
            "16 09:00", ["16 15:00", "23 16:00", "24 09:00"], ["16 15:00", "23 16:00"], id="a week, not eight days"
        ),
        pytest.param(
            "16 14:00",
            ["27 10:00", "27 14:00", "29 09:00", "29 09:30"],
            ["27 10:00", "29 09:00"],
            id="with a full week the first of each day",
        ),
        pytest.param("16 09:00", ["16 15:00", "16 13:00"], ["16 13:00", "16 15:00"], id="the rest of a day"),
        pytest.param("30 10:00", ["20 09:00", "21 10:00"], ["21 10:00", "20 09:00"], id="days before"),
        pytest.param("16 14:00", ["16 14:00", "31 17:30"], ["31 17:30"], id="however far the list reaches"),
        pytest.param("16 14:00", ["16 14:00", "18 10:00", "16 18:00"], [], id="nothing"),
    ],
)
def test_the_places_looked_in_and_their_order(wished: str, free: list[str], heard: list[str]) -> None:
    assert offered(wished, *free) == heard
    assert offered(wished, *reversed(free), *free) == heard


def test_after_a_wish_for_a_closed_day_the_same_time_on_the_next_workday_is_not_looked_for() -> None:
    free = ["21 09:00", "22 09:00", "27 09:00"]
    assert offered("20 09:00", *free) == ["21 09:00", "27 09:00"]
    assert offered("18 11:00", *free) == ["21 09:00", "22 09:00"]


@pytest.mark.parametrize("hours", [2, -2, 24, 7 * 24])
@pytest.mark.parametrize("wished", ["16 11:00", "16 16:00", "17 09:00", "17 12:00"])
def test_two_hours_away_or_the_same_time_on_the_next_workday_or_next_week_are_found_wherever_they_are_all_there_is(
    wished: str, hours: int
) -> None:
    (start,) = at(wished)
    only = start + timedelta(hours=hours)
    if only.weekday() == 5:
        only += timedelta(days=2)
    found = alternatives(Slot(HAIRCUT, start), [only], NOW, BRANCH)
    assert [a.start for a in found] == ([only] if is_open(Slot(HAIRCUT, only), BRANCH) else [])


@pytest.mark.parametrize(
    ("wished", "first"),
    [
        pytest.param("16 06:00", "16 09:00", id="before opening: the opening"),
        pytest.param("16 12:30", "16 13:30", id="in the lunch break: its end"),
        pytest.param("16 18:00", "20 10:00", id="at closing: the next workday's opening"),
        pytest.param("16 22:00", "20 10:00", id="after closing: the next workday's opening"),
        pytest.param("18 11:00", "20 10:00", id="no workday: the next workday's opening"),
    ],
)
def test_a_wish_for_a_time_at_which_the_branch_is_closed_counts_as_the_next_opening(wished: str, first: str) -> None:
    salon = opened("3 13:30-18:00", "3 09:00-12:00", "0 10:00-18:00")
    free = ["16 09:00", "16 11:30", "16 13:30", "16 14:00", "16 17:30", "20 10:00", "20 10:30", "23 09:00"]
    assert offered(wished, *free, branch=salon)[0] == first


def test_a_branch_without_hours_works_from_nine_to_six_but_may_be_booked_at_any_time() -> None:
    assert offered("18 08:00", "20 09:00", "20 10:30", "18 08:30", branch=ALL_HOURS) == ["20 09:00", "20 10:30"]
    assert offered("18 08:00", "18 07:00", branch=ALL_HOURS) == ["18 07:00"]
    assert offered("17 10:00", "18 10:00", "20 15:00", "21 15:00", branch=ALL_HOURS) == ["20 15:00", "21 15:00"]


def test_the_next_workday_is_the_branchs_own() -> None:
    saturdays = opened("4 09:00-18:00", "5 09:00-13:00")
    assert offered("17 10:00", "18 10:00", "24 10:00", branch=saturdays) == ["18 10:00", "24 10:00"]
    assert offered("18 10:00", "24 10:00", branch=saturdays) == ["24 10:00"]


def test_a_wish_after_closing_of_the_only_day_in_the_week_counts_as_the_opening_a_week_later() -> None:
    free = ["16 09:00", "23 09:00", "23 09:30"]
    assert offered("16 20:00", *free, branch=opened("3 09:00-18:00")) == ["23 09:00", "23 09:30"]


def test_a_slot_whose_end_overlaps_an_own_appointment_is_not_offered() -> None:
    begin, end = at("16 11:00", "16 12:00")
    free = ["16 09:30", "16 10:00", "16 10:30", "16 11:30", "16 12:00"]
    assert offered("16 11:00", *free, service=COLOUR, taken=[(begin, end)]) == ["16 10:00", "16 09:30"]
    assert offered("16 11:00", *free[2:], service=COLOUR, taken=[(begin, end)]) == ["16 12:00"]


def test_a_slot_inside_the_notice_is_not_offered_and_one_at_its_end_is() -> None:
    (now,) = at("16 09:45")
    assert offered("16 11:00", "16 09:30", "16 09:59", "16 10:00", now=now) == ["16 10:00"]


def test_what_the_caller_has_turned_down_is_not_offered_again() -> None:
    free = ["16 09:30", "16 10:30", "16 11:00"]
    assert offered("16 10:00", *free, not_again=at("16 09:30")) == ["16 10:30", "16 11:00"]


def test_an_appointment_that_would_end_after_closing_is_not_offered() -> None:
    assert offered("16 16:30", "16 17:00", "16 17:15", service=COLOUR) == ["16 17:00"]


def test_ids_go_on_within_a_call() -> None:
    free = at("16 09:30", "16 10:30")
    found = alternatives(Slot(HAIRCUT, at("16 10:00")[0]), free, NOW, BRANCH, numbered_from=3)
    assert [(a.id, a.outside_window) for a in found] == [("a3", False), ("a4", False)]


@pytest.mark.parametrize(
    ("wished", "window", "free", "heard"),
    [
        pytest.param(
            "16 10:00", FORENOON, ["16 11:00", "16 09:30", "16 10:30"], ["16 09:30", "16 10:30"], id="nearest, no lean"
        ),
        pytest.param(
            "16 14:00", AFTERNOON, ["16 11:45", "16 17:00", "16 16:45"], ["16 16:45", "16 11:45!"], id="half-open"
        ),
        pytest.param(
            "16 10:00",
            FORENOON,
            ["16 12:00", "16 12:30", "17 09:00", "17 09:30", "17 11:00", "22 11:30", "23 10:00"],
            ["17 09:30", "22 11:30"],
            id="the same window on the following workdays, nearest to the anchor",
        ),
        pytest.param(
            "21 10:00",
            FORENOON,
            ["20 10:00", "22 10:00", "23 10:00"],
            ["22 10:00", "23 10:00"],
            id="days after before days before",
        ),
        pytest.param("16 10:00", FORENOON, ["17 09:00", "17 09:30"], ["17 09:00", "17 09:30"], id="both on one day"),
        pytest.param("16 10:00", FORENOON, ["16 12:00", "29 10:00"], ["29 10:00", "16 12:00!"], id="days later"),
        pytest.param(
            "16 10:00", FORENOON, ["17 14:00", "16 12:00", "16 15:00"], ["16 12:00!", "17 14:00!"], id="only others"
        ),
        pytest.param("16 18:00", EVENING, ["16 17:30", "17 09:00"], ["16 17:30", "17 09:00!"], id="anchor at closing"),
        pytest.param("18 10:00", FORENOON, ["20 15:00", "21 10:00"], ["21 10:00", "20 15:00!"], id="on a closed day"),
        pytest.param(
            "16 14:00", TimeWindow(since=time(14), anchor=time(14)), ["16 13:30", "16 17:30"], ["16 17:30", "16 13:30!"]
        ),
        pytest.param(
            "16 11:00", TimeWindow(until=time(12), anchor=time(11)), ["16 12:00", "16 09:00"], ["16 09:00", "16 12:00!"]
        ),
    ],
)
def test_with_a_window_its_own_slots_come_first_and_others_are_marked(
    wished: str, window: TimeWindow, free: list[str], heard: list[str]
) -> None:
    assert offered(wished, *free, window=window) == heard


def test_with_a_window_workdays_come_before_other_days() -> None:
    free = ["18 10:00", "20 10:00", "21 10:00"]
    assert offered("17 10:00", *free, branch=ALL_HOURS, window=FORENOON) == ["20 10:00", "21 10:00"]
    assert offered("17 10:00", *free[:2], "17 15:00", branch=ALL_HOURS, window=FORENOON) == ["18 10:00", "20 10:00"]


def fulfilling(wished: str, *free: str, window: TimeWindow | None = None, not_again: str | None = None) -> list[str]:
    refused = at(not_again) if not_again else []
    found = nearest(Slot(HAIRCUT, at(wished)[0]), at(*free), NOW, BRANCH, window=window, not_again=refused)
    return [f"{start.astimezone(BERLIN):%d %H:%M}" for start in found]


def test_an_approximate_time_is_fulfilled_within_half_an_hour() -> None:
    free = ["16 14:29", "16 14:30", "16 14:45", "16 15:00", "16 15:15", "16 15:30", "16 15:31", "17 15:00"]
    near = ["16 15:00", "16 14:45", "16 15:15", "16 14:30", "16 15:30"]
    assert fulfilling("16 15:00", *free) == near
    assert fulfilling("16 15:00", *free, not_again="16 15:00") == near[1:]


def test_a_window_is_fulfilled_inside_it_on_that_day_and_nearest_to_its_anchor_first() -> None:
    free = ["16 08:30", "16 09:00", "16 09:30", "16 10:30", "16 11:30", "16 12:00", "17 10:00"]
    assert fulfilling("16 10:00", *free, window=FORENOON) == ["16 09:30", "16 10:30", "16 09:00", "16 11:30"]
    assert fulfilling("16 10:00", "16 10:00", window=FORENOON) == ["16 10:00"]
    assert fulfilling("18 10:00", "20 10:00", window=FORENOON) == []


NIGHT_BAR = opened(*(f"{day} 00:00-23:59" for day in range(7)))


def test_the_same_day_ends_at_midnight() -> None:
    assert offered("17 00:30", "16 23:00", "18 00:30", "24 00:30", branch=NIGHT_BAR) == ["18 00:30", "24 00:30"]
    assert offered("17 00:30", "16 22:30", branch=NIGHT_BAR) == ["16 22:30"]


def test_when_clocks_go_back_two_hours_are_two_real_hours() -> None:
    assert offered("26 01:30", "26 02:30", "26 03:00", "27 01:30", branch=NIGHT_BAR) == ["26 02:30", "27 01:30"]


def test_when_clocks_go_forward_two_hours_are_two_real_hours() -> None:
    wished, three_by_the_clock, tomorrow, next_week = (
        datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BERLIN).astimezone(UTC)
        for text in ("03-29T01:30", "03-29T04:30", "03-30T01:30", "04-05T01:30")
    )
    found = alternatives(Slot(HAIRCUT, wished), [three_by_the_clock, tomorrow, next_week], NOW, NIGHT_BAR)
    assert [a.start for a in found] == [three_by_the_clock, tomorrow]


def test_the_same_time_across_a_clock_change_is_the_same_time_on_the_clock() -> None:
    assert offered("24 10:00", "27 09:00", "27 10:00", "31 10:00") == ["27 10:00", "31 10:00"]


def test_an_hour_that_comes_twice_holds_two_moments() -> None:
    first, second = (datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN, fold=fold) for fold in (0, 1))
    wished = Slot(HAIRCUT, datetime(2025, 10, 26, 3, 15, tzinfo=BERLIN))
    found = alternatives(wished, [first, second], NOW, NIGHT_BAR)
    assert [a.start.astimezone(UTC) for a in found] == [second.astimezone(UTC), first.astimezone(UTC)]
    refused = nearest(wished, [first, second], NOW, NIGHT_BAR, window=EVENING.model_copy(update={"since": time(2)}))
    assert len(refused) == 2
    assert bookable(HAIRCUT, [first, second], NOW, NIGHT_BAR, not_again=[first]) == [second.astimezone(UTC)]
