"""What is made of the ways in which Temporal can fail to bring an answer."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from unittest.mock import AsyncMock, Mock
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError

from starter import conversation as conversation_module
from starter import health
from starter.conversation import Conversation
from workflows.messages import AnswerStatus, Branch, Call, Confirmation, HangUp, Reason, SlotWish

BRANCH = Branch(
    company="salon",
    key="mitte",
    timezone="Europe/Berlin",
    language="de",
    opening_hours=(),
    minimum_notice_minutes=15,
    calcom_api_key_env="CALCOM_API_KEY",
)


def call() -> Call:
    return Call(call_id=f"call_{uuid4().hex}", branch=BRANCH)


def wish(patience: timedelta = timedelta(seconds=8)) -> SlotWish:
    now = datetime.now(UTC)
    return SlotWish(turn_id="turn", asked_at=now, answer_by=now + patience, day=date(2025, 10, 16), time_of_day=time(9))


@pytest.fixture
async def without_namespace(client: Client) -> Conversation:
    host = client.service_client.config.target_host
    # Named so that looking for "workflow not found" in the message would take it for one.
    elsewhere = await Client.connect(host, namespace="workflow-not-found", data_converter=pydantic_data_converter)
    return Conversation(elsewhere)


async def test_a_namespace_that_does_not_exist_is_not_an_ended_call(without_namespace: Conversation) -> None:
    question = await without_namespace.check_slot(call(), wish())
    assert (question.status, question.reason) == (AnswerStatus.ERROR, Reason.CALENDAR_UNREACHABLE)
    confirmed = await without_namespace.confirm(call(), Confirmation(wish=wish()))
    assert (confirmed.status, confirmed.uncertain) == (AnswerStatus.ERROR, True)


async def test_in_a_namespace_that_does_not_exist_events_are_asked_for_again(without_namespace: Conversation) -> None:
    with pytest.raises(RPCError):
        await without_namespace.begin(call())
    with pytest.raises(RPCError):
        await without_namespace.hang_up("call_1", HangUp(at=datetime.now(UTC)))


async def test_ready_only_where_the_namespace_exists(client: Client, without_namespace: Conversation) -> None:
    assert await Conversation(client).ready()
    assert not await without_namespace.ready()


async def test_not_ready_while_temporal_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(health, "ANSWER_LIMIT", timedelta(milliseconds=10))
    client = Mock(spec=Client, namespace="default", workflow_service=Mock(describe_namespace=hang))
    async with asyncio.timeout(10):
        assert not await Conversation(client).ready()


async def test_hanging_up_a_call_that_never_had_a_workflow_needs_nothing(client: Client) -> None:
    await Conversation(client).hang_up(call().call_id, HangUp(at=datetime.now(UTC)))


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (ApplicationError("the workflow completed first", type="AcceptedUpdateCompletedWorkflow"), AnswerStatus.CLOSED),
        (ApplicationError("something else", type="SomethingElse"), AnswerStatus.PENDING),
    ],
)
async def test_an_outcome_that_fails_is_an_ended_call_only_where_the_workflow_completed_meanwhile(
    cause: ApplicationError, status: AnswerStatus
) -> None:
    result = AsyncMock(side_effect=TimeoutError)
    running = Mock(execute_update=AsyncMock(side_effect=WorkflowUpdateFailedError(cause)))
    client = Mock(
        spec=Client,
        start_workflow=AsyncMock(return_value=running),
        get_workflow_handle_for=Mock(return_value=Mock(result=result)),
    )
    answer = await Conversation(client).confirm(call(), Confirmation(wish=wish()))
    assert answer.status is status


async def test_a_question_that_is_refused_is_not_an_ended_call() -> None:
    refusal = WorkflowUpdateFailedError(ApplicationError("refused", type="SomethingElse"))
    client = Mock(spec=Client, execute_update_with_start_workflow=AsyncMock(side_effect=refusal))
    answer = await Conversation(client).check_slot(call(), wish())
    assert (answer.status, answer.reason) == (AnswerStatus.ERROR, Reason.CALENDAR_UNREACHABLE)


async def test_an_ended_call_is_not_waited_for_longer_than_the_caller_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never_answered() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(conversation_module, "ENDED_CALL_LIMIT", 3600)
    ended = WorkflowAlreadyStartedError("call", "AppointmentWorkflow")
    client = Mock(
        spec=Client,
        execute_update_with_start_workflow=AsyncMock(side_effect=ended),
        start_workflow=AsyncMock(side_effect=ended),
        get_workflow_handle_for=Mock(return_value=Mock(result=never_answered)),
    )
    impatient = timedelta(milliseconds=50)
    async with asyncio.timeout(10):
        question = await Conversation(client).check_slot(call(), wish(impatient))
        confirmed = await Conversation(client).confirm(call(), Confirmation(wish=wish(impatient)))
    assert (question.status, confirmed.status) == (AnswerStatus.CLOSED, AnswerStatus.CLOSED)
