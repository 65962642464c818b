"""What a caller hears when the calendar allows few requests more, or none: never that a time is taken or that none is
free."""

from typing import Any

import pytest
from temporalio import activity

from tests.workflows.fakes import THURSDAY, FakeCalendar, Phone, berlin, rate_limited
from tests.workflows.test_wishes import FORENOON
from workflows.messages import Aim, AnswerStatus, CaughtAt, HoldState, Reason, RecheckResult
from workflows.requests import BookingOutcome, BookingResult, FreeSlots, Recheck, SlotRecheck, SlotSearch

NINE = berlin("2025-10-16T09:00")
MANY = 50


class NearTheLimit(FakeCalendar):
    """Leaves out optional looks while ``few_left``."""

    def __init__(self) -> None:
        super().__init__()
        self.few_left = False

    @activity.defn
    async def recheck_slot(self, request: SlotRecheck) -> Recheck:
        if not self.few_left:
            return await super().recheck_slot(request)
        await self._enter("recheck_slot")
        return Recheck(listed=True, hold=self._take(request.start), skipped=True)

    @activity.defn
    async def find_slots(self, request: SlotSearch) -> FreeSlots:
        if self.few_left and request.optional:
            self.failures["find_slots"] = [rate_limited(40)]
        return await super().find_slots(request)


@pytest.fixture
def calendar() -> NearTheLimit:
    return NearTheLimit()


async def test_a_look_that_is_left_out_leaves_the_decision_to_the_booking(phone: Phone, calendar: NearTheLimit) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.few_left = True

    booked = await phone.says_yes()

    assert (booked.status, booked.start) == (AnswerStatus.BOOKED, NINE)
    [booking] = calendar.booked
    # The look has renewed the hold all the same: the booking need not.
    assert booking.hold_seconds is None
    assert (await phone.view()).turns[-1].recheck is RecheckResult.SKIPPED


async def test_without_the_look_a_race_is_still_caught_by_the_booking(phone: Phone, calendar: NearTheLimit) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.few_left = True
    calendar.free.discard(NINE)

    taken = await phone.says_yes()

    assert (taken.status, taken.caught_at) == (AnswerStatus.SLOT_TAKEN, CaughtAt.BOOKING)
    assert len(taken.alternatives) == 2


async def test_a_look_further_ahead_that_is_left_out_is_no_empty_calendar(phone: Phone, calendar: NearTheLimit) -> None:
    calendar.free = {later := berlin("2025-10-29T10:00")}
    calendar.few_left = True

    refused = await phone.asks(THURSDAY, "09:00")
    assert (refused.status, refused.reason, refused.alternatives) == (AnswerStatus.UNAVAILABLE, None, ())
    assert calendar.steps.count("find_slots") == 1

    calendar.few_left = False
    found = await phone.asks(THURSDAY, "09:00")
    assert [offer.start for offer in found.alternatives] == [later]


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param({"day": THURSDAY, "at": "09:00"}, id="a moment"),
        pytest.param({"day": THURSDAY, "at": "09:00", "about": True}, id="about a time"),
        pytest.param({"day": THURSDAY, "window": FORENOON}, id="a part of the day"),
        pytest.param({"day": THURSDAY, "at": "09:00", "aim": Aim.FIRST_FREE}, id="the first free"),
        pytest.param({"day": THURSDAY, "at": "09:00", "aim": Aim.ALTERNATIVES}, id="others"),
    ],
)
async def test_a_question_that_may_not_be_asked_is_not_answered_by_anything_else(
    wish: dict[str, Any], phone: Phone, calendar: NearTheLimit
) -> None:
    for step in ("check_slot", "find_slots"):
        calendar.failures[step] = [rate_limited(40)] * MANY

    answer = await phone.asks(**wish)

    assert (answer.status, answer.reason) == (AnswerStatus.ERROR, Reason.CALENDAR_UNREACHABLE)
    assert calendar.steps.count("check_slot") + calendar.steps.count("find_slots") == 1
    assert calendar.hold is None


async def test_others_of_which_only_the_near_ones_could_be_read_are_not_said_to_be_none(
    phone: Phone, calendar: NearTheLimit
) -> None:
    calendar.free = {berlin("2025-10-29T10:00")}
    calendar.few_left = True

    answer = await phone.asks(THURSDAY, "09:00", aim=Aim.ALTERNATIVES)

    assert (answer.status, answer.reason) == (AnswerStatus.ERROR, Reason.CALENDAR_UNREACHABLE)


@pytest.mark.parametrize("caught_at", [CaughtAt.RECHECK, CaughtAt.BOOKING, CaughtAt.HOLD])
async def test_alternatives_to_a_lost_slot_that_may_not_be_read_are_not_said_to_be_none(
    caught_at: CaughtAt, phone: Phone, calendar: NearTheLimit
) -> None:
    await phone.asks(THURSDAY, "09:00")
    match caught_at:
        case CaughtAt.RECHECK:
            calendar.free.discard(NINE)
        case CaughtAt.BOOKING:
            calendar.booking_outcome = BookingOutcome(result=BookingResult.TAKEN)
        case CaughtAt.HOLD:
            calendar.held_by_others.add(NINE)
    calendar.failures["find_slots"] = [rate_limited(40)] * MANY

    taken = await phone.says_yes()

    assert (taken.status, taken.caught_at, taken.alternatives) == (AnswerStatus.SLOT_TAKEN, caught_at, ())
    assert taken.reason is Reason.RACE_CONDITION_DETECTED


async def test_alternatives_to_a_refused_wish_that_may_not_be_read_are_not_said_to_be_none(
    phone: Phone, calendar: NearTheLimit
) -> None:
    calendar.failures["find_slots"] = [rate_limited(40)] * MANY

    answer = await phone.asks(THURSDAY, "21:00")

    assert (answer.status, answer.reason) == (AnswerStatus.UNAVAILABLE, Reason.OUTSIDE_HOURS)


async def test_a_booking_waits_for_the_reset_and_keeps_its_hold(phone: Phone, calendar: NearTheLimit) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.few_left = True
    calendar.failures["book_slot"] = [rate_limited(0.5)]

    booked = await phone.says_yes()

    assert booked.status is AnswerStatus.BOOKED
    assert calendar.steps.count("book_slot") == 2
    assert (await phone.view()).turns[0].hold is HoldState.HELD
