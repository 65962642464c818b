"""The embedded stack as processes; slow by nature, so most tests share one."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from typer.testing import CliRunner

from simulator.__main__ import app
from simulator.caller import Caller
from simulator.ports import Ports
from simulator.process import Process, ProcessFailed
from simulator.readiness import TASK_QUEUE
from simulator.stack import STARTS, Stack, StackInUse, Variant, running_stack
from simulator.temporal import SEARCH_ATTRIBUTES, SHIPPED, ServerSettings, server_command
from simulator.up import Running
from workflows import messages, visibility

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def said() -> asyncio.Queue[str]:
    """What the shared stack has reported."""
    return asyncio.Queue()


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory, said: asyncio.Queue[str]) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("stack"), say=said.put_nowait, with_console=True) as running:
        yield running


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def port_of(url: str) -> int:
    return urlsplit(url if "//" in url else f"//{url}").port or 0


def test_the_server_is_told_the_workflows_search_attributes_and_queue() -> None:
    assert {key.name: key.indexed_value_type.name.title() for key in visibility.SEARCH_ATTRIBUTES} == SEARCH_ATTRIBUTES
    assert TASK_QUEUE == messages.TASK_QUEUE


def test_the_server_is_tuned_unless_it_is_wanted_as_it_comes() -> None:
    tuned = server_command(Path("temporal.db"), Ports())
    stock = server_command(Path("temporal.db"), Ports(), settings=ServerSettings())

    assert set(SHIPPED.dynamic_config) <= set(tuned)
    assert [word for word in stock if word in tuned] == stock
    assert not {"--dynamic-config-value", "--sqlite-pragma"} & set(stock)


def test_ports_that_are_taken_are_replaced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        free = closed.getsockname()[1]
        closed.close()
        taken_port = taken.getsockname()[1]
        ports = Ports(taken_port, free, 0, 0, 0).free()

    assert ports.temporal != taken_port
    assert ports.temporal_ui == free
    assert len(set(ports)) == len(ports)
    assert all(ports)


async def test_a_port_that_is_taken_is_remarked_at_its_address(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stack = Stack(tmp_path, Ports(0, 0, 0, port, 0), {}, say=print)

    assert port_of(stack.webhook_url) != port
    assert stack.remark(stack.webhook_url) == f" ({port} is taken)"
    assert stack.remark(stack.temporal_ui_url) == ""
    await stack.stop()


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_data_folder_that_cannot_be_written_is_said(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".data").touch()

    result = CliRunner().invoke(app, [command])

    assert result.exit_code == 3
    assert result.output.splitlines()[-1] == ".data cannot be written: Not a directory"


async def test_it_comes_up_twice_on_the_same_data_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        # Set for some other installation: none of the stack's business.
        ("TEMPORAL_ADDRESS", "127.0.0.1:1"),
        ("DATABASE_URL", "postgresql+psycopg://127.0.0.1:1/none"),
        ("METRICS_BIND", "127.0.0.1:1"),
        ("HTTP_PROXY", "http://127.0.0.1:1"),
    ):
        monkeypatch.setenv(name, value)
    for _ in range(2):
        async with running_stack(tmp_path) as stack:
            pids = stack.pids
            ports = [
                port_of(url)
                for url in (stack.temporal_address, stack.temporal_ui_url, stack.calendar_url, stack.webhook_url)
            ]
            assert list(pids) == ["Temporal", "Calendar", "Worker", "Webhook"]
            assert all(map(listens, ports))
            with pytest.raises(StackInUse, match="stop it first"):
                async with running_stack(tmp_path):
                    pass
            with pytest.raises(ProcessFailed, match="Calendar has ended, killed by SIGKILL"):
                await stack.run(kill_and_wait_for_ever(pids["Calendar"]))
        assert not any(map(is_running, pids.values()))
        assert not any(map(listens, ports))


async def kill_and_wait_for_ever(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    await asyncio.Event().wait()


async def never() -> str | None:
    return None


async def test_what_does_not_come_up_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    dying = "import sys; print(*range(1, 31), sep='\\n'); sys.exit('no such catalog')"
    process = Process("Webhook", [sys.executable, "-c", dying], os.environ, tmp_path)
    process.start()
    with pytest.raises(ProcessFailed) as failed:
        await process.until(never, 10)
    process.kill()

    first, *quoted = str(failed.value).splitlines()
    assert first == f"Webhook has ended, with exit status 1. The end of {tmp_path / 'logs' / 'webhook.log'}:"
    assert [line.strip() for line in quoted] == [*map(str, range(17, 31)), "no such catalog"]


async def test_what_never_becomes_ready_is_given_up(tmp_path: Path) -> None:
    sleeper = Process("Sleeper", [sys.executable, "-c", "import signal; signal.pause()"], os.environ, tmp_path)
    sleeper.start()
    with pytest.raises(ProcessFailed, match=r"was not ready after 0\.1 s"):
        await sleeper.until(never, 0.1)
    await sleeper.stop(5)
    assert sleeper.pid is None


async def test_what_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); signal.pause()"
    process = Process("Stubborn", [sys.executable, "-c", stubborn], os.environ, tmp_path)

    async def here() -> str | None:
        return process.log.read_text() or None

    process.start()
    await process.until(here, 10)
    pid = process.pid or 0
    await process.stop(0.1)
    assert not is_running(pid)


async def test_a_call_goes_through_and_has_its_page(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=stack.webhook_url) as webhook, httpx.AsyncClient() as browser:
        caller = Caller(webhook, stack.retell_api_key, "+493055500020", call_id="call_page")
        reply = await caller.say("check_availability", datum="morgen")
        page = await browser.get(stack.ui_url("call_page"))
        described = await browser.get(stack.ui_url("call_page").replace("/namespaces/", "/api/v1/namespaces/"))
        await caller.hang_up()

    assert reply.status == "missing_required_fields"
    assert page.status_code == 200
    assert described.json()["workflowExecutionInfo"]["execution"]["workflowId"] == "call/call_page"


async def test_worker_and_webhook_serve_their_metrics_also_after_a_crash(stack: Stack) -> None:
    async with httpx.AsyncClient() as browser:
        for name, url in stack.metrics_urls.items():
            before = await browser.get(url)
            first = stack.pids[name]
            os.kill(first, signal.SIGKILL)
            while not stack.has_ended(name):  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(0.01)
            await stack.end(name, warned=False)
            await stack.begin(name)
            after = await browser.get(url)

            assert stack.pids[name] != first
            assert not stack.has_ended(name)
            assert "temporal_" in before.text
            assert "temporal_" in after.text


async def test_a_process_that_was_warned_has_ended_in_good_order(stack: Stack) -> None:
    await stack.end("Webhook", warned=True)
    gone = "Webhook" not in stack.pids and not listens(port_of(stack.webhook_url))
    await stack.begin("Webhook")

    assert gone
    assert listens(port_of(stack.webhook_url))


async def test_every_process_is_reported_once_it_is_ready_and_a_worker_replaced_however_it_ends(
    stack: Stack, said: asyncio.Queue[str]
) -> None:
    ready_in_order = [(await said.get()).split()[0] for _ in stack.pids]
    assert ready_in_order == ["Temporal", "Calendar", "Worker", "Webhook", "Console"]
    workers = [stack.pids["Worker"]]

    async def end_worker(how: signal.Signals) -> None:
        os.kill(workers[-1], how)
        line = await said.get()
        workers.append(stack.pids["Worker"])
        assert line == f"Worker {workers[-2]} has ended; worker {workers[-1]} takes over"

    async def stop_one_and_kill_the_next_before_it_is_ready() -> str:
        await end_worker(signal.SIGTERM)
        await end_worker(signal.SIGKILL)
        return await said.get()

    ready = await stack.run(stop_one_and_kill_the_next_before_it_is_ready())

    assert ready.split()[:3] == ["Worker", "process", str(stack.worker_pid)]
    assert len(set(workers)) == 3


async def test_workers_that_never_become_ready_are_given_up(stack: Stack, said: asyncio.Queue[str]) -> None:
    killed = []

    async def kill_every_worker() -> None:
        while True:
            killed.append(stack.pids["Worker"])
            os.kill(killed[-1], signal.SIGKILL)
            await said.get()

    with pytest.raises(ProcessFailed, match="Worker has ended, killed by SIGKILL"):
        await stack.run(kill_every_worker())
    assert len(killed) == 1 + STARTS

    await stack.start_worker()


async def test_a_console_that_ends_is_replaced_and_the_stack_runs_on_without_one_that_never_becomes_ready(
    stack: Stack, said: asyncio.Queue[str]
) -> None:
    while not said.empty():
        said.get_nowait()

    async def kill_every_console() -> list[str]:
        heard = []
        while "Console" in stack.pids:
            os.kill(stack.pids["Console"], signal.SIGKILL)
            heard.append(await said.get())
        return heard

    async def call() -> str | None:
        async with httpx.AsyncClient(base_url=stack.webhook_url) as webhook:
            caller = Caller(webhook, stack.retell_api_key, "+493055500020")
            reply = await caller.say("check_availability", datum="morgen")
            await caller.hang_up()
        return reply.status

    async def kill_one_then_all() -> tuple[list[str], str | None]:
        first = stack.pids["Console"]
        os.kill(first, signal.SIGKILL)
        replaced = [await said.get(), await said.get()]
        assert replaced[0] == f"Console {first} has ended; console {stack.pids['Console']} takes over"
        assert replaced[1].split()[:2] == ["Console", stack.console_url]
        return await kill_every_console(), await call()

    heard, status = await stack.run(kill_one_then_all())

    assert len(heard) == STARTS + 1
    assert heard[-1].startswith("Console has ended, killed by SIGKILL.")
    assert heard[-1].endswith("\nCalls go on without a console")
    assert status == "missing_required_fields"


def start_up(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Run `up` in a folder, and return once it has said everything, with the address it says to open."""
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "up"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    address = ""
    for line in process.stdout:
        if line.startswith("Open this: "):
            address = line.split()[-1]
        if "Ctrl-C stops everything" in line:
            return process, address
    raise AssertionError(process.communicate()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the children of a killed parent live on")
def test_up_comes_up_again_after_a_crash_and_ends_well_on_a_signal(tmp_path: Path) -> None:
    crashed, _ = start_up(tmp_path)
    running = Running.find(tmp_path / ".data")
    assert running is not None
    crashed.kill()
    crashed.communicate()

    for stopping in (signal.SIGINT, signal.SIGTERM):
        process, address = start_up(tmp_path)
        running = Running.find(tmp_path / ".data")
        assert running is not None
        assert listens(port_of(running.webhook_url))
        assert address.endswith("/try")
        assert httpx.get(address).status_code == 200
        process.send_signal(stopping)
        output, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
        assert output.split("\n") == ["Stopping …", "Stopped.", ""]
        assert not listens(port_of(running.webhook_url))
        assert Running.find(tmp_path / ".data") is None


async def test_the_calendar_is_the_real_one_where_a_key_is_set(tmp_path: Path) -> None:
    stack = Stack(tmp_path, Ports(), {"CALCOM_API_KEY": "cal_live_0"}, say=print)

    assert (stack.has_double, stack.calendar_url) == (False, "https://api.cal.com")
    await stack.stop()


async def test_one_process_takes_calls_and_works_on_them_and_temporal_keeps_no_file(tmp_path: Path) -> None:
    variant = Variant(together=True, temporal_in_memory=True, calendar_latency_seconds=0.01)
    async with (
        running_stack(tmp_path, variant=variant) as stack,
        httpx.AsyncClient(base_url=stack.webhook_url) as webhook,
    ):
        caller = Caller(webhook, stack.retell_api_key, "+493055500020")
        offer = await caller.say("find_next_available")
        booked = await caller.say("book_appointment", name="Ada Miller")
        await caller.hang_up()
        names, worker = list(stack.pids), stack.worker_pid
        async with httpx.AsyncClient() as browser:
            metrics = await browser.get(stack.metrics_urls["Slotkeeper"])

    assert (offer.status, booked.status) == ("available", "booked")
    assert names == ["Temporal", "Calendar", "Slotkeeper"]
    assert worker is not None
    assert "temporal_" in metrics.text
    assert not (tmp_path / "temporal.db").exists()
