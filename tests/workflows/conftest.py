from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from starter.conversation import Conversation
from tests.temporal import TemporalServer
from tests.workflows.fakes import FakeCalendar, Phone, new_call, worker_with


@pytest.fixture
def calendar() -> FakeCalendar:
    return FakeCalendar()


@pytest.fixture
def worker_options() -> dict[str, Any]:
    return {}


@pytest.fixture
async def conversation(
    temporal: TemporalServer, calendar: FakeCalendar, worker_options: dict[str, Any]
) -> AsyncIterator[Conversation]:
    task_queue = f"appointments-{uuid4().hex}"
    async with worker_with(temporal.client, calendar, task_queue, **worker_options):
        yield Conversation(temporal.client, task_queue)


@pytest.fixture
def phone(temporal: TemporalServer, conversation: Conversation) -> Phone:
    return Phone(temporal, conversation, new_call())
