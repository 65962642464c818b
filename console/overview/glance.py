"""How the calls are going, read once for everybody who looks."""

import asyncio
from datetime import datetime, timedelta

from console.console import Console
from console.period import Choice
from store.overview import Overview, overview

FRESH = timedelta(seconds=0.9)
"""What is this old is shown to the next visitor as well: a little less than the second after which pages look again."""


class Glance:
    """Asks the database once a second at most for each choice of period and company, however many look."""

    def __init__(self, console: Console) -> None:
        """Look at what this console reads."""
        self._console = console
        self._asked: dict[Choice, tuple[datetime, asyncio.Task[Overview]]] = {}

    async def at(self, choice: Choice) -> Overview:
        """Return how the chosen calls are going, as of less than a second ago.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        now = self._console.clock()
        asked = self._asked.get(choice)
        if asked is None or (asked[1].done() and now - asked[0] >= FRESH):
            task = asyncio.create_task(overview(self._console.engine, choice.period(now), now))
            asked = self._asked[choice] = now, task
        # A visitor who leaves takes the answer from nobody else.
        return await asyncio.shield(asked[1])
