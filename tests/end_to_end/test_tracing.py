"""Traces: one from each request at the door to the requests to Cal.com it leads to, and nobody's name in any."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simulator.calcom import Fault, create_app
from simulator.caller import Caller
from simulator.stack import ROOT, Stack, running_stack
from tests.end_to_end.salon import CALCOM_KEY, SALON, calendar_config, eventually
from tests.end_to_end.served import served

pytestmark = pytest.mark.timeout(180)

NAME, NUMBER, EMAIL = "Zebedee Plantagenet", "+4915550177777", "zebedee@planted.example"
PLANTED = (*NAME.split(), NUMBER[1:], EMAIL.split("@")[0], "planted.example", CALCOM_KEY)
HAIRCUT = {"name": NAME, "email": EMAIL, "dienstleistung": "Herrenhaarschnitt"}
TEN = {"datum": "nächsten Dienstag", "uhrzeit": "10:00"}


@dataclass
class Collector:
    """Receives traces as OpenTelemetry sends them over HTTP."""

    bodies: list[bytes] = field(default_factory=list)

    @property
    def spans(self) -> list[tuple[str, Span]]:
        """Every span, with the process it comes from."""
        return [
            (next(a.value.string_value for a in of.resource.attributes if a.key == "service.name"), span)
            for body in self.bodies
            for of in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in of.scope_spans
            for span in scope.spans
        ]

    async def receive(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        return Response()

    def way_to(self, span: Span) -> list[str]:
        """Return where a span comes from: the names of all above it, the first of its trace first."""
        above = {s.span_id: s for _, s in self.spans if s.trace_id == span.trace_id}
        names: list[str] = []
        while parent := above.get(span.parent_span_id):
            names.insert(0, parent.name)
            span = parent
        return names

    def named(self, name: str) -> list[Span]:
        return [span for _, span in self.spans if span.name == name]


@dataclass
class Traced:
    """A stack whose processes trace, the calendar it asks, and what that was told of traces."""

    stack: Stack
    collector: Collector
    double: Starlette
    traceparents: list[str]
    http: httpx.AsyncClient

    def rings(self) -> Caller:
        return Caller(self.http, self.stack.retell_api_key, SALON, NUMBER, NAME)


@asynccontextmanager
async def traced(folder: Path, send_every_milliseconds: int) -> AsyncIterator[Traced]:
    collector = Collector()
    double = create_app(calendar_config(), lambda: datetime.now(UTC))
    traceparents: list[str] = []

    async def listening_double(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            traceparents.extend(v.decode() for name, v in scope["headers"] if name == b"traceparent")
        await double(scope, receive, send)

    collecting = Starlette(routes=[Route("/v1/traces", collector.receive, methods=["POST"])])
    with pytest.MonkeyPatch.context() as environment:
        async with served(collecting) as collector_url, served(listening_double) as calendar_url:
            environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector_url)
            environment.setenv("OTEL_BSP_SCHEDULE_DELAY", str(send_every_milliseconds))
            settings = {"CALCOM_API_KEY": CALCOM_KEY, "CALCOM_BASE_URL": calendar_url}
            async with (
                running_stack(folder, settings=settings) as stack,
                httpx.AsyncClient(base_url=stack.webhook_url, trust_env=False, timeout=30) as http,
            ):
                yield Traced(stack, collector, double, traceparents, http)


@pytest.fixture(scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    """A call that fails, is booked and ends; its traces are sent when the processes end, and no sooner."""
    async with traced(tmp_path_factory.mktemp("traced"), send_every_milliseconds=600_000) as running:
        caller = running.rings()
        await caller.started()
        running.double.state.calendar.add_fault(Fault(endpoint="slots", kind="status", status=500, message=NAME))
        assert (await caller.say("collect_appointment_data", **TEN, **HAIRCUT, bestaetigung=False)).status_code == 200
        assert (await caller.say("collect_appointment_data", **HAIRCUT, bestaetigung=True)).status == "booked"
        await caller.say(NAME, **HAIRCUT)
        unsigned = await running.http.post("/retell/functions", params={"name": NAME}, json=HAIRCUT)
        assert unsigned.status_code == 401
        await caller.hang_up()
        assert running.collector.bodies == []
    return running


def test_every_request_to_cal_com_is_in_the_trace_of_the_request_at_the_door_it_answers(played: Traced) -> None:
    ways = {
        (span.name, *played.collector.way_to(span))
        for process, span in played.collector.spans
        if process == "slotkeeper-worker"
        and span.kind == Span.SPAN_KIND_CLIENT
        and span.name.startswith(("GET", "POST"))
    }
    door = "POST /retell/functions"
    question = (door, "StartUpdateWithStartWorkflow:AppointmentWorkflow", "HandleUpdate:check_slot")
    yes = (door, "StartWorkflowUpdate:outcome", "HandleUpdate:outcome")
    assert ("GET /v2/slots", *question, "StartActivity:check_slot", "RunActivity:check_slot") in ways
    assert ("POST /v2/bookings", *yes, "StartActivity:book_slot", "RunActivity:book_slot") in ways
    assert {way[1] for way in ways} == {door}


def test_what_cal_com_is_asked_carries_its_trace(played: Traced) -> None:
    asked = [
        f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01"
        for name in ("GET /v2/slots", "POST /v2/bookings", "GET /v2/bookings")
        for span in played.collector.named(name)
    ]
    assert sorted(asked) == sorted(played.traceparents)
    assert len(asked) >= 4


def test_a_step_that_fails_is_seen_failing(played: Traced) -> None:
    failed = [s for s in played.collector.named("RunActivity:check_slot") if s.status.code == Status.STATUS_CODE_ERROR]
    assert [[e.name for e in span.events] for span in failed] == [["exception"]]
    assert {a.key for span in failed for event in span.events for a in event.attributes} == {"exception.type"}


def test_no_trace_carries_a_name_a_number_an_address_a_key_or_a_query(played: Traced) -> None:
    sent = b"".join(played.collector.bodies)
    assert [word for word in PLANTED if word.encode() in sent] == []
    assert [word for word in (b"eventTypeId", b"attendee", played.stack.retell_api_key.encode()) if word in sent] == []
    assert b"Herrenhaarschnitt" not in sent


async def test_a_worker_that_takes_a_call_over_goes_on_tracing_it(tmp_path: Path) -> None:
    async with traced(tmp_path, send_every_milliseconds=20) as running:

        async def seen(name: str) -> list[Span]:
            return running.collector.named(name)

        caller = running.rings()
        await caller.say("collect_appointment_data", **TEN, **HAIRCUT, bestaetigung=False)
        await eventually(lambda: seen("RunActivity:record_call"))
        running.stack.kill_worker()
        await running.stack.start_worker()
        assert (await caller.say("collect_appointment_data", **HAIRCUT, bestaetigung=True)).status == "booked"
        await caller.hang_up()

        # A step whose end the killed worker could not report any more is taken for lost after ten seconds.
        await eventually(lambda: seen("RunWorkflow:AppointmentWorkflow"), within=30)
    (booked,) = running.collector.named("POST /v2/bookings")
    assert running.collector.way_to(booked)[0] == "POST /retell/functions"
    ids = [span.span_id for _, span in running.collector.spans]
    assert len(set(ids)) == len(ids)


WITHOUT_THE_EXTRA = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("opentelemetry.exporter", "opentelemetry.instrumentation", "opentelemetry.sdk"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""
WORKER = ["worker.py"]
WEBHOOK = ["-m", "starter.cli", "webhook", "--port", "0"]


@pytest.fixture
def without_the_extra(tmp_path: Path) -> dict[str, str]:
    """What a process sees where the extra is not installed; of OpenTelemetry FastAPI has brought the bare interface."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_THE_EXTRA)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/kept.db",
        "CALCOM_API_KEY": CALCOM_KEY,
        "RETELL_API_KEY": "key_test_0123456789",
    }


async def ended(environment: dict[str, str], *arguments: str) -> tuple[int | None, list[str]]:
    """Run Python to its end; return the exit status and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, env=environment, stdout=PIPE, stderr=PIPE
    )
    _, said = await process.communicate()
    return process.returncode, said.decode().splitlines()


@pytest.mark.parametrize("process", [WORKER, WEBHOOK])
async def test_traces_without_the_extra_end_with_exit_status_2_and_one_line(
    without_the_extra: dict[str, str], process: list[str]
) -> None:
    status, said = await ended(without_the_extra | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, *process)
    assert status == 2
    (line,) = said
    assert line.startswith("OTEL_EXPORTER_OTLP_ENDPOINT: ")
    assert "slotkeeper[tracing]" in line


@pytest.mark.parametrize(("modules", "absent"), [("worker", "opentelemetry"), ("starter.cli", "opentelemetry.sdk")])
async def test_where_traces_are_off_nothing_of_opentelemetry_is_imported(
    without_the_extra: dict[str, str], modules: str, absent: str
) -> None:
    """FastAPI imports the bare interface itself."""
    reads = (
        f"import {modules}, sys; from starter.connect import read_connection; from starter.settings import Settings;"
        f"read_connection(Settings()); sys.exit({absent!r} in sys.modules)"
    )
    assert await ended(without_the_extra, "-c", reads) == (0, [])
