"""A web process waits for its database when it begins, and for its answers when it ends."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from pathlib import Path

import pytest
import uvicorn

from starter.serving import Server
from tests.lifecycle.site import RETELL_KEY, ROOT

WAITS = "the database could not be used, trying again: "

IMPATIENT = "from starter import patience; patience.PATIENCE_SECONDS = patience.RETRY_SECONDS = 0.1; "


@pytest.fixture
def away(unused_tcp_port_factory: Callable[[], int]) -> str:
    return f"postgresql://me:secret@127.0.0.1:{unused_tcp_port_factory()}/kept"


async def webhook(folder: Path, database: str, before: str = "") -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", f"{before}from starter.cli import app; app()", "webhook", "--port", "0"),
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "CATALOG_FILE": str(ROOT / "catalog.toml"),
            "DATABASE_URL": database,
            "RETELL_API_KEY": RETELL_KEY,
            "TEMPORAL_ADDRESS": "127.0.0.1:1",
            "TEMPORAL_CONFIG_FILE": os.devnull,
        },
        stdout=DEVNULL,
        stderr=PIPE,
    )


async def test_a_web_process_without_its_database_waits_for_it_then_gives_up_with_exit_status_1(
    tmp_path: Path, away: str
) -> None:
    process = await webhook(tmp_path, away, IMPATIENT)
    _, said = await process.communicate()
    assert process.returncode == 1
    *waited, last = said.decode().splitlines()
    assert all(json.loads(line)["event"].startswith(WAITS) for line in waited)
    assert last.startswith("DATABASE_URL: ")
    assert "refused" in last


async def test_a_web_process_that_waits_for_its_database_can_be_stopped(tmp_path: Path, away: str) -> None:
    process = await webhook(tmp_path, away)
    assert process.stderr is not None
    assert json.loads(await process.stderr.readline())["event"].startswith(WAITS)
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


async def test_a_web_process_says_that_temporal_is_away_even_if_nobody_asks_whether_it_is_ready(
    tmp_path: Path,
) -> None:
    watchful = "from starter import health; health.LOOK_SECONDS = 0.1; "
    process = await webhook(tmp_path, f"sqlite:///{tmp_path}/kept.db", watchful)
    assert process.stderr is not None
    async with asyncio.timeout(60):
        said = json.loads(await process.stderr.readline())
    assert said["event"].startswith("Temporal is away: ")
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


async def test_a_second_interrupt_ends_the_lingering_and_leaves_the_answers_under_way_alone() -> None:
    loop, is_over = asyncio.get_running_loop(), asyncio.Event()

    async def nothing(*_: object) -> None:
        """Answer nobody."""

    server = Server(uvicorn.Config(nothing, log_config=None), lambda *_: None, linger_seconds=0.01)
    server.handle_exit(signal.SIGINT, None)
    assert not server.should_exit
    server.handle_exit(signal.SIGINT, None)
    loop.call_later(0.05, is_over.set)
    await is_over.wait()
    assert server.should_exit
    assert not server.force_exit
