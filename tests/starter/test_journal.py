"""What is noted of every answer: a log line, the metrics, and a row that operators read."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from starter import outbox
from starter.directory import Directory
from starter.journal import Journal
from starter.outbox import Outbox
from store.engine import reading
from store.errors import StoreUnavailable
from store.migrate import migrate
from store.replies import add_replies
from store.tables import Reply
from tests.databases import StoreWith, gone
from tests.end_to_end.salon import eventually
from tests.starter.conftest import NOW
from tests.starter.fakes import FakeConversation, Retell, envelope
from tests.starter.platforms import ElevenLabs, Vapi, app_for_all, client_of
from tests.starter.scrape import Endpoint, Metrics
from workflows.messages import Answer, AnswerStatus, Reason

NINE = datetime(2025, 10, 16, 7, tzinfo=UTC)
FREE = Answer(status=AnswerStatus.AVAILABLE, start=NINE)
QUESTION = {"datum": "16.10.", "uhrzeit": "9"}
PERSON = {"name": "Erika Muster", "email": "erika@muster.example", "telefonnummer": "+4915550177777"}


@pytest.fixture
def database(store_with: StoreWith) -> AsyncEngine:
    return store_with("tables")


@pytest.fixture(scope="module")
def endpoint(unused_tcp_port_factory: Callable[[], int]) -> Endpoint:
    return Endpoint(unused_tcp_port_factory)


@pytest.fixture
def metrics(endpoint: Endpoint) -> Metrics:
    return Metrics(endpoint)


@pytest.fixture
def conversation() -> FakeConversation:
    return FakeConversation(answer=FREE)


@dataclass
class WebProcess:
    """The web process, from start to end."""

    conversation: FakeConversation
    directory: Directory
    engine: AsyncEngine
    metrics: Metrics

    @asynccontextmanager
    async def runs(self) -> AsyncIterator[httpx.AsyncClient]:
        """Run until the end of the block: what was noted is kept then."""
        journal = Journal(self.engine, self.metrics.meter)
        app = app_for_all(self.conversation, self.directory, lambda: NOW, journal)
        async with app.router.lifespan_context(app), client_of(app) as http:
            yield http


@pytest.fixture
def web(conversation: FakeConversation, directory: Directory, database: AsyncEngine, metrics: Metrics) -> WebProcess:
    return WebProcess(conversation, directory, database, metrics)


async def replies(engine: AsyncEngine) -> list[Reply]:
    async with reading(engine) as session:
        return list(await session.exec(select(Reply).order_by(col(Reply.id))))


async def test_what_a_caller_was_told_is_kept_with_his_words_and_nothing_of_his_person(
    web: WebProcess, conversation: FakeConversation, database: AsyncEngine
) -> None:
    before = datetime.now(UTC)
    async with web.runs() as http:
        told = await Retell(http).function("check_availability", QUESTION | PERSON)
    [reply] = await replies(database)
    assert (reply.call_id, reply.company, reply.branch) == ("call_0001", "salon-beispiel", "zentrale")
    assert (reply.function, reply.status, reply.reason) == ("check_availability", "available", None)
    assert reply.message == told["message"]
    assert reply.turn_id == conversation.wishes[0][1].turn_id
    assert reply.words == {"day": "16.10.", "time_of_day": "9"}
    assert before <= reply.at <= datetime.now(UTC)
    assert 0 <= reply.seconds <= (reply.at - before).total_seconds()


@pytest.mark.parametrize(
    ("function", "arguments", "noted"),
    [
        ("check_availability", {"datum": "blau", "uhrzeit": "9"}, ("check_availability", "error", None)),
        ("check_availability", {"datum": "Montag, 16.10."}, ("check_availability", "error", "weekday_mismatch")),
        ("check_availability", {"service": "Ölwechsel"}, ("check_availability", "error", "unknown_service")),
        ("start_booking", {"email": "erika"}, ("book_appointment", "error", None)),
        ("sing_a_song", QUESTION, ("sing_a_song", "error", None)),
        ("current_time_berlin", {}, ("current_time_berlin", "information", None)),
        ("parse_date", {"date_string": "morgen"}, ("parse_date", "information", None)),
        ("initialize_call", {}, ("get_current_context", "new_customer", None)),
    ],
)
async def test_what_comes_to_no_turn_is_kept_all_the_same(
    web: WebProcess,
    database: AsyncEngine,
    function: str,
    arguments: dict[str, str],
    noted: tuple[str, str, str | None],
) -> None:
    async with web.runs() as http:
        told = await Retell(http).function(function, arguments)
    [reply] = await replies(database)
    assert (reply.function, reply.status, reply.reason) == noted
    assert (reply.turn_id, reply.message) == (None, told["message"])


async def test_an_answer_that_is_still_to_come_is_kept_as_pending(
    web: WebProcess, conversation: FakeConversation, database: AsyncEngine
) -> None:
    conversation.answer = Answer(status=AnswerStatus.PENDING)
    async with web.runs() as http:
        await Retell(http).function("book_appointment", QUESTION)
    [reply] = await replies(database)
    assert reply.status == "pending"
    assert reply.turn_id == conversation.confirmations[0][1].wish.turn_id


async def test_the_sentence_in_place_of_an_error_of_ours_is_kept_with_the_turn_it_was_to_answer(
    web: WebProcess, conversation: FakeConversation, database: AsyncEngine
) -> None:
    conversation.broken = RuntimeError("Erika Muster")
    async with web.runs() as http:
        told = await Retell(http).function("check_availability", QUESTION)
    [reply] = await replies(database)
    assert (reply.status, reply.message) == ("error", told["message"])
    assert reply.turn_id is not None


async def test_every_platform_is_noted(web: WebProcess, database: AsyncEngine, metrics: Metrics) -> None:
    async with web.runs() as http:
        vapi = Vapi(http)
        await vapi.results(vapi.tool_call("check_availability", QUESTION), vapi.tool_call("parse_date"))
        await ElevenLabs(http).function("check_availability", QUESTION)
    kept = await replies(database)
    assert [(reply.call_id.partition(":")[0], reply.function) for reply in kept] == [
        ("vapi", "check_availability"),
        ("vapi", "parse_date"),
        ("elevenlabs", "check_availability"),
    ]
    assert metrics.value("slotkeeper_answers_total", status="available", reason="") == 2
    assert metrics.value("slotkeeper_answer_seconds_count", function="check_availability") == 2


@pytest.mark.parametrize("unusable", [{"to": "+493055500099"}, {"call_id": "{{call_id}}"}])
async def test_a_call_that_cannot_be_told_from_others_is_logged_and_counted_but_not_kept(
    web: WebProcess,
    database: AsyncEngine,
    metrics: Metrics,
    caplog: pytest.LogCaptureFixture,
    unusable: dict[str, str],
) -> None:
    caplog.set_level(logging.INFO)
    async with web.runs() as http:
        await Retell(http).post(envelope("check_availability", QUESTION, **unusable))
    assert await replies(database) == []
    assert [record.name for record in caplog.records].count("starter.journal") == 1
    assert metrics.value("slotkeeper_answers_total", status="error") == 1


async def test_labels_are_bounded_whatever_is_called(web: WebProcess, metrics: Metrics) -> None:
    functions = [f"function_{number}" for number in range(20)] + ["Erika Muster", "start_booking", "start_booking_v17"]
    async with web.runs() as http:
        for function in functions:
            await Retell(http).function(function, QUESTION)
    assert metrics.value("slotkeeper_answer_seconds_count", function="other") == 21
    assert metrics.value("slotkeeper_answer_seconds_count", function="book_appointment") == 2
    assert "Erika" not in metrics.endpoint.text()
    assert "function_1" not in metrics.endpoint.text()


async def test_the_reason_of_an_answer_is_counted(
    web: WebProcess, conversation: FakeConversation, metrics: Metrics
) -> None:
    conversation.answer = Answer(
        status=AnswerStatus.SLOT_TAKEN, reason=Reason.RACE_CONDITION_DETECTED, start=NINE, alternatives=()
    )
    async with web.runs() as http:
        await Retell(http).function("book_appointment", QUESTION)
    assert metrics.value("slotkeeper_answers_total", status="slot_taken", reason="race_condition_detected") == 1


async def test_a_database_that_hangs_keeps_nobody_waiting(
    web: WebProcess, monkeypatch: pytest.MonkeyPatch, database: AsyncEngine
) -> None:
    asked, answers = asyncio.Event(), asyncio.Event()

    async def hangs(engine: AsyncEngine, rows: Sequence[Reply]) -> None:
        asked.set()
        await answers.wait()
        await add_replies(engine, rows)

    monkeypatch.setattr(outbox, "add_replies", hangs)
    async with web.runs() as http:
        retell = Retell(http)
        assert (await retell.function("check_availability", QUESTION))["status"] == "available"
        await asked.wait()
        assert (await retell.function("book_appointment", QUESTION))["status"] == "available"
        assert (await retell.event("call_ended")).status_code == 200
        answers.set()
    assert [reply.function for reply in await replies(database)] == ["check_availability", "book_appointment"]


async def test_a_process_whose_database_hangs_ends_all_the_same_and_counts_what_is_lost(
    web: WebProcess, monkeypatch: pytest.MonkeyPatch, metrics: Metrics
) -> None:
    async def hangs(engine: AsyncEngine, rows: Sequence[Reply]) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(outbox, "add_replies", hangs)
    monkeypatch.setattr(outbox, "BATCH", 1)
    monkeypatch.setattr(outbox, "FLUSH_SECONDS", 0.05)
    async with web.runs() as http:
        for _ in range(3):
            await Retell(http).function("check_availability", QUESTION)
    assert metrics.value("slotkeeper_rows_lost_total", table="reply") == 3


async def test_while_the_database_fails_rows_are_lost_and_counted_and_one_line_says_so(
    conversation: FakeConversation,
    directory: Directory,
    metrics: Metrics,
    store_with: StoreWith,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def lost() -> float:
        return metrics.value("slotkeeper_rows_lost_total", table="reply")

    engine = store_with("nothing")
    async with WebProcess(conversation, directory, engine, metrics).runs() as http:
        retell = Retell(http)
        for number in (1, 2):
            assert (await retell.function("check_availability", QUESTION))["status"] == "available"
            await eventually(lost, float(number).__eq__)
        await migrate(engine)
        await retell.function("check_availability", QUESTION)
    assert len(await replies(engine)) == 1
    assert await lost() == 2
    assert [record.name for record in caplog.records if record.levelno >= logging.WARNING] == ["starter.outbox"]


async def test_what_is_said_while_the_database_is_away_is_kept_once_it_is_back(
    web: WebProcess, database: AsyncEngine, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    async def waits() -> bool:
        return "waits for the database" in caplog.text

    async with web.runs() as http:
        retell = Retell(http)
        await database.dispose()
        with gone(database.url):
            await retell.function("check_availability", QUESTION)
            await eventually(waits)
            await retell.function("book_appointment", QUESTION)
    assert [reply.function for reply in await replies(database)] == ["check_availability", "book_appointment"]
    assert metrics.value("slotkeeper_rows_lost_total", table="reply") == 0
    assert [record.name for record in caplog.records if record.name == "starter.outbox"] == ["starter.outbox"]


async def test_what_the_database_took_without_saying_so_is_kept_once(
    web: WebProcess, monkeypatch: pytest.MonkeyPatch, database: AsyncEngine
) -> None:
    told: list[int] = []

    async def answers_the_second_time(engine: AsyncEngine, rows: Sequence[Reply]) -> None:
        await add_replies(engine, rows)
        told.append(len(rows))
        if len(told) == 1:
            raise StoreUnavailable("the connection broke after the commit")

    monkeypatch.setattr(outbox, "add_replies", answers_the_second_time)
    async with web.runs() as http:
        await Retell(http).function("check_availability", QUESTION)
    assert told == [1, 1]
    assert [reply.function for reply in await replies(database)] == ["check_availability"]


async def test_so_many_rows_wait_and_no_more(
    database: AsyncEngine, metrics: Metrics, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox, "CAPACITY", 2)
    outgoing = Outbox(database, metrics.meter)
    for number in range(5):
        outgoing.put(reply_of(f"call_{number}"))
    async with outgoing.delivering():
        pass
    assert [reply.call_id for reply in await replies(database)] == ["call_0", "call_1"]
    assert metrics.value("slotkeeper_rows_lost_total", table="reply") == 3
    assert len(caplog.records) == 1


async def test_many_rows_are_written_in_few_transactions(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    async def counted(engine: AsyncEngine, rows: Sequence[Reply]) -> None:
        sizes.append(len(rows))
        await add_replies(engine, rows)

    monkeypatch.setattr(outbox, "add_replies", counted)
    outgoing = Outbox(database)
    for number in range(outbox.BATCH + 20):
        outgoing.put(reply_of(f"call_{number}"))
    async with outgoing.delivering():
        pass
    assert sizes == [outbox.BATCH, 20]
    assert len(await replies(database)) == outbox.BATCH + 20


def reply_of(call_id: str) -> Reply:
    return Reply(
        call_id=call_id,
        company="salon-beispiel",
        branch="zentrale",
        at=NINE,
        function="parse_date",
        status="information",
        message="Das ist Donnerstag.",
        seconds=0.1,
    )
