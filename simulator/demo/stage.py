"""Where the scenes play: callers speak, the calendar changes, promises are kept, and all of it can be read along."""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulator.business import Business
from simulator.caller import Caller, Reply
from simulator.desk import Booked, Desk, overlapping
from simulator.stack import Stack

LONGEST_THOUGHT = 1.0
"""Seconds a caller really thinks in the demo, however long the scene says."""

ASKS_AGAIN = 3
"""How often an agent comes back to a booking the calendar has not answered."""

_LABEL_WIDTH = 16
_ASIDE_WIDTH = 20


class PromiseBroken(Exception):
    """What was promised did not happen; the text is the promise."""


@dataclass(frozen=True)
class Expected:
    """A booking the calendar must hold."""

    start: datetime
    name: str


STRANGER = "Walk-in Customer"


class Stage:
    """One performance: its audience is the console, its props the running stack."""

    def __init__(self, console: Console, stack: Stack, http: httpx.AsyncClient, desk: Desk) -> None:
        """`http` knows the address of the webhook."""
        self.console = console
        self.stack = stack
        self.desk = desk
        self.calls: list[Call] = []
        self.expected: list[Expected] = []
        self.kept: list[str] = []
        self._http = http

    def call(self, scene: str, business: Business, name: str, *, label: str, agent: str = "Agent") -> "Call":
        """Somebody picks up the phone; `label` and `agent` are what the two are called in print."""
        number = f"+49155501{len(self.calls):05d}"
        call_id = f"call_{scene}_{secrets.token_hex(4)}"
        caller = Caller(
            self._http, self.stack.retell_api_key, business.number, number, name, call_id, pause=_think_shortly
        )
        call = Call(self, caller, label, agent)
        self.calls.append(call)
        return call

    def opens(self, title: str, remark: str) -> None:
        """A scene begins."""
        self.kept = []
        self.console.print()
        self.console.print(Rule(Text(title, "bold"), align="left", style="dim"))
        self.console.print(Text(remark, "dim"))
        self.console.print()

    def closes(self, broken: str | None = None) -> None:
        """A scene is over: what it has kept, and what it has not."""
        self.console.print()
        for promise in self.kept:
            self.line("ok", promise, "green", mark="")
        if broken:
            self.line("FAILED", broken, "bold red", mark="")

    def line(self, who: str, what: str, style: str, *, aside: str = "", mark: str = ":") -> None:
        """One line of the play."""
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(width=_LABEL_WIDTH, justify="right")
        row.add_column(ratio=1)
        row.add_column(width=_ASIDE_WIDTH if aside else 0, justify="right", no_wrap=True)
        row.add_row(Text(f"{who}{mark}", style), Text(what), Text(aside, "dim"))
        self.console.print(row)

    def meanwhile(self, what: str) -> None:
        """Something happens that nobody on the phone notices."""
        self.line("meanwhile", what, "magenta", mark="")

    def promise(self, promise: str, kept: bool) -> None:
        """Note a promise as kept. Raises `PromiseBroken`, which ends the scene, if it is not."""
        if not kept:
            raise PromiseBroken(promise)
        if promise not in self.kept:
            self.kept.append(promise)

    def promise_status(self, promise: str, reply: Reply, status: str) -> None:
        """Hold an answer to the status it must have."""
        self.promise(promise if reply.status == status else f"{promise} (was: {_heard(reply)})", reply.status == status)

    async def promise_free(
        self, promise: str, business: Business, reply: Reply, *, taken_since: Iterable[datetime] = ()
    ) -> None:
        """Hold the two alternatives of an answer to the calendar.

        `taken_since` are moments that callers who spoke at the same time have booked by now.
        """
        offered = alternatives(reply)
        gone = set(taken_since)
        free = [start in gone or await self.desk.lists(business.event_type_id, start) for start in offered]
        self.promise(promise, len(offered) == 2 and all(free))

    async def promise_booked(self, promise: str, *expected: Expected) -> None:
        """Hold the calendar to exactly these bookings on their days, now and at the end."""
        self.expected += expected
        self.promise(promise, holds(await self.desk.ledger(), expected))


class Call:
    """One phone call on stage."""

    def __init__(self, stage: Stage, caller: Caller, label: str, agent: str) -> None:
        """`label` and `agent` are what the two are called in print."""
        self.name = caller.name
        self.call_id = caller.call_id
        self.replies: list[Reply] = []
        self._stage = stage
        self._caller = caller
        self._label = label
        self._agent = agent

    async def begins(self) -> None:
        """The platform reports the call."""
        await self._caller.started()

    async def asks(self, words: str, **args: object) -> Reply:
        """The caller wants to know whether a moment is free."""
        self._speaks(words)
        return await self._answer("check_availability", args)

    async def agrees(self, words: str, **args: object) -> Reply:
        """The caller wants what is on offer; while the calendar is silent the agent asks again."""
        self._speaks(words)
        wanted = {"name": self.name, **args}
        reply = await self._answer("book_appointment", wanted)
        for _ in range(ASKS_AGAIN):
            if reply.status != "pending":
                break
            reply = await self._answer("book_appointment", wanted)
        return reply

    async def thinks(self, seconds: int) -> None:
        """The caller thinks it over: so long on a phone, and much shorter here."""
        self._stage.line("…", f"thinks for {seconds} seconds (here {LONGEST_THOUGHT:g} s)", "dim", mark="")
        await self._caller.think(seconds)

    async def hangs_up(self) -> None:
        """The call is over."""
        await self._caller.hang_up()

    def _speaks(self, words: str) -> None:
        self._caller.speak(words)
        self._stage.line(self._label, words, "cyan")

    async def _answer(self, function: str, args: dict[str, object]) -> Reply:
        reply = await self._caller.say(function, **args)
        self.replies.append(reply)
        aside = f"{reply.status} {reply.seconds:5.1f} s"
        self._stage.line(self._agent, reply.message or "(silence)", "green", aside=aside)
        return reply


def alternatives(reply: Reply) -> list[datetime]:
    """The moments an answer offers instead."""
    return [datetime.fromisoformat(offer["start"]) for offer in reply.body.get("alternatives", [])]


def holds(ledger: Iterable[Booked], expected: Iterable[Expected]) -> bool:
    """Whether the calendar holds these bookings and no other on their days."""
    wanted = sorted((e.start, e.name) for e in expected)
    days = {start.astimezone(UTC).date() for start, _ in wanted}
    of_these_days = (b for b in ledger if b.start.astimezone(UTC).date() in days)
    return wanted == sorted((b.start, b.name) for b in of_these_days if b.status == "accepted")


def heard_an_error(reply: Reply) -> bool:
    """Whether this answer must not reach a caller's ear."""
    return reply.status_code != 200 or reply.status in (None, "error") or not reply.message


def broken_at_the_end(ledger: list[Booked], expected: Iterable[Expected], replies: Iterable[Reply]) -> list[str]:
    """What the whole performance promises, as far as it is broken."""
    wanted = sorted((e.start, e.name) for e in expected)
    promises = {
        "no two bookings overlap": not overlapping(ledger),
        "nobody hears an error": not any(map(heard_an_error, replies)),
        "the calendar holds what was promised, and nothing else": wanted == sorted((b.start, b.name) for b in ledger),
    }
    return [promise for promise, kept in promises.items() if not kept]


def _heard(reply: Reply) -> str:
    return f"{reply.status}: {reply.message}" if reply.status else f"HTTP {reply.status_code}"


async def _think_shortly(seconds: float) -> None:
    await asyncio.sleep(min(seconds, LONGEST_THOUGHT))
