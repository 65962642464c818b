import asyncio
import gc
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

import worker
from bench import tuned
from bench.tuned import GC_SELDOM, Tuning, run_webhook, run_worker
from starter import cli
from starter.conversation import Conversation
from tests.workflows.fakes import new_call
from workflows.messages import Confirmation, SlotWish
from workflows.options import TASK_TIMEOUT

CALL = new_call()


def built(tuning: Tuning, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what a tuned worker is put together with."""
    monkeypatch.setattr(tuned, "Worker", lambda _client, **config: config)
    config: dict[str, Any] = {}
    monkeypatch.setattr(worker, "run", lambda: config.update(worker.build_worker(Mock(), Mock(), Mock())))  # type: ignore[call-overload]
    run_worker(tuning)
    return config


def test_a_worker_is_built_with_what_is_set_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    config = built(Tuning(sticky_seconds=0.5), monkeypatch)
    assert config["sticky_queue_schedule_to_start_timeout"] == timedelta(seconds=0.5)


def test_every_setting_of_a_worker_can_be_another(monkeypatch: pytest.MonkeyPatch) -> None:
    config = built(Tuning(pollers=7, for_any_call=0.4, sandboxed=True, eager=False), monkeypatch)
    assert config["max_concurrent_workflow_task_polls"] == 7
    assert config["nonsticky_to_sticky_poll_ratio"] == 0.4
    assert isinstance(config["workflow_runner"], SandboxedWorkflowRunner)
    assert config["disable_eager_activity_execution"] is True


def test_garbage_is_looked_for_seldom_once_there_is_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = gc.get_threshold()
    try:
        built(Tuning(gc_at_rest=True), monkeypatch)
        assert gc.get_threshold()[0] == GC_SELDOM
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


def test_what_is_not_set_is_as_it_is_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    config = built(Tuning(task_seconds=7), monkeypatch)
    assert config["sticky_queue_schedule_to_start_timeout"] == worker.STICKY_LIMIT


def asked_of_temporal(tuning: Tuning, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Mock]:
    """Let a tuned web process deliver a "yes"; return what it asked for in turn, and the client it asked."""
    client = Mock(namespace="default", start_workflow=AsyncMock(side_effect=RuntimeError))
    client.workflow_service.reset_sticky_task_queue = AsyncMock()
    now = datetime.now(UTC)
    answer_by = now + timedelta(seconds=8)
    wish = SlotWish(turn_id="yes", asked_at=now, answer_by=answer_by, day=date(2025, 10, 16), time_of_day=time(9))

    def serve(_arguments: list[str]) -> None:
        asyncio.run(Conversation(client).confirm(CALL, Confirmation(wish=wish)))

    monkeypatch.setattr(cli, "app", serve)
    run_webhook(tuning, [])
    return [name.rpartition(".")[2] for name, _, _ in client.mock_calls], client


def test_a_web_process_begins_calls_with_the_task_timeout_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, client = asked_of_temporal(Tuning(task_seconds=2), monkeypatch)
    assert asked == ["start_workflow"]
    assert client.start_workflow.call_args.kwargs["task_timeout"] == timedelta(seconds=2)


def test_who_led_a_call_last_is_forgotten_before_the_yes_is_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, client = asked_of_temporal(Tuning(reset_sticky=True), monkeypatch)
    assert asked == ["reset_sticky_task_queue", "start_workflow"]
    request = client.workflow_service.reset_sticky_task_queue.call_args.args[0]
    assert request.execution.workflow_id == f"call/{CALL.call_id}"
    assert client.start_workflow.call_args.kwargs["task_timeout"] == TASK_TIMEOUT
