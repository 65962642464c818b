"""Traces, each from a request at the door to the requests to Cal.com it leads to. Off, unless told where to send them.

OpenTelemetry's own variables rule (``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_SERVICE_NAME``, ``OTEL_TRACES_SAMPLER``,
...). It comes with the extra ``tracing``, and is not imported where it is off.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from temporalio.client import Plugin

from starter.settings import SettingsError

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""Names the collector, spoken to by OTLP over HTTP: it switches tracing on."""


class Tracing:
    """What takes part in traces; this one is off, and sees nothing.

    Attributes:
        plugins: Go into the connection to Temporal, and with it into workers.
    """

    plugins: Sequence[Plugin] = ()

    def see_answers(self, app: "FastAPI") -> None:
        """Let every request to a web process begin a trace, or go on with the one it carries."""

    def see_questions(self, http: "httpx.AsyncClient") -> None:
        """Let every request of ours carry the trace it is part of."""


def read_tracing(process: str) -> Tracing:
    """Return how this process, by its name, takes part in traces; once per process.

    Raises:
        SettingsError: Traces are asked for, and what they need is not installed.
    """
    if not os.environ.get(ENDPOINT):
        return Tracing()
    try:
        from starter.tracing.spans import SentTracing
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{ENDPOINT}: traces need the extra `tracing`, pip install 'slotkeeper[tracing]': {error}"
        ) from None
    return SentTracing(process)
