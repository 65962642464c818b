"""A process that has talked to Temporal ends with its own exit status, whatever Temporal's threads still do."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL
from pathlib import Path

import pytest

from tests.lifecycle.site import ROOT

ENDS_AMID_ANSWERS = """
import asyncio
from starter.connect import connect, read_connection
from starter.settings import Settings

async def main():
    connection = read_connection(Settings())
    waiting = [asyncio.create_task(connect(connection)) for _ in range(20)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    raise SystemExit(3)

asyncio.run(main())
"""
"""Ends with the first of many answers, while the others are handed over. Without a rest one run in two to five hangs or
is aborted by the interpreter."""

RUNS = 8


async def exit_status(folder: Path) -> int | None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        ENDS_AMID_ANSWERS,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TEMPORAL_ADDRESS": "127.0.0.1:1"},
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        async with asyncio.timeout(40):
            return await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None


@pytest.mark.timeout(300)
async def test_a_process_ends_with_its_own_exit_status_while_temporal_still_answers(tmp_path: Path) -> None:
    assert [await exit_status(tmp_path) for _ in range(RUNS)] == [3] * RUNS
