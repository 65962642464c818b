"""The worker as a process: how it starts, how it stops, what it says when it cannot."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from temporalio.client import Client

from store.catalog import apply_catalog, load_catalog_file
from store.engine import close, create_engine
from store.migrate import migrate
from tests.end_to_end.salon import eventually
from tests.end_to_end.switchboard import Switchboard

ROOT = Path(__file__).parents[1]

KEY = "cal_test_0123456789"

UP_WITHIN = 60.0

IMPATIENT = """
from starter import patience
import worker
patience.PATIENCE_SECONDS = patience.RETRY_SECONDS = 0.1
worker.run()
"""

WELL = {"temporal": True, "database": True, "polls": True}


async def started(tmp_path: Path, *command: str, **settings: str) -> Process:
    """Start a worker process; another ``command`` of Python runs one in its own way."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": f"sqlite:///{tmp_path}/kept.db",
        **settings,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, *(command or (ROOT / "worker.py",)), cwd=tmp_path, env=environment, stdout=PIPE, stderr=PIPE
    )


class Mute(NamedTuple):
    """Where somebody listens who says nothing, and whether somebody has come."""

    address: str
    asked: asyncio.Event


class Told:
    """What a worker says of itself on ``HEALTH_BIND``."""

    def __init__(self, bind: str) -> None:
        self._url = f"http://{bind}"

    async def health(self) -> tuple[int, object]:
        return await self._ask("/health")

    async def ready(self) -> tuple[int, object]:
        return await self._ask("/ready")

    async def is_silent(self) -> bool:
        """Whether a connection is taken, but nothing is said."""
        try:
            await self.health()
        except httpx.ReadTimeout:
            return True
        return False

    async def _ask(self, path: str) -> tuple[int, object]:
        async with httpx.AsyncClient(base_url=self._url, trust_env=False, timeout=10) as http:
            try:
                answer = await http.get(path)
            except httpx.ConnectError:
                return 0, None
        said = answer.json()
        del said["version" if path == "/health" else "status"]
        return answer.status_code, said


@pytest.fixture
def bind(unused_tcp_port_factory: Callable[[], int]) -> str:
    return f"127.0.0.1:{unused_tcp_port_factory()}"


async def lines_until(process: Process, said: str) -> list[str]:
    assert process.stderr is not None
    lines: list[str] = []
    while not lines or said not in lines[-1]:
        line = await process.stderr.readline()
        if not line:
            pytest.fail("it ended before it said so:\n" + "".join(lines))
        lines.append(line.decode())
    return lines


async def test_sigterm_drains_and_ends_with_exit_status_0(client: Client, tmp_path: Path) -> None:
    worker = await started(tmp_path, TEMPORAL_ADDRESS=client.service_client.config.target_host, CALCOM_API_KEY=KEY)
    await lines_until(worker, "working on task queue")
    worker.send_signal(signal.SIGTERM)
    await lines_until(worker, "stopping")
    assert await worker.wait() == 0


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, "CALCOM_API_KEY"),
        ({"CALCOM_API_KEY": KEY, "HOLD_SECONDS": "soon"}, "HOLD_SECONDS"),
        ({"CALCOM_API_KEY": KEY, "DATABASE_URL": "mysql://nowhere"}, "DATABASE_URL"),
        ({"CALCOM_API_KEY": KEY, "DATABASE_URL": "sqlite:////proc/nowhere/kept.db"}, "DATABASE_URL"),
        (
            {"CALCOM_API_KEY": KEY, "PAYLOAD_ENCRYPTION_KEYS": "k1:c2VjcmV0"},
            "PAYLOAD_ENCRYPTION_KEYS",
        ),
        ({"CALCOM_API_KEY": KEY, "TEMPORAL_PROFILE": "nope"}, "TEMPORAL_PROFILE"),
        ({"CALCOM_API_KEY": KEY, "TEMPORAL_NAMESPACE": "nope"}, "TEMPORAL_NAMESPACE"),
        (
            {"CALCOM_API_KEY": KEY, "TEMPORAL_ADDRESS": "two words:7233"},
            "TEMPORAL_ADDRESS or TEMPORAL_TLS",
        ),
        ({"CALCOM_API_KEY": KEY, "METRICS_BIND": "127.0.0.1:99999"}, "METRICS_BIND"),
    ],
)
async def test_a_bad_setting_ends_with_exit_status_2_and_one_line_that_names_it(
    client: Client, tmp_path: Path, settings: dict[str, str], names: str
) -> None:
    worker = await started(tmp_path, **({"TEMPORAL_ADDRESS": client.service_client.config.target_host} | settings))
    _, said = await worker.communicate()
    assert worker.returncode == 2
    (line,) = said.decode().splitlines()
    assert line.startswith(names)
    assert "c2VjcmV0" not in line


async def test_a_weak_key_that_the_catalog_names_ends_with_exit_status_2_and_is_not_repeated(
    client: Client, tmp_path: Path
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/kept.db")
    await migrate(engine)
    given, catalog = (ROOT / "catalog.toml").read_text(), tmp_path / "catalog.toml"
    catalog.write_text(given.replace('calcom_api_key_env = "CALCOM_API_KEY"', 'calcom_api_key_env = "OWN_KEY"'))
    await apply_catalog(engine, load_catalog_file(catalog))
    await close(engine)
    worker = await started(
        tmp_path,
        TEMPORAL_ADDRESS=client.service_client.config.target_host,
        CALCOM_API_KEY=KEY,
        OWN_KEY="your-cal-key-here-0123",
    )
    _, said = await worker.communicate()
    assert worker.returncode == 2
    assert said.decode().splitlines()[-1].startswith("OWN_KEY: is too weak: ")
    assert "0123" not in said.decode()


async def test_a_metrics_address_that_is_taken_is_no_reason_to_wait_for_temporal(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        worker = await started(tmp_path, CALCOM_API_KEY=KEY, METRICS_BIND=address)
        _, said = await worker.communicate()
    assert worker.returncode == 2
    (line,) = said.decode().splitlines()
    assert line.startswith("METRICS_BIND: ")
    assert "in use" in line


async def test_a_worker_without_temporal_says_that_it_waits_and_can_be_stopped(
    tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    temporal, metrics = (f"127.0.0.1:{unused_tcp_port_factory()}" for _ in range(2))
    worker = await started(tmp_path, TEMPORAL_ADDRESS=temporal, METRICS_BIND=metrics, CALCOM_API_KEY=KEY)
    for _ in range(2):
        said = await lines_until(worker, "Temporal could not be used, trying again")
        assert "refused" in said[-1]
    worker.send_signal(signal.SIGTERM)
    assert await worker.wait() == 0


async def test_a_worker_that_does_not_find_temporal_in_time_gives_up_with_exit_status_1(
    tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    temporal = f"127.0.0.1:{unused_tcp_port_factory()}"
    worker = await started(tmp_path, "-c", IMPATIENT, TEMPORAL_ADDRESS=temporal, CALCOM_API_KEY=KEY)
    _, said = await worker.communicate()
    assert worker.returncode == 1
    *waited, last = said.decode().splitlines()
    assert {json.loads(line)["event"].partition(":")[0] for line in waited} == {
        "Temporal could not be used, trying again"
    }
    assert last.startswith("the worker could not start or had to stop: ")


async def test_a_worker_without_its_database_waits_for_it_then_gives_up_with_exit_status_1(
    client: Client, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    away = f"postgresql://me:secret@127.0.0.1:{unused_tcp_port_factory()}/kept"
    address = client.service_client.config.target_host
    worker = await started(tmp_path, "-c", IMPATIENT, TEMPORAL_ADDRESS=address, CALCOM_API_KEY=KEY, DATABASE_URL=away)
    _, said = await worker.communicate()
    assert worker.returncode == 1
    *waited, last = said.decode().splitlines()
    events = [json.loads(line)["event"] for line in waited]
    assert any(event.startswith("the database could not be used, trying again: ") for event in events)
    assert last.startswith("the worker could not start or had to stop: ")
    assert "refused" in last
    assert "secret" not in said.decode()


async def test_a_worker_that_waits_for_its_database_can_be_stopped(
    client: Client, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    away = f"postgresql://me:secret@127.0.0.1:{unused_tcp_port_factory()}/kept"
    address = client.service_client.config.target_host
    worker = await started(tmp_path, TEMPORAL_ADDRESS=address, CALCOM_API_KEY=KEY, DATABASE_URL=away)
    await lines_until(worker, "the database could not be used, trying again")
    worker.send_signal(signal.SIGTERM)
    assert await worker.wait() == 0


@pytest.fixture
async def mute() -> AsyncIterator[Mute]:
    """Somebody who takes every connection and says nothing."""
    asked = asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(keep_silent, "127.0.0.1", 0) as server:
        yield Mute("127.0.0.1:{1}".format(*server.sockets[0].getsockname()), asked)


async def test_a_worker_whose_temporal_takes_connections_and_says_nothing_can_be_stopped(
    mute: Mute, tmp_path: Path
) -> None:
    for_ever = "import starter.connect; starter.connect.CONNECT_LIMIT *= 1000; import worker; worker.run()"
    worker = await started(tmp_path, "-c", for_ever, TEMPORAL_ADDRESS=mute.address, CALCOM_API_KEY=KEY)
    await mute.asked.wait()
    worker.send_signal(signal.SIGTERM)
    assert await worker.wait() == 0


async def test_a_worker_does_not_wait_for_ever_for_a_temporal_that_says_nothing(mute: Mute, tmp_path: Path) -> None:
    hasty = "import starter.connect; starter.connect.CONNECT_LIMIT /= 50\n" + IMPATIENT
    worker = await started(tmp_path, "-c", hasty, TEMPORAL_ADDRESS=mute.address, CALCOM_API_KEY=KEY)
    _, said = await worker.communicate()
    assert worker.returncode == 1
    assert "has not answered within" in said.decode().splitlines()[-1]


async def test_a_worker_says_once_that_temporal_is_away_and_once_that_it_is_back(
    client: Client, tmp_path: Path
) -> None:
    watchful = "import worker; from starter import health; health.LOOK_SECONDS = 0.1; worker.run()"
    async with Switchboard(client.service_client.config.target_host) as temporal:
        worker = await started(tmp_path, "-c", watchful, TEMPORAL_ADDRESS=temporal.address, CALCOM_API_KEY=KEY)
        lines = await lines_until(worker, "working on task queue")
        for _ in range(2):
            temporal.unplug()
            lines += await lines_until(worker, "Temporal is away: ")
            await temporal.plug_in()
            lines += await lines_until(worker, "Temporal is back")
        worker.send_signal(signal.SIGTERM)
        lines += await lines_until(worker, "stopping")
        assert await worker.wait() == 0
    assert sum("Temporal is away" in line for line in lines) == 2
    assert sum("Temporal is back" in line for line in lines) == 2


async def test_a_health_address_that_is_taken_ends_with_exit_status_2(client: Client, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        bind = f"127.0.0.1:{other.getsockname()[1]}"
        address = client.service_client.config.target_host
        worker = await started(tmp_path, TEMPORAL_ADDRESS=address, CALCOM_API_KEY=KEY, HEALTH_BIND=bind)
        _, said = await worker.communicate()
    assert worker.returncode == 2
    assert said.decode().splitlines() == [f"HEALTH_BIND: {bind} cannot be listened on: Address already in use"]


async def test_a_worker_lives_before_it_finds_temporal_and_is_ready_after(
    client: Client, tmp_path: Path, bind: str
) -> None:
    async with Switchboard(client.service_client.config.target_host) as temporal:
        temporal.unplug()
        worker = await started(tmp_path, TEMPORAL_ADDRESS=temporal.address, CALCOM_API_KEY=KEY, HEALTH_BIND=bind)
        told = Told(bind)
        await eventually(told.health, (200, {"status": "alive"}).__eq__, within=UP_WITHIN)
        assert await told.ready() == (503, {"temporal": False, "database": True, "polls": False})

        await temporal.plug_in()
        await eventually(told.ready, (200, WELL).__eq__, within=UP_WITHIN)
        worker.send_signal(signal.SIGTERM)
        assert await worker.wait() == 0


async def test_a_worker_that_loses_temporal_waits_for_it_and_says_so(client: Client, tmp_path: Path, bind: str) -> None:
    async with Switchboard(client.service_client.config.target_host) as temporal:
        worker = await started(tmp_path, TEMPORAL_ADDRESS=temporal.address, CALCOM_API_KEY=KEY, HEALTH_BIND=bind)
        told = Told(bind)
        await eventually(told.ready, (200, WELL).__eq__, within=UP_WITHIN)

        temporal.unplug()
        await eventually(told.ready, (503, WELL | {"temporal": False}).__eq__, within=UP_WITHIN)
        assert await told.health() == (200, {"status": "alive"})

        await temporal.plug_in()
        await eventually(told.ready, (200, WELL).__eq__, within=UP_WITHIN)

        temporal.unplug()
        worker.send_signal(signal.SIGTERM)
        assert await worker.wait() == 0


async def test_a_worker_whose_event_loop_stands_still_does_not_say_that_it_lives(
    client: Client, tmp_path: Path, bind: str
) -> None:
    stuck = """
import asyncio, signal, time, worker
signal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600))
worker.run()
"""
    address = client.service_client.config.target_host
    worker = await started(tmp_path, "-c", stuck, TEMPORAL_ADDRESS=address, CALCOM_API_KEY=KEY, HEALTH_BIND=bind)
    told = Told(bind)
    await eventually(told.ready, (200, WELL).__eq__, within=UP_WITHIN)
    worker.send_signal(signal.SIGUSR1)
    await eventually(told.is_silent, within=UP_WITHIN)
    worker.kill()
    await worker.wait()
