"""What logs and metrics say of a call, and that they say it without the caller."""

import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from simulator.caller import SIGNATURE_HEADER, Caller
from starter import webhook
from starter.conversation import Conversation
from starter.directory import Directory
from starter.journal import Journal
from starter.logs import configure_logging
from starter.settings import Settings
from store.catalog import load_catalog
from store.tables import Call, Reply
from tests.databases import DatabaseWith, kept_by_somebody_else
from tests.end_to_end.salon import CALCOM_KEY, RETELL_KEY, Salon, berlin, eventually, open_salon
from tests.starter.loggers import loggers_as_before
from tests.starter.scrape import Endpoint, Metrics

NAME = "Zacharias Quittenbaum"
NUMBER = "+4915550188877"
EMAIL = "zacharias@quittenbaum.example"
PERSON = {"name": NAME, "email": EMAIL, "telefonnummer": NUMBER}
PLANTED = (*NAME.split(), *EMAIL.split("@"), NUMBER[1:], "0155 50188877", CALCOM_KEY, RETELL_KEY)
NINE = berlin("2025-10-16T09:00")
AT_NINE = {"datum": "16.10.2025", "uhrzeit": "09:00"}


@pytest.fixture
def logs(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator["Logs"]:
    """Everything this process writes, with logs as every process configures them, as loud as they get."""
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    with loggers_as_before():
        configure_logging("all of it", logging.DEBUG)
        yield Logs(stderr, capfd)


class Logs:
    """What was written so far: to Python's standard error, and past it by Temporal's own library."""

    def __init__(self, stderr: io.StringIO, capture: pytest.CaptureFixture[str]) -> None:
        self._stderr = stderr
        self._capture = capture
        self._past_it = ""

    @property
    def text(self) -> str:
        self._past_it += "".join(self._capture.readouterr())
        return self._past_it + self._stderr.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stderr.getvalue().splitlines()]

    def answers(self, caller: Caller) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == "answered" and line["call_id"] == caller.call_id]


@pytest.fixture(scope="module")
def endpoint(unused_tcp_port_factory: Callable[[], int]) -> Endpoint:
    return Endpoint(unused_tcp_port_factory)


@dataclass
class Signatures:
    """The signatures that were sent."""

    seen: list[str] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> None:
        if signature := request.headers.get(SIGNATURE_HEADER):
            self.seen.append(signature.partition("d=")[2])


@pytest.fixture
def signatures() -> Signatures:
    return Signatures()


@pytest.fixture
async def salon(
    client: Client, endpoint: Endpoint, database_with: DatabaseWith, logs: Logs, signatures: Signatures
) -> AsyncIterator[Salon]:
    """A salon whose processes count, and whose web process runs from start to end."""
    address = client.service_client.config.target_host
    counting = await Client.connect(address, data_converter=pydantic_data_converter, runtime=endpoint.runtime)
    async with open_salon(counting, database_with("catalog"), store_patience=0.2) as salon:
        always_open = salon.http
        async with web_process(salon, endpoint, signatures) as salon.http:
            yield salon
        for caller in salon.callers:
            caller.http = always_open


@asynccontextmanager
async def web_process(salon: Salon, endpoint: Endpoint, signatures: Signatures) -> AsyncIterator[httpx.AsyncClient]:
    app = webhook.create_app(
        settings=Settings(retell_api_key=SecretStr(RETELL_KEY), answer_budget_seconds=4),
        conversation=Conversation(salon.temporal, salon.task_queue),
        directory=Directory(salon.engine, await load_catalog(salon.engine)),
        journal=Journal(salon.engine, endpoint.runtime.metric_meter),
        clock=salon.clock,
    )
    served = httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://webhook",
        timeout=60,
        event_hooks={"request": [signatures]},
    )
    async with app.router.lifespan_context(app), served as http:
        yield http


async def well(salon: Salon, caller: Caller, _: pytest.MonkeyPatch) -> None:
    """A whole call: recognised, offered, taken by a stranger, an alternative booked."""
    await caller.rings()
    await caller.started()
    await caller.say("check_customer")
    await caller.say("check_availability", **AT_NINE, **PERSON)
    await salon.stranger_books(NINE)
    assert (await caller.say("book_appointment", **PERSON)).status == "slot_taken"
    assert (await caller.say("book_appointment", alternative_id="a1", **PERSON)).status == "booked"
    await caller.hang_up()
    await caller.analyzed(f"{NAME} was served")


async def misunderstood(_: Salon, caller: Caller, __: pytest.MonkeyPatch) -> None:
    """Names where there should be none, and arguments that are none."""
    for function in (NAME, "quittenbaum", "check_availability"):
        await caller.say(function, datum=NAME, uhrzeit=EMAIL, dienstleistung=NAME)
    await caller.say("check_availability", **AT_NINE, dienstleistung=NAME)
    await caller.say("check_availability", **AT_NINE | {"name": NAME * 30})
    await caller.say("book_appointment", email=f"{NAME}@", phone={"number": NUMBER}, alternative_id=NAME)
    await caller.say("check_availability", datum=f"{{{{{NAME}}}}}", uhrzeit="9")


async def calendar_down(salon: Salon, caller: Caller, _: pytest.MonkeyPatch) -> None:
    """A calendar that fails at first, loses an answer, and then refuses everything."""
    await caller.say("check_availability", **AT_NINE, **PERSON)
    salon.fails("slots", "status", status=503, times=2)
    salon.fails("bookings.create", "lost_answer")
    assert (await caller.say("book_appointment", **PERSON)).status == "booked"
    salon.fails("any", "status", status=401, times=None)
    assert (await caller.say("check_availability", datum="17.10.2025", uhrzeit="09:00")).status == "error"


async def database_down(salon: Salon, caller: Caller, _: pytest.MonkeyPatch) -> None:
    """Somebody else keeps the database to himself."""
    with kept_by_somebody_else(salon.engine.url):
        await caller.rings()
        await caller.say("check_customer")
        await caller.say("check_availability", **AT_NINE, **PERSON)
        assert (await caller.say("book_appointment", **PERSON)).status == "booked"


async def unforeseen(_: Salon, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors nobody foresaw, each with the caller in its message: in a step, and behind the door."""

    async def fails(*_: object, **__: object) -> None:
        try:
            raise KeyError(EMAIL)
        except KeyError as error:
            raise RuntimeError(f"{NAME} ({NUMBER})\n{EMAIL}") from error

    with monkeypatch.context() as broken:
        broken.setattr("activities.records.find_customer", fails)
        broken.setattr(Conversation, "check_slot", fails)
        broken.setattr(Conversation, "hang_up", fails)
        await caller.say("check_customer")
        assert (await caller.say("check_availability", **AT_NINE, **PERSON)).status == "error"
        assert (await caller.hang_up()).status_code == 503


async def turned_away(salon: Salon, caller: Caller, _: pytest.MonkeyPatch) -> None:
    """Requests that nobody has signed rightly."""
    for signature in ("", f"v=1,d={NAME}"):
        body = json.dumps({"name": NAME, "args": PERSON})
        refused = await salon.http.post("/retell/functions", content=body, headers={SIGNATURE_HEADER: signature})
        assert refused.status_code == 401
    await caller.say("current_time_berlin")


@pytest.mark.parametrize("path", [well, misunderstood, calendar_down, database_down, unforeseen, turned_away])
async def test_logs_and_metrics_tell_every_turn_and_nothing_of_the_caller(
    salon: Salon,
    logs: Logs,
    endpoint: Endpoint,
    signatures: Signatures,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: Callable[[Salon, Caller, pytest.MonkeyPatch], Any],
) -> None:
    caller = salon.rings(from_number=NUMBER)
    metrics = Metrics(endpoint)

    await path(salon, caller, monkeypatch)
    await caller.hang_up()
    if path is not turned_away and path is not misunderstood:
        await salon.recorded(caller)

    told = [turn for turn in caller.transcript if turn["role"] == "tool_call_result"]
    answers = logs.answers(caller)
    assert [line["status"] for line in answers] == [json.loads(turn["content"])["status"] for turn in told]
    for line in answers:
        assert (line["company"], line["branch"]) == ("salon-beispiel", "zentrale")
        assert line.keys() >= {"function", "turn_id", "reason", "seconds", "timestamp", "level", "process"}
    assert metrics.value("slotkeeper_answers_total") == len(told)
    assert signatures.seen
    for planted in (*PLANTED, *signatures.seen):
        assert planted not in logs.text
        assert planted not in endpoint.text()
    caplog.clear()


async def test_every_told_sentence_is_kept_with_the_call(salon: Salon) -> None:
    async def kept() -> list[Reply]:
        return sorted(await salon.rows(Reply), key=lambda reply: reply.id or 0)

    caller = salon.rings(from_number=NUMBER)
    told = [
        await caller.say("check_availability", datum="blau"),
        await caller.say("check_availability", **AT_NINE),
        await caller.say("sing_a_song"),
        await caller.say("book_appointment", name=NAME),
    ]
    await caller.hang_up()
    await salon.recorded(caller)

    rows = await eventually(kept, lambda rows: len(rows) == len(told))
    assert [row.message for row in rows] == [reply.message for reply in told]
    assert [row.status for row in rows] == ["error", "available", "error", "booked"]
    [call] = await salon.rows(Call)
    assert {row.call_id for row in rows} == {call.call_id}


async def test_lines_of_steps_and_conversation_name_their_call(salon: Salon, logs: Logs) -> None:
    caller = salon.rings()
    salon.fails("slots", "status", status=503, times=None)
    await caller.say("check_availability", **AT_NINE)
    await caller.hang_up()
    await salon.recorded(caller)

    of_call = [line for line in logs.lines if line.get("call_id") == caller.call_id]
    assert {line["logger"] for line in of_call} >= {"starter.journal", "temporalio.activity", "temporalio.workflow"}
