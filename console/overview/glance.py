"""How the calls are going, read once for everybody who looks."""

from datetime import datetime

from console.console import Console
from console.period import Choice
from console.shared import Shared
from store.overview import Overview, overview


class Glance(Shared[Choice, Overview]):
    """How the chosen calls are going."""

    def __init__(self, console: Console) -> None:
        """Look at what this console reads."""

        async def read(choice: Choice, now: datetime) -> Overview:
            return await overview(console.engine, choice.period(now), now)

        super().__init__(read, console.clock)
