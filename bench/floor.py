"""What Temporal itself takes for a turn: the same messages and steps, with nothing in them.

One call after the other, each with a question and a "yes", against a server and its settings as in the embedded stack;
client and worker share this process. What a turn of ours takes beyond this is ours, not Temporal's.
"""

import asyncio
import os
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from bench.bare import BareCall, step
from bench.figures import Figures, percentile
from simulator.ports import ANY_PORTS
from simulator.process import Process
from simulator.readiness import temporal_serves
from simulator.stack import READY_SECONDS
from simulator.temporal import server_command

CALLS = 100
WARMING_UP = 10
TASK_QUEUE = "bare"

CAPTION = f"Milliseconds, {CALLS} calls one after the other; server on a file, as in the embedded stack."

Handle = WorkflowHandle[BareCall, None]


async def _check(call: Handle) -> None:
    await call.execute_update(BareCall.ask, 1)


async def _check_locally(call: Handle) -> None:
    await call.execute_update(BareCall.ask_locally, 1)


async def _confirm(call: Handle) -> None:
    await call.signal(BareCall.confirm, 1)
    await call.execute_update(BareCall.ask, 2)


async def _confirm_locally(call: Handle) -> None:
    await call.signal(BareCall.confirm, 1)
    await call.execute_update(BareCall.ask_locally, 2)


TURNS: Mapping[str, Callable[[Handle], Awaitable[object]]] = {
    "an update without a step": lambda call: call.execute_update(BareCall.ask, 0),
    "check: an update with one activity": _check,
    "check: an update with one local activity": _check_locally,
    "confirm: a signal, an update with two activities": _confirm,
    "confirm: a signal, an update with two local activities": _confirm_locally,
}


def measure(console: Console) -> Figures:
    """Play the calls; one figure for each kind of turn."""
    with tempfile.TemporaryDirectory(prefix="slotkeeper-") as folder:
        return asyncio.run(_measure(console, Path(folder)))


def table(figures: Figures) -> Table:
    """Lay the figures out."""
    laid_out = Table(title="A turn with nothing in it", caption=CAPTION)
    laid_out.add_column("")
    for heading in ("p50", "p95", "p99"):
        laid_out.add_column(heading, justify="right")
    for row in figures:
        laid_out.add_row(str(row["turn"]), *(f"{row[f'p{percent}_ms']:.1f}" for percent in (50, 95, 99)))
    return laid_out


async def _measure(console: Console, folder: Path) -> Figures:
    waited: dict[str, list[float]] = defaultdict(list)
    async with (
        _server(folder) as client,
        Worker(client, task_queue=TASK_QUEUE, workflows=[BareCall], activities=[step]),
    ):
        for number in track(range(WARMING_UP + CALLS), "Calls with nothing in them", console=console):
            call = await client.start_workflow(BareCall.run, id=f"bare/{uuid4()}", task_queue=TASK_QUEUE)
            for name, turn in TURNS.items():
                began = perf_counter()
                await turn(call)
                if number >= WARMING_UP:
                    waited[name].append(1000 * (perf_counter() - began))
            await call.signal(BareCall.hang_up)
            await call.result()
    return [
        {"turn": name, **{f"p{percent}_ms": round(percentile(taken, percent), 1) for percent in (50, 95, 99)}}
        for name, taken in waited.items()
    ]


@asynccontextmanager
async def _server(folder: Path) -> AsyncIterator[Client]:
    ports = ANY_PORTS.free()
    address, ui_url = f"127.0.0.1:{ports.temporal}", f"http://127.0.0.1:{ports.temporal_ui}"
    server = Process("Temporal", server_command(folder / "temporal.db", ports), os.environ, folder)
    try:
        server.start()
        async with httpx.AsyncClient(trust_env=False) as http:
            await server.until(lambda: temporal_serves(http, ui_url, address), READY_SECONDS)
        yield await Client.connect(address)
    finally:
        server.kill()
