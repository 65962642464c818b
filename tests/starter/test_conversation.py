"""What is made of the ways in which Temporal can fail to bring an answer, and of an answer that is here before it."""

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
from starter.nearby import Nearby
from workflows.messages import Answer, AnswerStatus, Branch, Call, Confirmation, HangUp, Reason, SlotWish

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


async def test_no_two_requests_have_one_update_id_though_they_are_about_one_turn() -> None:
    """Temporal could keep one of them and have given the worker the other."""
    ask = AsyncMock(return_value=Answer(status=AnswerStatus.AVAILABLE))
    conversation = Conversation(Mock(spec=Client, execute_update_with_start_workflow=ask))
    said = wish()
    for _ in range(2):
        await conversation.check_slot(call(), said)
    ids = {asked.kwargs["id"] for asked in ask.await_args_list}
    assert len(ids) == 2
    assert all(one.startswith(f"{said.turn_id}/") for one in ids)


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


OFFER = Answer(
    status=AnswerStatus.AVAILABLE, start=datetime(2025, 10, 16, 7, tzinfo=UTC), customer_name="Hansi Schmidt"
)


class SlowTemporal:
    """Takes everything at once, in order, and answers questions when told to."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self._heard = asyncio.Event()
        self.answers: asyncio.Queue[Answer | Exception] = asyncio.Queue()
        self.client = Mock(
            spec=Client,
            execute_update_with_start_workflow=self._update,
            start_workflow=self._start,
            get_workflow_handle_for=Mock(return_value=Mock(signal=self._signal)),
        )

    async def has(self, *received: str) -> None:
        async with asyncio.timeout(10):
            while self.received != [*received]:
                self._heard.clear()
                await self._heard.wait()

    def _receives(self, what: str) -> None:
        self.received.append(what)
        self._heard.set()

    async def _update(self, _: object, asked: SlotWish, **more: object) -> Answer:
        self._receives(asked.turn_id)
        try:
            answer = await self.answers.get()
        except asyncio.CancelledError:
            self._receives(f"{asked.turn_id} given up")
            raise
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _start(self, *_: object, start_signal: str, **more: object) -> Mock:
        self._receives(start_signal)
        return Mock(execute_update=AsyncMock(return_value=Answer(status=AnswerStatus.BOOKED)))

    async def _signal(self, *_: object) -> None:
        self._receives("signal")


def named(turn_id: str) -> SlotWish:
    return wish(timedelta(hours=1)).model_copy(update={"turn_id": turn_id})


@pytest.fixture
def slow() -> SlowTemporal:
    return SlowTemporal()


@pytest.fixture
def nearby() -> Nearby:
    return Nearby()


@pytest.fixture
def together(slow: SlowTemporal, nearby: Nearby) -> Conversation:
    return Conversation(slow.client, nearby=nearby)


async def told_early(together: Conversation, slow: SlowTemporal, nearby: Nearby, asked_by: Call) -> Answer:
    """Ask a first question, which a step answers before Temporal does."""
    asking = asyncio.create_task(together.check_slot(asked_by, named("first")))
    await slow.has("first")
    nearby.tell(asked_by.call_id, "first", OFFER)
    return await asking


async def test_what_a_step_here_has_come_to_is_told_before_temporal_says_it(
    together: Conversation, slow: SlowTemporal, nearby: Nearby
) -> None:
    assert await told_early(together, slow, nearby, call()) == OFFER


async def test_what_no_step_here_tells_is_told_as_temporal_says_it(
    together: Conversation, slow: SlowTemporal, nearby: Nearby
) -> None:
    slow.answers.put_nowait(OFFER)
    assert await together.check_slot(call(), named("first")) == OFFER


async def says(together: Conversation, what: str, caller: Call) -> None:
    match what:
        case "question":
            await together.check_slot(caller, named("second"))
        case "yes":
            await together.confirm(caller, Confirmation(wish=named("second")))
        case "words asked back":
            await together.overhear(caller, named("second"))
        case "hang-up":
            await together.hang_up(caller.call_id, HangUp(at=datetime.now(UTC)))


@pytest.mark.parametrize("said_next", ["question", "yes", "words asked back", "hang-up"])
async def test_what_is_said_next_reaches_temporal_when_it_has_kept_what_was_told_before(
    together: Conversation,
    slow: SlowTemporal,
    nearby: Nearby,
    said_next: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversation_module, "CATCHES_UP_SECONDS", 3600)
    caller = call()
    await told_early(together, slow, nearby, caller)
    of_another_call = asyncio.create_task(together.check_slot(call(), named("another call's")))
    saying = asyncio.create_task(says(together, said_next, caller))
    await slow.has("first", "another call's")
    slow.answers.put_nowait(OFFER)
    reaches = {"question": "second", "yes": "confirm", "words asked back": "overhear", "hang-up": "signal"}[said_next]
    await slow.has("first", "another call's", reaches)
    for task in (saying, of_another_call):
        task.cancel()
    await asyncio.gather(saying, of_another_call, return_exceptions=True)


async def test_a_temporal_that_does_not_keep_it_in_time_is_not_waited_for(
    together: Conversation, slow: SlowTemporal, nearby: Nearby, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation_module, "CATCHES_UP_SECONDS", 0.01)
    caller = call()
    await told_early(together, slow, nearby, caller)
    assert (await together.confirm(caller, Confirmation(wish=named("second")))).status is AnswerStatus.BOOKED
    assert slow.received == ["first", "confirm"]


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (OFFER, []),
        (Answer(status=AnswerStatus.UNAVAILABLE), ["call call_1 was told available, and Temporal says unavailable"]),
        (TimeoutError(), ["a question of call call_1 was not answered in time: TimeoutError"]),
        (ValueError("Hansi Schmidt"), ["whether an answer to call call_1 is kept is not known: ValueError"]),
    ],
)
async def test_the_log_says_when_what_was_told_is_not_what_is_kept_and_never_what_it_was(
    together: Conversation,
    slow: SlowTemporal,
    nearby: Nearby,
    kept: Answer | Exception,
    said: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caller = call().model_copy(update={"call_id": "call_1"})
    await told_early(together, slow, nearby, caller)
    slow.answers.put_nowait(kept)
    await together.hang_up(caller.call_id, HangUp(at=datetime.now(UTC)))
    assert caplog.messages == said


async def test_where_another_answer_is_kept_than_was_told_a_bare_yes_is_to_neither(
    together: Conversation, slow: SlowTemporal, nearby: Nearby
) -> None:
    caller = call()
    await told_early(together, slow, nearby, caller)
    slow.answers.put_nowait(Answer(status=AnswerStatus.UNAVAILABLE))
    await together.confirm(caller, Confirmation(wish=named("second")))
    assert slow.received == ["first", "signal", "confirm"]


async def test_a_question_nobody_waits_for_any_more_is_given_up(together: Conversation, slow: SlowTemporal) -> None:
    asking = asyncio.create_task(together.check_slot(call(), named("first")))
    await slow.has("first")
    asking.cancel()
    await slow.has("first", "first given up")
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_at_the_end_what_was_told_is_waited_for_until_it_is_kept_or_it_takes_too_long(
    together: Conversation, slow: SlowTemporal, nearby: Nearby, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told_early(together, slow, nearby, call())
    closing = asyncio.create_task(together.close())
    slow.answers.put_nowait(OFFER)
    await closing
    assert slow.received == ["first"]

    monkeypatch.setattr(conversation_module, "CATCHES_UP_SECONDS", 0.01)
    slow.received.clear()
    await told_early(together, slow, nearby, call())
    await together.close()
    assert slow.received == ["first", "first given up"]
