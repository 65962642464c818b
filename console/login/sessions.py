"""Who is logged in: known to this process alone, each for a working day at the most."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

LASTS = timedelta(hours=12)
"""How long a login lasts: a working day."""


class Sessions:
    """The logins that hold, by their ids.

    They are kept in memory only: what is forgotten cannot be put back, and with the process all of them end.
    """

    def __init__(self, lasts: timedelta = LASTS) -> None:
        """Keep every session that long, or until it is ended."""
        self._lasts = lasts
        self._open: dict[str, set[asyncio.Timeout]] = {}

    def __contains__(self, session: str | None) -> bool:
        """Whether this is the id of a session that holds."""
        return session in self._open

    def begin(self) -> str:
        """Return the id of a new session, which nobody can guess."""
        session = secrets.token_urlsafe()
        self._open[session] = set()
        asyncio.get_running_loop().call_later(self._lasts.total_seconds(), self.end, session)
        return session

    def end(self, session: str | None) -> None:
        """End a session, and whatever is waiting in it; one that is none is none."""
        for waiting in self._open.pop(session or "", ()):
            waiting.reschedule(0)

    @asynccontextmanager
    async def within(self, session: str) -> AsyncIterator[None]:
        """Wait inside for no longer than the session holds.

        Raises:
            TimeoutError: The session is over, or ended meanwhile.
        """
        if session not in self._open:
            raise TimeoutError
        async with asyncio.timeout(None) as waiting:
            self._open[session].add(waiting)
            try:
                yield
            finally:
                self._open.get(session, set()).discard(waiting)
