"""Calls in progress survive a change of the code: every recorded call replays on the code as it is."""

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from tests.replay.record import HISTORIES, PATHS
from workflows.appointment import AppointmentWorkflow
from workflows.calendar import Calendar

REMEDY = (
    "calls that began before this change would break on it: keep the order of steps for them with "
    "workflow.patched(), or, if no such call can be in progress, record the histories anew with `make histories`"
)


def test_every_path_has_its_history() -> None:
    assert {file.stem for file in HISTORIES.glob("*.json")} == set(PATHS), "run `make histories`"


async def replayed(name: str) -> NondeterminismError | None:
    """Replay a recorded call; return why it cannot go on, if it cannot."""
    history = WorkflowHistory.from_json(f"call/{name}", (HISTORIES / f"{name}.json").read_text())
    replayer = Replayer(workflows=[AppointmentWorkflow], data_converter=pydantic_data_converter)
    try:
        await replayer.replay_workflow(history)
    except NondeterminismError as error:
        return error
    return None


@pytest.mark.parametrize("name", PATHS)
async def test_recorded_call_replays(name: str) -> None:
    if error := await replayed(name):
        pytest.fail(f"{REMEDY}\n{error}")


async def test_a_changed_order_of_steps_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def keep_holding(_calendar: Calendar) -> None:
        """Forget to release the hold."""

    monkeypatch.setattr(Calendar, "let_go", keep_holding)
    assert await replayed("hung_up") is not None
