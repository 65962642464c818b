"""What is measured: the plain baseline and the variants of ours, each as processes that take calls."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from sqlite3 import connect
from time import monotonic

import httpx
import psutil
from temporalio.client import Client

from bench.town import Town
from bench.tuned import UNTUNED, Tuning
from simulator.ports import ANY_PORTS
from simulator.process import Process
from simulator.readiness import answers
from simulator.stack import READY_SECONDS, ROOT, Stack, Variant, running_stack
from simulator.temporal import ServerSettings

RETELL_KEY = "key_0123456789abcdef0123456789abcdef"

REST_WITHIN_SECONDS = 300.0
"""Far more than it takes to finish what was begun, however overloaded a system was."""

LOOK_EVERY = 0.1


@dataclass(frozen=True)
class System:
    """One of the systems.

    Attributes:
        name: How it is called.
        variant: How ours is run; without one it is the plain baseline.
        tuning: What its worker has set otherwise, where that is a process of its own.
    """

    name: str
    variant: Variant | None
    tuning: Tuning = UNTUNED

    def in_memory(self) -> "System":
        """The same, with a Temporal server that keeps no file."""
        return replace(self, variant=self.variant and replace(self.variant, temporal_in_memory=True))


PLAIN = System("plain", None)
APART = System("apart", Variant())
TOGETHER = System("together", Variant(together=True))
STOCK = System("stock", Variant(temporal=ServerSettings()))
"""Apart, with a Temporal server as it comes."""


@dataclass
class Running:
    """A system that takes calls in a town, and books them at ``calendar_url``; ``wished`` slots are no longer free."""

    webhook_url: str
    calendar_url: str
    town: Town
    pids: Mapping[str, int]
    stack: Stack | None = None
    wished: int = 0

    def cpu_ms(self) -> Mapping[str, float]:
        """How long each process has computed so far, by its name."""
        times = {name: psutil.Process(pid).cpu_times() for name, pid in self.pids.items()}
        return {name: 1000 * (spent.user + spent.system) for name, spent in times.items()}

    async def come_to_rest(self) -> None:
        """Wait until the workflow of every call has ended; the baseline has none.

        Raises:
            TimeoutError: Some are still open after a time in which all should have ended.
        """
        if self.stack is None:
            return
        temporal = await Client.connect(self.stack.temporal_address)
        until = monotonic() + REST_WITHIN_SECONDS
        while (still := await temporal.count_workflows("ExecutionStatus = 'Running'")).count:
            if monotonic() > until:
                raise TimeoutError(f"{still.count} calls are still open")
            await asyncio.sleep(LOOK_EVERY)

    def unheld(self, calls: str) -> int:
        """How many offers were made without a hold, in the calls whose ids begin so; the baseline never holds."""
        if self.stack is None:
            return 0
        with closing(connect(self.stack.data / "slotkeeper.db")) as connection:
            query = (
                "SELECT count(*) FROM turn WHERE status = 'available' AND hold IS NOT 'held' AND call_id LIKE ? || '%'"
            )
            count: int = connection.execute(query, [calls]).fetchone()[0]
            return count


@asynccontextmanager
async def running(system: System, folder: Path, town: Town, calendar_seconds: float) -> AsyncIterator[Running]:
    """Start a system whose state is in the empty folder, with a calendar that answers after so long; then stop it.

    Raises:
        ProcessFailed: A process did not come up.
    """
    catalog, calendar = town.write_catalog(folder / "catalog.toml"), town.write_calendar(folder / "calendar.toml")
    settings = {**town.keys, "CATALOG_FILE": str(catalog), "RETELL_API_KEY": RETELL_KEY}
    if system.variant is None:
        async with _plain(folder, town, settings, calendar, calendar_seconds) as plain:
            yield plain
    else:
        variant = replace(system.variant, calendar=calendar, calendar_latency_seconds=calendar_seconds)
        async with running_stack(folder, settings=settings, worker=system.tuning.worker, variant=variant) as stack:
            yield Running(stack.webhook_url, stack.calendar_url, town, stack.pids, stack)


@asynccontextmanager
async def _plain(
    folder: Path, town: Town, settings: Mapping[str, str], calendar: Path, calendar_seconds: float
) -> AsyncIterator[Running]:
    ports = ANY_PORTS.free()
    plain_url, calendar_url = f"http://127.0.0.1:{ports.webhook}", f"http://127.0.0.1:{ports.calendar}"
    direct = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, **settings, **direct, "CALCOM_BASE_URL": calendar_url}
    double = ["--port", str(ports.calendar), "--config", str(calendar), "--latency", str(calendar_seconds)]
    processes = [
        Process("Calendar", [sys.executable, "-m", "simulator.calcom", *double], environment, folder),
        Process("Plain", [sys.executable, "-m", "bench.plain", "--port", str(ports.webhook)], environment, folder),
    ]
    async with httpx.AsyncClient(trust_env=False) as http:
        try:
            for process in processes:
                process.start()
            await processes[0].until(lambda: answers(http, calendar_url, "/_double/ledger"), READY_SECONDS)
            await processes[1].until(lambda: answers(http, plain_url, "/ready"), READY_SECONDS)
            pids = {process.name: process.pid for process in processes if process.pid}
            yield Running(plain_url, calendar_url, town, pids)
        finally:
            for process in processes:
                process.kill()
