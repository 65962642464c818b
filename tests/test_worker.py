"""The worker as a process: how it starts, how it stops, what it says when it cannot."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path

import pytest
from temporalio.client import Client

ROOT = Path(__file__).parents[1]


async def started(tmp_path: Path, **settings: str) -> Process:
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:///{tmp_path}/kept.db", **settings}
    return await asyncio.create_subprocess_exec(
        sys.executable, ROOT / "worker.py", cwd=tmp_path, env=environment, stdout=PIPE, stderr=PIPE
    )


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
    worker = await started(
        tmp_path, TEMPORAL_ADDRESS=client.service_client.config.target_host, CALCOM_API_KEY="cal_test_key"
    )
    await lines_until(worker, "working on task queue")
    worker.send_signal(signal.SIGTERM)
    await lines_until(worker, "stopping")
    assert await worker.wait() == 0


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, "CALCOM_API_KEY"),
        ({"CALCOM_API_KEY": "cal_test_key", "HOLD_SECONDS": "soon"}, "HOLD_SECONDS"),
        ({"CALCOM_API_KEY": "cal_test_key", "DATABASE_URL": "mysql://nowhere"}, "DATABASE_URL"),
        ({"CALCOM_API_KEY": "cal_test_key", "DATABASE_URL": "sqlite:////proc/nowhere/kept.db"}, "DATABASE_URL"),
        ({"CALCOM_API_KEY": "cal_test_key", "PAYLOAD_ENCRYPTION_KEYS": "k1:c2VjcmV0"}, "PAYLOAD_ENCRYPTION_KEYS"),
        ({"CALCOM_API_KEY": "cal_test_key", "TEMPORAL_PROFILE": "nope"}, "TEMPORAL_PROFILE"),
        ({"CALCOM_API_KEY": "cal_test_key", "TEMPORAL_NAMESPACE": "nope"}, "TEMPORAL_NAMESPACE"),
        ({"CALCOM_API_KEY": "cal_test_key", "TEMPORAL_ADDRESS": "two words:7233"}, "TEMPORAL_ADDRESS or TEMPORAL_TLS"),
        ({"CALCOM_API_KEY": "cal_test_key", "METRICS_BIND": "127.0.0.1:99999"}, "METRICS_BIND"),
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


async def test_a_metrics_address_that_is_taken_is_no_reason_to_wait_for_temporal(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        worker = await started(tmp_path, CALCOM_API_KEY="cal_test_key", METRICS_BIND=address)
        _, said = await worker.communicate()
    assert worker.returncode == 2
    (line,) = said.decode().splitlines()
    assert line.startswith("METRICS_BIND: ")
    assert "in use" in line


async def test_a_worker_without_temporal_says_that_it_waits_and_can_be_stopped(
    tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    temporal, metrics = (f"127.0.0.1:{unused_tcp_port_factory()}" for _ in range(2))
    worker = await started(tmp_path, TEMPORAL_ADDRESS=temporal, METRICS_BIND=metrics, CALCOM_API_KEY="cal_test_key")
    for _ in range(2):
        said = await lines_until(worker, "Temporal does not answer, trying again")
        assert "refused" in said[-1]
    worker.send_signal(signal.SIGTERM)
    assert await worker.wait() == 0
