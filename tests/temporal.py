"""A Temporal server for tests: the real dev server whose clock can be moved, and the test server as second opinion."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from workflows.visibility import SEARCH_ATTRIBUTES


def binary(name: str) -> str:
    """Return the path of a server that a package has put beside the interpreter."""
    return str(Path(sys.executable).with_name(name))


@dataclass
class TemporalServer:
    """A running server, and the way its clock is moved for one workflow."""

    client: Client
    pass_time: Callable[[WorkflowHandle[Any, Any], timedelta], Awaitable[None]]


@asynccontextmanager
async def dev_server(**matching: int) -> AsyncIterator[TemporalServer]:
    """Run the dev server; time passes as it does, and skips ahead where a test says so.

    ``matching`` are settings of the service that gives tasks to workers.
    """
    more = [word for name, value in matching.items() for word in ("--dynamic-config-value", f"matching.{name}={value}")]
    async with await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        data_converter=pydantic_data_converter,
        search_attributes=list(SEARCH_ATTRIBUTES),
        dev_server_existing_path=binary("temporal"),
        dev_server_extra_args=[
            "--dynamic-config-value",
            "frontend.WorkflowTimeSkippingEnabled=true",
            "--dynamic-config-value",
            "history.transferProcessorMaxPollRPS=1000",
            "--dynamic-config-value",
            "matching.enableFairness=true",
            *more,
        ],
        dev_server_startup_timeout=timedelta(seconds=30),
    ) as env:

        async def pass_time(handle: WorkflowHandle[Any, Any], duration: timedelta) -> None:
            await env.fast_forward(handle, duration)

        yield TemporalServer(env.client, pass_time)


@cache
def _quiet_runtime() -> Runtime:
    """Return a runtime that does not warn, for every worker, of what that server lacks."""
    errors_only = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    return Runtime(telemetry=TelemetryConfig(logging=errors_only))


@asynccontextmanager
async def time_skipping_test_server() -> AsyncIterator[TemporalServer]:
    """Run the separate time-skipping server: one clock for all workflows."""
    async with await WorkflowEnvironment.start_time_skipping(
        data_converter=pydantic_data_converter,
        test_server_existing_path=binary("temporal-test-server"),
        runtime=_quiet_runtime(),
    ) as env:
        kinds = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in SEARCH_ATTRIBUTES}
        await env.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=env.client.namespace, search_attributes=kinds)
        )

        async def pass_time(_handle: WorkflowHandle[Any, Any], duration: timedelta) -> None:
            await env.sleep(duration)

        yield TemporalServer(env.client, pass_time)
