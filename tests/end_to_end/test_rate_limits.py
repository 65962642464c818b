"""Several workers on one key, and more callers than its rate limit has room for."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.budget import Budgets
from activities.calcom_client import CalcomClient
from activities.calcom_http import calcom_http
from activities.records import RecordActivities
from activities.scheduling import SchedulingActivities
from simulator.calcom import Calendar, Config, create_app
from simulator.calcom.config import RateLimit
from starter.conversation import Conversation
from store.engine import close, create_engine
from store.holds import Holds
from tests.databases import DatabaseWith
from tests.end_to_end.salon import BERLIN, CALCOM_KEY
from tests.temporal import TemporalServer
from tests.workflows.fakes import Phone, new_call
from worker import build_worker
from workflows.messages import Answer, AnswerStatus, RecheckResult

LIMIT = RateLimit(requests=12, window_seconds=2, block_seconds=2)
WORKERS = 3
BOOKERS, FLOOD = 5, 16
HALF_HOUR = timedelta(minutes=30)

Slot: TypeAlias = tuple[date, str]


def slots_of_the_week_after_next() -> list[Slot]:
    """Return every half hour a hairdresser works, far enough ahead that no notice stands against it."""
    now = datetime.now(BERLIN)
    monday = now.date() + timedelta(days=14 - now.weekday())
    begins = [datetime.combine(monday, time(9)) + n * HALF_HOUR for n in range(18)]
    return [(monday + timedelta(days=day), f"{begin:%H:%M}") for day in range(5) for begin in begins]


@dataclass
class SlowLine(httpx.AsyncBaseTransport):
    """The workers' line to Cal.com: an answer takes a moment, and requests under way are counted."""

    double: httpx.AsyncBaseTransport
    seconds: float
    under_way: int = 0
    most_under_way: int = 0
    answers: Counter[int] = field(default_factory=Counter)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
            response = await self.double.handle_async_request(request)
        finally:
            self.under_way -= 1
        self.answers[response.status_code] += 1
        return response


@dataclass
class Business:
    """Callers on one side, workers and a calendar with a rate limit on the other."""

    temporal: TemporalServer
    conversation: Conversation
    calendar: Calendar
    line: SlowLine

    def rings(self) -> Phone:
        return Phone(self.temporal, self.conversation, new_call())

    async def asks_until_it_is_offered(self, phone: Phone, slot: Slot) -> list[Answer]:
        """Ask again as long as it cannot be said; return every answer."""
        heard: list[Answer] = []
        while not heard or heard[-1].status is AnswerStatus.ERROR:
            heard.append(await phone.asks(*slot, asked_at=datetime.now(UTC)))
        return heard

    async def books(self, slot: Slot) -> tuple[list[Answer], Phone]:
        phone = self.rings()
        heard = await self.asks_until_it_is_offered(phone, slot)
        heard.append(await phone.says_yes(asked_at=datetime.now(UTC)))
        return heard, phone

    async def asks_only(self, slot: Slot) -> list[Answer]:
        phone = self.rings()
        heard = await self.asks_until_it_is_offered(phone, slot)
        await phone.hangs_up()
        return heard


@asynccontextmanager
async def business(
    temporal: TemporalServer,
    database: str,
    limit: RateLimit = LIMIT,
    workers: int = WORKERS,
    budgets: Callable[[], Budgets] = Budgets,
    seconds: float = 0.05,
) -> AsyncIterator[Business]:
    double = create_app(Config.load().model_copy(update={"rate_limit": limit}))
    line = SlowLine(httpx.ASGITransport(double), seconds)
    task_queue = f"appointments-{uuid4().hex}"
    async with AsyncExitStack() as running:
        for _ in range(workers):
            # As in processes of their own, each worker has its own connections.
            engine, known = create_engine(database), budgets()
            running.push_async_callback(close, engine)
            await running.enter_async_context(known.shared(engine))
            http = await running.enter_async_context(calcom_http("http://calcom.example", line))
            client = CalcomClient(http, budgets=known)
            scheduling = SchedulingActivities(client, Holds(engine), {"CALCOM_API_KEY": CALCOM_KEY})
            records = RecordActivities(engine)
            address = temporal.client.service_client.config.target_host
            own = await Client.connect(address, data_converter=pydantic_data_converter)
            worker = build_worker(own, scheduling, records, task_queue=task_queue, drain=timedelta(seconds=1))
            await running.enter_async_context(worker)
        yield Business(temporal, Conversation(temporal.client, task_queue), double.state.calendar, line)


@pytest.fixture
def database(database_with: DatabaseWith) -> str:
    return database_with("catalog")


async def test_a_flood_of_questions_keeps_no_booking_from_being_made(temporal: TemporalServer, database: str) -> None:
    slots = slots_of_the_week_after_next()
    async with business(temporal, database) as salon:
        flood = [asyncio.create_task(salon.asks_only(slot)) for slot in slots[BOOKERS:][:FLOOD]]
        made = await asyncio.gather(*(salon.books(slot) for slot in slots[:BOOKERS]))
        asked = await asyncio.gather(*flood)

        # Every yes was carried out, once; and nobody was told anything else than that it could not be said.
        assert [heard[-1].status for heard, _ in made] == [AnswerStatus.BOOKED] * BOOKERS
        wanted = {answer.start for heard, _ in made for answer in heard[-1:]}
        assert {booking.start for booking in salon.calendar.bookings.values() if booking.is_open} == wanted
        assert len(salon.calendar.bookings) == len(wanted) == BOOKERS
        questions = [answer for heard in asked for answer in heard] + [a for heard, _ in made for a in heard[:-1]]
        assert {answer.status for answer in questions} <= {AnswerStatus.AVAILABLE, AnswerStatus.ERROR}

        # Whenever the limit was reached, what went beyond it was under way already.
        refused = salon.line.answers[429]
        reached = (salon.line.answers.total() - refused) // LIMIT.requests
        assert reached >= 2
        assert refused <= reached * salon.line.most_under_way

        # No look before a booking was called a failure.
        for _, phone in made:
            assert (await phone.view()).turns[-1].recheck in (RecheckResult.PASSED, RecheckResult.SKIPPED)
            await phone.hangs_up()


async def test_a_worker_that_has_not_asked_yet_does_not_run_into_the_limit(
    temporal: TemporalServer, database: str
) -> None:
    limit = RateLimit(requests=3, window_seconds=60, block_seconds=60)
    slots = slots_of_the_week_after_next()
    budgets = Budgets()
    async with business(temporal, database, limit, workers=1, budgets=lambda: budgets) as salon:
        phone = salon.rings()
        for slot in slots[:3]:
            offered = await phone.asks(*slot, asked_at=datetime.now(UTC))
            assert offered.status is AnswerStatus.AVAILABLE
        await phone.hangs_up()
        assert salon.line.answers == {200: 3}

    async with business(temporal, database, limit, workers=1) as salon:
        newcomer = salon.rings()
        answer = await newcomer.asks(*slots[0], asked_at=datetime.now(UTC))
        assert answer.status is AnswerStatus.ERROR
        await newcomer.hangs_up()
        assert salon.line.answers == {}
