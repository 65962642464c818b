"""What operators see of a call in the Temporal UI: the page's words, and the times on the branch's clock."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata

from tests.workflows.fakes import BRANCH, HAIRCUT, THURSDAY, UNREACHABLE, FakeCalendar, Phone, berlin
from workflows import visibility
from workflows.messages import (
    AnswerStatus,
    BookingRecord,
    Call,
    CallOutcome,
    CaughtAt,
    ConversationView,
    HoldState,
    Reason,
    RecheckResult,
    StepRecord,
    TurnKind,
    TurnRecord,
)

NINE, TEN = berlin("2025-10-16T09:00"), berlin("2025-10-16T10:00")
ASKED = datetime(2025, 10, 14, 21, 6, 31, tzinfo=UTC)
CALL = Call(call_id="call_1", branch=BRANCH)


class TurnFields(TypedDict, total=False):
    """What a test says about a turn."""

    reason: Reason
    caught_at: CaughtAt
    alternatives: tuple[datetime, ...]
    hold: HoldState
    recheck: RecheckResult
    offered_at: datetime
    confirmed_at: datetime
    heard: bool


def step(name: str, after: float = 0, **more: int | str) -> StepRecord:
    ended_at = ASKED + timedelta(seconds=after)
    return StepRecord.model_validate(
        {"name": name, "began_at": ended_at - timedelta(seconds=0.4), "ended_at": ended_at} | more
    )


def turn(
    kind: TurnKind, start: datetime, status: AnswerStatus, steps: Sequence[StepRecord], **more: Unpack[TurnFields]
) -> TurnRecord:
    answered_at = steps[-1].ended_at if steps else ASKED
    return TurnRecord(
        turn_id="t",
        kind=kind,
        wished_start=start,
        status=status,
        steps=tuple(steps),
        received_at=ASKED,
        answered_at=answered_at,
        **more,
    )


def asked(start: datetime, **more: Unpack[TurnFields]) -> TurnRecord:
    fields = TurnFields(hold=HoldState.HELD) | more
    return turn(TurnKind.QUESTION, start, AnswerStatus.AVAILABLE, [step("check_slot")], **fields)


def line(shown: str, begins: str) -> str:
    return next((line.removeprefix(begins) for line in shown.splitlines() if line.startswith(begins)), "")


def hold_of(*turns: TurnRecord, ending: Sequence[StepRecord] = ()) -> str:
    view = ConversationView(outcome=CallOutcome.OPEN, turns=turns)
    return line(visibility.page(view, CALL, ending), "- hold: ")


@pytest.mark.parametrize(
    ("instant", "timezone", "shown"),
    [
        (datetime(2025, 10, 16, 7, tzinfo=UTC), "Europe/Berlin", "Thu 16 Oct 2025 09:00"),
        (datetime(2025, 11, 16, 7, tzinfo=UTC), "Europe/Berlin", "Sun 16 Nov 2025 08:00"),
        (datetime(2025, 10, 16, 23, 30, tzinfo=UTC), "Europe/Berlin", "Fri 17 Oct 2025 01:30"),
        (datetime(2025, 10, 16, 3, tzinfo=UTC), "America/New_York", "Wed 15 Oct 2025 23:00"),
    ],
)
def test_a_moment_is_shown_on_the_branchs_clock(instant: datetime, timezone: str, shown: str) -> None:
    assert visibility.moment(instant, timezone) == shown


def test_the_zone_of_the_times_is_named_once() -> None:
    shown = visibility.page(ConversationView(outcome=CallOutcome.OPEN, turns=(asked(NINE), asked(TEN))), CALL)
    assert shown.count("Europe/Berlin") == 1


def test_a_turn_is_called_by_what_was_said_of_which_moment() -> None:
    assert visibility.turn_label(TurnKind.QUESTION, NINE, "Europe/Berlin") == "question: Thu 16 Oct 2025 09:00"
    assert visibility.turn_label(TurnKind.CONFIRMATION, None, "Europe/Berlin") == "yes"


def test_the_timer_says_what_it_is_for() -> None:
    assert visibility.silence_summary(timedelta(seconds=900)) == "the call ends after 900 s without a word"


@pytest.mark.parametrize(
    ("second", "then"),
    [
        (
            turn(
                TurnKind.CONFIRMATION,
                NINE,
                AnswerStatus.SLOT_TAKEN,
                [step("recheck_slot", after=14)],
                hold=HoldState.HELD,
                caught_at=CaughtAt.RECHECK,
            ),
            "renewed until 23:08:45",
        ),
        (
            turn(
                TurnKind.CONFIRMATION,
                NINE,
                AnswerStatus.SLOT_TAKEN,
                [step("recheck_slot", after=14)],
                hold=HoldState.HELD_BY_ANOTHER_CALL,
                caught_at=CaughtAt.HOLD,
            ),
            "lost to another call",
        ),
        (
            turn(
                TurnKind.CONFIRMATION,
                NINE,
                AnswerStatus.SLOT_TAKEN,
                [step("book_slot", after=14)],
                hold=HoldState.HELD,
                caught_at=CaughtAt.HOLD,
            ),
            "lost to another call",
        ),
        (
            turn(
                TurnKind.CONFIRMATION,
                NINE,
                AnswerStatus.BOOKED,
                [step("recheck_slot", after=14), step("book_slot", after=15)],
                hold=HoldState.NOT_TRIED,
            ),
            "kept for the booking",
        ),
        (asked(TEN), "Thu 16 Oct 2025 10:00 held until 23:08:31"),
        (
            asked(TEN, hold=HoldState.HELD_BY_ANOTHER_CALL),
            "Thu 16 Oct 2025 10:00 held by another call",
        ),
    ],
)
def test_the_page_tells_what_became_of_the_hold(second: TurnRecord, then: str) -> None:
    assert hold_of(asked(NINE), second) == f"Thu 16 Oct 2025 09:00 held until 23:08:31, {then}"


def test_a_hold_that_was_let_go_is_the_one_the_call_had() -> None:
    elsewhere = asked(TEN, hold=HoldState.HELD_BY_ANOTHER_CALL)
    assert hold_of(asked(NINE), elsewhere, ending=[step("release_hold")]).endswith(", Thu 16 Oct 2025 09:00 let go")
    failed = step("release_hold", failure="StoreUnavailable")
    assert hold_of(asked(NINE), ending=[failed]).endswith(", not let go, it runs out by itself")
    assert hold_of(elsewhere, ending=[step("release_hold")]) == "Thu 16 Oct 2025 10:00 held by another call"


def test_an_offer_made_without_the_database_is_said_to_be_unheld() -> None:
    unheld = asked(NINE, hold=HoldState.STORE_DOWN)
    booked = turn(TurnKind.CONFIRMATION, NINE, AnswerStatus.BOOKED, [step("book_slot")])
    assert hold_of(unheld, booked) == "Thu 16 Oct 2025 09:00 not held, the database did not answer"


def test_an_offer_beyond_the_limits_is_said_to_be_unheld() -> None:
    unheld = asked(NINE, hold=HoldState.OVER_LIMIT)
    booked = turn(TurnKind.CONFIRMATION, NINE, AnswerStatus.BOOKED, [step("book_slot")])
    assert hold_of(unheld, booked) == "Thu 16 Oct 2025 09:00 not held, too many are held for this line"


def test_a_turn_that_looked_at_nothing_says_nothing_of_the_hold() -> None:
    closed = turn(TurnKind.QUESTION, TEN, AnswerStatus.UNAVAILABLE, [step("find_slots")], hold=HoldState.HELD)
    assert hold_of(closed) == ""


def test_a_race_is_told_turn_by_turn() -> None:
    taken = turn(
        TurnKind.CONFIRMATION,
        NINE,
        AnswerStatus.SLOT_TAKEN,
        [step("recheck_slot", attempts=2), step("find_slots", failure="CalendarUnreachable")],
        reason=Reason.RACE_CONDITION_DETECTED,
        caught_at=CaughtAt.RECHECK,
        recheck=RecheckResult.GONE,
        offered_at=ASKED - timedelta(seconds=14),
        confirmed_at=ASKED,
        heard=False,
    )
    shown = visibility.page(ConversationView(outcome=CallOutcome.OPEN, turns=(taken,)), CALL)

    assert shown.splitlines()[-1] == (
        "| 23:06:31 | yes | Thu 16 Oct 2025 09:00 "
        "| slot_taken: race_condition_detected; no alternatives; nobody listened any more | gone | recheck | 14 s "
        "| `recheck_slot` 0.4 s, 2 attempts; `find_slots` 0.4 s, failed: CalendarUnreachable |"
    )


def test_the_page_names_nobody() -> None:
    booking = BookingRecord(
        uid="uid-1",
        service="haarschnitt",
        calendar="dr-smith",
        start=NINE,
        end=NINE + HAIRCUT.duration,
        name="Hansi Schmidt",
        email="hansi@example.com",
        recovered=True,
    )
    call = CALL.model_copy(update={"caller_number": "+4915550100001"})
    shown = visibility.page(ConversationView(outcome=CallOutcome.BOOKED, bookings=(booking,)), call)

    assert line(shown, "- booked: ") == "Thu 16 Oct 2025 09:00 as `uid-1` (found again)"
    assert not [secret for secret in ("Hansi", "Schmidt", "example.com", "4915550100001") if secret in shown]


async def test_a_hold_that_could_not_be_released_is_said_to_run_out(phone: Phone, calendar: FakeCalendar) -> None:
    calendar.failures["release_hold"] = [UNREACHABLE] * 20
    await phone.asks(THURSDAY, "09:00")
    await phone.hangs_up()
    await phone.thinks(40)
    await phone.ends()

    metadata = await phone.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert line(metadata.current_details, "- hold: ").endswith("not let go, it runs out by itself")
