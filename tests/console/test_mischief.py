"""Killing workers: processes that are named as such and are, and processes that merely have the number of one."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from temporalio import activity
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.worker import Worker

from console.try_it.mischief import KINDS, NobodyThere, kill_workers
from tests.end_to_end.salon import eventually
from workflows.messages import TASK_QUEUE


@activity.defn
async def nothing() -> None:
    """There is work to ask for, and none comes."""


@contextmanager
def a_process(*, own_group: bool = True, own_session: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    group = 0 if own_group and not own_session else None
    with subprocess.Popen(  # noqa: S603 - our own command
        command, process_group=group, start_new_session=own_session
    ) as process:
        yield process
        process.kill()


async def killed(client: Client, identity: str) -> list[int]:
    """Let somebody ask for work under this name, and kill the workers as soon as Temporal knows of it."""

    async def named() -> set[str]:
        request = DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=TASK_QUEUE), task_queue_type=KINDS[1]
        )
        return {poller.identity for poller in (await client.workflow_service.describe_task_queue(request)).pollers}

    async with Worker(client, task_queue=TASK_QUEUE, activities=[nothing], identity=identity):
        await eventually(named, lambda names: identity in names)
        return await kill_workers(client)


async def test_a_worker_is_killed_and_is_no_longer_one_though_temporal_still_names_it(client: Client) -> None:
    with a_process() as worker:
        assert await killed(client, f"{worker.pid}@{socket.gethostname()}") == [worker.pid]
        assert worker.wait() == -signal.SIGKILL

    assert await kill_workers(client) == []


@pytest.mark.parametrize(("kind", "host"), [
    ({}, "another-host"),
    ({"own_group": False}, socket.gethostname()),
    ({"own_session": True}, socket.gethostname()),
])  # fmt: skip
async def test_a_process_that_is_no_worker_of_this_stack_is_left_alone(
    client: Client, kind: dict[str, bool], host: str
) -> None:
    with a_process(**kind) as process:
        assert await killed(client, f"{process.pid}@{host}") == []
        assert process.poll() is None


async def test_without_temporal_nobody_is_found() -> None:
    nowhere = await Client.connect("127.0.0.1:1", lazy=True)

    with pytest.raises(NobodyThere):
        await kill_workers(nowhere)
