"""What may be done to a stack that is there to be played with: its calendar and its workers.

The calendar's control routes are those of the Cal.com double.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx
from pydantic import JsonValue
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from console.login.access import is_loopback
from starter.settings import Settings
from store.catalog import CatalogService
from workflows.messages import TASK_QUEUE

FAULTS: Mapping[str, Mapping[str, JsonValue]] = MappingProxyType(
    {
        "lost": {"endpoint": "bookings.create", "kind": "lost_answer"},
        "error": {"endpoint": "any", "kind": "status", "status": 500, "times": None},
        "slow": {"endpoint": "any", "kind": "delay", "seconds": 3, "times": None},
        "limited": {"endpoint": "any", "kind": "rate_limit", "seconds": 10, "times": None},
    }
)
"""How the calendar can fail, as its double wants to be told; the first strikes once, the others until called off."""

PATIENCE_SECONDS = 5.0

KINDS = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)


class NobodyThere(Exception):
    """What was to be played with does not answer."""


def plays_calendar(settings: Settings) -> bool:
    """Whether the calendar is one that nobody minds being played with."""
    return settings.embedded_stack and is_loopback(urlsplit(settings.calcom_base_url).hostname or "")


@dataclass(frozen=True)
class PlayCalendar:
    """The double's side door; every method raises ``NobodyThere`` where it does not open."""

    root: str

    async def strangers_book(self, service: CatalogService, start: datetime) -> bool:
        """Let others book on the web whoever is free then; return whether the calendar let any of them."""
        order: dict[str, JsonValue] = {"eventTypeId": service.calcom_event_type_id, "start": start.isoformat()}
        answers = [await self._ask("POST", "/_double/book", order) for _ in range(service.capacity)]
        return any(answer.status_code == HTTPStatus.CREATED for answer in answers)

    async def fails(self, fault: str | None) -> None:
        """Let the calendar fail in one of the ``FAULTS``, and in no other; ``None``: in none."""
        await self._ask("DELETE", "/_double/faults")
        if fault is not None:
            await self._ask("POST", "/_double/faults", FAULTS[fault])

    async def _ask(self, method: str, path: str, body: Mapping[str, JsonValue] | None = None) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.root, timeout=PATIENCE_SECONDS, trust_env=False) as http:
            try:
                return await http.request(method, path, json=body)
            except httpx.HTTPError as error:
                raise NobodyThere from error


async def kill_workers(client: Client) -> list[int]:
    """End the stack's workers without a warning, as a crash would; return their process ids.

    Temporal knows who asks for work, and goes on naming those who have died for some minutes: the system may have
    given such an id to another process. A worker was started in the same session as this process, and leads a group.

    Raises:
        NobodyThere: Temporal does not answer.
    """
    identities = set()
    for kind in KINDS:
        request = DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=TASK_QUEUE), task_queue_type=kind
        )
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await client.workflow_service.describe_task_queue(request)
        except (RPCError, RuntimeError, TimeoutError) as error:  # RuntimeError is a lazy client that cannot connect
            raise NobodyThere from error
        identities |= {poller.identity for poller in answer.pollers}
    named = (identity.partition("@") for identity in sorted(identities))
    here = [int(pid) for pid, _, host in named if host == socket.gethostname() and pid.isdecimal()]
    return [pid for pid in here if _kill(pid)]


def _kill(pid: int) -> bool:
    try:
        if pid == os.getpid() or os.getsid(pid) != os.getsid(0) or os.getpgid(pid) != pid:
            return False
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
