"""docs/operations.md is tried: its queries find the calls they say they find, its commands do what they say they do."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError

from starter.conversation import Conversation
from starter.settings import Settings
from tests.deploy.compose import ROOT, services
from tests.deploy.promql import ALERTS
from tests.end_to_end.salon import eventually
from tests.temporal import TemporalServer
from tests.workflows.fakes import (
    BRANCH,
    MISCONFIGURED,
    THURSDAY,
    UNREACHABLE,
    FakeCalendar,
    Phone,
    berlin,
    new_call,
    worker_with,
)
from workflows.messages import AnswerStatus, CallOutcome, workflow_id
from workflows.metrics import METRICS, Metric
from workflows.steps import CALENDAR_UNREACHABLE

DOCUMENT = (ROOT / "docs/operations.md").read_text()

NINE = berlin("2025-10-16T09:00")


def block(heading: str) -> str:
    """Return the fenced block under a heading."""
    under = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert under, heading
    found = re.search(r"^```\w+\n(.*?)^```$", under[1], re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1].strip()


QUERIES = re.findall(r"^#### (.+)$", DOCUMENT, re.MULTILINE)


class Desk:
    """An operator's desk: a calendar, and a phone for every call."""

    def __init__(self, temporal: TemporalServer, conversation: Conversation, calendar: FakeCalendar) -> None:
        self.temporal = temporal
        self.calendar = calendar
        self._conversation = conversation

    def rings(self, company: str = BRANCH.company) -> Phone:
        call = new_call(BRANCH.model_copy(update={"company": company}))
        return Phone(self.temporal, self._conversation, call)

    async def types(self, command: str, phone: Phone, step: str = "") -> str:
        """Run a command of the document about this call; return what it prints."""
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
            "TEMPORAL_ADDRESS": self.temporal.client.service_client.config.target_host,
            "CALL": phone.call.call_id,
            "STEP": step,
        }
        shell = await asyncio.create_subprocess_exec("sh", "-euc", command, env=environment, stdout=PIPE, stderr=STDOUT)
        said, _ = await shell.communicate()
        assert shell.returncode == 0, said.decode()
        return said.decode()

    async def failing_step(self, phone: Phone) -> str:
        """Return the id of the step that has failed and is to be tried again; empty if there is none."""
        description = (await phone.handle.describe()).raw_description
        return next((step.activity_id for step in description.pending_activities if step.attempt > 1), "")

    async def recorded(self) -> bool:
        return bool(self.calendar.records)

    async def booked(self) -> bool:
        return bool(self.calendar.booked)

    async def found(self, query: str, among: dict[str, Phone]) -> set[str]:
        """Return which of these calls a query finds."""
        ids = {workflow_id(phone.call.call_id): name for name, phone in among.items()}
        return {ids[run.id] async for run in self.temporal.client.list_workflows(query) if run.id in ids}


@pytest.fixture
async def desk(temporal: TemporalServer) -> AsyncIterator[Desk]:
    calendar, task_queue = FakeCalendar(), f"appointments-{uuid4().hex}"
    async with worker_with(temporal.client, calendar, task_queue):
        yield Desk(temporal, Conversation(temporal.client, task_queue), calendar)


@pytest.fixture
async def calls(desk: Desk) -> AsyncIterator[dict[str, Phone]]:
    """A call in every state there is."""
    calls = {name: desk.rings() for name in ("waiting", "race", "misconfigured", "given up", "uncertain", "hung up")}
    calls["elsewhere"] = desk.rings(company="riverside-consulting")
    await calls["waiting"].asks(THURSDAY, "10:00")
    await calls["elsewhere"].asks(THURSDAY, "11:00")
    desk.calendar.held_by_others = {NINE}
    await calls["race"].asks(THURSDAY, "09:00")
    await calls["uncertain"].asks(THURSDAY, "12:00")
    unclear = ApplicationError("no answer", type=CALENDAR_UNREACHABLE, non_retryable=True)
    desk.calendar.failures["book_slot"] = [unclear]
    await calls["uncertain"].says_yes()
    for name in ("misconfigured", "given up"):
        desk.calendar.failures["check_slot"] = [MISCONFIGURED]
        await calls[name].asks(THURSDAY, "14:00")
    await calls["hung up"].asks(THURSDAY, "15:00")
    for name in ("hung up", "given up"):
        await calls[name].hangs_up()
        await calls[name].ends()
    yield calls
    for name in calls.keys() - {"hung up", "given up"}:
        await calls[name].hangs_up()
        await calls[name].ends()


FINDS = {
    "In conversation": {"waiting", "elsewhere"},
    "Races today": {"race"},
    "Stuck on a configuration error": {"misconfigured"},
    "Booking uncertain": {"uncertain"},
    "One company's calls": {"waiting", "race", "misconfigured", "given up", "uncertain", "hung up"},
    "Who wanted this moment": {"race"},
}


def test_every_saved_query_is_tried() -> None:
    assert list(FINDS) == QUERIES


async def test_every_saved_query_finds_the_calls_it_says_it_finds(desk: Desk, calls: dict[str, Phone]) -> None:
    for heading, wanted in FINDS.items():
        await eventually(partial(desk.found, block(heading), calls), wanted.__eq__)


async def test_races_of_another_day_are_left_out(desk: Desk, calls: dict[str, Phone]) -> None:
    query, days = re.subn(r"'\d{4}-", "'2999-", block("Races today"))
    assert days == 1
    await eventually(lambda: desk.found("RaceDetected = true", calls), {"race"}.__eq__)
    assert await desk.found(query, calls) == set()


async def test_the_page_of_a_call_can_be_read(desk: Desk) -> None:
    phone = desk.rings()
    await phone.asks(THURSDAY, "09:00")
    assert "on offer: Thu 16 Oct 2025 09:00" in await desk.types(block("Read a call"), phone)
    await phone.hangs_up()
    await phone.ends()


async def test_a_yes_said_by_hand_books_and_a_call_ended_by_hand_is_over(desk: Desk) -> None:
    phone = desk.rings()
    await phone.asks(THURSDAY, "09:00")

    await desk.types(block("Say yes for a caller"), phone)
    await desk.types(block("End a call"), phone)

    result = await phone.ends()
    assert (result.outcome, result.ended_as) == (CallOutcome.BOOKED, CallOutcome.HUNG_UP)
    assert [(booked.start, booked.attendee.name) for booked in desk.calendar.booked] == [(NINE, "Erika Muster")]
    assert desk.calendar.records[-1].hang_up_reason == "by_hand"


async def test_a_cancelled_call_lets_its_hold_go(desk: Desk) -> None:
    phone = desk.rings()
    await phone.asks(THURSDAY, "09:00")
    assert desk.calendar.hold == NINE

    await desk.types(block("Cancel a call"), phone)

    with pytest.raises(WorkflowFailureError) as ended:
        await phone.ends()
    assert isinstance(ended.value.cause, CancelledError)
    assert desk.calendar.hold is None
    assert desk.calendar.records[-1].outcome is CallOutcome.CANCELLED


async def test_nothing_more_is_done_for_a_terminated_call(desk: Desk) -> None:
    phone = desk.rings()
    await phone.asks(THURSDAY, "09:00")
    await eventually(desk.recorded)

    await desk.types(block("Terminate a call"), phone)

    assert (await phone.handle.describe()).status is WorkflowExecutionStatus.TERMINATED
    assert desk.calendar.hold == NINE
    assert desk.calendar.records[-1].ended_at is None
    assert (await phone.says_yes()).status is AnswerStatus.CLOSED
    assert desk.calendar.booked == []


async def test_a_step_that_is_paused_is_not_tried_again_until_it_goes_on(desk: Desk) -> None:
    phone = desk.rings()
    await phone.asks(THURSDAY, "09:00")
    desk.calendar.failures["book_slot"] = [UNREACHABLE] * 30
    await desk.types(block("Say yes for a caller"), phone)
    step = await eventually(lambda: desk.failing_step(phone))

    pause, go_on = block("Pause a step").splitlines()
    await desk.types(pause, phone, step)
    [paused] = (await phone.handle.describe()).raw_description.pending_activities
    assert paused.paused
    desk.calendar.failures.clear()
    await desk.types(go_on, phone, step)

    await eventually(desk.booked)
    await phone.hangs_up()
    assert (await phone.ends()).outcome is CallOutcome.BOOKED


async def test_a_call_that_was_reset_goes_on_and_does_nothing_twice(desk: Desk) -> None:
    phone = desk.rings()
    await phone.asks(THURSDAY, "09:00")

    await desk.types(block("Reset a call"), phone)

    assert (await phone.says_yes()).status is AnswerStatus.BOOKED
    assert desk.calendar.steps.count("check_slot") == 1
    await phone.hangs_up()
    await phone.ends()


async def test_a_call_that_was_reset_to_before_its_booking_does_not_know_of_it_nor_book_it_again(desk: Desk) -> None:
    phone = desk.rings()
    await phone.asks(THURSDAY, "09:00")
    await phone.says_yes()

    command = block("Reset a call").replace("LastWorkflowTask", "FirstWorkflowTask")
    await desk.types(command, phone)
    await phone.hangs_up()

    assert (await phone.ends()).bookings == ()
    assert [booking.start for booking in desk.calendar.booked] == [NINE]


async def test_many_calls_are_ended_at_once(desk: Desk) -> None:
    phones = {name: desk.rings() for name in ("one", "another")}
    for phone in phones.values():
        desk.calendar.failures["check_slot"] = [MISCONFIGURED]
        await phone.asks(THURSDAY, "09:00")
    stuck = block("Stuck on a configuration error")
    await eventually(lambda: desk.found(stuck, phones), phones.keys().__eq__)

    await desk.types(block("Many at once"), phones["one"])

    for phone in phones.values():
        result = await phone.ends()
        assert (result.outcome, result.ended_as) == (CallOutcome.CONFIGURATION_ERROR, CallOutcome.HUNG_UP)


def test_every_command_is_tried() -> None:
    by_hand = DOCUMENT.partition("\n## By hand\n")[2].partition("\n## ")[0]
    tried = set(re.findall(r'block\("([^"]+)"\)', Path(__file__).read_text()))
    assert set(re.findall(r"^### (.+)$", by_hand, re.MULTILINE)) <= tried


def test_every_alert_is_in_the_table_with_how_grave_it_is() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| .* \| ([\w, ]+) \|$", DOCUMENT, re.MULTILINE))
    grave = {name: rule.get("labels", {}) for name, rule in ALERTS.items()}
    assert listed == {
        name: labels["severity"] + (", rollback" if "rollback" in labels else "") for name, labels in grave.items()
    }


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_in_the_table_with_its_labels(metric: Metric) -> None:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
    assert f"| `{metric.name}` | {labels} | {metric.says} |" in DOCUMENT


def test_every_setting_it_names_exists() -> None:
    known = {name.upper() for name in Settings.model_fields}
    ours = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", DOCUMENT))
    codec = {"TEMPORAL_CODEC_ENDPOINT", "TEMPORAL_CODEC_INCLUDE_CREDENTIALS"}
    elsewhere = {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "OTEL_EXPORTER_OTLP_ENDPOINT", "GRAFANA_PASSWORD", *codec}
    assert ours - known == elsewhere


def test_every_address_it_names_is_published() -> None:
    published = {port.split(":")[1] for service in services().values() for port in service.ports}
    assert set(re.findall(r"http://localhost:(\d+)", DOCUMENT)) <= published
