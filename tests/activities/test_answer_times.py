"""Cal.com's answer times, as they are counted and as they are kept."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from temporalio.common import MetricMeter
from temporalio.runtime import MetricBuffer, Runtime, TelemetryConfig

from activities.answer_times import ROWS_AT_ONCE, AnswerTimes
from activities.calcom_client import CalendarAnswer
from store.answer_times import MINUTE
from store.engine import reading
from store.quickness import step_of
from store.tables import CalendarAnswers
from tests.databases import StoreWith, kept_by_somebody_else
from tests.end_to_end.salon import Clock, eventually

Counted = Callable[[str], list[tuple[float, dict[str, object]]]]

TEN = datetime(2026, 12, 8, 10, 0, tzinfo=UTC)
LISTED = CalendarAnswer("salon", "slots", "ok", 0.31)


@pytest.fixture(scope="module")
def buffer() -> MetricBuffer:
    return MetricBuffer(10_000)


@pytest.fixture(scope="module")
def runtime(buffer: MetricBuffer) -> Runtime:
    return Runtime(telemetry=TelemetryConfig(metrics=buffer, attach_service_name=False))


@pytest.fixture
def metrics(runtime: Runtime, buffer: MetricBuffer) -> Iterator[Counted]:
    """What has been counted under a name: values with their labels."""

    def counted(name: str) -> list[tuple[float, dict[str, object]]]:
        updates = [update for update in buffer.retrieve_updates() if update.metric.name == name]
        return [(update.value, dict(update.attributes)) for update in updates if update.value]

    buffer.retrieve_updates()
    yield counted
    buffer.retrieve_updates()


@pytest.fixture
def meter(runtime: Runtime) -> MetricMeter:
    return runtime.metric_meter


@pytest.fixture
def clock() -> Clock:
    return Clock(TEN)


@pytest.fixture
def engine(store_with: StoreWith) -> AsyncEngine:
    return store_with("tables", patience=0.3)


@pytest.fixture
def times(engine: AsyncEngine, meter: MetricMeter, clock: Clock) -> AnswerTimes:
    return AnswerTimes(engine, meter, clock, most_rows=4 * ROWS_AT_ONCE)


async def minutes(engine: AsyncEngine) -> list[CalendarAnswers]:
    async with reading(engine) as session:
        rows = select(CalendarAnswers).where(CalendarAnswers.span_seconds == MINUTE)
        return list(await session.exec(rows.order_by(col(CalendarAnswers.begins_at), col(CalendarAnswers.quickness))))


async def total(engine: AsyncEngine) -> int:
    return sum(row.answers for row in await minutes(engine))


async def test_answers_of_one_minute_that_are_alike_are_one_row(
    times: AnswerTimes, engine: AsyncEngine, clock: Clock
) -> None:
    for _ in range(3):
        times.count(LISTED)
        await clock.pass_time(10)
    times.count(LISTED._replace(result="unreachable", seconds=3.0))
    await times.flush()

    assert [(row.company, row.begins_at, row.endpoint, row.result, row.answers) for row in await minutes(engine)] == [
        ("salon", TEN, "slots", "ok", 3),
        ("salon", TEN, "slots", "unreachable", 1),
    ]
    assert (await minutes(engine))[0].quickness == step_of(0.31)


async def test_another_minute_company_endpoint_or_quickness_is_another_row(
    times: AnswerTimes, engine: AsyncEngine, clock: Clock
) -> None:
    times.count(LISTED)
    times.count(LISTED._replace(company="praxis"))
    times.count(LISTED._replace(endpoint="bookings.list"))
    times.count(LISTED._replace(seconds=2.0))
    await clock.pass_time(60)
    times.count(LISTED)
    await times.flush()

    assert [row.answers for row in await minutes(engine)] == [1] * 5
    assert {row.begins_at for row in await minutes(engine)} == {TEN, TEN + timedelta(minutes=1)}


async def test_every_answer_is_counted_for_prometheus_with_its_time(times: AnswerTimes, metrics: Counted) -> None:
    times.count(LISTED)

    assert metrics("slotkeeper_calcom_request_seconds") == [(0.31, {"endpoint": "slots", "result": "ok"})]


async def test_what_is_counted_while_the_database_is_away_is_written_once_it_is_back(
    times: AnswerTimes, engine: AsyncEngine, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    times.count(LISTED)
    await times.flush()
    with kept_by_somebody_else(engine.url):
        for _ in range(3):
            times.count(LISTED)
            await times.flush()
        await clock.pass_time(60)
        times.count(LISTED)
        await times.flush()
    await times.flush()
    await times.flush()

    assert [row.answers for row in await minutes(engine)] == [4, 1]
    assert ["wait for the database" in record.getMessage() for record in caplog.records] == [True]


async def test_what_comes_while_rows_are_being_written_is_written_next(times: AnswerTimes, engine: AsyncEngine) -> None:
    times.count(LISTED)
    counted = 1
    writing = asyncio.create_task(times.flush())
    while not writing.done():
        times.count(LISTED)
        counted += 1
        await asyncio.sleep(0.001)
    await times.flush()

    assert counted > 1
    assert await total(engine) == counted


async def test_more_rows_than_fit_into_one_transaction_are_all_written(times: AnswerTimes, engine: AsyncEngine) -> None:
    for number in range(ROWS_AT_ONCE + 1):
        times.count(LISTED._replace(company=f"salon-{number}"))
    await times.flush()

    assert await total(engine) == ROWS_AT_ONCE + 1


async def test_the_oldest_minutes_are_given_up_when_rows_become_too_many(
    engine: AsyncEngine,
    meter: MetricMeter,
    clock: Clock,
    metrics: Counted,
    caplog: pytest.LogCaptureFixture,
) -> None:
    times = AnswerTimes(engine, meter, clock, most_rows=4)
    for company in ("salon", "praxis"):
        times.count(LISTED._replace(company=company))
    for _ in range(3):
        await clock.pass_time(60)
        times.count(LISTED)
    await times.flush()

    assert [row.begins_at - TEN for row in await minutes(engine)] == [timedelta(minutes=n) for n in (1, 2, 3)]
    assert metrics("slotkeeper_rows_lost_total") == [(2, {"table": "calendar_answers"})]
    assert "2 rows" in caplog.text


async def test_rows_are_written_while_the_worker_lives_and_the_rest_when_it_ends(
    times: AnswerTimes, engine: AsyncEngine
) -> None:
    async with times.kept():
        times.count(LISTED)
        await eventually(lambda: minutes(engine))
        times.count(LISTED)

    assert await total(engine) == 2


async def test_a_worker_that_fails_writes_the_rest_as_well(times: AnswerTimes, engine: AsyncEngine) -> None:
    async def work() -> None:
        async with times.kept():
            times.count(LISTED)
            raise RuntimeError("the worker had to stop")

    with pytest.raises(RuntimeError, match="the worker"):
        await work()

    assert await total(engine) == 1


async def test_a_worker_that_ends_while_the_database_is_away_gives_up_what_is_left(
    times: AnswerTimes, engine: AsyncEngine, metrics: Counted
) -> None:
    with kept_by_somebody_else(engine.url):
        async with times.kept():
            times.count(LISTED)

    assert await minutes(engine) == []
    assert metrics("slotkeeper_rows_lost_total") == [(1, {"table": "calendar_answers"})]


async def test_a_database_that_refuses_the_rows_ends_nothing(
    times: AnswerTimes,
    engine: AsyncEngine,
    metrics: Counted,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE calendar_answers RENAME TO elsewhere"))
    times.count(LISTED)
    await times.flush()

    assert "refused by the database" in caplog.text
    assert metrics("slotkeeper_rows_lost_total") == [(1, {"table": "calendar_answers"})]
    await times.flush()
