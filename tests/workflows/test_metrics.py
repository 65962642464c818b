"""What the conversation counts, as Prometheus reads it; and the one list of metrics."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.contrib.pydantic import pydantic_data_converter

from starter.conversation import Conversation
from starter.functions import TABLE
from tests.starter.scrape import Endpoint, Metrics
from tests.temporal import TemporalServer
from tests.workflows.fakes import NOW, THURSDAY, UNREACHABLE, FakeCalendar, Phone, berlin, new_call, worker_with
from workflows.messages import AnswerStatus, CallOutcome, CaughtAt, RecheckResult, TurnKind, TurnRecord
from workflows.metrics import (
    ANSWER_SECONDS,
    ANSWERS,
    BUCKETS,
    METRICS,
    OTHER,
    Counter,
    Gauge,
    Histogram,
    Metric,
    count_call,
    count_turn,
)

NINE = berlin("2025-10-16T09:00")

TEMPORALS_OWN = {"service_name", "namespace", "task_queue", "workflow_type"}
"""Labels Temporal adds by itself: none tells one call from another."""


@pytest.fixture(scope="module")
def endpoint(unused_tcp_port_factory: Callable[[], int]) -> Endpoint:
    return Endpoint(unused_tcp_port_factory)


@pytest.fixture(scope="module")
async def counting(client: Client, endpoint: Endpoint) -> Client:
    address = client.service_client.config.target_host
    return await Client.connect(address, data_converter=pydantic_data_converter, runtime=endpoint.runtime)


@pytest.fixture
def metrics(endpoint: Endpoint) -> Metrics:
    return Metrics(endpoint)


@pytest.fixture
async def conversation(counting: Client, calendar: FakeCalendar) -> AsyncIterator[Conversation]:
    task_queue = f"appointments-{uuid4().hex}"
    async with worker_with(counting, calendar, task_queue):
        yield Conversation(counting, task_queue)


async def test_a_race_that_is_handled_and_a_booking_after_it_are_counted(
    phone: Phone, calendar: FakeCalendar, metrics: Metrics
) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.free.discard(NINE)
    await phone.thinks(14)
    assert (await phone.says_yes()).status is AnswerStatus.SLOT_TAKEN
    assert (await phone.says_yes(alternative_id="a1")).status is AnswerStatus.BOOKED
    await phone.hangs_up()
    await phone.ends()

    assert metrics.value("slotkeeper_races_total", caught="recheck") == 1
    assert metrics.value("slotkeeper_races_total") == 1
    assert metrics.value("slotkeeper_race_errors_total") == 0
    assert metrics.value("slotkeeper_rechecks_total", result="gone") == 1
    assert metrics.value("slotkeeper_rechecks_total", result="passed") == 1
    assert metrics.value("slotkeeper_gap_seconds_count") == 2
    assert metrics.value("slotkeeper_gap_seconds_bucket", le="10") == 1
    assert metrics.value("slotkeeper_gap_seconds_bucket", le="300") == 2
    assert metrics.value("slotkeeper_calls_total", outcome="booked") == 1
    assert metrics.value("slotkeeper_confirmed_calls_total", booked="true") == 1
    assert metrics.value("slotkeeper_confirmed_calls_total", booked="false") == 0


async def test_a_race_without_an_alternative_is_an_error_that_reached_the_caller(
    phone: Phone, calendar: FakeCalendar, metrics: Metrics
) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.free.clear()
    await phone.says_yes()
    await phone.hangs_up()
    await phone.ends()

    assert metrics.value("slotkeeper_races_total", caught="recheck") == 1
    assert metrics.value("slotkeeper_race_errors_total") == 1
    assert metrics.value("slotkeeper_confirmed_calls_total", booked="false") == 1


async def test_a_question_is_no_confirmation_and_a_hold_of_another_call_with_alternatives_no_error(
    phone: Phone, calendar: FakeCalendar, metrics: Metrics
) -> None:
    calendar.held_by_others = {NINE}
    await phone.asks(THURSDAY, "09:00")
    await phone.hangs_up()
    await phone.ends()

    assert metrics.value("slotkeeper_races_total", caught="hold") == 1
    assert metrics.value("slotkeeper_race_errors_total") == 0
    assert metrics.value("slotkeeper_calls_total", outcome="hung_up") == 1
    assert metrics.value("slotkeeper_confirmed_calls_total") == 0


async def test_a_recheck_that_fails_is_counted(phone: Phone, calendar: FakeCalendar, metrics: Metrics) -> None:
    await phone.asks(THURSDAY, "09:00")
    calendar.failures["recheck_slot"] = [UNREACHABLE, UNREACHABLE]
    assert (await phone.says_yes()).status is AnswerStatus.BOOKED
    await phone.hangs_up()
    await phone.ends()

    assert metrics.value("slotkeeper_rechecks_total", result="failed") == 1


async def test_a_call_that_moves_to_another_worker_counts_nothing_twice(
    temporal: TemporalServer, counting: Client, calendar: FakeCalendar, metrics: Metrics
) -> None:
    task_queue = f"appointments-{uuid4().hex}"
    phone = Phone(temporal, Conversation(counting, task_queue), new_call())
    async with worker_with(counting, calendar, task_queue):
        await phone.asks(THURSDAY, "09:00")
        calendar.free.discard(NINE)
        await phone.says_yes()
    async with worker_with(counting, calendar, task_queue, max_cached_workflows=0):
        await phone.says_yes(alternative_id="a1")
        await phone.hangs_up()
        await phone.ends()

    assert metrics.value("slotkeeper_races_total") == 1
    assert metrics.value("slotkeeper_rechecks_total") == 2
    assert metrics.value("slotkeeper_calls_total") == 1


async def test_every_series_of_ours_has_the_labels_of_the_list_with_values_of_the_list(
    phone: Phone, endpoint: Endpoint
) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.says_yes()
    await phone.hangs_up()
    await phone.ends()

    listed = {name: metric for metric in METRICS for name in series_of(metric)}
    ours = [sample for sample in endpoint.samples() if sample.name.startswith("slotkeeper_")]
    assert {sample.name for sample in ours} >= {"slotkeeper_races_total", "slotkeeper_gap_seconds_bucket"}
    for sample in ours:
        labels = listed[sample.name].labels
        added = {name: value for name, value in sample.labels.items() if name not in {*labels, "le"}}
        assert added.keys() <= TEMPORALS_OWN
        assert all(sample.labels[name] in (*labels[name], OTHER) for name in labels)
        assert not any(phone.call.call_id in value for value in sample.labels.values())


async def test_what_has_never_happened_stands_at_zero(phone: Phone, endpoint: Endpoint) -> None:
    await phone.asks(THURSDAY, "09:00")
    await phone.hangs_up()
    await phone.ends()

    samples = endpoint.samples()
    assert "slotkeeper_race_errors_total" in {sample.name for sample in samples}
    assert {s.labels["caught"] for s in samples if s.name == "slotkeeper_races_total"} >= set(CaughtAt)
    assert {s.labels["result"] for s in samples if s.name == "slotkeeper_rechecks_total"} >= set(RecheckResult)
    assert {s.labels["booked"] for s in samples if s.name == "slotkeeper_confirmed_calls_total"} >= {"true", "false"}


@pytest.mark.parametrize(
    ("more", "is_error"),
    [
        ({"alternatives": (NINE,)}, False),
        ({"alternatives": (NINE,), "heard": False}, True),
        ({"alternatives": ()}, True),
        ({"status": AnswerStatus.ERROR}, True),
        ({"status": AnswerStatus.UNAVAILABLE, "alternatives": (NINE,)}, False),
        ({"caught_at": None, "alternatives": ()}, False),
    ],
)
def test_a_race_is_an_error_unless_its_caller_heard_of_an_alternative(
    metrics: Metrics, more: dict[str, Any], is_error: bool
) -> None:
    race = {"status": AnswerStatus.SLOT_TAKEN, "caught_at": CaughtAt.BOOKING, "answered_at": NOW}
    turn = TurnRecord(turn_id="yes/1", kind=TurnKind.CONFIRMATION, **(race | more))
    count_turn(metrics.meter, turn)
    assert metrics.value("slotkeeper_race_errors_total") == is_error


@pytest.mark.parametrize("outcome", CallOutcome)
def test_every_outcome_of_a_call_has_its_value(metrics: Metrics, outcome: CallOutcome) -> None:
    count_call(metrics.meter, outcome, ())
    assert metrics.value("slotkeeper_calls_total", outcome=outcome.value) == 1
    assert metrics.value("slotkeeper_confirmed_calls_total") == 0


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_value_that_is_not_in_the_list_counts_as_other(metrics: Metrics, metric: Metric) -> None:
    for planted in ("Erika Muster", "+4915550100001"):
        count(metric, metrics.meter, dict.fromkeys(metric.labels, planted))
    if metric.labels and not isinstance(metric, Gauge):
        counted = series_of(metric)[0]
        assert metrics.value(counted, **dict.fromkeys(metric.labels, OTHER)) == 2
    assert "Erika" not in metrics.endpoint.text()
    assert "4915550100001" not in metrics.endpoint.text()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_takes_its_own_labels_and_no_others(metric: Metric) -> None:
    values = {name: values[0] for name, values in metric.labels.items()}
    count(metric, MetricMeter.noop, values)
    with pytest.raises(ValueError, match=metric.name):
        count(metric, MetricMeter.noop, values | {"call_id": "call_1"})
    for name in values:
        with pytest.raises(ValueError, match=metric.name):
            count(metric, MetricMeter.noop, {label: value for label, value in values.items() if label != name})


def test_names_follow_prometheus_custom_and_occur_once() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    for metric in METRICS:
        assert metric.name.startswith("slotkeeper_")
        assert metric.name.endswith("_total") == isinstance(metric, Counter)
        assert metric.name.endswith("_seconds") == isinstance(metric, Histogram)
    assert all(list(bounds) == sorted(set(bounds)) for bounds in BUCKETS.values())


def test_the_labels_know_every_function_and_every_status() -> None:
    assert set(ANSWER_SECONDS.labels["function"]) == {function.name for function in TABLE}
    assert set(ANSWERS.labels["status"]) == {*AnswerStatus, "information"}


def count(metric: Metric, meter: MetricMeter, labels: dict[str, str]) -> None:
    """Count once, whatever kind of metric it is."""
    match metric:
        case Counter():
            metric.add(meter, 1, **labels)
        case Histogram():
            metric.record(meter, 1.0, **labels)
        case Gauge():
            metric.set(meter, 1, **labels)


def series_of(metric: Metric) -> list[str]:
    """Return the names a metric's series have."""
    if isinstance(metric, Histogram):
        return [f"{metric.name}_{part}" for part in ("count", "sum", "bucket")]
    return [metric.name]
