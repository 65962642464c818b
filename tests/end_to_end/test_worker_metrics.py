"""A worker as it is run: what it exports for Prometheus, what it keeps of Cal.com's answers, which attempt it was."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from starlette.applications import Starlette
from temporalio.client import Client

from simulator.calcom import Fault, create_app
from starter.connect import connect, read_connection
from starter.conversation import Conversation
from starter.directory import as_branch, as_service
from starter.settings import Settings
from store.catalog import load_catalog
from store.engine import reading
from store.tables import CalendarAnswers, Turn
from tests.databases import StoreWith
from tests.end_to_end.salon import CALCOM_KEY, SALON, TUESDAY_NIGHT, calendar_config, eventually
from tests.end_to_end.served import served
from worker import running_worker
from workflows.messages import AnswerStatus, Call, Confirmation, HangUp, SlotWish, workflow_id
from workflows.metrics import CALCOM_REQUEST_SECONDS, HOLD_ATTEMPTS, ROWS_LOST

WISH = SlotWish(turn_id="question", asked_at=TUESDAY_NIGHT, day=date(2025, 10, 16), time_of_day=time(9), name="Ann Lee")
YES = Confirmation(wish=SlotWish(turn_id="yes", asked_at=TUESDAY_NIGHT))


@dataclass
class RunningWorker:
    """A worker with real dependencies, and a call that can be made to it."""

    temporal: Client
    engine: AsyncEngine
    double: Starlette

    async def is_called(self) -> None:
        """Let somebody ask, say yes and hang up."""
        branch = (await load_catalog(self.engine)).branch_for(SALON)
        assert branch is not None
        call = Call(call_id=f"call_{uuid4().hex}", branch=as_branch(branch))
        wish = WISH.model_copy(update={"service": as_service(branch.services[0])})
        conversation = Conversation(self.temporal)
        assert (await conversation.check_slot(call, wish)).status is AnswerStatus.AVAILABLE
        assert (await conversation.confirm(call, YES)).status is AnswerStatus.BOOKED
        await conversation.hang_up(call.call_id, HangUp(at=TUESDAY_NIGHT))
        await self.temporal.get_workflow_handle(workflow_id(call.call_id)).result()


@pytest.fixture
def engine(store_with: StoreWith) -> AsyncEngine:
    return store_with("catalog")


@pytest.fixture(autouse=True)
def environment(client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "nowhere.toml"))
    monkeypatch.setenv("CALCOM_API_KEY", CALCOM_KEY)


@asynccontextmanager
async def worker_on(engine: AsyncEngine, metrics_bind: str | None = None) -> AsyncIterator[RunningWorker]:
    double = create_app(calendar_config(), lambda: TUESDAY_NIGHT)
    async with served(double) as calendar:
        settings = Settings(calcom_base_url=calendar, metrics_bind=metrics_bind)
        connection = read_connection(settings)
        temporal = await connect(connection)
        async with running_worker(temporal, engine, settings, connection):
            yield RunningWorker(temporal, engine, double)


async def exported(address: str) -> list[Metric]:
    """Return what Prometheus would read."""
    async with httpx.AsyncClient(trust_env=False) as http:
        return list(text_string_to_metric_families((await http.get(f"http://{address}/metrics")).text))


def values(exported: list[Metric], sample_name: str, *labels: str) -> dict[tuple[str, ...], float]:
    """Return the values of a sample by some of its labels; Temporal adds others to those counted in a step."""
    found: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for metric in exported:
        for sample in metric.samples:
            if sample.name == sample_name:
                found[tuple(sample.labels[label] for label in labels)] += sample.value
    return dict(found)


async def kept(engine: AsyncEngine) -> dict[tuple[str, str, str], int]:
    """Return the counts of Cal.com's answers by company, endpoint and result."""
    async with reading(engine) as session:
        rows = await session.exec(select(CalendarAnswers).where(CalendarAnswers.span_seconds == 60))
        counts: Counter[tuple[str, str, str]] = Counter()
        for row in rows:
            counts[row.company, row.endpoint, row.result] += row.answers
    return dict(counts)


async def test_what_cal_com_answered_and_what_became_of_holds_is_exported(
    engine: AsyncEngine, unused_tcp_port: int
) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    async with worker_on(engine, address) as running:
        running.double.state.calendar.add_fault(Fault(endpoint="slots", kind="status", status=500))
        await running.is_called()
        seen = await exported(address)

    requests = CALCOM_REQUEST_SECONDS.name
    assert values(seen, f"{requests}_count", "endpoint", "result") == {
        ("slots", "unreachable"): 1,
        ("slots", "ok"): 2,
        ("bookings.create", "ok"): 1,
    }
    bounds = {float(bound) for (bound,) in values(seen, f"{requests}_bucket", "le")}
    assert bounds == {*CALCOM_REQUEST_SECONDS.buckets, float("inf")}
    held = {("held",): 2, ("held_by_another_call",): 0, ("store_down",): 0, ("over_limit",): 0}
    assert values(seen, HOLD_ATTEMPTS.name, "result") == held
    assert values(seen, ROWS_LOST.name, "table") == {("calendar_answers",): 0}


async def test_cal_coms_answers_are_kept_though_nothing_is_exported(engine: AsyncEngine) -> None:
    async with worker_on(engine) as running:
        await running.is_called()
        await eventually(lambda: kept(engine))
    assert await kept(engine) == {("salon-beispiel", "slots", "ok"): 2, ("salon-beispiel", "bookings.create", "ok"): 1}


async def test_the_attempt_that_brought_a_steps_result_is_kept_with_the_call(engine: AsyncEngine) -> None:
    async with worker_on(engine) as running:
        running.double.state.calendar.add_fault(Fault(endpoint="slots", kind="status", status=500))
        await running.is_called()
    async with reading(engine) as session:
        turns = list(await session.exec(select(Turn).order_by(col(Turn.position))))
    question, yes = ({step["name"]: step["attempts"] for step in turn.steps} for turn in turns)
    assert question["check_slot"] == 2
    assert yes == {"recheck_slot": 1, "book_slot": 1}
