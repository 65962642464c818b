"""What the database is asked once for everybody who looks at the same."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

FRESH = timedelta(seconds=0.9)
"""What is this old is shown to the next visitor as well: a little less than the second after which pages look again."""


class Shared(Generic[K, T]):
    """Answers by what was asked for; each is asked for once a second at most, however many look."""

    def __init__(self, read: Callable[[K, datetime], Awaitable[T]], clock: Callable[[], datetime]) -> None:
        """Ask with ``read``, which is told what is wanted, and the present moment."""
        self._read = read
        self._clock = clock
        self._asked: dict[K, tuple[datetime, asyncio.Task[T]]] = {}

    async def at(self, wanted: K) -> T:
        """Return what ``read`` returns or raises, as of less than a second ago."""
        now = self._clock()
        self._asked = {
            key: (then, task) for key, (then, task) in self._asked.items() if not task.done() or now - then < FRESH
        }
        if wanted not in self._asked:
            self._asked[wanted] = now, asyncio.ensure_future(self._read(wanted, now))
        # A visitor who leaves takes the answer from nobody else.
        return await asyncio.shield(self._asked[wanted][1])
