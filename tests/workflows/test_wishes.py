"""What callers want besides one exact moment: a part of the day, about a time, others, the first that is free."""

from datetime import date, time, timedelta

import pytest
from temporalio.service import RPCError

from tests.workflows.fakes import COLOUR, THURSDAY, UNREACHABLE, FakeCalendar, Phone, berlin
from workflows.messages import (
    Aim,
    AnswerStatus,
    Appointment,
    Caller,
    DayPart,
    Direction,
    Missing,
    Reason,
    Shift,
    TimeWindow,
)

FRIDAY = date(2025, 10, 17)
NINE, TEN = berlin("2025-10-16T09:00"), berlin("2025-10-16T10:00")
FORENOON = TimeWindow(since=time(9), until=time(12), anchor=time(10), part=DayPart.FORENOON)
HALF_AN_HOUR = timedelta(minutes=30)


async def test_a_part_of_the_day_is_offered_its_nearest_free_moment_which_is_held(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.free -= {TEN, TEN - HALF_AN_HOUR}

    offer = await phone.asks(THURSDAY, window=FORENOON)

    assert (offer.status, offer.start) == (AnswerStatus.AVAILABLE, TEN + HALF_AN_HOUR)
    assert calendar.hold == offer.start
    booked = await phone.says_yes()
    assert (booked.status, booked.start) == (AnswerStatus.BOOKED, offer.start)
    assert "check_slot" not in calendar.steps


async def test_of_a_part_of_the_day_what_another_call_took_in_the_instant_is_passed_over(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.before["hold_slot"] = lambda: calendar.held_by_others.add(TEN)

    offer = await phone.asks(THURSDAY, window=FORENOON)

    assert (offer.status, offer.start) == (AnswerStatus.AVAILABLE, TEN - HALF_AN_HOUR)


async def test_a_full_part_of_the_day_says_which_and_offers_the_same_part_of_another_day(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.free = {start for start in calendar.free if not NINE <= start < berlin("2025-10-16T12:00")}

    answer = await phone.asks(THURSDAY, window=FORENOON)

    assert (answer.status, answer.window) == (AnswerStatus.UNAVAILABLE, FORENOON)
    assert [a.start for a in answer.alternatives] == [berlin("2025-10-17T10:00"), berlin("2025-10-20T10:00")]
    assert not any(a.outside_window for a in answer.alternatives)


async def test_where_no_forenoon_is_left_what_is_offered_is_marked_as_outside(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.free = {berlin("2025-10-16T14:00")}

    answer = await phone.asks(THURSDAY, window=FORENOON)

    assert [(a.start, a.outside_window) for a in answer.alternatives] == [(berlin("2025-10-16T14:00"), True)]


async def test_a_part_of_today_that_is_over_is_past(phone: Phone, calendar: FakeCalendar) -> None:
    today = date(2025, 10, 14)
    answer = await phone.asks(today, window=FORENOON)
    assert (answer.status, answer.reason) == (AnswerStatus.PAST_TIME, Reason.PAST_TIME)
    assert calendar.steps.count("find_slots") == 0


async def test_about_a_time_is_offered_the_nearest_within_half_an_hour_by_its_real_time(
    phone: Phone, calendar: FakeCalendar
) -> None:
    assert (await phone.asks(THURSDAY, "10:10", about=True)).start == TEN
    calendar.free -= {TEN, TEN + HALF_AN_HOUR}
    assert (await phone.asks(THURSDAY, "10:10", about=True)).status is AnswerStatus.UNAVAILABLE
    offer = await phone.asks(THURSDAY, "09:50", about=True)
    assert (offer.status, offer.start) == (AnswerStatus.AVAILABLE, TEN - HALF_AN_HOUR)


async def test_later_offers_the_next_moment_after_the_one_spoken_of(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    offer = await phone.asks(shift=Shift(direction=Direction.LATER))
    assert (offer.status, offer.start) == (AnswerStatus.AVAILABLE, NINE + HALF_AN_HOUR)
    offer = await phone.asks(shift=Shift(minutes=60))
    assert offer.start == NINE + 3 * HALF_AN_HOUR
    offer = await phone.asks(shift=Shift(direction=Direction.EARLIER))
    assert offer.start == TEN


async def test_a_step_starts_from_the_moment_offered_for_a_part_of_the_day(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.free.discard(TEN)
    assert (await phone.asks(THURSDAY, window=FORENOON)).start == TEN - HALF_AN_HOUR
    assert (await phone.asks(shift=Shift(minutes=60))).start == TEN + HALF_AN_HOUR


async def test_the_second_one_please_books_the_second_alternative(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.free.discard(NINE)
    refused = await phone.asks(THURSDAY, "09:00")
    booked = await phone.says_yes(choice=2)
    assert (booked.status, booked.start) == (AnswerStatus.BOOKED, refused.alternatives[1].start)


async def test_the_second_one_as_a_question_is_offered_first(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.free.discard(NINE)
    refused = await phone.asks(THURSDAY, "09:00")
    offer = await phone.asks(choice=2)
    assert (offer.status, offer.start) == (AnswerStatus.AVAILABLE, refused.alternatives[1].start)
    assert calendar.booked == []


async def test_the_second_one_of_nothing_is_asked_back(phone: Phone, calendar: FakeCalendar) -> None:
    for answer in (await phone.asks(choice=2), await phone.says_yes(choice=2)):
        assert answer.status is AnswerStatus.MISSING_REQUIRED_FIELDS
    assert calendar.booked == []


async def test_the_first_free_moment_of_a_service_is_offered_and_held(phone: Phone, calendar: FakeCalendar) -> None:
    offer = await phone.asks(aim=Aim.FIRST_FREE, service=COLOUR)
    assert (offer.status, offer.start, offer.service) == (AnswerStatus.AVAILABLE, NINE, COLOUR)
    assert calendar.hold == NINE
    assert (await phone.says_yes()).status is AnswerStatus.BOOKED


async def test_after_the_first_free_moment_a_time_is_meant_for_its_day_and_a_day_for_its_time(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(aim=Aim.FIRST_FREE)
    assert (await phone.asks(at="11:00")).start == berlin("2025-10-16T11:00")
    await phone.asks(aim=Aim.FIRST_FREE)
    assert (await phone.asks(shift=Shift(days=1))).start == berlin("2025-10-17T09:00")
    assert (await phone.asks(date(2025, 10, 20))).start == berlin("2025-10-20T09:00")


async def test_the_first_free_moment_after_a_day_within_so_many_days(phone: Phone, calendar: FakeCalendar) -> None:
    offer = await phone.asks(FRIDAY, aim=Aim.FIRST_FREE)
    assert offer.start == berlin("2025-10-17T09:00")
    forenoon = TimeWindow(since=time(11), until=time(12), anchor=time(11))
    assert (await phone.asks(FRIDAY, aim=Aim.FIRST_FREE, window=forenoon)).start == berlin("2025-10-17T11:00")
    nothing = await phone.asks(date(2025, 10, 18), aim=Aim.FIRST_FREE, search_days=1)
    assert (nothing.status, nothing.reason) == (AnswerStatus.NO_AVAILABILITY, Reason.NO_SLOTS)


async def test_others_are_offered_without_a_word_on_the_moment_itself_and_not_the_same_twice(
    phone: Phone, calendar: FakeCalendar
) -> None:
    first = await phone.asks(THURSDAY, "09:00", aim=Aim.ALTERNATIVES)
    assert first.status is AnswerStatus.ALTERNATIVES
    assert [a.start for a in first.alternatives] == [NINE + HALF_AN_HOUR, TEN]
    second = await phone.asks(aim=Aim.ALTERNATIVES)
    assert not {a.start for a in second.alternatives} & {NINE, *(a.start for a in first.alternatives)}
    booked = await phone.says_yes(alternative_id=second.alternatives[0].id)
    assert (booked.status, booked.start) == (AnswerStatus.BOOKED, second.alternatives[0].start)


async def test_alternatives_in_a_part_of_the_day_may_be_its_very_middle(phone: Phone, calendar: FakeCalendar) -> None:
    answer = await phone.asks(THURSDAY, window=FORENOON, aim=Aim.ALTERNATIVES)
    assert [a.start for a in answer.alternatives] == [TEN, TEN - HALF_AN_HOUR]


async def test_a_moment_of_a_part_of_the_day_that_was_just_taken_is_not_offered_again(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(THURSDAY, window=FORENOON)
    calendar.before["book_slot"] = lambda: calendar.free.discard(TEN)
    taken = await phone.says_yes()
    assert (taken.status, taken.start) == (AnswerStatus.SLOT_TAKEN, TEN)
    assert [a.start for a in taken.alternatives] == [TEN - HALF_AN_HOUR, TEN + HALF_AN_HOUR]


async def test_the_callers_own_appointments_are_not_offered(phone: Phone, calendar: FakeCalendar) -> None:
    own = (
        Appointment(start=NINE + HALF_AN_HOUR, end=TEN),
        Appointment(start=TEN + timedelta(minutes=10), end=TEN + timedelta(minutes=20)),
    )
    calendar.customers["+4915550100001"] = Caller(found=True, name="Hansi Hinterseer", appointments=own)
    calendar.free.discard(NINE)

    refused = await phone.asks(THURSDAY, "09:00")

    assert [a.start for a in refused.alternatives] == [TEN + HALF_AN_HOUR, TEN + 2 * HALF_AN_HOUR]


async def test_a_known_caller_is_offered_a_moment_by_name_and_books_with_a_bare_yes(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.customers["+4915550100001"] = Caller(found=True, customer_id="7", name="Hansi Hinterseer")

    assert (await phone.asks(THURSDAY, "09:00")).customer_name == "Hansi Hinterseer"

    assert (await phone.says_yes(name=None)).status is AnswerStatus.BOOKED
    assert calendar.booked[0].attendee.name == "Hansi Hinterseer"


async def test_a_name_that_was_given_is_not_replaced_by_the_numbers(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.customers["+4915550100001"] = Caller(found=True, customer_id="7", name="Hansi Hinterseer")

    assert (await phone.asks(THURSDAY, "09:00", name="Ann Lee")).customer_name is None

    await phone.says_yes(name=None)
    assert calendar.booked[0].attendee.name == "Ann Lee"


async def test_a_name_nobody_was_told_is_asked_for(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.customers["+4915550100001"] = Caller(found=True, customer_id="7", name="Hansi Hinterseer")
    answer = await phone.says_yes(THURSDAY, "09:00", name=None)
    assert answer.status is AnswerStatus.MISSING_CUSTOMER_NAME
    assert calendar.booked == []


async def test_a_caller_who_cannot_be_looked_up_is_offered_the_moment_all_the_same(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.failures["find_customer"] = [UNREACHABLE] * 20

    offer = await phone.asks(THURSDAY, "09:00")

    assert (offer.status, offer.customer_name) == (AnswerStatus.AVAILABLE, None)


async def test_a_part_of_the_day_cannot_be_said_free_while_the_calendar_is_down(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.failures["find_slots"] = [UNREACHABLE] * 50
    answer = await phone.asks(THURSDAY, window=FORENOON)
    assert (answer.status, answer.reason) == (AnswerStatus.ERROR, Reason.CALENDAR_UNREACHABLE)


async def test_a_time_alone_is_asked_back_while_today_is_possible(phone: Phone, calendar: FakeCalendar) -> None:
    asked = await phone.asks(at="23:30")
    assert (asked.missing, asked.time_of_day) == ((Missing.DATE,), time(23, 30))
    # It is 23:06 on Tuesday: nine in the morning can only be tomorrow's.
    calendar.free.add(tomorrow := berlin("2025-10-15T09:00"))
    offer = await phone.asks(at="09:00")
    assert (offer.status, offer.start) == (AnswerStatus.AVAILABLE, tomorrow)


async def test_a_weekday_after_a_week_that_was_named_is_asked_back_before_it_is_booked(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(week=date(2025, 10, 20))
    answer = await phone.says_yes(THURSDAY, "10:00", weekday_alone=True)
    assert (answer.status, answer.start) == (AnswerStatus.AVAILABLE, berlin("2025-10-23T10:00"))
    assert calendar.booked == []


async def test_an_alternative_that_was_chosen_waits_for_the_name(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.free.discard(NINE)
    second = (await phone.asks(THURSDAY, "09:00")).alternatives[1]
    assert (await phone.says_yes(alternative_id=second.id, name=None)).status is AnswerStatus.MISSING_CUSTOMER_NAME

    booked = await phone.says_yes(name="Hansi Schmidt")

    assert (booked.status, booked.start) == (AnswerStatus.BOOKED, second.start)


async def test_another_alternative_than_the_one_waiting_for_a_name_is_asked_back(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.free.discard(NINE)
    first, second = (await phone.asks(THURSDAY, "09:00")).alternatives
    await phone.says_yes(alternative_id=second.id, name=None)
    await phone.says_yes(alternative_id=first.id)
    assert calendar.booked == []


async def test_where_nothing_further_is_free_the_offer_stands(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.free = {NINE}
    await phone.asks(THURSDAY, "09:00")

    for question in ({"aim": Aim.ALTERNATIVES}, {"shift": Shift(direction=Direction.LATER)}):
        answer = await phone.asks(**question)
        assert (answer.status, answer.nothing_further) == (AnswerStatus.NO_AVAILABILITY, True)

    booked = await phone.says_yes()
    assert (booked.status, booked.start) == (AnswerStatus.BOOKED, NINE)


async def test_alternatives_to_a_moment_that_is_over_are_past(phone: Phone, calendar: FakeCalendar) -> None:
    answer = await phone.asks(date(2025, 10, 14), "09:00", aim=Aim.ALTERNATIVES)
    assert answer.status is AnswerStatus.PAST_TIME


async def test_a_part_of_a_closed_day_is_outside_the_opening_hours(phone: Phone, calendar: FakeCalendar) -> None:
    answer = await phone.asks(date(2025, 10, 18), window=FORENOON)
    assert (answer.status, answer.reason) == (AnswerStatus.UNAVAILABLE, Reason.OUTSIDE_HOURS)
    assert answer.alternatives


async def test_a_yes_after_another_moment_was_asked_back_is_asked_back_itself(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.conversation.overhear(phone.call, phone.wish())

    answer = await phone.says_yes()

    assert (answer.status, answer.start) == (AnswerStatus.AVAILABLE, NINE)
    assert calendar.booked == []
    assert (await phone.says_yes()).status is AnswerStatus.BOOKED


async def test_the_half_that_was_understood_of_words_asked_back_is_remembered(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.conversation.overhear(phone.call, phone.wish(at="10:00", day_lost=True, week=date(2025, 10, 20)))

    offer = await phone.asks(THURSDAY, weekday_alone=True)

    assert (offer.status, offer.start) == (AnswerStatus.AVAILABLE, berlin("2025-10-23T10:00"))


async def test_words_that_name_nothing_begin_no_workflow(phone: Phone) -> None:
    await phone.conversation.overhear(phone.call, phone.wish())
    with pytest.raises(RPCError, match="not found"):
        await phone.handle.describe()


async def test_a_name_that_cannot_be_said_was_not_told(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.customers["+4915550100001"] = Caller(found=True, customer_id="7", name="Maria 0170 1234567")
    assert (await phone.asks(THURSDAY, "09:00")).customer_name is None
    assert (await phone.says_yes(name=None)).status is AnswerStatus.MISSING_CUSTOMER_NAME


async def test_a_caller_who_became_a_customer_in_this_call_is_known_when_asked_again(
    phone: Phone, calendar: FakeCalendar
) -> None:
    assert not (await phone.recognised()).found
    calendar.customers["+4915550100001"] = Caller(found=True, customer_id="7", name="Hansi Hinterseer")
    assert (await phone.recognised()).name == "Hansi Hinterseer"
