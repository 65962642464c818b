"""A worker or a web process with other settings than ours, for measurements that are to choose between them.

``python -m bench.tuned worker '{"sticky_seconds": 1}'``; ``webhook`` takes that command's own options besides.
"""

import gc
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pydantic import BaseModel, ConfigDict
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

WORKER = Path(__file__).parents[1] / "worker.py"

GC_SELDOM = 50_000
"""Objects that are made before the young ones are looked through; 700 by default."""


class Tuning(BaseModel):
    """What is set otherwise; ``None`` is as we ship it.

    Attributes:
        sticky_seconds: How long a worker is waited for that led the call last.
        pollers: How many requests for workflow tasks a worker has open.
        for_any_call: Which part of these at least asks for calls that no worker has in memory, such as new ones.
        sandboxed: Whether workflow code runs in the sandbox, as in the tests.
        eager: Whether the steps of a workflow task come with Temporal's answer to it.
        gc_at_rest: Whether what a worker begins with is never looked through for garbage, and the rest seldom.
        task_seconds: How long a worker may take for a workflow task; set where calls are begun, in the web process.
        reset_sticky: Whether the web process has Temporal forget who led a call last before it delivers the "yes".
        together: Whether worker and web process are one, which has no settings but ours.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sticky_seconds: float | None = None
    pollers: int | None = None
    for_any_call: float | None = None
    sandboxed: bool = False
    eager: bool = True
    gc_at_rest: bool = False
    task_seconds: float | None = None
    reset_sticky: bool = False
    together: bool = False

    def __str__(self) -> str:
        """Name what differs."""
        if self.together:
            return "together"
        changed = self.model_dump(exclude_defaults=True)
        return ", ".join(f"{name} {value}" for name, value in changed.items()) or "as shipped"

    @property
    def worker(self) -> tuple[str, ...]:
        """The command that runs a worker so."""
        return (sys.executable, str(WORKER)) if self == Tuning() else self._command("worker")

    @property
    def webhook(self) -> tuple[str, ...]:
        """The command that runs a web process so; it takes options."""
        return self._command("webhook")

    @property
    def of_the_worker(self) -> Mapping[str, Any]:
        """What a ``temporalio.worker.Worker`` is built with otherwise."""
        settings = {
            "sticky_queue_schedule_to_start_timeout": self.sticky_seconds and timedelta(seconds=self.sticky_seconds),
            "max_concurrent_workflow_task_polls": self.pollers,
            "nonsticky_to_sticky_poll_ratio": self.for_any_call,
            "workflow_runner": SandboxedWorkflowRunner() if self.sandboxed else None,
            "disable_eager_activity_execution": None if self.eager else True,
        }
        return {name: value for name, value in settings.items() if value is not None}

    @property
    def is_of_the_webhook(self) -> bool:
        """Whether a web process differs from the one we ship."""
        return self.reset_sticky or self.task_seconds is not None

    def _command(self, role: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "bench.tuned", role, self.model_dump_json(exclude_defaults=True))


UNTUNED = Tuning()


def run_worker(tuning: Tuning) -> None:
    """Be a worker."""
    import worker

    def build(*arguments: Any, **settings: Any) -> Any:
        if tuning.gc_at_rest:
            gc.freeze()
            gc.set_threshold(GC_SELDOM)
        return Worker(*arguments, **{**settings, **tuning.of_the_worker})

    with patch.object(worker, "Worker", build):
        worker.run()


def run_webhook(tuning: Tuning, arguments: Sequence[str]) -> None:
    """Be a web process."""
    from starter.cli import app
    from starter.conversation import Conversation
    from workflows import options
    from workflows.messages import Answer, Call, Confirmation, workflow_id

    confirm = Conversation.confirm

    async def reset_first(self: Conversation, call: Call, confirmation: Confirmation) -> Answer:
        client, called = self._client, WorkflowExecution(workflow_id=workflow_id(call.call_id))
        request = ResetStickyTaskQueueRequest(namespace=client.namespace, execution=called)
        await client.workflow_service.reset_sticky_task_queue(request)
        return await confirm(self, call, confirmation)

    limit = options.TASK_TIMEOUT if tuning.task_seconds is None else timedelta(seconds=tuning.task_seconds)
    with (
        patch.object(options, "TASK_TIMEOUT", limit),
        patch.object(Conversation, "confirm", reset_first if tuning.reset_sticky else confirm),
    ):
        app(["webhook", *arguments])


if __name__ == "__main__":
    role, tuning, *arguments = sys.argv[1:]
    if role == "worker":
        run_worker(Tuning.model_validate_json(tuning))
    else:
        run_webhook(Tuning.model_validate_json(tuning), arguments)
