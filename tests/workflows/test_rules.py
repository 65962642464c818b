"""The rules of the conversation, without any server."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.fakes import BRANCH, COLOUR, HAIRCUT, NOW, THURSDAY, berlin
from workflows import rules
from workflows.messages import Alternative, AnswerStatus, Missing, Reason, SlotWish
from workflows.rules import Choice, OnOffer, Slot

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
    assert rules.wished_slot(skipped, "Europe/Berlin") is None
    assert rules.missing_parts(skipped) == (Missing.TIME,)


def test_an_appointment_across_a_clock_change_lasts_as_long_as_any_other() -> None:
    start = rules.moment(date(2026, 3, 29), time(1, 30), "Europe/Berlin")
    assert start is not None
    assert Slot(COLOUR, start).end - start == timedelta(minutes=60)


def test_a_wish_is_completed_by_what_was_said_before() -> None:
    before = wish(THURSDAY, "09:00", service=COLOUR, name="Ann Lee")
    after = rules.complete(wish(at="11:00"), before, HAIRCUT)
    assert (after.day, after.time_of_day, after.service, after.name) == (THURSDAY, time(11), COLOUR, "Ann Lee")
    assert after.day_words == "2025-10-16"


def test_a_spoken_service_beats_the_default_and_the_default_comes_last() -> None:
    nothing = wish()
    assert rules.complete(wish(service=COLOUR), nothing, HAIRCUT).service == COLOUR
    assert rules.complete(wish(), nothing, HAIRCUT).service == HAIRCUT
    assert rules.complete(wish(), nothing, None).service is None


FRIDAY_TEN, MONDAY_TEN = berlin("2025-10-17T10:00"), berlin("2025-10-20T10:00")
OFFER = OnOffer(HAIRCUT, NINE, (), "donnerstag")
TWO = OnOffer(
    HAIRCUT,
    None,
    (Alternative(id="a1", start=berlin("2025-10-16T09:30")), Alternative(id="a2", start=FRIDAY_TEN)),
    "donnerstag",
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
    ],
)
def test_what_a_confirmation_may_book(
    said: SlotWish, alternative_id: str | None, on_offer: OnOffer | None, books: datetime | None
) -> None:
    ids = {a.id: a.start for a in on_offer.alternatives} if on_offer else {}
    chosen = Choice(ids.get(alternative_id)) if alternative_id else None
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


def alternatives_to(start: datetime, *free: datetime) -> list[datetime]:
    return [a.start for a in rules.alternatives(Slot(HAIRCUT, start), free, NOW, BRANCH)]


def test_the_same_day_comes_first_and_a_morning_leans_to_earlier() -> None:
    free = [berlin(f"2025-10-16T{at}") for at in ("09:30", "10:30", "14:00")]
    assert alternatives_to(berlin("2025-10-16T10:00"), *free) == free[:2]
    afternoon = [berlin(f"2025-10-16T{at}") for at in ("14:00", "15:00")]
    assert alternatives_to(berlin("2025-10-16T14:30"), *afternoon) == [afternoon[1], afternoon[0]]


def test_a_full_day_leads_to_the_same_time_on_the_next_workday_and_next_week() -> None:
    friday, next_thursday = berlin("2025-10-17T09:00"), berlin("2025-10-23T09:00")
    assert alternatives_to(NINE, next_thursday, friday, berlin("2025-10-20T15:00")) == [friday, next_thursday]


def test_after_friday_comes_monday() -> None:
    monday = berlin("2025-10-20T09:00")
    assert alternatives_to(berlin("2025-10-17T09:00"), monday) == [monday]


def test_a_full_week_leads_to_whatever_comes_after_it() -> None:
    later = berlin("2025-10-25T10:00") + timedelta(days=2, hours=1)
    assert alternatives_to(NINE, later) == [later]


def test_a_wish_before_opening_counts_as_the_opening() -> None:
    free = [berlin(f"2025-10-16T{at}") for at in ("09:00", "09:30", "11:30")]
    assert alternatives_to(berlin("2025-10-16T06:00"), *free) == free[:2]


def test_ids_go_on_within_a_call() -> None:
    free = [berlin("2025-10-16T09:30")]
    (only,) = rules.alternatives(Slot(HAIRCUT, NINE), free, NOW, BRANCH, numbered_from=3)
    assert only.id == "a3"


slot_starts = st.integers(min_value=0, max_value=14 * 48).map(
    lambda half_hours: datetime(2025, 10, 14, tzinfo=UTC) + half_hours * timedelta(minutes=30)
)


@given(wished=slot_starts, free=st.lists(slot_starts, max_size=60), now=slot_starts)
def test_alternatives_are_real_bookable_few_and_never_the_wish(
    wished: datetime, free: list[datetime], now: datetime
) -> None:
    slot = Slot(HAIRCUT, wished)
    found = [a.start for a in rules.alternatives(slot, free, now, BRANCH)]
    assert set(found) <= set(free)
    assert len(found) == len(set(found)) <= rules.MOST_ALTERNATIVES
    assert wished not in found
    for start in found:
        assert rules.objection(Slot(HAIRCUT, start), now, BRANCH) is None
    assert found == [a.start for a in rules.alternatives(slot, list(reversed(free)), now, BRANCH)]
    bookable = {s for s in free if s != wished and rules.objection(Slot(HAIRCUT, s), now, BRANCH) is None}
    assert len(found) == min(len(bookable), rules.MOST_ALTERNATIVES)
