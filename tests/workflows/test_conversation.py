"""The conversation on the real dev server, its clock moved where a caller thinks."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from starter.conversation import Conversation
from tests.temporal import TemporalServer
from tests.workflows.fakes import (
    BRANCH,
    COLOUR,
    MISCONFIGURED,
    NOW,
    THURSDAY,
    UNREACHABLE,
    FakeCalendar,
    Phone,
    berlin,
    new_call,
    rate_limited,
)
from workflows import options
from workflows.appointment import AppointmentWorkflow
from workflows.messages import (
    AnswerStatus,
    Caller,
    CallOutcome,
    CaughtAt,
    Confirmation,
    ConfirmationId,
    HangUp,
    HoldState,
    Missing,
    Reason,
    RecheckResult,
)
from workflows.requests import BookingOutcome, BookingResult

NINE = berlin("2025-10-16T09:00")
TEN = berlin("2025-10-16T10:00")
ELEVEN = berlin("2025-10-16T11:00")


async def test_double_check_passes_still_available(phone: Phone, calendar: FakeCalendar) -> None:
    offer = await phone.asks(THURSDAY, "09:00")
    assert (offer.status, offer.start) == (AnswerStatus.AVAILABLE, NINE)
    assert calendar.hold == NINE

    await phone.thinks(14)
    answer = await phone.says_yes()

    assert (answer.status, answer.start, answer.booking_uid) == (AnswerStatus.BOOKED, NINE, "uid-1")
    assert calendar.steps.count("recheck_slot") == 1
    assert [b.start for b in calendar.booked] == [NINE]
    assert calendar.booked[0].attendee.name == "Hansi Schmidt"


async def test_double_check_catches_taken_slot(phone: Phone, calendar: FakeCalendar) -> None:
    assert (await phone.asks(THURSDAY, "09:00")).status is AnswerStatus.AVAILABLE
    await phone.thinks(14)
    calendar.free.discard(NINE)

    answer = await phone.says_yes(THURSDAY, "09:00")

    assert answer.status is AnswerStatus.SLOT_TAKEN
    assert answer.reason is Reason.RACE_CONDITION_DETECTED
    assert answer.caught_at is CaughtAt.RECHECK
    assert [a.start for a in answer.alternatives] == [berlin("2025-10-16T09:30"), TEN]
    assert "book_slot" not in calendar.steps


async def test_slot_taken_between_recheck_and_booking_offers_alternatives(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.before["book_slot"] = lambda: calendar.free.discard(NINE)

    answer = await phone.says_yes()

    assert (answer.status, answer.caught_at) == (AnswerStatus.SLOT_TAKEN, CaughtAt.BOOKING)
    assert answer.alternatives
    assert calendar.booked == []


async def test_own_booking_found_after_a_lost_answer_is_booked(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.booking_outcome = BookingOutcome(
        result=BookingResult.BOOKED, booking_uid="uid-lost", start=NINE, recovered=True
    )

    answer = await phone.says_yes()

    assert (answer.status, answer.booking_uid) == (AnswerStatus.BOOKED, "uid-lost")
    assert (await phone.view()).bookings[0].recovered


async def test_a_failing_recheck_does_not_stop_the_booking(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.failures["recheck_slot"] = [UNREACHABLE, UNREACHABLE]

    answer = await phone.says_yes()

    assert answer.status is AnswerStatus.BOOKED
    assert calendar.steps.count("recheck_slot") == 2
    assert calendar.booked[0].hold_seconds == phone.call.hold_seconds


async def test_a_slot_is_held_for_as_long_as_its_booking_may_take(
    temporal: TemporalServer, conversation: Conversation, calendar: FakeCalendar
) -> None:
    phone = Phone(temporal, conversation, new_call(hold_seconds=15))
    await phone.asks(THURSDAY, "09:00")

    assert (await phone.says_yes()).status is AnswerStatus.BOOKED

    [recheck] = calendar.rechecked
    assert recheck.hold_seconds >= options.BOOK["schedule_to_close_timeout"].total_seconds()


async def test_a_slot_held_by_another_call_is_not_offered(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.held_by_others = {NINE, berlin("2025-10-16T09:30")}

    answer = await phone.asks(THURSDAY, "09:00")

    assert (answer.status, answer.reason) == (AnswerStatus.UNAVAILABLE, Reason.HELD_BY_ANOTHER_CALL)
    assert [a.start for a in answer.alternatives] == [TEN, berlin("2025-10-16T10:30")]


async def test_a_hold_that_ran_out_is_taken_again(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.thinks(300)
    calendar.hold = None

    answer = await phone.says_yes()

    assert answer.status is AnswerStatus.BOOKED
    assert calendar.steps.index("recheck_slot") < calendar.steps.index("book_slot")


async def test_a_hold_that_ran_out_and_went_to_another_call_is_a_race(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.thinks(300)
    calendar.held_by_others = {NINE}

    answer = await phone.says_yes()

    assert (answer.status, answer.caught_at) == (AnswerStatus.SLOT_TAKEN, CaughtAt.HOLD)
    assert NINE not in [a.start for a in answer.alternatives]
    assert "book_slot" not in calendar.steps


@pytest.mark.parametrize(
    ("day", "at", "alternative_id"),
    [
        pytest.param(None, None, "a2", id="by id"),
        pytest.param(THURSDAY, "10:00", None, id="by moment"),
        pytest.param(None, "10:00", None, id="by time of day"),
    ],
)
async def test_an_alternative_is_booked_however_it_is_named(
    phone: Phone, calendar: FakeCalendar, day: date | None, at: str | None, alternative_id: str | None
) -> None:
    calendar.free.discard(NINE)
    offer = await phone.asks(THURSDAY, "09:00")
    assert [a.start for a in offer.alternatives][1] == TEN

    answer = await phone.says_yes(day, at, alternative_id=alternative_id)

    assert (answer.status, answer.start) == (AnswerStatus.BOOKED, TEN)


async def test_time_of_day_with_the_day_words_used_before_means_the_alternative_on_another_day(
    phone: Phone, calendar: FakeCalendar
) -> None:
    friday_ten = berlin("2025-10-17T10:00")
    calendar.free = {friday_ten, berlin("2025-10-20T09:00")}
    await phone.asks(THURSDAY, "09:00", day_words="donnerstag")

    answer = await phone.says_yes(THURSDAY, "10:00", day_words="donnerstag")

    assert (answer.status, answer.start) == (AnswerStatus.BOOKED, friday_ten)


async def test_a_moment_that_is_not_on_offer_is_checked_and_asked_back(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.free.discard(NINE)
    await phone.asks(THURSDAY, "09:00")

    answer = await phone.says_yes(THURSDAY, "15:00")

    assert (answer.status, answer.start) == (AnswerStatus.AVAILABLE, berlin("2025-10-16T15:00"))
    assert calendar.booked == []
    assert (await phone.says_yes()).status is AnswerStatus.BOOKED


async def test_a_bare_yes_to_two_alternatives_is_asked_back(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.free.discard(NINE)
    await phone.asks(THURSDAY, "09:00")

    answer = await phone.says_yes()

    assert answer.status is AnswerStatus.UNAVAILABLE
    assert len(answer.alternatives) == 2
    assert calendar.booked == []


async def test_a_second_confirmation_of_what_is_booked_says_so(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    first = await phone.says_yes()
    for again in [await phone.says_yes(), await phone.says_yes(THURSDAY, "09:00"), await phone.says_yes(at="09:00")]:
        assert (again.status, again.again, again.booking_uid) == (AnswerStatus.BOOKED, True, first.booking_uid)
    assert len(calendar.booked) == 1


async def test_asking_for_what_this_call_has_booked_is_told_so(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.says_yes()

    answer = await phone.asks(THURSDAY, "09:00")

    assert (answer.status, answer.again) == (AnswerStatus.BOOKED, True)


async def test_a_call_can_book_twice(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.says_yes()
    await phone.asks(at="11:00")

    assert (await phone.says_yes()).start == berlin("2025-10-16T11:00")
    await phone.hangs_up()
    assert [b.uid for b in (await phone.ends()).bookings] == ["uid-1", "uid-2"]


async def test_a_confirmation_first_of_all_books_its_explicit_wish(phone: Phone, calendar: FakeCalendar) -> None:
    answer = await phone.says_yes(THURSDAY, "09:00")

    assert (answer.status, answer.start) == (AnswerStatus.BOOKED, NINE)
    assert [step for step in calendar.steps if step.endswith("_slot")] == ["recheck_slot", "book_slot"]


async def test_a_bare_yes_first_of_all_is_asked_what_for(phone: Phone, calendar: FakeCalendar) -> None:
    answer = await phone.says_yes()

    assert answer.status is AnswerStatus.MISSING_REQUIRED_FIELDS
    assert answer.missing == (Missing.DATE, Missing.TIME)
    assert calendar.booked == []


async def test_an_explicit_wish_outside_the_rules_is_not_booked(phone: Phone, calendar: FakeCalendar) -> None:
    answer = await phone.says_yes(THURSDAY, "20:00")

    assert (answer.status, answer.reason) == (AnswerStatus.UNAVAILABLE, Reason.OUTSIDE_HOURS)
    assert answer.alternatives
    assert calendar.booked == []


async def test_the_same_confirmation_during_a_running_one_joins_it(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.gates["book_slot"] = asyncio.Event()

    first = asyncio.create_task(phone.says_yes(THURSDAY, "09:00"))
    await calendar.entered["book_slot"].wait()
    second = asyncio.create_task(phone.says_yes(THURSDAY, "09:00"))
    third = asyncio.create_task(phone.says_yes())
    calendar.gates["book_slot"].set()
    answers = await asyncio.gather(first, second, third)

    assert {answer.status for answer in answers} == {AnswerStatus.BOOKED}
    assert {answer.booking_uid for answer in answers} == {"uid-1"}
    assert len(calendar.booked) == 1


async def test_a_missing_name_is_asked_for_and_the_offer_stands(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")

    assert (await phone.says_yes(name=None)).status is AnswerStatus.MISSING_CUSTOMER_NAME
    assert (await phone.says_yes(name="Hansi Schmidt")).status is AnswerStatus.BOOKED


async def test_a_recognised_caller_need_not_say_the_name(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.customers["+4915550100001"] = Caller(found=True, customer_id="7", name="Hansi Hinterseer")
    caller = await phone.recognised()
    assert caller.name == "Hansi Hinterseer"
    await phone.asks(THURSDAY, "09:00")

    assert (await phone.says_yes(name=None)).status is AnswerStatus.BOOKED
    assert calendar.booked[0].attendee.name == "Hansi Hinterseer"


async def test_hanging_up_before_the_first_word_ends_the_call(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.conversation.begin(phone.call)
    await phone.hangs_up()

    assert (await phone.ends()).outcome is CallOutcome.HUNG_UP
    assert "release_hold" not in calendar.steps


async def test_hanging_up_during_the_check_still_answers_and_releases(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.gates["check_slot"] = asyncio.Event()
    asking = asyncio.create_task(phone.asks(THURSDAY, "09:00"))
    await calendar.entered["check_slot"].wait()
    await phone.hangs_up()
    calendar.gates["check_slot"].set()

    assert (await asking).status is AnswerStatus.AVAILABLE
    assert (await phone.ends()).outcome is CallOutcome.HUNG_UP
    assert calendar.hold is None


async def test_hanging_up_on_an_offer_releases_the_hold(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.hangs_up()

    result = await phone.ends()

    assert (result.outcome, result.bookings) == (CallOutcome.HUNG_UP, ())
    assert calendar.hold is None
    assert calendar.records[-1].ended_at is not None
    assert calendar.records[-1].hang_up_reason == "user_hangup"


async def test_hanging_up_during_the_booking_finishes_it(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.gates["book_slot"] = asyncio.Event()
    confirming = asyncio.create_task(phone.says_yes())
    await calendar.entered["book_slot"].wait()
    await phone.hangs_up()
    calendar.gates["book_slot"].set()

    assert (await confirming).status is AnswerStatus.BOOKED
    assert [b.start for b in (await phone.ends()).bookings] == [NINE]


async def test_hanging_up_after_the_booking_keeps_it(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.says_yes()
    await phone.hangs_up()

    result = await phone.ends()

    assert result.outcome is CallOutcome.BOOKED
    assert "release_hold" not in calendar.steps


async def test_after_the_call_has_ended_questions_are_closed_and_bookings_stay_true(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.says_yes()
    await phone.hangs_up()
    await phone.ends()

    assert (await phone.asks(THURSDAY, "10:00")).status is AnswerStatus.CLOSED
    late = await phone.says_yes(THURSDAY, "09:00")
    assert (late.status, late.again) == (AnswerStatus.BOOKED, True)
    assert (await phone.says_yes(THURSDAY, "10:00")).status is AnswerStatus.CLOSED
    await phone.hangs_up()


async def test_silence_ends_the_call_and_a_late_yes_hears_that_it_has_expired(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.thinks(phone.call.confirmation_window_seconds + 1)

    assert (await phone.ends()).outcome is CallOutcome.SILENT
    assert calendar.hold is None
    assert (await phone.says_yes()).status is AnswerStatus.EXPIRED
    assert calendar.booked == []


async def test_with_the_recheck_switched_off_the_booking_decides(
    temporal: TemporalServer, phone: Phone, calendar: FakeCalendar
) -> None:
    branch = BRANCH.model_copy(update={"recheck": False})
    phone = Phone(temporal, phone.conversation, new_call(branch))
    await phone.asks(THURSDAY, "09:00")
    calendar.free.discard(NINE)

    answer = await phone.says_yes()

    assert (answer.status, answer.caught_at) == (AnswerStatus.SLOT_TAKEN, CaughtAt.BOOKING)
    assert "recheck_slot" not in calendar.steps


async def test_a_calendar_that_is_down_is_said_so_and_not_called_full(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.failures["check_slot"] = [MISCONFIGURED]
    answer = await phone.asks(THURSDAY, "09:00")
    assert (answer.status, answer.reason) == (AnswerStatus.ERROR, Reason.CALENDAR_UNREACHABLE)
    assert (await phone.view()).outcome is CallOutcome.CONFIGURATION_ERROR

    calendar.failures["check_slot"] = [UNREACHABLE] * 3
    assert (await phone.asks(THURSDAY, "09:00")).status is AnswerStatus.AVAILABLE
    assert calendar.steps.count("check_slot") == 5


async def test_a_rate_limit_at_the_check_is_said_within_the_budget(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.failures["check_slot"] = [rate_limited(60)]

    answer = await phone.asks(THURSDAY, "09:00")

    assert (answer.status, answer.reason) == (AnswerStatus.ERROR, Reason.CALENDAR_UNREACHABLE)


async def test_a_rate_limited_booking_goes_on_when_the_limit_is_over(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.failures["book_slot"] = [rate_limited(0.1)]

    assert (await phone.says_yes()).status is AnswerStatus.BOOKED
    assert calendar.steps.count("book_slot") == 2


async def test_a_store_that_is_down_means_an_offer_without_a_hold(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.store_down = True

    assert (await phone.asks(THURSDAY, "09:00")).status is AnswerStatus.AVAILABLE
    assert (await phone.view()).hold is HoldState.STORE_DOWN
    assert (await phone.says_yes()).status is AnswerStatus.BOOKED


async def test_a_second_question_may_carry_only_what_changed(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00", service=COLOUR)

    answer = await phone.asks(at="11:00")

    assert (answer.status, answer.start) == (AnswerStatus.AVAILABLE, berlin("2025-10-16T11:00"))
    assert answer.service == COLOUR
    assert calendar.hold == berlin("2025-10-16T11:00")


async def test_an_answer_nobody_heard_is_given_when_asked_again(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    over = NOW - timedelta(days=1)
    pending = phone.wish(THURSDAY, "09:00", name="Hansi Schmidt", answer_by=over)
    calendar.gates["book_slot"] = asyncio.Event()
    await phone.handle.signal("confirm", {"wish": pending.model_dump(mode="json")})
    await calendar.entered["book_slot"].wait()
    calendar.gates["book_slot"].set()

    answer = await phone.says_yes(THURSDAY, "09:00")

    assert (answer.status, answer.booking_uid) == (AnswerStatus.BOOKED, "uid-1")
    assert len(calendar.booked) == 1


async def test_a_race_nobody_heard_of_in_time_is_told_when_asked_again_and_counts_once(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.free.discard(NINE)
    late = phone.wish(THURSDAY, "09:00", name="Hansi Schmidt", answer_by=NOW - timedelta(days=1))
    await phone.handle.signal("confirm", {"wish": late.model_dump(mode="json")})
    await phone.handle.execute_update("outcome", {"turn_id": late.turn_id})

    answer = await phone.says_yes(THURSDAY, "09:00")
    await phone.hangs_up()
    await phone.ends()

    assert (answer.status, len(answer.alternatives)) == (AnswerStatus.SLOT_TAKEN, 2)
    _, unheard, told = calendar.records[-1].turns
    assert (unheard.heard, unheard.caught_at) == (False, CaughtAt.RECHECK)
    assert (told.heard, told.status, told.caught_at) == (True, AnswerStatus.SLOT_TAKEN, None)


async def test_an_offer_nobody_heard_is_made_again_instead_of_booked(phone: Phone, calendar: FakeCalendar) -> None:
    wish = phone.wish(THURSDAY, "09:00")
    await phone.conversation.begin(phone.call)
    await phone.handle.execute_update(
        "check_slot", wish.model_copy(update={"answer_by": NOW - timedelta(days=1)}), id=uuid4().hex
    )

    assert (await phone.says_yes()).status is AnswerStatus.AVAILABLE
    assert calendar.booked == []


async def test_an_outcome_that_takes_longer_than_the_caller_waits_is_pending_and_there_when_asked_again(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.gates["book_slot"] = asyncio.Event()
    soon = datetime.now(UTC) + timedelta(seconds=0.5)

    assert (await phone.says_yes(THURSDAY, "09:00", answer_by=soon)).status is AnswerStatus.PENDING
    again = asyncio.create_task(phone.says_yes(THURSDAY, "09:00"))
    calendar.gates["book_slot"].set()

    assert (await again).status is AnswerStatus.BOOKED
    assert len(calendar.booked) == 1


async def test_the_call_is_recorded_turn_by_turn(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.thinks(14)
    calendar.free.discard(NINE)
    await phone.says_yes()
    await phone.says_yes(alternative_id="a1")
    await phone.hangs_up()
    await phone.ends()

    record = calendar.records[-1]
    assert [turn.status for turn in record.turns] == [
        AnswerStatus.AVAILABLE,
        AnswerStatus.SLOT_TAKEN,
        AnswerStatus.BOOKED,
    ]
    first, race, _ = record.turns
    assert (race.caught_at, race.recheck) == (CaughtAt.RECHECK, RecheckResult.GONE)
    assert race.offered_at == first.answered_at
    assert race.confirmed_at is not None
    assert race.offered_at is not None
    assert race.confirmed_at - race.offered_at >= timedelta(seconds=14)
    assert [b.uid for b in record.bookings] == ["uid-1"]
    assert [r.revision for r in calendar.records] == sorted({r.revision for r in calendar.records})


async def test_a_number_is_recorded_with_a_booking_where_it_is_not_the_one_that_calls(
    phone: Phone, calendar: FakeCalendar
) -> None:
    own, given = phone.call.caller_number, "+4915550100009"
    for at, number in (("09:00", None), ("10:00", own), ("11:00", given)):
        await phone.asks(THURSDAY, at)
        await phone.says_yes(phone=number)
    await phone.hangs_up()
    result = await phone.ends()

    assert own is not None
    assert [request.attendee.phone for request in calendar.booked] == [own, own, given]
    assert [booking.phone for booking in result.bookings] == [None, None, given]
    assert calendar.records[-1].bookings == result.bookings


async def test_a_call_ends_when_its_caller_hangs_up_and_hears_nothing_after_that(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.gates["book_slot"] = asyncio.Event()
    confirming = asyncio.create_task(phone.says_yes())
    await calendar.entered["book_slot"].wait()
    # Temporal's clock may be cut off at the millisecond, and nobody hangs up in its future.
    hung_up_at = datetime.now(UTC) - timedelta(milliseconds=1)
    await phone.handle.signal("hang_up", HangUp(at=hung_up_at, reason="user_hangup"))
    calendar.gates["book_slot"].set()
    await confirming
    await phone.ends()

    record = calendar.records[-1]
    assert record.outcome is CallOutcome.BOOKED
    assert record.ended_at == hung_up_at
    assert [turn.heard for turn in record.turns] == [True, False]


async def test_a_yes_is_dated_when_it_was_said_however_long_no_worker_lived(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(THURSDAY, "09:00")
    said_at = datetime.now(UTC)
    yes = phone.wish(name="Hansi Schmidt", answer_by=said_at + timedelta(seconds=phone.call.answer_budget_seconds))
    await phone.thinks(60)
    await phone.handle.signal("confirm", {"wish": yes.model_dump(mode="json")})
    await phone.hangs_up()
    await phone.ends()

    assert calendar.records[-1].turns[-1].confirmed_at == said_at


async def test_every_answer_has_the_call_written_down_whether_or_not_that_is_still_under_way(
    phone: Phone, calendar: FakeCalendar
) -> None:
    """What a workflow task leaves behind does not depend on what else it was taken together with."""
    calendar.gates["record_call"] = asyncio.Event()
    await phone.asks(THURSDAY, "09:00")
    await calendar.entered["record_call"].wait()
    past = await phone.asks(THURSDAY - timedelta(days=30), "09:00")
    assert past.status is AnswerStatus.PAST_TIME

    scheduled = [
        event.activity_task_scheduled_event_attributes.activity_type.name
        async for event in phone.handle.fetch_history_events()
    ]
    assert scheduled.count("record_call") == 2
    calendar.gates["record_call"].set()


async def test_that_the_hold_was_let_go_is_recorded_even_where_the_hang_up_met_a_record_under_way(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.gates["record_call"] = asyncio.Event()
    await phone.asks(THURSDAY, "09:00")
    await calendar.entered["record_call"].wait()
    await phone.hangs_up()
    calendar.gates["record_call"].set()
    await phone.ends()

    *_, before, last = calendar.records
    assert last.revision > before.revision
    assert [step.name for step in last.steps] == ["release_hold"]


async def test_an_operator_cancelling_the_call_lets_a_booking_finish(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.gates["book_slot"] = asyncio.Event()
    confirming = asyncio.create_task(phone.says_yes())
    await calendar.entered["book_slot"].wait()
    await phone.handle.cancel()
    calendar.gates["book_slot"].set()

    assert (await confirming).status is AnswerStatus.BOOKED
    with pytest.raises(WorkflowFailureError):
        await phone.ends()
    assert calendar.records[-1].outcome is CallOutcome.BOOKED


async def test_a_booking_of_unknown_fate_is_looked_for_and_not_called_taken(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(THURSDAY, "09:00")
    lost = ApplicationError("no answer", True, type="CalendarUnreachable", non_retryable=True)
    calendar.failures["book_slot"] = [lost]
    first = await phone.says_yes()
    assert (first.status, first.uncertain) == (AnswerStatus.ERROR, True)

    calendar.free.discard(NINE)
    calendar.booking_outcome = BookingOutcome(
        result=BookingResult.BOOKED, booking_uid="uid-lost", start=NINE, recovered=True
    )
    asked_about = await phone.asks(THURSDAY, "09:00")
    assert (asked_about.status, asked_about.uncertain) == (AnswerStatus.ERROR, True)

    assert (await phone.says_yes(THURSDAY, "09:00")).booking_uid == "uid-lost"
    assert calendar.steps.count("recheck_slot") == 1


async def test_a_booking_of_unknown_fate_is_not_called_taken_when_nothing_else_is_free_either(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(THURSDAY, "09:00")
    lost = ApplicationError("no answer", True, type="CalendarUnreachable", non_retryable=True)
    calendar.failures["book_slot"] = [lost]
    assert (await phone.says_yes()).uncertain
    calendar.free.clear()

    asked_about = await phone.asks(THURSDAY, "09:00")

    assert (asked_about.status, asked_about.uncertain) == (AnswerStatus.ERROR, True)


async def test_a_booking_that_was_certainly_refused_is_not_called_uncertain(
    phone: Phone, calendar: FakeCalendar
) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.failures["book_slot"] = [
        ApplicationError("key refused", False, type="CalendarNotConfigured", non_retryable=True)
    ]

    answer = await phone.says_yes()

    assert (answer.status, answer.uncertain, answer.misconfigured) == (AnswerStatus.ERROR, False, True)
    assert (await phone.says_yes()).status is AnswerStatus.BOOKED
    assert calendar.steps.count("recheck_slot") == 2


async def test_a_yes_said_before_the_alternatives_were_offered_books_none_of_them(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.free = {NINE, TEN}
    await phone.asks(THURSDAY, "09:00")
    calendar.gates["recheck_slot"] = asyncio.Event()
    first = asyncio.create_task(phone.says_yes(THURSDAY, "09:00"))
    await calendar.entered["recheck_slot"].wait()
    await phone.handle.signal(
        AppointmentWorkflow.confirm, Confirmation(wish=(second := phone.wish(name="Hansi Schmidt")))
    )
    calendar.free.discard(NINE)
    calendar.gates["recheck_slot"].set()

    assert (await first).status is AnswerStatus.SLOT_TAKEN
    asked_back = await phone.handle.execute_update(AppointmentWorkflow.outcome, ConfirmationId(turn_id=second.turn_id))

    assert asked_back.status is AnswerStatus.UNAVAILABLE
    assert calendar.booked == []


async def test_an_alternative_chosen_while_another_moment_is_booked_is_offered_and_not_taken_for_that_one(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.free = {TEN, ELEVEN}
    asked = await phone.asks(THURSDAY, "09:00")
    ids = {alternative.start: alternative.id for alternative in asked.alternatives}
    calendar.gates["book_slot"] = asyncio.Event()
    first = asyncio.create_task(phone.says_yes(THURSDAY, "10:00"))
    await calendar.entered["book_slot"].wait()
    second = Confirmation(wish=phone.wish(name="Hansi Schmidt"), alternative_id=ids[ELEVEN])
    await phone.handle.signal(AppointmentWorkflow.confirm, second)
    calendar.gates["book_slot"].set()

    assert (await first).start == TEN
    chosen = await phone.handle.execute_update(AppointmentWorkflow.outcome, ConfirmationId(turn_id=second.wish.turn_id))
    assert (chosen.status, chosen.start) == (AnswerStatus.AVAILABLE, ELEVEN)
    assert (await phone.says_yes()).start == ELEVEN
    assert [request.start for request in calendar.booked] == [TEN, ELEVEN]


async def test_a_bare_yes_said_before_the_offer_is_asked_back(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.gates["check_slot"] = asyncio.Event()
    asking = asyncio.create_task(phone.asks(THURSDAY, "09:00"))
    await calendar.entered["check_slot"].wait()
    early = phone.wish(name="Hansi Schmidt")
    await phone.handle.signal(AppointmentWorkflow.confirm, Confirmation(wish=early))
    calendar.gates["check_slot"].set()

    assert (await asking).status is AnswerStatus.AVAILABLE
    asked_back = await phone.handle.execute_update(AppointmentWorkflow.outcome, ConfirmationId(turn_id=early.turn_id))

    assert asked_back.status is AnswerStatus.AVAILABLE
    assert calendar.booked == []


async def test_a_notice_that_ran_out_while_the_caller_thought_is_not_called_taken(
    phone: Phone, calendar: FakeCalendar
) -> None:
    shortly_before = NINE - timedelta(minutes=15, seconds=5)
    await phone.asks(THURSDAY, "09:00", asked_at=shortly_before)

    answer = await phone.says_yes(asked_at=shortly_before + timedelta(seconds=14))

    assert (answer.status, answer.reason) == (AnswerStatus.UNAVAILABLE, Reason.BOOKING_NOTICE_VIOLATION)
    assert answer.alternatives
    assert answer.caught_at is None


async def test_a_booked_alternative_named_again_in_other_words_is_still_booked(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.free.discard(NINE)
    await phone.asks(THURSDAY, "09:00")
    await phone.says_yes(alternative_id="a1")

    again = await phone.says_yes(alternative_id="a1", phone="+4915550100009")

    assert (again.status, again.again) == (AnswerStatus.BOOKED, True)
    assert len(calendar.booked) == 1


async def test_an_alternative_checked_once_more_may_still_be_called_by_its_id(
    phone: Phone, calendar: FakeCalendar
) -> None:
    calendar.free.discard(NINE)
    await phone.asks(THURSDAY, "09:00")
    assert (await phone.asks(THURSDAY, "10:00")).status is AnswerStatus.AVAILABLE

    answer = await phone.says_yes(THURSDAY, "10:00", alternative_id="a2")

    assert (answer.status, answer.start) == (AnswerStatus.BOOKED, TEN)


async def test_a_booking_whose_fate_became_known_is_uncertain_no_longer(phone: Phone, calendar: FakeCalendar) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.failures["book_slot"] = [
        ApplicationError("no answer", True, type="CalendarUnreachable", non_retryable=True)
    ]
    assert (await phone.says_yes()).uncertain
    calendar.free.discard(NINE)
    assert (await phone.says_yes(THURSDAY, "09:00")).status is AnswerStatus.SLOT_TAKEN

    asked_about = await phone.asks(THURSDAY, "09:00")

    assert (asked_about.status, asked_about.uncertain) == (AnswerStatus.UNAVAILABLE, False)
