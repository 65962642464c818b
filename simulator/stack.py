"""The whole product on one machine: Temporal, a calendar, a worker, the webhook and the console, each a process."""

import asyncio
import fcntl
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from simulator import readiness
from simulator.calcom.config import DEFAULT_FILE, Config
from simulator.ports import ANY_PORTS, Ports
from simulator.process import Process, ProcessFailed
from simulator.temporal import SHIPPED, ServerSettings, server_command

ROOT = Path(__file__).parents[1]
"""Where `worker.py`, `starter/` and `catalog.toml` stand."""

WORKER = (sys.executable, str(ROOT / "worker.py"))
"""What runs a worker."""

SETTINGS = (
    "ANSWER_BUDGET_SECONDS",
    "CALCOM_API_KEY",
    "CALCOM_BASE_URL",
    "CATALOG_FILE",
    "CONFIRMATION_WINDOW_SECONDS",
    "CONSOLE_PASSWORD_HASH",
    "CONSOLE_USER",
    "DATABASE_URL",
    "ELEVENLABS_TOOL_SECRET",
    "ELEVENLABS_WEBHOOK_SECRET",
    "HOLDS_PER_CALLER",
    "HOLDS_PER_NUMBER",
    "HOLD_SECONDS",
    "KEEP_CALLS_DAYS",
    "PAYLOAD_ENCRYPTION_KEYS",
    "RETELL_API_KEY",
    "VAPI_SECRET",
    "WEBHOOK_CONCURRENCY",
)
"""What may be set for the embedded processes; everything else is the stack's own business."""

_OF_THE_STACK = (
    "EMBEDDED_STACK",
    "HEALTH_BIND",
    "METRICS_BIND",
    "TRY_IT_WEBHOOK_URL",
    "WORKER_BUILD_ID",
    "WORKER_DEPLOYMENT",
)

READY_SECONDS = 60.0
"""A slow machine with a cold disk needs a while; a process that dies is noticed at once."""

GRACE_SECONDS = 60.0
"""A worker finishes what it has begun, which may take half a minute; with the web process in it, 53 s."""

WATCH_EVERY = 0.2

STARTS = 5
"""So many starts in a row that never become ready are no accident."""

Say = Callable[[str], None]
Ready = Callable[[], Awaitable[str | None]]
T = TypeVar("T")


class StackInUse(Exception):
    """Another stack runs on the same data folder."""


class DataUnwritable(Exception):
    """The data folder cannot be made, or not be written."""


@dataclass(frozen=True)
class Variant:
    """How a stack differs from the one that `make up` starts.

    Attributes:
        together: One process, Slotkeeper, in place of worker and webhook.
        temporal_in_memory: Temporal keeps no file, and forgets everything when it ends.
        temporal: The settings that Temporal runs with.
        calendar: The file that configures the double.
        calendar_latency_seconds: No answer of the double leaves earlier than this after its request came in.
    """

    together: bool = False
    temporal_in_memory: bool = False
    temporal: ServerSettings = SHIPPED
    calendar: Path = DEFAULT_FILE
    calendar_latency_seconds: float = 0


AS_USUAL = Variant()


class Stack:
    """The running processes and where they listen.

    Every address is on 127.0.0.1; `calendar_url` is the Cal.com double's, or the real one's root.
    """

    def __init__(
        self,
        data: Path,
        wanted: Ports,
        settings: Mapping[str, str],
        say: Say,
        *,
        with_console: bool = False,
        worker: Sequence[str] = WORKER,
        variant: Variant = AS_USUAL,
    ) -> None:
        """`settings` are environment variables; with `CALCOM_API_KEY` the calendar is a real one.

        `worker` is the command that runs a worker, where it is a process of its own.
        """
        ports = wanted.free()
        self.data = data
        self.database_url = settings.get("DATABASE_URL") or f"sqlite:///{data / 'slotkeeper.db'}"
        self.retell_api_key = settings.get("RETELL_API_KEY") or f"key_{secrets.token_hex(16)}"
        self.has_double = not settings.get("CALCOM_API_KEY")
        self.temporal_address = f"127.0.0.1:{ports.temporal}"
        self.temporal_ui_url = f"http://127.0.0.1:{ports.temporal_ui}"
        self.webhook_url = f"http://127.0.0.1:{ports.webhook}"
        self.console_url = f"http://127.0.0.1:{ports.console}"
        self.calendar_url = settings.get("CALCOM_BASE_URL", "https://api.cal.com")
        if self.has_double:
            self.calendar_url = f"http://127.0.0.1:{ports.calendar}"
        addresses = (
            self.temporal_address,
            self.temporal_ui_url,
            self.calendar_url,
            self.webhook_url,
            self.console_url,
        )
        taken = {address: port for address, port in zip(addresses, wanted, strict=False) if port}
        self._taken = {address: port for address, port in taken.items() if not address.endswith(f":{port}")}
        self._say = say
        self._http = httpx.AsyncClient(trust_env=False, timeout=5)
        environment = self._environment(settings, variant.calendar)
        codec_url = f"{self.console_url}/codec" if with_console and settings.get("PAYLOAD_ENCRYPTION_KEYS") else None
        database = None if variant.temporal_in_memory else data / "temporal.db"
        server = server_command(database, ports, codec_url, variant.temporal)
        of_temporal = environment | dict(setting.split("=", 1) for setting in variant.temporal.environment)
        self._temporal = Process("Temporal", server, of_temporal, data)
        double = ("--config", str(variant.calendar), "--latency", str(variant.calendar_latency_seconds))
        calendar = [sys.executable, "-m", "simulator.calcom", "--port", str(ports.calendar), *double]
        self._calendar = Process("Calendar", calendar, environment, data)
        of_the_webhook = environment | _metrics_on(ports.webhook_metrics)
        if variant.together:
            both = Process("Slotkeeper", _our_command("serve", ports.webhook), of_the_webhook, data)
            self._worker = self._webhook = both
        else:
            self._worker = Process("Worker", worker, environment | _metrics_on(ports.worker_metrics), data)
            self._webhook = Process("Webhook", _our_command("webhook", ports.webhook), of_the_webhook, data)
        metrics_ports = {self._worker.name: ports.worker_metrics} | {self._webhook.name: ports.webhook_metrics}
        self.metrics_urls = {name: f"http://127.0.0.1:{port}/metrics" for name, port in metrics_ports.items()}
        of_the_console = {
            "TEMPORAL_UI_URL": self.temporal_ui_url,
            "TRY_IT_WEBHOOK_URL": self.webhook_url,
        }
        console = Process("Console", _our_command("console", ports.console), environment | of_the_console, data)
        self._console = console if with_console else None
        each = (self._temporal, self._calendar, self._worker, self._webhook, *filter(None, [self._console]))
        self._processes = tuple(dict.fromkeys(each))
        self._ready: Mapping[str, Ready] = {
            "Temporal": lambda: readiness.temporal_serves(self._http, self.temporal_ui_url, self.temporal_address),
            "Calendar": lambda: readiness.answers(self._http, self.calendar_url, "/_double/ledger"),
            "Worker": lambda: readiness.worker_polls(self._http, self.temporal_ui_url, self.worker_pid),
            "Webhook": lambda: readiness.answers(self._http, self.webhook_url, "/ready"),
            "Slotkeeper": self._slotkeeper_works,
            "Console": lambda: readiness.answers(self._http, self.console_url, "/health"),
        }

    @property
    def worker_pid(self) -> int | None:
        """The process id of whatever works on the calls, `None` while there is none."""
        return self._worker.pid

    @property
    def pids(self) -> Mapping[str, int]:
        """The process ids of all that is meant to run, by name."""
        return {process.name: process.pid for process in self._processes if process.pid}

    def ui_url(self, call_id: str) -> str:
        """The page of a call in Temporal's web UI."""
        return f"{self.temporal_ui_url}/namespaces/default/workflows/{quote(f'call/{call_id}', safe='')}"

    def remark(self, address: str) -> str:
        """What to add to one of the addresses: that its port is not the wanted one, which is taken."""
        return f" ({self._taken[address]} is taken)" if address in self._taken else ""

    async def begin(self, name: str) -> None:
        """Start the process of that name, and wait until it is ready. Raises `ProcessFailed`."""
        process = self._process(name)
        process.start()
        await process.until(self._ready[name], READY_SECONDS)

    async def end(self, name: str, *, warned: bool) -> None:
        """End the process of that name: warned it may finish what it has begun, otherwise it ends as by a crash."""
        process = self._process(name)
        if warned:
            await process.stop(GRACE_SECONDS)
        process.kill()

    def has_ended(self, name: str) -> bool:
        """Whether the process of that name has ended by itself."""
        return self._process(name).exit_status is not None

    async def start_worker(self) -> None:
        """Start a worker, and wait until it asks for work. Raises `ProcessFailed`."""
        await self.begin(self._worker.name)

    def kill_worker(self) -> None:
        """End the worker without a warning, as a crash would."""
        self._worker.kill()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry out `work` while the processes live. A worker that ends, however, is replaced, as in production.

        So is the console; when it does not come up again, calls go on without it.

        Raises:
            ProcessFailed: Another process has ended by itself, or `STARTS` workers in a row did not come up.
        """
        working = asyncio.create_task(work)
        guards = [asyncio.create_task(self._keep(self._worker))]
        guards.append(asyncio.create_task(self._watch_others()))
        if self._console:
            guards.append(asyncio.create_task(self._keep_console(self._console)))
        try:
            await asyncio.wait((working, *guards), return_when=asyncio.FIRST_COMPLETED)
            for guard in guards:
                if guard.done():
                    guard.result()
            return working.result()
        finally:
            for task in (working, *guards):
                task.cancel()
            await asyncio.wait((working, *guards))

    async def start(self) -> None:
        """Start everything. Raises `ProcessFailed`."""
        shutil.rmtree(self.data / "logs", ignore_errors=True)
        self._temporal.start()
        if self.has_double:
            self._calendar.start()
        await self._report(self._temporal)
        if self.has_double:
            await self._report(self._calendar)
        ours = [process for process in self._processes if process in (self._worker, self._webhook)]
        for process in ours:
            process.start()
        for process in ours:
            await self._report(process)
        if self._console:
            self._console.start()
            await self._report(self._console)

    async def stop(self) -> None:
        """Stop everything, the last started first; cancelled, it kills what is left."""
        try:
            for process in reversed(self._processes):
                await process.stop(GRACE_SECONDS)
        finally:
            for process in self._processes:
                process.kill()
            await self._http.aclose()

    async def _watch_others(self) -> None:
        while True:
            for process in self._processes:
                if process not in (self._worker, self._console):
                    process.check()
            await asyncio.sleep(WATCH_EVERY)

    async def _keep_console(self, console: Process) -> None:
        try:
            await self._keep(console)
        except ProcessFailed as failed:
            console.kill()
            self._say(f"{failed}\nCalls go on without a console")
            await asyncio.Event().wait()

    async def _keep(self, process: Process) -> None:
        while True:
            if process.exit_status is not None:
                await self._replace(process)
            await asyncio.sleep(WATCH_EVERY)

    async def _replace(self, process: Process) -> None:
        for starts_left in reversed(range(STARTS)):
            ended = process.pid
            process.kill()
            process.start()
            self._say(f"{process.name} {ended} has ended; {process.name.lower()} {process.pid} takes over")
            try:
                await self._report(process)
            except ProcessFailed:
                if not starts_left:
                    raise
            else:
                return

    async def _report(self, process: Process) -> None:
        where = await process.until(self._ready[process.name], READY_SECONDS)
        self._say(f"{process.name:<10}{where + self.remark(where):<29} ready after {process.age_seconds:.1f} s")

    def _process(self, name: str) -> Process:
        return next(process for process in self._processes if process.name == name)

    async def _slotkeeper_works(self) -> str | None:
        polls = await readiness.worker_polls(self._http, self.temporal_ui_url, self.worker_pid)
        return await readiness.answers(self._http, self.webhook_url, "/ready") if polls else None

    def _environment(self, settings: Mapping[str, str], calendar: Path) -> dict[str, str]:
        """What the children see: nothing set for some other installation, no proxy on the way to 127.0.0.1."""
        foreign = (*SETTINGS, *_OF_THE_STACK)
        inherited = {k: v for k, v in os.environ.items() if k not in foreign and not k.startswith("TEMPORAL_")}
        direct = ",".join(filter(None, (inherited.get("NO_PROXY") or inherited.get("no_proxy"), "127.0.0.1")))
        own = {
            "CATALOG_FILE": str(ROOT / "catalog.toml"),
            **settings,
            "DATABASE_URL": self.database_url,
            "EMBEDDED_STACK": "true",
            "NO_PROXY": direct,
            "no_proxy": direct,
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), inherited.get("PYTHONPATH")))),
            "PYTHONUNBUFFERED": "1",
            "RETELL_API_KEY": self.retell_api_key,
            "TEMPORAL_ADDRESS": self.temporal_address,
            "TEMPORAL_CONFIG_FILE": os.devnull,
            "TEMPORAL_NAMESPACE": "default",
        }
        if self.has_double:
            own |= {"CALCOM_BASE_URL": self.calendar_url, "CALCOM_API_KEY": next(iter(Config.load(calendar).api_keys))}
        return inherited | own


@asynccontextmanager
async def running_stack(
    data: Path,
    ports: Ports = ANY_PORTS,
    settings: Mapping[str, str] | None = None,
    say: Say = lambda _line: None,
    *,
    with_console: bool = False,
    worker: Sequence[str] = WORKER,
    variant: Variant = AS_USUAL,
) -> AsyncIterator[Stack]:
    """Start a stack whose state is in the folder `data`; leaving the context stops all of it.

    `say` is told about every process that has become ready; see `Stack` for the rest.

    Raises:
        DataUnwritable: The folder cannot be written.
        ProcessFailed: A process did not come up.
        StackInUse: Another stack runs on the folder.
    """
    with _owned(data) as folder:
        stack = Stack(folder, ports, settings or {}, say, with_console=with_console, worker=worker, variant=variant)
        try:
            await stack.start()
            yield stack
        finally:
            await stack.stop()


def writable(data: Path) -> Path:
    """The folder, made if need be. Raises `DataUnwritable`."""
    try:
        with suppress(FileExistsError):
            data.mkdir(parents=True)
        with tempfile.TemporaryFile(dir=data):
            return data
    except OSError as error:
        raise DataUnwritable(f"{data} cannot be written: {error.strerror}") from error


def _our_command(name: str, port: int) -> list[str]:
    # The console script stands in no fixed place, and the module is no script.
    return [sys.executable, "-m", "starter.cli", name, "--port", str(port)]


def _metrics_on(port: int) -> dict[str, str]:
    return {"METRICS_BIND": f"127.0.0.1:{port}"}


@contextmanager
def _owned(data: Path) -> Iterator[Path]:
    """The folder, made if need be, for this stack alone; the kernel gives it free should we be killed."""
    with (writable(data) / "stack.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackInUse(f"another stack runs on {data}; stop it first") from None
        yield data.resolve()
