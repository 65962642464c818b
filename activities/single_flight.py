"""Identical requests that are in flight at the same time are one request: single flight."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from activities.budget import Need, most_urgent

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

Begin = Callable[[Need], Coroutine[Any, Any, Answer]]
"""Makes the request, for what it is needed."""


class SingleFlight(Generic[Key, Answer]):
    """Lets all who ask the same while it is being answered wait for one answer; belongs to one event loop.

    An answer that has come is never given to somebody who asks later.
    """

    def __init__(self) -> None:
        """Have nothing in flight."""
        self._flights: dict[Key, _Flight[Answer]] = {}

    async def join(self, key: Key, need: Need, begin: Begin[Answer]) -> Answer:
        """Wait for the answer to ``key``, which ``begin`` asks for if nobody else does.

        Everybody gets the same answer, or the same error. Whoever is cancelled takes nothing from the others; with the
        last of them the request is cancelled, and has ended when that one's cancellation is over. It runs in the
        context of whoever came first, and for the most urgent need of those who came before it begins, which is with
        the event loop's next turn: it may be refused for what it is needed for, and once begun it no longer is.
        """
        flight = self._flights.get(key)
        if flight is None or flight.task.done():
            flight = self._flights[key] = _Flight(need, begin)
        flight.need = most_urgent(flight.need, need)
        flight.waiting += 1
        try:
            await asyncio.wait([flight.task])
            return flight.task.result()
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                if self._flights.get(key) is flight:
                    del self._flights[key]
                # Whatever error it ends with, or has ended with unheard, is no complaint: nobody asks any more.
                if flight.task.cancel():
                    await asyncio.gather(flight.task, return_exceptions=True)


class _Flight(Generic[Answer]):
    """One request, and how many wait for it."""

    def __init__(self, need: Need, begin: Begin[Answer]) -> None:
        self.need = need
        self.waiting = 0
        self.task = asyncio.create_task(self._answer(begin))

    async def _answer(self, begin: Begin[Answer]) -> Answer:
        return await begin(self.need)
