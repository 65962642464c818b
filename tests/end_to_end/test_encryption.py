"""With keys set nothing a caller says can be read in Temporal, and calls go on as ever."""

import asyncio
import base64
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from google.protobuf.message import Message
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse, QueryWorkflowRequest
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowHistory,
)
from temporalio.worker import Replayer

from simulator.caller import Caller
from starter import webhook
from starter.connect import connect, read_connection
from starter.conversation import Conversation
from starter.directory import Directory
from starter.settings import Settings
from store.catalog import load_catalog
from tests.databases import DatabaseWith
from tests.end_to_end.salon import CALCOM_KEY, RETELL_KEY, Salon, berlin, eventually, open_salon
from workflows.appointment import AppointmentWorkflow
from workflows.messages import workflow_id

NAME, NUMBER, EMAIL = "Zebedee Plantagenet", "+4915550177777", "zebedee@planted.example"
DAY_WORDS = "Donnerstag, den 16. Oktober"
NINE, HALF_PAST = berlin("2025-10-16T09:00"), berlin("2025-10-16T09:30")

PLANTED = (
    *NAME.casefold().split(),
    NUMBER[-8:],
    "planted.example",
    "donnerstag",
    "2025-10-16t0",
    "16 oct 2025",
    "haarschnitt",
    "slot_taken",
)
"""What a call of this caller has in its payloads, in small letters, and nobody may find there."""

AT = {"datum": DAY_WORDS, "uhrzeit": "09:00", "dienstleistung": "Haarschnitt"}
WHO = {"name": NAME, "email": EMAIL}


def a_key(id_: str) -> str:
    return f"{id_}:{base64.b64encode(os.urandom(32)).decode()}"


OLD, NEW = a_key("2025-10"), a_key("2025-11")


def with_keys(*keys: str) -> Settings:
    return Settings(payload_encryption_keys=SecretStr(",".join(keys)) if keys else None)


ClientWith = Callable[..., Awaitable[Client]]


@pytest.fixture
def client_with(client: Client, monkeypatch: pytest.MonkeyPatch) -> ClientWith:
    """Connect as a process with these keys does."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)

    async def connected(*keys: str) -> Client:
        return await connect(read_connection(with_keys(*keys)))

    return connected


@pytest.fixture
async def salon(client_with: ClientWith, database_with: DatabaseWith) -> AsyncIterator[Salon]:
    async with open_salon(await client_with(OLD, NEW), database_with("catalog")) as salon:
        yield salon


@asynccontextmanager
async def restarted(salon: Salon, client: Client) -> AsyncIterator[None]:
    """Go on with a worker and a web process that are connected in another way."""
    await salon.worker_stops()
    salon.temporal = client
    await salon.worker_starts()
    app = webhook.create_app(
        settings=Settings(retell_api_key=SecretStr(RETELL_KEY)),
        conversation=Conversation(client, salon.task_queue),
        directory=Directory(salon.engine, await load_catalog(salon.engine)),
        clock=salon.clock,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://webhook", timeout=60) as http:
        for caller in salon.callers:
            caller.http = http
        yield
        for caller in salon.callers:
            caller.http = salon.http


async def asks(caller: Caller) -> str | None:
    return (await caller.say("check_availability", **AT)).status


async def says_yes(caller: Caller, **more: str) -> str | None:
    return (await caller.say("book_appointment", **WHO, **more)).status


@pytest.fixture
async def caller(salon: Salon) -> Caller:
    """A call that is recognised, loses a race, takes an alternative, and has steps that fail in between."""
    caller = salon.rings(from_number=NUMBER)
    await caller.started()
    await caller.say("check_customer")
    assert await asks(caller) == "available"
    await caller.think(14)
    await salon.stranger_books(NINE)
    assert await says_yes(caller) == "slot_taken"
    salon.fails("slots", "status", status=400, times=1, message=f"{NAME} is not free")
    salon.fails("bookings.create", "lost_answer")
    assert await says_yes(caller, alternative_id="a1") == "booked"
    await caller.hang_up()
    assert (await salon.recorded(caller)).outcome == "booked"
    return caller


def payloads(message: Message, path: str = "") -> Iterator[tuple[str, Payload]]:
    """Yield every payload in a message, with the names of the fields that lead to it."""
    if isinstance(message, Payload):
        yield path, message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.is_repeated:
            entries = value.values() if field.message_type.GetOptions().map_entry else value
        else:
            entries = [value]
        for entry in entries:
            if isinstance(entry, Message):
                yield from payloads(entry, f"{path}.{field.name}")


def unencrypted(message: Message) -> set[str]:
    """Return where in a message there are payloads that anybody can read."""
    return {path for path, payload in payloads(message) if payload.metadata["encoding"] != b"binary/encrypted"}


def without_search_attributes(message: Message) -> str:
    """Return everything else in a message, as text; the attributes say when a slot is, and whose it is not."""
    kept = type(message)()
    kept.CopyFrom(message)
    for path in {path for path, _ in payloads(kept) if path.endswith(".search_attributes.indexed_fields")}:
        *parents, last, _ = path.removeprefix(".").split(".")
        within = kept
        for parent in parents:
            within = getattr(within, parent)
        within.ClearField(last)
    return kept.SerializeToString().decode("latin-1")


def planted_in(text: str) -> list[str]:
    return [planted for planted in PLANTED if planted in text.casefold()]


async def raw_history(client: Client, caller: Caller) -> WorkflowHistory:
    handle: WorkflowHandle[object, object] = client.get_workflow_handle(workflow_id(caller.call_id))
    return await handle.fetch_history()


async def test_a_history_has_no_payload_that_can_be_read_and_nothing_a_caller_said(
    client: Client, caller: Caller
) -> None:
    events = (await raw_history(client, caller)).events
    kinds = {event.event_type for event in events}
    assert kinds >= {
        EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_TIMER_STARTED,
    }
    assert any(event.event_group_markers for event in events)
    assert any(event.HasField("user_metadata") for event in events)
    readable = {path for event in events for path in unencrypted(event)}
    assert {path.rpartition(".")[0].rpartition(".")[2] for path in readable} == {"details", "search_attributes"}
    # Of an activity within the workflow task Temporal's library itself writes down type, number and times.
    marked = [details for event in events for details in event.marker_recorded_event_attributes.details.items()]
    assert {name for name, kept in marked if unencrypted(kept)} == {"data"}
    for event in events:
        assert planted_in(without_search_attributes(event)) == [], event


async def test_without_keys_the_same_call_could_be_read(
    client: Client, client_with: ClientWith, database_with: DatabaseWith
) -> None:
    """So the test above looks where there is something to be found."""
    async with open_salon(await client_with(), database_with("catalog")) as salon:
        caller = salon.rings(from_number=NUMBER)
        await asks(caller)
        await salon.stranger_books(NINE)
        await says_yes(caller)
        await says_yes(caller, alternative_id="a1")
    events = (await raw_history(client, caller)).events
    found = {planted for event in events for planted in planted_in(without_search_attributes(event))}
    assert found == set(PLANTED)


async def test_what_describes_and_lists_a_call_says_nothing_of_its_caller(client: Client, caller: Caller) -> None:
    id_ = workflow_id(caller.call_id)
    description = (await client.get_workflow_handle(id_).describe()).raw_description
    assert not {path for path in unencrypted(description) if "search_attributes" not in path}
    assert planted_in(without_search_attributes(description)) == []

    async def listed() -> list[Message]:
        return [found.raw_info async for found in client.list_workflows(f"WorkflowId = '{id_}'")]

    [info] = await eventually(listed)
    assert planted_in(without_search_attributes(info)) == []


async def test_a_step_that_is_tried_again_says_nothing_of_the_caller(client: Client, salon: Salon) -> None:
    caller = salon.rings(from_number=NUMBER)
    await asks(caller)
    salon.fails("bookings.create", "rate_limit", seconds=1)
    booking = asyncio.create_task(says_yes(caller))

    async def under_way() -> DescribeWorkflowExecutionResponse:
        return (await client.get_workflow_handle(workflow_id(caller.call_id)).describe()).raw_description

    description = await eventually(
        under_way, lambda seen: any(step.HasField("last_failure") for step in seen.pending_activities)
    )
    assert not {path for path in unencrypted(description) if "search_attributes" not in path}
    assert planted_in(without_search_attributes(description)) == []
    assert await booking == "booked"


@pytest.mark.parametrize("query", ["__temporal_workflow_metadata", "conversation"])
async def test_what_a_worker_is_asked_is_answered_encrypted(client: Client, caller: Caller, query: str) -> None:
    request = QueryWorkflowRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id(caller.call_id)),
        query=WorkflowQuery(query_type=query),
    )
    answer = await client.workflow_service.query_workflow(request)
    assert list(payloads(answer))
    assert unencrypted(answer) == set()
    assert planted_in(answer.SerializeToString().decode("latin-1")) == []


async def test_headers_are_encrypted_too(client: Client, client_with: ClientWith) -> None:
    class Telling(Interceptor):
        def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
            return TellingOutbound(next)

    class TellingOutbound(OutboundInterceptor):
        async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[object, object]:
            told = Payload(metadata={"encoding": b"json/plain"}, data=f'"{NAME}"'.encode())
            input.headers = {**input.headers, "told": told}
            return await super().start_workflow(input)

    config = (await client_with(OLD)).config()
    config["interceptors"] = [Telling()]
    id_ = f"headers-{os.urandom(4).hex()}"
    handle = await Client(**config).start_workflow("Nobody", NAME, id=id_, task_queue=id_)
    [event, *_] = (await handle.fetch_history()).events
    assert "told" in event.workflow_execution_started_event_attributes.header.fields
    assert unencrypted(event) == set()
    assert planted_in(str(event)) == []
    await handle.terminate()


async def test_an_encrypted_history_replays(client: Client, caller: Caller) -> None:
    converter = read_connection(with_keys(NEW, OLD)).converter
    replayer = Replayer(workflows=[AppointmentWorkflow], data_converter=converter)
    await replayer.replay_workflow(await raw_history(client, caller))


@pytest.mark.parametrize(
    ("before", "after"), [((OLD,), (OLD, NEW)), ((OLD, NEW), (NEW, OLD)), ((), (NEW,))], ids=["added", "first", "on"]
)
async def test_a_call_in_progress_goes_on_with_other_keys(
    client: Client,
    client_with: ClientWith,
    database_with: DatabaseWith,
    before: tuple[str, ...],
    after: tuple[str, ...],
) -> None:
    async with open_salon(await client_with(*before), database_with("catalog")) as salon:
        caller = salon.rings(from_number=NUMBER)
        assert await asks(caller) == "available"
        async with restarted(salon, await client_with(*after)):
            assert await says_yes(caller) == "booked"
            await caller.hang_up()
            assert (await salon.recorded(caller)).outcome == "booked"
    assert salon.booked_starts == [NINE]
    events = (await raw_history(client, caller)).events
    used = [payload.metadata["encryption-key-id"].decode() for event in events for _, payload in payloads(event)]
    assert after[0].split(":")[0] in used


async def test_processes_may_be_given_the_new_key_one_after_the_other(
    client_with: ClientWith, database_with: DatabaseWith
) -> None:
    web = await client_with(OLD, NEW)
    async with open_salon(web, database_with("catalog"), web_temporal=web) as salon:
        caller = salon.rings(from_number=NUMBER)
        assert await asks(caller) == "available"
        await salon.worker_stops()
        salon.temporal = await client_with(NEW, OLD)
        await salon.worker_starts()
        assert await says_yes(caller) == "booked"
        await salon.everybody_hangs_up()


async def test_a_worker_without_the_key_loses_nothing_and_says_what_is_missing(
    client: Client, client_with: ClientWith, database_with: DatabaseWith, caplog: pytest.LogCaptureFixture
) -> None:
    web = await client_with(NEW, OLD)
    async with open_salon(web, database_with("catalog"), answer_budget=2, web_temporal=web) as salon:
        caller = salon.rings(from_number=NUMBER)
        assert await asks(caller) == "available"
        await salon.worker_stops()
        salon.temporal = await client_with(OLD)
        await salon.worker_starts()
        assert await says_yes(caller) == "pending"
        missing = "a payload was encrypted with the key '2025-11', which PAYLOAD_ENCRYPTION_KEYS does not have"
        told = {record.name: record.getMessage() for record in caplog.records if record.levelno == logging.ERROR}
        assert told["starter.encryption"] == missing
        assert not [key for key in (OLD, NEW) if key.split(":")[1] in caplog.text]
        assert NAME not in caplog.text
        await salon.worker_stops()
        caplog.clear()

        salon.temporal = web
        await salon.worker_starts()
        booked = await eventually(lambda: says_yes(caller), lambda status: status == "booked", within=30)
        assert (booked, salon.booked_starts) == ("booked", [NINE])
        await salon.everybody_hangs_up()
        assert await salon.state_of(caller.call_id) is WorkflowExecutionStatus.COMPLETED
        assert CALCOM_KEY not in caplog.text
