"""People who call up a town, one by one, each after a slot that nobody else wants."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from bench.town import Appointment, Town
from simulator.caller import Caller, Reply


@dataclass(frozen=True)
class Guest:
    """One of them."""

    caller: Caller
    wanted: Appointment

    async def asks(self) -> Reply:
        """Ask for the slot."""
        return await self.caller.say("check_availability", **self.wanted.words)

    async def says_yes(self) -> Reply:
        """Agree to what was offered."""
        return await self.caller.say("book_appointment", name="Ada Miller")


def guests(http: httpx.AsyncClient, retell_api_key: str, town: Town) -> Iterator[Guest]:
    """Yield people without end, each with a number of their own."""
    for number, wanted in enumerate(town.appointments()):
        yield Guest(Caller(http, retell_api_key, wanted.number, f"+49155{number:08d}"), wanted)


def heard(reply: Reply, wanted: str) -> Reply:
    """Return the reply. Raises ``RuntimeError`` where its status is another than wanted: nothing is measured by it."""
    if reply.status != wanted:
        raise RuntimeError(f"a caller heard {reply.status or reply.status_code} instead of {wanted}")
    return reply
