"""Which free slots are offered, whatever the hours, the list, the wish and now."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.fakes import BRANCH, HAIRCUT, NOW
from workflows.alternatives import MOST_ALTERNATIVES, alternatives, earliest, nearest
from workflows.messages import Alternative, Branch, Opening, TimeWindow
from workflows.rules import ABOUT, Slot


@dataclass(frozen=True)
class Case:
    """A question at random: which of the free slots are offered instead of the wished one?"""

    wished: Slot
    free: list[datetime]
    now: datetime
    branch: Branch
    window: TimeWindow | None
    taken: list[tuple[datetime, datetime]]
    not_again: list[datetime]

    def alternatives(self) -> tuple[Alternative, ...]:
        return alternatives(
            self.wished,
            self.free,
            self.now,
            self.branch,
            window=self.window,
            taken=self.taken,
            not_again=self.not_again,
        )

    def nearest(self) -> tuple[datetime, ...]:
        return nearest(
            self.wished,
            self.free,
            self.now,
            self.branch,
            window=self.window,
            taken=self.taken,
            not_again=self.not_again,
        )

    def clock(self, start: datetime) -> datetime:
        return start.astimezone(ZoneInfo(self.branch.timezone))

    def inside(self, start: datetime) -> bool:
        clock = self.clock(start).time()
        return self.window is not None and (self.window.since or time.min) <= clock < (self.window.until or time.max)

    def can_have(self, start: datetime) -> bool:
        """Whether the caller may have a slot, told anew from the rules."""
        lasts = timedelta(minutes=self.wished.service.duration_minutes)
        begin, end = self.clock(start), self.clock(start + lasts)
        spans = [(o.opens, o.closes) for o in self.branch.opening_hours if o.weekday == begin.weekday()]
        hours = any(opens <= begin.time() and end.time() <= closes for opens, closes in spans)
        return (
            start - self.now >= timedelta(minutes=self.branch.minimum_notice_minutes)
            and (not self.branch.opening_hours or (hours and begin.date() == end.date()))
            and all(start + lasts <= busy or free <= start for busy, free in self.taken)
            and start not in self.not_again
        )

    def may_be_offered(self, start: datetime) -> bool:
        """Whether it may be offered instead: where one moment was wished, that is no alternative to itself."""
        return self.can_have(start) and (self.window is not None or start != self.wished.start)


GRID = [datetime(2025, 10, 15, 22, tzinfo=UTC) + step * timedelta(minutes=30) for step in range(17 * 48)]
"""Seventeen days around the night clocks go back."""

AROUND = [
    timedelta(days=days, minutes=minutes)
    for days in (-1, 0, 1, 2, 7, 8)
    for minutes in (-150, -120, -30, 0, 30, 60, 120, 150)
]
"""From the wish to where people look for something else."""

moments = st.sampled_from(GRID)
clocks = st.integers(0, 47).map(lambda half_hours: time(half_hours // 2, half_hours % 2 * 30))
spans = st.lists(clocks, min_size=2, max_size=4, unique=True).map(sorted)


@st.composite
def branches(draw: st.DrawFn) -> Branch:
    days = draw(st.dictionaries(st.integers(0, 6), spans, max_size=6))
    openings = [
        Opening(weekday=day, opens=opens, closes=closes)
        for day, times in days.items()
        for opens, closes in zip(times[::2], times[1::2], strict=False)
    ]
    update = {
        "opening_hours": tuple(draw(st.permutations(openings))),
        "minimum_notice_minutes": draw(st.sampled_from([0, 15, 240])),
        "timezone": draw(st.sampled_from(["Europe/Berlin", "America/New_York"])),
    }
    return BRANCH.model_copy(update=update)


@st.composite
def windows(draw: st.DrawFn) -> TimeWindow:
    since, until = sorted(draw(st.lists(clocks, min_size=2, max_size=2, unique=True)))
    return TimeWindow(
        since=draw(st.sampled_from([since, None])), until=draw(st.sampled_from([until, None])), anchor=since
    )


@st.composite
def cases(draw: st.DrawFn, window: st.SearchStrategy[TimeWindow | None] | None = None) -> Case:
    minutes = draw(st.sampled_from([30, 60, 135]))
    busy = draw(st.lists(moments, max_size=3))
    wished = draw(moments)
    around = st.sampled_from([wished + away for away in AROUND])
    return Case(
        wished=Slot(HAIRCUT.model_copy(update={"duration_minutes": minutes}), wished),
        free=draw(st.lists(around, max_size=8)) + draw(st.lists(moments, max_size=8)),
        now=draw(st.one_of(st.just(NOW), moments)),
        branch=draw(branches()),
        window=draw(window if window is not None else st.one_of(st.none(), windows())),
        taken=[(begin, begin + timedelta(minutes=45)) for begin in busy],
        not_again=draw(st.lists(moments, max_size=3)),
    )


@given(cases())
def test_every_alternative_is_listed_bookable_and_not_the_wish(case: Case) -> None:
    found = [a.start for a in case.alternatives()]
    assert set(found) <= set(case.free)
    assert all(case.may_be_offered(start) for start in found)


@given(cases())
def test_as_many_are_offered_as_there_are_up_to_two(case: Case) -> None:
    bookable = {start for start in case.free if case.may_be_offered(start)}
    found = case.alternatives()
    assert len({a.start for a in found}) == len(found) == min(len(bookable), MOST_ALTERNATIVES)
    assert [a.id for a in found] == ["a1", "a2"][: len(found)]


@given(case=cases(), random=st.randoms(use_true_random=False))
def test_order_repetition_and_zone_of_the_list_do_not_matter(case: Case, random: Random) -> None:
    zone = ZoneInfo(case.branch.timezone)
    shuffled = [*case.free, *(start.astimezone(zone) for start in case.free)]
    random.shuffle(shuffled)
    other = replace(case, free=shuffled, wished=case.wished._replace(start=case.wished.start.astimezone(zone)))
    assert other.alternatives() == case.alternatives()
    assert other.nearest() == case.nearest()


@given(cases(window=windows()))
def test_slots_inside_the_window_come_before_others(case: Case) -> None:
    bookable = {start for start in case.free if case.may_be_offered(start)}
    inside = sum(case.inside(start) for start in bookable)
    found = case.alternatives()
    assert [a.outside_window for a in found] == [number >= inside for number in range(len(found))]
    assert all(a.outside_window is not case.inside(a.start) for a in found)


@given(cases(window=windows()))
def test_of_the_wished_day_the_slots_nearest_to_the_anchor_are_offered(case: Case) -> None:
    nearest_first = list(case.nearest())[:MOST_ALTERNATIVES]
    assert [a.start for a in case.alternatives()][: len(nearest_first)] == nearest_first


@given(cases())
def test_what_fulfils_a_wish_is_all_of_it_and_the_nearest_first(case: Case) -> None:
    def fulfils(start: datetime) -> bool:
        near = abs(start - case.wished.start) <= ABOUT if case.window is None else case.inside(start)
        return near and case.clock(start).date() == case.clock(case.wished.start).date() and case.can_have(start)

    found = case.nearest()
    assert set(found) == {start for start in case.free if fulfils(start)}
    assert len(found) == len(set(found))
    assert list(found) == sorted(found, key=lambda start: (abs(start - case.wished.start), start))


@given(cases())
def test_the_earliest_are_all_from_a_moment_on_in_order_of_time(case: Case) -> None:
    found = earliest(case.wished, case.free, case.now, case.branch, window=case.window, taken=case.taken)
    anyone = replace(case, not_again=[])
    begin = case.wished.start
    fitting = {start for start in case.free if start >= begin and anyone.can_have(start)}
    assert list(found) == sorted(start for start in fitting if case.window is None or case.inside(start))


class Place(NamedTuple):
    """Where in the order of looking a slot is found, and the bonus it has there."""

    stage: int
    bonus: int


@given(cases(window=st.none()))
def test_the_scores_decide_among_all_that_is_found_up_to_the_last_place_looked_in(case: Case) -> None:
    wish, closed_day = normalised(case)
    bookable = {start for start in case.free if case.may_be_offered(start)}
    places = {start: place(case, start, wish, closed_day, bookable) for start in bookable}

    def points(start: datetime) -> float:
        return 10_000 - abs(start - wish) / timedelta(minutes=1) + places[start].bonus

    found = [a.start for a in case.alternatives()]
    looked_in = max((places[start].stage for start in found), default=0)
    for stage in range(looked_in):
        assert sum(places[start].stage <= stage for start in bookable) < MOST_ALTERNATIVES
    collected = [start for start in bookable if places[start].stage <= looked_in]
    assert found == sorted(collected, key=lambda start: (-points(start), start))[:MOST_ALTERNATIVES]


def workday(case: Case, day: date) -> bool:
    return day.weekday() in {o.weekday for o in case.branch.opening_hours} or (
        not case.branch.opening_hours and day.weekday() < 5
    )


def normalised(case: Case) -> tuple[datetime, bool]:
    """Return the first half hour from the wish on in which the branch works, and whether it does not on that day."""
    usual = tuple(Opening(weekday=day, opens=time(9), closes=time(18)) for day in range(5))
    start = case.wished.start
    while True:
        clock = case.clock(start)
        if any(
            o.weekday == clock.weekday() and o.opens <= clock.time() < o.closes
            for o in case.branch.opening_hours or usual
        ):
            return start, not workday(case, case.clock(case.wished.start).date())
        start += timedelta(minutes=30)


def place(case: Case, start: datetime, wish: datetime, closed_day: bool, bookable: set[datetime]) -> Place:
    slot, wished = case.clock(start), case.clock(wish)
    days = (slot.date() - wished.date()).days
    morning = wished.hour < 12

    def apart(other: datetime) -> timedelta:
        clock = case.clock(other)
        return abs(timedelta(hours=clock.hour - wished.hour, minutes=clock.minute - wished.minute))

    that_day = [other for other in bookable if case.clock(other).date() == slot.date()]
    week = 0 < days <= 7 and workday(case, slot.date())
    same_time = week and slot.time() == wished.time()
    if days == 0 and abs(start - wish) <= timedelta(hours=2):
        return Place(1, 500 if (start < wish) is morning else 300)
    if (
        same_time
        and not closed_day
        and not any(workday(case, wished.date() + timedelta(days=d)) for d in range(1, days))
    ):
        return Place(2, 250)
    if same_time and days == 7:
        return Place(3, 150)
    if week and start == min(that_day, key=lambda other: (apart(other), other)):
        return Place(4, 100)
    return Place(5 if start == min(that_day, key=lambda other: (abs(other - wish), other)) else 6, 0)
