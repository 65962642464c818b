"""What a web process with a worker beside it foresees, and what it hears of that worker's steps."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.news import News, Tell
from starter import nearby as nearby_module
from starter.nearby import Nearby
from tests.workflows.fakes import BRANCH, COLOUR, HAIRCUT
from workflows import options
from workflows.calendar import slot_check, slot_recheck
from workflows.messages import (
    Aim,
    Alternative,
    Answer,
    AnswerStatus,
    Call,
    Confirmation,
    HoldState,
    SlotWish,
    TimeWindow,
)
from workflows.requests import (
    Attendee,
    Availability,
    BookingOutcome,
    BookingResult,
    BookSlot,
    Held,
    SlotCheck,
    SlotHold,
    SlotRecheck,
)
from workflows.rules import Slot

NOON = datetime(2025, 10, 14, 12, tzinfo=UTC)
NINE = datetime(2025, 10, 16, 7, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
CALL = Call(call_id="call_1", branch=BRANCH)
WISH = SlotWish(turn_id="question/1", asked_at=NOON, service=HAIRCUT, day=date(2025, 10, 16), time_of_day=time(9))
YES = Confirmation(wish=SlotWish(turn_id="yes/1", asked_at=NOON, name="Hansi Schmidt"))
OFFER = Answer(status=AnswerStatus.AVAILABLE, start=NINE, service=HAIRCUT)
TAKEN = Answer(
    status=AnswerStatus.SLOT_TAKEN,
    start=NINE,
    service=HAIRCUT,
    alternatives=(Alternative(id="a1", start=TEN),),
)


class Foreseen(list[SlotCheck | SlotRecheck]):
    """The looks that were begun."""


@pytest.fixture
def begun() -> Foreseen:
    return Foreseen()


@pytest.fixture
def nearby(begun: Foreseen) -> Nearby:
    return Nearby(begun.append)


def but(message: Any, **changes: object) -> Any:
    return message.model_copy(update=changes)


def yes(**changes: object) -> Confirmation:
    return Confirmation(wish=but(YES.wish, **changes))


def test_the_look_of_a_question_that_names_its_moment_is_the_one_the_workflow_will_ask_for(
    nearby: Nearby, begun: Foreseen
) -> None:
    nearby.asked(CALL, WISH)
    assert begun == [slot_check(CALL, Slot(HAIRCUT, NINE), NOON, WISH.turn_id, None)]


def test_a_question_that_names_no_service_is_about_the_one_spoken_of_last_and_else_about_the_usual_one(
    nearby: Nearby, begun: Foreseen
) -> None:
    nearby.asked(but(CALL, branch=but(BRANCH, default_service=HAIRCUT)), but(WISH, service=None))
    nearby.answered(CALL.call_id, but(OFFER, service=COLOUR))
    nearby.asked(CALL, but(WISH, service=None))
    assert [look.service for look in begun] == [HAIRCUT, COLOUR]


@pytest.mark.parametrize(
    "changes",
    [
        {"day": None},
        {"time_of_day": None},
        {"aim": Aim.FIRST_FREE},
        {"aim": Aim.ALTERNATIVES},
        {"about": True},
        {"window": TimeWindow(since=time(9), until=time(12), anchor=time(9))},
        {"choice": 2},
        {"week": date(2025, 10, 20)},
        {"service": None},
        {"day": date(2025, 10, 13)},
        {"time_of_day": time(23)},
    ],
)
def test_nothing_is_begun_for_a_question_whose_look_is_not_certain(
    nearby: Nearby, begun: Foreseen, changes: dict[str, object]
) -> None:
    nearby.asked(but(CALL, branch=but(BRANCH, default_service=None)), but(WISH, **changes))
    assert begun == []


@pytest.mark.parametrize(
    ("told", "booked"),
    [(OFFER, NINE), (TAKEN, TEN), (but(OFFER, status=AnswerStatus.MISSING_CUSTOMER_NAME), NINE)],
)
def test_the_look_before_a_booking_is_of_what_was_offered_last(
    nearby: Nearby, begun: Foreseen, told: Answer, booked: datetime
) -> None:
    nearby.answered(CALL.call_id, told)
    nearby.confirmed(CALL, YES)
    assert begun == [slot_recheck(CALL, Slot(HAIRCUT, booked))]


def test_a_yes_without_a_name_needs_one_unless_the_offer_said_it(nearby: Nearby, begun: Foreseen) -> None:
    nearby.answered(CALL.call_id, OFFER)
    nearby.confirmed(CALL, yes(name=None))
    assert begun == []
    nearby.answered(CALL.call_id, but(OFFER, customer_name="Hansi Schmidt"))
    nearby.confirmed(CALL, yes(name=None))
    assert len(begun) == 1


@pytest.mark.parametrize(
    ("told", "confirmation"),
    [
        (None, YES),
        (Answer(status=AnswerStatus.BOOKED, start=NINE, service=HAIRCUT), YES),
        (but(TAKEN, alternatives=(*TAKEN.alternatives, Alternative(id="a2", start=NINE))), YES),
        (TAKEN, but(YES, alternative_id="a1")),
        (TAKEN, yes(choice=1)),
        (OFFER, yes(day=date(2025, 10, 17), time_of_day=time(9))),
    ],
)
def test_nothing_is_begun_for_a_yes_that_may_mean_something_else(
    nearby: Nearby, begun: Foreseen, told: Answer | None, confirmation: Confirmation
) -> None:
    if told:
        nearby.answered(CALL.call_id, told)
    nearby.confirmed(CALL, confirmation)
    assert begun == []


def test_nothing_is_begun_for_a_branch_that_does_not_look_again(nearby: Nearby, begun: Foreseen) -> None:
    nearby.answered(CALL.call_id, OFFER)
    nearby.confirmed(but(CALL, branch=but(BRANCH, recheck=False)), YES)
    assert begun == []


def test_a_call_that_was_hung_up_is_forgotten_and_so_is_the_oldest_of_too_many(
    nearby: Nearby, begun: Foreseen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearby_module, "REMEMBERED", 2)
    for call_id in ("oldest", "hung up", "last"):
        nearby.answered(call_id, OFFER)
    nearby.hung_up("hung up")
    nearby.hung_up("never heard of")
    for call_id in ("oldest", "hung up", "last"):
        nearby.confirmed(but(CALL, call_id=call_id), YES)
    assert [look.call_id for look in begun] == ["last"]


async def test_whoever_listens_to_a_turn_hears_of_it_once_and_of_no_other(nearby: Nearby) -> None:
    with nearby.listening("call", "question/1") as told, nearby.listening("call", "question/2") as other:
        nearby.tell("call", "question/1", OFFER)
        nearby.tell("call", "question/1", TAKEN)
        assert told.result() == OFFER
        assert not other.done()


async def test_two_who_ask_the_same_both_hear_it(nearby: Nearby) -> None:
    with nearby.listening("call", "question/1") as one, nearby.listening("call", "question/1") as other:
        nearby.tell("call", "question/1", OFFER)
        assert one.result() == other.result() == OFFER


async def test_turns_of_two_calls_may_have_the_same_id(nearby: Nearby) -> None:
    with nearby.listening("one", "question/1") as one, nearby.listening("other", "question/1") as other:
        nearby.tell("one", "question/1", OFFER)
        assert one.result() == OFFER
        assert not other.done()


async def test_what_is_told_when_nobody_listens_any_more_is_told_to_nobody(nearby: Nearby) -> None:
    with nearby.listening("call", "question/1") as before:
        pass
    nearby.tell("call", "question/1", OFFER)
    with nearby.listening("call", "question/1") as after:
        assert not before.done()
        assert not after.done()


CHECK = slot_check(CALL, Slot(HAIRCUT, NINE), NOON, "question/1", "Hansi Schmidt")
HOLD = SlotHold(**CHECK.model_dump(include=set(SlotHold.model_fields)))
BOOKING = BookSlot(
    **CHECK.model_dump(include={"call_id", "company", "timezone", "calcom_api_key_env", "service", "line", "start"}),
    attendee=Attendee(name="Hansi Schmidt", language="de"),
    turn_id="yes/1",
)
UNHELD = Held(hold=HoldState.STORE_DOWN)
FREE = Availability(listed=True, hold=HoldState.HELD)
BOOKED = BookingOutcome(result=BookingResult.BOOKED, booking_uid="abc", start=NINE, mail_reaches_caller=True)


class Step(ActivityInboundInterceptor):
    """A step that comes to this."""

    def __init__(self, result: object) -> None:
        self._result = result

    async def execute_activity(self, input: ExecuteActivityInput) -> object:
        return self._result


async def carried_out(request: object, result: object, tell: Tell, **limits: Any) -> object:
    """Carry out a step in a worker that tells; return what Temporal is given."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, **({"start_to_close_timeout": timedelta(seconds=25)} | limits))
    asked = ExecuteActivityInput(fn=activity.info, args=[request], executor=None, headers={})
    given: object = await environment.run(News(tell).intercept_activity(Step(result)).execute_activity, asked)
    return given


@pytest.mark.parametrize(
    ("request_", "result", "told"),
    [
        (CHECK, FREE, (CALL.call_id, "question/1", CHECK.answer_to(FREE))),
        (
            HOLD,
            Held(hold=HoldState.STORE_DOWN),
            (CALL.call_id, "question/1", HOLD.answer_to(Held(hold=HoldState.STORE_DOWN))),
        ),
        (BOOKING, BOOKED, (CALL.call_id, "yes/1", BOOKING.answer_to(BOOKED))),
        (CHECK, Availability(listed=False, hold=HoldState.NOT_TRIED), None),
        (CHECK, Availability(listed=True, hold=HoldState.HELD_BY_ANOTHER_CALL), None),
        (HOLD, Held(hold=HoldState.HELD_BY_ANOTHER_CALL), None),
        (BOOKING, BookingOutcome(result=BookingResult.TAKEN), None),
        (but(CHECK, turn_id=None), FREE, None),
        ("another step's", "result", None),
    ],
)
async def test_a_step_tells_the_answer_that_its_request_says_and_none_that_the_workflow_has_to_find(
    request_: object, result: object, told: tuple[str, str, Answer] | None
) -> None:
    heard: list[tuple[str, str, Answer]] = []
    assert await carried_out(request_, result, lambda *what: heard.append(what)) is result
    assert heard == ([told] if told else [])


async def test_a_result_that_comes_when_its_attempt_is_all_but_over_is_not_told() -> None:
    heard: list[str] = []

    def tell(_: str, turn_id: str, __: Answer) -> None:
        heard.append(turn_id)

    await carried_out(CHECK, FREE, tell, start_to_close_timeout=options.LAST_MOMENT)
    late = {"scheduled_time": NOON, "started_time": NOON + timedelta(seconds=6)}
    await carried_out(CHECK, FREE, tell, **late, schedule_to_close_timeout=timedelta(seconds=6))
    assert heard == []
    await carried_out(CHECK, FREE, tell, **late, schedule_to_close_timeout=timedelta(seconds=60))
    assert heard == ["question/1"]


async def test_a_step_does_not_fail_for_what_could_not_be_told(caplog: pytest.LogCaptureFixture) -> None:
    def breaks(_: str, __: str, answer: Answer) -> None:
        raise ValueError(f"nobody may read {answer}")

    assert await carried_out(BOOKING, BOOKED, breaks) is BOOKED
    assert caplog.messages == ["what a step came to was not told: ValueError"]
