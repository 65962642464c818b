"""What goes wrong in a storm, as data: faults of the calendar, strangers who book, processes that die."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from time import monotonic

import httpx

from simulator.process import ProcessFailed
from simulator.stack import Stack
from tests.chaos.caller import Board
from tests.chaos.evidence import Injected

Fault = Mapping[str, object]

FAULTS: tuple[Fault, ...] = (
    {"endpoint": "slots", "kind": "delay", "seconds": 1.5},
    {"endpoint": "slots", "kind": "delay", "seconds": 4},
    {"endpoint": "slots", "kind": "status", "status": 500},
    {"endpoint": "slots", "kind": "status", "status": 503, "times": 3},
    {"endpoint": "slots", "kind": "reset"},
    {"endpoint": "slots", "kind": "rate_limit", "seconds": 2},
    {"endpoint": "slots", "kind": "stale", "times": 3},
    {"endpoint": "slots", "kind": "garbage"},
    {"endpoint": "bookings.create", "kind": "delay", "seconds": 2},
    {"endpoint": "bookings.create", "kind": "delay", "seconds": 7},
    # Longer than anybody waits for it: the booking is made when nobody listens any more.
    {"endpoint": "bookings.create", "kind": "delay", "seconds": 12},
    {"endpoint": "bookings.create", "kind": "status", "status": 500},
    {"endpoint": "bookings.create", "kind": "reset"},
    {"endpoint": "bookings.create", "kind": "rate_limit", "seconds": 2},
    {"endpoint": "bookings.create", "kind": "lost_answer"},
    {"endpoint": "bookings.create", "kind": "lost_answer", "seconds": 2},
    {"endpoint": "bookings.create", "kind": "lost_answer", "times": 3},
    {"endpoint": "bookings.list", "kind": "delay", "seconds": 2},
    {"endpoint": "bookings.list", "kind": "status", "status": 502},
    {"endpoint": "bookings.list", "kind": "reset"},
    {"endpoint": "bookings.list", "kind": "rate_limit", "seconds": 1},
)
LOST_ANSWERS: tuple[Fault, ...] = ({"endpoint": "bookings.create", "kind": "lost_answer"},)
REFUSALS: tuple[Fault, ...] = ({"endpoint": "bookings.create", "kind": "status", "status": 500, "times": 3},)

Span = tuple[float, float]
"""Seconds, from and to: how long it is between two such events."""

NEVER: Span = (1e9, 1e9)


@dataclass(frozen=True)
class Death:
    """A process that ends again and again, and is away for at least a while each time."""

    name: str
    every: Span
    away: Span = (0, 1.5)


@dataclass(frozen=True)
class Weather:
    """How bad it is."""

    faults: tuple[Fault, ...] = FAULTS
    fault_every: Span = (0.3, 2.5)
    stranger_every: Span = (0.5, 3)
    deaths: tuple[Death, ...] = (
        Death("Worker", (3, 12), away=(0, 3)),
        Death("Webhook", (4, 15)),
        Death("Temporal", (6, 30)),
    )


@dataclass
class Storm:
    """Weather over a running stack, until a moment of the monotonic clock; ``injected`` has what was done."""

    stack: Stack
    calendar: httpx.AsyncClient
    weather: Weather
    board: Board
    random: Random
    until: float
    injected: list[Injected] = field(default_factory=list)
    scraped: list[str] = field(default_factory=list)

    async def rages(self) -> None:
        """Let it happen; at the end everything runs and nothing goes wrong any more."""
        async with asyncio.TaskGroup() as all_at_once:
            all_at_once.create_task(self._spoil(self._seeded("faults")))
            all_at_once.create_task(self._strangers(self._seeded("strangers")))
            for death in self.weather.deaths:
                all_at_once.create_task(self._dies(death, self._seeded(death.name)))
        (await self.calendar.delete("/_double/faults")).raise_for_status()
        self._note("the storm is over")

    async def scrape(self, name: str) -> None:
        """Keep what a process has counted."""
        async with httpx.AsyncClient(trust_env=False) as browser:
            try:
                self.scraped.append((await browser.get(self.stack.metrics_urls[name])).text)
            except httpx.TransportError:
                self._note(f"{name} shows no metrics")

    async def mend(self) -> None:
        """Start what has ended by itself since."""
        for death in self.weather.deaths:
            if self.stack.has_ended(death.name):
                self._note(f"{death.name} has ended by itself", killed=death.name.lower())
                await self._comes_back(death.name)

    async def _spoil(self, random: Random) -> None:
        while await self._pause(self.weather.fault_every, random):
            fault = random.choice(self.weather.faults)
            (await self.calendar.post("/_double/faults", json=fault)).raise_for_status()
            words = " ".join(str(value) for value in fault.values())
            self._note(f"calendar: {words}", fault=str(fault["kind"]))

    async def _strangers(self, random: Random) -> None:
        while await self._pause(self.weather.stranger_every, random):
            if self.board.offered:
                event_type, start = random.choice(list(self.board.offered))
                order = {"eventTypeId": event_type, "start": start.isoformat()}
                if (await self.calendar.post("/_double/book", json=order)).is_success:
                    self._note(f"a stranger books {start:%d.%m. %H:%M} UTC")

    async def _dies(self, death: Death, random: Random) -> None:
        took = 0.0
        # Most of the time there is somebody to talk to, also where coming back takes long.
        while await self._pause((death.every[0] + took, death.every[1] + took), random, death.name):
            warned = random.random() < 0.4
            if death.name in self.stack.metrics_urls:
                await self.scrape(death.name)
            if not self.stack.has_ended(death.name):
                how = "is told to stop" if warned else "is killed"
                self._note(f"{death.name} {how}", killed=death.name.lower())
                await self.stack.end(death.name, warned=warned)
            ended_at = monotonic()
            await asyncio.sleep(random.uniform(*death.away))
            await self._comes_back(death.name)
            took = monotonic() - ended_at

    async def _comes_back(self, name: str) -> None:
        """Start a process, once more where it ends instead: so does whatever supervises it."""
        for starts_left in reversed(range(4)):
            try:
                await self.stack.begin(name)
            except ProcessFailed:
                self._note(f"{name} does not come up")
                await self.stack.end(name, warned=False)
                if not starts_left:
                    raise
            else:
                self._note(f"{name} is back")
                return

    async def _pause(self, span: Span, random: Random, watched: str | None = None) -> bool:
        """Wait, and return whether the storm goes on; a process that ends by itself ends the pause."""
        wakes_at = monotonic() + random.uniform(*span)
        while monotonic() < min(wakes_at, self.until):
            if watched and self.stack.has_ended(watched):
                self._note(f"{watched} has ended by itself", killed=watched.lower())
                return True
            await asyncio.sleep(min(0.1, max(0.0, wakes_at - monotonic())))
        return monotonic() < self.until

    def _seeded(self, purpose: str) -> Random:
        return Random(f"{self.random.random()} {purpose}")  # noqa: S311 - to be repeated

    def _note(self, what: str, *, killed: str | None = None, fault: str | None = None) -> None:
        self.injected.append(Injected(datetime.now(UTC), what, killed=killed, fault=fault))
