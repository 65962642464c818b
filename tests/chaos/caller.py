"""A caller in the storm: asks, thinks, says yes, asks again where nothing was heard, and sometimes walks away."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from time import monotonic

import httpx

from simulator.business import CONSULTANTS, SALON, Business, workdays
from simulator.caller import Caller, Reply
from tests.chaos.evidence import PhoneCall
from tests.chaos.platform import CONFIRMING, Platform

UNCLEAR = {None, "error", "pending"}
"""Nothing is known yet: whoever hears this asks again."""

MOST_TURNS = 6
LONGEST_CALL_SECONDS = 40.0
HALF_AN_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Office:
    """A business that is rung up, and what of it is booked; ``None`` books what is usual."""

    business: Business
    company: str
    services: tuple[str | None, ...] = (None,)


SALON_OFFICE = Office(SALON, "salon-beispiel", (None, None, "Färben"))
OFFICES = (SALON_OFFICE, Office(CONSULTANTS, "riverside-consulting"))


@dataclass
class Board:
    """The moments everybody is after at the time: few, so that callers and strangers meet, and later ones later."""

    began: float = field(default_factory=monotonic)
    offered: deque[tuple[int, datetime]] = field(default_factory=lambda: deque(maxlen=8))

    def moment(self, business: Business, random: Random) -> datetime:
        """Return a moment somebody may want."""
        passed = int((monotonic() - self.began) / 10)
        today = datetime.now(business.zone).date()
        day = next(islice(workdays(today), passed % 40 + random.choice((0, 0, 1)), None))
        return business.at(day, 9) + random.choice(range(6)) * HALF_AN_HOUR


@dataclass
class ChaosCaller:
    """One call; ``platform`` has what went over its line."""

    caller: Caller
    platform: Platform
    office: Office
    board: Board
    random: Random
    offers: list[tuple[str | None, datetime]] = field(default_factory=list)
    hung_up: bool = False
    calm: bool = False

    def __post_init__(self) -> None:
        self.service = self.random.choice(self.office.services)

    async def talks(self, leaving: float) -> None:
        """Make the whole call; ``leaving`` is how likely the caller walks away at every turn."""
        began = monotonic()
        if self.random.random() < 0.5:
            self.platform.meanwhile(self.caller.started())
        status = await self._asks()
        for _ in range(MOST_TURNS):
            await self.caller.think(self.random.uniform(0.2, 2.5))
            if status in ("booked", "closed", "expired") or monotonic() - began > LONGEST_CALL_SECONDS:
                break
            if self.random.random() < leaving:
                break
            status = await (self._agrees() if self.offers and self.random.random() < 0.75 else self._asks())
        if status == "booked" and self.random.random() < 0.15:
            await self._says(CONFIRMING, {"name": self.caller.name})
        if self.random.random() < 0.8:
            self.hung_up = True
            for event in self.random.sample((self.caller.hang_up, self.caller.analyzed), self.random.choice((1, 2))):
                self.platform.meanwhile(event())
        self.platform.call_is_over()
        await self.platform.come_to_rest()

    async def talks_calmly(self) -> None:
        """Ask, agree to what is offered, hang up."""
        self.calm = self.hung_up = True
        status = await self._asks()
        for _ in range(MOST_TURNS):
            if status == "booked":
                break
            status = await (self._agrees() if self.offers else self._asks())
        self.platform.meanwhile(self.caller.hang_up())
        await self.platform.come_to_rest()

    def call(self) -> PhoneCall:
        """Return what was said and heard."""
        exchanges = self.platform.exchanges
        return PhoneCall(
            call_id=self.caller.call_id,
            company=self.office.company,
            name=self.caller.name,
            number=self.caller.from_number,
            exchanges=exchanges,
            said_yes=[n for n, e in enumerate(exchanges) if e.what == CONFIRMING and not e.copy],
            hung_up=self.hung_up,
            calm=self.calm,
        )

    async def _asks(self) -> str | None:
        wished = self.platform.meant = self.board.moment(self.office.business, self.random)
        return await self._until_clear("check_availability", self._names(wished) | self._service())

    async def _agrees(self) -> str | None:
        """Say yes in one of the ways that can only mean one of the moments on offer."""
        alternative_id, start = self.random.choice(self.offers)
        self.platform.meant = start
        by_id = {"alternative_id": alternative_id} if alternative_id else {}
        ways = [by_id, self._names(start)] if by_id or len(self.offers) == 1 else [self._names(start)]
        return await self._until_clear(CONFIRMING, self.random.choice(ways) | {"name": self.caller.name})

    async def _until_clear(self, function: str, args: dict[str, str]) -> str | None:
        """Say something, and again where nothing is known yet."""
        for _ in range(3):
            status = await self._says(function, args)
            if status not in UNCLEAR:
                break
            await self.caller.think(self.random.uniform(0.5, 2))
        return status

    async def _says(self, function: str, args: dict[str, str]) -> str | None:
        try:
            reply = await self.caller.say(function, **args)
        except httpx.TransportError:
            return None
        if reply.status not in UNCLEAR:
            self._listens(reply)
        return reply.status

    def _listens(self, reply: Reply) -> None:
        body = reply.body
        self.offers = [(item["id"], _instant(item["start"])) for item in body.get("alternatives", [])]
        if reply.status == "available":
            self.offers = [(None, _instant(body["requested_start"]))]
        self.board.offered.extend((self.office.business.event_type_id, start) for _, start in self.offers)

    def _names(self, start: datetime) -> dict[str, str]:
        local = start.astimezone(self.office.business.zone)
        return {"datum": f"{local:%d.%m.%Y}", "uhrzeit": f"{local:%H:%M}"}

    def _service(self) -> dict[str, str]:
        return {"dienstleistung": self.service} if self.service else {}


def ring_up(platform: Platform, api_key: str, call_id: str, offices: tuple[Office, ...], board: Board) -> ChaosCaller:
    """Begin a call; everything about it follows from its id."""
    random = Random(call_id)  # noqa: S311 - to be repeated
    office = random.choice(offices)
    number = f"+491555{random.randrange(10_000_000):07d}"
    caller = Caller(platform.http, api_key, office.business.number, number, _name(random), call_id)
    return ChaosCaller(caller, platform, office, board, random)


def _name(random: Random) -> str:
    """A name nobody else has."""
    syllables = (
        "bra",
        "do",
        "fen",
        "gul",
        "ki",
        "lom",
        "mar",
        "nos",
        "pel",
        "quin",
        "ru",
        "sta",
        "tir",
        "vel",
        "wog",
        "zu",
    )
    first, last = ("".join(random.choices(syllables, k=count)).capitalize() for count in (3, 4))
    return f"{first} {last}"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
