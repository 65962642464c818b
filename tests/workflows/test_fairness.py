"""Many companies on one worker: none waits for another, be that one busy or at its rate limit."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from statistics import mean
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.service import RPCError, RPCStatusCode

from starter.conversation import Conversation
from tests.end_to_end.salon import eventually
from tests.temporal import TemporalServer, dev_server
from tests.workflows.fakes import BRANCH, THURSDAY, FakeCalendar, Phone, new_call, rate_limited, worker_with
from workflows.messages import Answer, AnswerStatus
from workflows.requests import Availability, BookingOutcome, BookSlot, SlotCheck

BUSY, QUIET = "busy-company", "quiet-company"
CALLS, QUIET_CALLS = 30, 4


class Companies(FakeCalendar):
    """Notes for which company a step is carried out, and what Temporal goes by for it; one may be at its limit."""

    def __init__(self) -> None:
        super().__init__()
        self.checked: list[str] = []
        self.keys: set[tuple[str, str | None]] = set()
        self.limited: str | None = None

    @activity.defn
    async def check_slot(self, request: SlotCheck) -> Availability:
        self._note(request.company)
        # On a busy machine a step may be given up and tried again.
        if activity.info().attempt == 1:
            self.checked.append(request.company)
        if request.company == self.limited:
            raise rate_limited(600)
        return await super().check_slot(request)

    @activity.defn
    async def book_slot(self, request: BookSlot) -> BookingOutcome:
        self._note(request.company)
        return await super().book_slot(request)

    def _note(self, company: str) -> None:
        self.keys.add((company, activity.info().priority.fairness_key))


@pytest.fixture
def calendar() -> Companies:
    return Companies()


@pytest.fixture(scope="module")
async def temporal() -> AsyncIterator[TemporalServer]:
    """A server whose queues have one partition: of several each is fair, and which is served next is chance."""
    async with dev_server(numTaskqueueReadPartitions=1, numTaskqueueWritePartitions=1) as server:
        yield server


@pytest.fixture
async def conversation(temporal: TemporalServer, calendar: Companies) -> AsyncIterator[Conversation]:
    """Calls on a worker that can do one step at a time."""
    task_queue = f"appointments-{uuid4().hex}"
    options: dict[str, Any] = {"max_concurrent_activities": 1}
    async with worker_with(temporal.client, calendar, task_queue, **options):
        yield Conversation(temporal.client, task_queue)


def rings(temporal: TemporalServer, conversation: Conversation, company: str) -> Phone:
    """Somebody with a withheld number calls, and will wait for hours."""
    call = new_call(BRANCH.model_copy(update={"company": company}), answer_budget_seconds=3600)
    return Phone(temporal, conversation, call.model_copy(update={"caller_number": None}))


async def waits_for_a_step(phone: Phone) -> bool:
    """Whether a step of the call is asked for, and not answered."""
    try:
        described = await phone.handle.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return len(described.raw_description.pending_activities) > 0


async def test_steps_are_reckoned_to_the_company_of_their_call(
    temporal: TemporalServer, conversation: Conversation, calendar: Companies
) -> None:
    for company, at in ((BUSY, "09:00"), (QUIET, "10:00")):
        phone = rings(temporal, conversation, company)
        await phone.asks(THURSDAY, at)
        assert (await phone.says_yes()).status is AnswerStatus.BOOKED

    assert calendar.keys == {(BUSY, BUSY), (QUIET, QUIET)}


async def test_a_busy_company_does_not_delay_a_quiet_one(
    temporal: TemporalServer, conversation: Conversation, calendar: Companies
) -> None:
    calendar.gates["check_slot"] = gate = asyncio.Event()
    busy = [rings(temporal, conversation, BUSY) for _ in range(CALLS)]
    quiet = [rings(temporal, conversation, QUIET) for _ in range(QUIET_CALLS)]
    answers: list[asyncio.Task[Answer]] = []
    for phones in (busy, quiet):
        answers += [asyncio.create_task(phone.asks(THURSDAY, "09:00")) for phone in phones]
        for phone in phones:
            await eventually(partial(waits_for_a_step, phone), within=30)

    gate.set()
    await asyncio.gather(*answers)

    turns = [turn for turn, company in enumerate(calendar.checked) if company == QUIET]
    assert (len(calendar.checked), len(turns)) == (CALLS + QUIET_CALLS, QUIET_CALLS)
    assert mean(turns) < CALLS / 3


async def test_a_company_at_its_rate_limit_keeps_no_worker_from_the_others(
    temporal: TemporalServer, conversation: Conversation, calendar: Companies
) -> None:
    calendar.limited = BUSY
    limited = [rings(temporal, conversation, BUSY) for _ in range(CALLS)]
    answers = [asyncio.create_task(phone.asks(THURSDAY, "09:00")) for phone in limited]

    async def asked() -> int:
        return len(calendar.checked)

    assert await eventually(asked, CALLS.__eq__, within=30)
    quiet = await rings(temporal, conversation, QUIET).asks(THURSDAY, "10:00")

    assert quiet.status is AnswerStatus.AVAILABLE
    assert not any(answer.done() for answer in answers)
    for phone in limited:
        await phone.handle.terminate()
    assert {answer.status for answer in await asyncio.gather(*answers)} == {AnswerStatus.CLOSED}
