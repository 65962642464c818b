"""A process that ends while it asks the database something."""

import subprocess
import sys
from pathlib import Path

ENDS_WHILE_IT_ASKS = """
import asyncio
import sys
from datetime import UTC, datetime

from store.agenda import live_holds_count
from store.engine import close, create_engine
from store.migrate import migrate


async def end(seconds: float) -> None:
    engine = create_engine(sys.argv[1])
    await migrate(engine)

    async def ask() -> None:
        while True:
            await live_holds_count(engine, datetime.now(UTC))

    asking = asyncio.create_task(ask())
    await asyncio.sleep(seconds)
    asking.cancel()
    await asyncio.wait({asking})
    await close(engine)


for milliseconds in range(20):
    asyncio.run(end(0.02 + milliseconds / 1000))
"""


def test_a_process_that_is_asking_something_can_end(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDS_WHILE_IT_ASKS, f"sqlite:///{tmp_path / 'store.db'}"]
    ended = subprocess.run(  # noqa: S603 - our own program
        command, cwd=Path(__file__).parents[2], timeout=50, check=False
    )
    assert ended.returncode == 0
