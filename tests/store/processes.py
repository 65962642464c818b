"""What other processes do to the same database; imported by name in each of them."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, event

from store.engine import close, create_engine
from store.errors import StoreUnavailable
from store.holds import Holds
from store.migrate import migrate

T = TypeVar("T")
Wish = dict[str, Any]

_barrier: Barrier


def _meet_at(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier


class Processes:
    """Some processes of their own, which start their work together."""

    count = 4

    def __init__(self) -> None:
        context = get_context("spawn")
        self._pool = ProcessPoolExecutor(self.count, context, _meet_at, (context.Barrier(self.count),))

    async def run(self, work: Callable[..., T], arguments: Sequence[tuple[Any, ...]]) -> list[T]:
        """Call ``work`` once in each process; it has to meet the others at the barrier."""
        if len(arguments) != self.count:
            raise ValueError(f"there are {self.count} processes to work")
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(self._pool, work, *each) for each in arguments))

    def close(self) -> None:
        self._pool.shutdown()


def take_all(url: str, wishes: Sequence[Wish]) -> list[bool]:
    """Take all holds at once; the answers are in the order of the wishes."""
    return asyncio.run(_take_all(url, wishes))


async def _take_all(url: str, wishes: Sequence[Wish]) -> list[bool]:
    engine = create_engine(url)
    holds = Holds(engine)
    _barrier.wait(timeout=30)
    try:
        return await asyncio.gather(*(_take(holds, wish) for wish in wishes))
    finally:
        await close(engine)


async def _take(holds: Holds, wish: Wish) -> bool:
    """Ask until there is an answer: fifty at once on a busy machine do not all get one in a caller's time."""
    while True:
        try:
            return await holds.take(**wish)
        except StoreUnavailable:
            continue


def migrate_once(url: str) -> None:
    """Migrate as a starting process does."""
    asyncio.run(_migrate_once(url))


async def _migrate_once(url: str) -> None:
    engine = create_engine(url)
    _barrier.wait(timeout=30)
    await migrate(engine)
    await close(engine)


async def each_in_a_process(work: Callable[..., object], arguments: Sequence[tuple[Any, ...]]) -> list[int | None]:
    """Call ``work`` with each of the arguments, in processes that may die of it; return how they ended."""
    processes = [get_context("spawn").Process(target=work, args=each) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        await asyncio.to_thread(process.join)
    return [process.exitcode for process in processes]


def migrate_or_die(url: str, killed_at: str, killed: Path) -> None:
    """Migrate; of those that come to a statement that begins so, the first is killed right after it."""

    def die(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.strip().startswith(killed_at):
            with suppress(FileExistsError):
                killed.touch(exist_ok=False)
                os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "after_cursor_execute", die)
    engine = create_engine(url)
    asyncio.run(migrate(engine))
