"""The whole product on one machine: Temporal, a calendar, a worker, the webhook and the console, each a process."""

import asyncio
import fcntl
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import httpx

from simulator.calcom.config import Config
from simulator.process import Process, ProcessFailed

ROOT = Path(__file__).parents[1]
"""Where `worker.py`, `starter/` and `catalog.toml` stand."""

SEARCH_ATTRIBUTES = {"Company": "Keyword", "CallOutcome": "Keyword", "SlotStart": "Datetime", "RaceDetected": "Bool"}
"""What the Temporal server must know before the first call. A test holds it against the workflows."""

TASK_QUEUE = "appointments"
"""Where a worker is looked for. A test holds it against the workflows."""

DYNAMIC_CONFIG = {
    "matching.enableFairness": "true",
    # The dev server has a single shard, which reads each of its queues 20 times a second by default: calls in a row
    # would wait up to 50 ms per step. A cluster has many shards.
    "history.transferProcessorMaxPollRPS": "1000",
    "history.timerProcessorMaxPollRPS": "1000",
    "history.visibilityProcessorMaxPollRPS": "1000",
}

SETTINGS = (
    "ANSWER_BUDGET_SECONDS",
    "CALCOM_API_KEY",
    "CALCOM_BASE_URL",
    "CATALOG_FILE",
    "CONFIRMATION_WINDOW_SECONDS",
    "CONSOLE_PASSWORD_HASH",
    "CONSOLE_USER",
    "ELEVENLABS_TOOL_SECRET",
    "ELEVENLABS_WEBHOOK_SECRET",
    "HOLD_SECONDS",
    "PAYLOAD_ENCRYPTION_KEYS",
    "RETELL_API_KEY",
    "VAPI_SECRET",
)
"""What may be set for the embedded processes; everything else is the stack's own business."""

_OF_THE_STACK = ("DATABASE_URL", "EMBEDDED_STACK", "METRICS_BIND", "TRY_IT_WEBHOOK_URL")

READY_SECONDS = 60.0
"""A slow machine with a cold disk needs a while; a process that dies is noticed at once."""

GRACE_SECONDS = 35.0
"""A worker finishes what it has begun, which may take half a minute."""

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


class Ports(NamedTuple):
    """Where the processes listen, on 127.0.0.1. 0 takes a free port, and so does a port that is taken."""

    temporal: int = 7233
    temporal_ui: int = 8233
    calendar: int = 8765
    webhook: int = 8080
    console: int = 8090

    def free(self) -> "Ports":
        """These ports, with free ones in place of the taken."""
        with ExitStack() as chosen:
            return Ports(*(_free_port(preferred, chosen) for preferred in self))


ANY_PORTS = Ports(0, 0, 0, 0, 0)


class Stack:
    """The running processes and where they listen.

    Every address is on 127.0.0.1; `calendar_url` is the Cal.com double's, or the real one's root.
    """

    def __init__(
        self, data: Path, wanted: Ports, settings: Mapping[str, str], say: Say, *, with_console: bool = False
    ) -> None:
        """`settings` are environment variables out of `SETTINGS`; with `CALCOM_API_KEY` the calendar is a real one."""
        ports = wanted.free()
        self.data = data
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
        taken = {address: port for address, port in zip(addresses, wanted, strict=True) if port}
        self._taken = {address: port for address, port in taken.items() if not address.endswith(f":{port}")}
        self._say = say
        self._http = httpx.AsyncClient(trust_env=False, timeout=5)
        environment = self._environment(settings)
        self._temporal = Process("Temporal", _temporal_command(data, ports), environment, data)
        self._calendar = Process(
            "Calendar", [sys.executable, "-m", "simulator.calcom", "--port", str(ports.calendar)], environment, data
        )
        self._worker = Process("Worker", [sys.executable, str(ROOT / "worker.py")], environment, data)
        # The console script stands in no fixed place, and the module is no script.
        webhook = [sys.executable, "-m", "starter.cli", "webhook", "--port", str(ports.webhook)]
        self._webhook = Process("Webhook", webhook, environment, data)
        console = [sys.executable, "-m", "starter.cli", "console", "--port", str(ports.console)]
        of_the_console = {
            "EMBEDDED_STACK": "true",
            "TEMPORAL_UI_URL": self.temporal_ui_url,
            "TRY_IT_WEBHOOK_URL": self.webhook_url,
        }
        self._console = Process("Console", console, environment | of_the_console, data) if with_console else None
        self._processes = (
            self._temporal,
            self._calendar,
            self._worker,
            self._webhook,
            *filter(None, [self._console]),
        )

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker, `None` while there is none."""
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

    async def start_worker(self) -> None:
        """Start a worker, and wait until it asks for work. Raises `ProcessFailed`."""
        self._worker.start()
        await self._worker.until(self._worker_polls, READY_SECONDS)

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
        guards = [asyncio.create_task(self._keep(self._worker, self._worker_polls))]
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
        await self._report(self._temporal, self._temporal_serves)
        if self.has_double:
            await self._report(self._calendar, self._calendar_serves)
        self._worker.start()
        self._webhook.start()
        await self._report(self._worker, self._worker_polls)
        await self._report(self._webhook, self._webhook_serves)
        if self._console:
            self._console.start()
            await self._report(self._console, self._console_serves)

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
            await self._keep(console, self._console_serves)
        except ProcessFailed as failed:
            console.kill()
            self._say(f"{failed}\nCalls go on without a console")
            await asyncio.Event().wait()

    async def _keep(self, process: Process, ready: Ready) -> None:
        while True:
            if process.exit_status is not None:
                await self._replace(process, ready)
            await asyncio.sleep(WATCH_EVERY)

    async def _replace(self, process: Process, ready: Ready) -> None:
        for starts_left in reversed(range(STARTS)):
            ended = process.pid
            process.kill()
            process.start()
            self._say(f"{process.name} {ended} has ended; {process.name.lower()} {process.pid} takes over")
            try:
                await self._report(process, ready)
            except ProcessFailed:
                if not starts_left:
                    raise
            else:
                return

    async def _report(self, process: Process, ready: Ready) -> None:
        where = await process.until(ready, READY_SECONDS)
        self._say(f"{process.name:<10}{where + self.remark(where):<29} ready after {process.age_seconds:.1f} s")

    async def _temporal_serves(self) -> str | None:
        answer = await self._http.get(f"{self.temporal_ui_url}/api/v1/namespaces/default/search-attributes")
        known = answer.json().get("customAttributes", {}) if answer.is_success else {}
        return self.temporal_address if SEARCH_ATTRIBUTES.keys() <= known.keys() else None

    async def _calendar_serves(self) -> str | None:
        answer = await self._http.get(f"{self.calendar_url}/_double/ledger")
        return self.calendar_url if answer.is_success else None

    async def _worker_polls(self) -> str | None:
        queue = f"{self.temporal_ui_url}/api/v1/namespaces/default/task-queues/{TASK_QUEUE}"
        for kind in ("TASK_QUEUE_TYPE_WORKFLOW", "TASK_QUEUE_TYPE_ACTIVITY"):
            answer = await self._http.get(queue, params={"taskQueueType": kind})
            pollers = answer.json().get("pollers", []) if answer.is_success else []
            if not any(poller["identity"].startswith(f"{self.worker_pid}@") for poller in pollers):
                return None
        return f"process {self.worker_pid}"

    async def _webhook_serves(self) -> str | None:
        answer = await self._http.get(f"{self.webhook_url}/ready")
        return self.webhook_url if answer.is_success else None

    async def _console_serves(self) -> str | None:
        answer = await self._http.get(f"{self.console_url}/health")
        return self.console_url if answer.is_success else None

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """What the children see: nothing set for some other installation, no proxy on the way to 127.0.0.1."""
        foreign = (*SETTINGS, *_OF_THE_STACK)
        inherited = {k: v for k, v in os.environ.items() if k not in foreign and not k.startswith("TEMPORAL_")}
        direct = ",".join(filter(None, (inherited.get("NO_PROXY") or inherited.get("no_proxy"), "127.0.0.1")))
        own = {
            "CATALOG_FILE": str(ROOT / "catalog.toml"),
            **settings,
            "DATABASE_URL": f"sqlite:///{self.data / 'slotkeeper.db'}",
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
            own |= {"CALCOM_BASE_URL": self.calendar_url, "CALCOM_API_KEY": next(iter(Config.load().api_keys))}
        return inherited | own


@asynccontextmanager
async def running_stack(
    data: Path,
    ports: Ports = ANY_PORTS,
    settings: Mapping[str, str] | None = None,
    say: Say = lambda _line: None,
    *,
    with_console: bool = False,
) -> AsyncIterator[Stack]:
    """Start a stack whose state is in the folder `data`; leaving the context stops all of it.

    `say` is told about every process that has become ready.

    Raises:
        DataUnwritable: The folder cannot be written.
        ProcessFailed: A process did not come up.
        StackInUse: Another stack runs on the folder.
    """
    with _owned(data) as folder:
        stack = Stack(folder, ports, settings or {}, say, with_console=with_console)
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


def _temporal_command(data: Path, ports: Ports) -> list[str]:
    options = {
        "--ip": ["127.0.0.1"],
        "--port": [str(ports.temporal)],
        "--ui-ip": ["127.0.0.1"],
        "--ui-port": [str(ports.temporal_ui)],
        "--log-level": ["warn"],
        "--db-filename": [str(data / "temporal.db")],
        "--sqlite-pragma": ["journal_mode=WAL", "synchronous=NORMAL"],
        "--search-attribute": [f"{name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()],
        "--dynamic-config-value": [f"{key}={value}" for key, value in DYNAMIC_CONFIG.items()],
    }
    binary = Path(sys.executable).with_name("temporal")
    return [str(binary), "server", "start-dev", *(word for o, vs in options.items() for v in vs for word in (o, v))]


def _free_port(preferred: int, chosen: ExitStack) -> int:
    """A port to listen on; it stays taken until `chosen` is closed, so that the next one is another."""
    listener = chosen.enter_context(socket.socket())
    # A port that closed connections still linger on can be listened on; one somebody listens on cannot.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", preferred))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    listener.listen()
    port: int = listener.getsockname()[1]
    return port


@contextmanager
def _owned(data: Path) -> Iterator[Path]:
    """The folder, made if need be, for this stack alone; the kernel gives it free should we be killed."""
    with (writable(data) / "stack.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackInUse(f"another stack runs on {data}; stop it first") from None
        yield data.resolve()
