"""Spans as OpenTelemetry's libraries make them, and what of them leaves the process."""

import logging
import os
from collections.abc import Sequence

import httpx
from fastapi import FastAPI
from opentelemetry import context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor, RequestInfo
from opentelemetry.sdk.environment_variables import OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin, create_tracer_provider
from temporalio.plugin import SimplePlugin
from temporalio.worker import (
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle

from starter.tracing import Tracing

TELLING = frozenset(
    {
        "error.type",
        "exception.type",
        "http.method",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "http.status_code",
        "net.peer.name",
        "server.address",
        "temporalActivityID",
        "temporalRunID",
        "temporalUpdateID",
        "temporalWorkflowID",
    }
)
"""What spans may say. Whatever else libraries note may quote callers: addresses with queries, messages of errors."""

EXPORT_SECONDS = 3.0
"""A collector that does not answer delays the end of a process by about so much."""

NOT_TRACED = "/health$,/ready$"


class SentTracing(Tracing):
    """Sends what it sees to the collector; what is left goes out when the process ends."""

    def __init__(self, process: str) -> None:
        """Set OpenTelemetry up for this process."""
        provider = create_tracer_provider(
            resource=Resource.create({SERVICE_NAME: process}).merge(OTELResourceDetector().detect())
        )
        has_own_timeout = any(map(os.environ.get, (OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT)))
        exporter = OTLPSpanExporter(timeout=None if has_own_timeout else EXPORT_SECONDS)
        provider.add_span_processor(BatchSpanProcessor(_Discreet(exporter)))
        trace.set_tracer_provider(provider)
        # Without baggage: whatever somebody else put into a request would travel on to Temporal and Cal.com.
        propagate.set_global_textmap(TraceContextTextMapPropagator())
        # A conversation that another worker goes on with leaves open spans behind, and this one calls that an error.
        logging.getLogger("opentelemetry.context").setLevel(logging.CRITICAL)
        self.plugins = (
            OpenTelemetryPlugin(add_temporal_spans=True),
            SimplePlugin("RequestsOfSteps", interceptors=[_RequestsOfSteps()]),
        )

    def see_answers(self, app: FastAPI) -> None:
        """Let every request begin a trace, or go on with the one it carries; questions after health are left out."""
        FastAPIInstrumentor.instrument_app(app, excluded_urls=NOT_TRACED, exclude_spans=["receive", "send"])

    def see_questions(self, http: httpx.AsyncClient) -> None:
        """Let every request carry the trace it is part of."""
        HTTPXClientInstrumentor.instrument_client(http, request_hook=_name)


async def _name(span: Span, request: RequestInfo) -> None:
    if isinstance(request.url, httpx.URL):
        span.update_name(f"{request.method.decode()} {request.url.path}")


class _Discreet(SpanExporter):
    """Lets nothing out but what spans may say."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_discreet(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _discreet(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_telling(span.attributes),
        events=[Event(event.name, _telling(event.attributes), event.timestamp) for event in span.events],
        links=[trace.Link(link.context) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _telling(attributes: Attributes) -> Attributes:
    return {name: value for name, value in (attributes or {}).items() if name in TELLING}


class _RequestsOfSteps(Interceptor):
    """Counts a step to the request that brought what is being answered, not to the one that began the call.

    ``AppointmentWorkflow`` answers whatever it is told in ``run``, which the first request of the call has started.
    """

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        return _Heard


class _Heard(WorkflowInboundInterceptor):
    """Remembers the trace of what was said last."""

    last: Context | None = None

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Steps(outbound, self))

    async def handle_signal(self, input: HandleSignalInput) -> None:
        self.last = context.get_current()
        await super().handle_signal(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> object:
        self.last = context.get_current()
        return await super().handle_update_handler(input)


class _Steps(WorkflowOutboundInterceptor):
    """Starts every step in that trace."""

    def __init__(self, next: WorkflowOutboundInterceptor, heard: _Heard) -> None:
        super().__init__(next)
        self._heard = heard

    def start_activity(self, input: StartActivityInput) -> ActivityHandle[object]:
        if self._heard.last is None:
            return super().start_activity(input)
        token = context.attach(self._heard.last)
        try:
            return super().start_activity(input)
        finally:
            context.detach(token)
