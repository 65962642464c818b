"""Which calls of a person can be forgotten, and what is said of it."""

from datetime import UTC, datetime, timedelta

import pytest

from starter.forgetting import History, Plan, plan
from store.forget import KnownCall, Traces

NOW = datetime(2025, 10, 14, 20, 28, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def planned(history: History, began: timedelta, ended: timedelta | None, call_id: str = "call_1") -> Plan:
    """Return what is planned for one call that began, and perhaps ended, so long ago."""
    call = KnownCall(call_id, NOW - began, None if ended is None else NOW - ended)
    return plan(Traces((call,), ("uid-1",), 4, 1), {call_id: history}, NOW)


@pytest.mark.parametrize(
    ("history", "began", "ended", "is_over"),
    [
        (History.RUNNING, MINUTE, None, False),
        (History.RUNNING, 2 * MINUTE, MINUTE, False),
        (History.ENDED, 2 * MINUTE, MINUTE, True),
        (History.ENDED, 2 * MINUTE, None, True),
        (History.GONE, DAY, None, True),
        (History.UNKNOWN, 2 * MINUTE, MINUTE, True),
        (History.UNKNOWN, MINUTE, None, False),
        (History.UNKNOWN, DAY, None, True),
    ],
)
def test_a_call_is_forgotten_when_it_is_over(
    history: History, began: timedelta, ended: timedelta | None, is_over: bool
) -> None:
    made = planned(history, began, ended)
    assert (made.forgettable, made.in_progress) == ((("call_1",), ()) if is_over else ((), ("call_1",)))


@pytest.mark.parametrize(
    ("history", "is_named"), [(History.ENDED, True), (History.UNKNOWN, True), (History.GONE, False)]
)
def test_histories_are_named_as_long_as_they_may_be_there(history: History, is_named: bool) -> None:
    lines = list(planned(history, DAY, DAY).elsewhere())
    assert any("WorkflowId IN ('call/call_1')" in line for line in lines) is is_named
    assert any(line.startswith("Temporal does not answer") for line in lines) is (history is History.UNKNOWN)


def test_of_hundreds_of_calls_fifty_are_deleted_by_one_command() -> None:
    calls = tuple(KnownCall(f"call_{number}", NOW - DAY, NOW - DAY) for number in range(120))
    made = plan(Traces(calls, (), 0, 0), {call.call_id: History.ENDED for call in calls}, NOW)
    assert [line.count("'call/") for line in made.elsewhere() if "workflow delete" in line] == [50, 50, 20]


def test_a_call_in_progress_is_named_and_its_history_is_not_to_be_deleted() -> None:
    made = planned(History.RUNNING, MINUTE, None)
    assert "  call/call_1" in list(made.here())
    assert not any("delete" in line for line in made.elsewhere())
