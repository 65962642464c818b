"""One phone call to try it with, and the agent who leads it: what a voice platform and its agent do, scripted.

It goes through the signed webhook like any call, and knows of the conversation no more than what is answered there.
"""

import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

import httpx
from pydantic import JsonValue, SecretStr

from starter import spoken
from starter.replies.language import language
from starter.retell import SIGNATURE
from store.catalog import CatalogBranch, CatalogService
from workflows.messages import AnswerStatus

WITHHELD = "anonymous"
"""What the voice platform sends in place of a number the caller keeps to himself."""


@dataclass(frozen=True)
class Somebody:
    """A made-up caller; one without a number of their own gets a new one for each call."""

    name: str
    number: str | None = None

    def rings_from(self) -> str:
        """Return the number that is shown."""
        return self.number or f"+49155502{secrets.randbelow(100_000):05d}"


CALLERS = {
    "new": Somebody("Jürgen Müller"),
    "regular": Somebody("Maria Vogel", "+4915550100077"),
    "withheld": Somebody("Hansi Schmidt", WITHHELD),
}

ASKS_AGAIN = 5
"""How often the agent comes back to a booking that the calendar has not answered yet."""

LONGEST_WISH = 200
"""Characters; nothing longer is understood."""

_YES = {
    "de": r"ja|jawohl|gern|gerne|genau|einverstanden|okay|ok",
    "en": r"yes|yeah|yep|sure|okay|ok",
}
_NO = {"de": r"nein|nee|nö", "en": r"no|nope"}
_GOODBYE = {"de": r"tschüss|auf wiederhören|auf wiedersehen", "en": r"bye|bye bye|goodbye"}
_POLITE = {"de": r"bitte|danke|vielen dank|das passt|sehr", "en": r"please|thanks|thank you|that's fine"}

_OVER = frozenset({AnswerStatus.EXPIRED.value, AnswerStatus.CLOSED.value})
_LEAVES_THE_OFFER = frozenset(
    {
        AnswerStatus.PENDING.value,
        AnswerStatus.MISSING_CUSTOMER_NAME.value,
        AnswerStatus.MISSING_REQUIRED_FIELDS.value,
    }
)


class Trouble(StrEnum):
    """Why there is nothing an agent could say."""

    NOBODY = "nobody"
    """There was no connection."""
    SILENT = "silent"
    """No answer came in the time a voice platform waits."""
    REFUSED = "refused"
    """The signature was not believed."""
    UNSPEAKABLE = "unspeakable"
    """An answer came that is none of ours."""


@dataclass(frozen=True)
class Offer:
    """A moment the caller may say yes to; ``id`` is that of an alternative."""

    start: datetime
    id: str | None = None


@dataclass(frozen=True)
class Exchange:
    """One request to the webhook and what came of it.

    ``what`` is the function or the event, ``at`` when it was sent, ``seconds`` how long the answer took. Without an
    answer ``http_status`` is ``None``; ``body`` is empty in any ``trouble``.
    """

    what: str
    at: datetime
    seconds: float
    http_status: int | None
    body: Mapping[str, JsonValue] = field(default_factory=dict)
    trouble: Trouble | None = None

    @property
    def status(self) -> str | None:
        """The status word of an answer; events have none."""
        word = self.body.get("status")
        return word if isinstance(word, str) else None

    @property
    def message(self) -> str:
        """The sentence for the caller; empty where there is none."""
        sentence = self.body.get("message")
        return sentence if isinstance(sentence, str) else ""

    @property
    def is_pending(self) -> bool:
        """Whether the agent asks again for what came of it."""
        return self.status == AnswerStatus.PENDING.value

    @property
    def is_booked(self) -> bool:
        """Whether the caller has an appointment now."""
        return self.status == AnswerStatus.BOOKED.value

    @property
    def ends_the_call(self) -> bool:
        """Whether there is nothing left to talk about."""
        return self.status in _OVER or (self.what == "call_started" and self.trouble is not None)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What the caller may say yes to now: the moment he asked for, or alternatives to it."""
        match self.body:
            case {"alternatives": list(listed)}:
                return tuple(_offer(alternative) for alternative in listed if isinstance(alternative, dict))
            case {"status": AnswerStatus.AVAILABLE.value, "requested_start": str(start)}:
                return (Offer(datetime.fromisoformat(start)),)
        return ()


def _offer(alternative: Mapping[str, JsonValue]) -> Offer:
    return Offer(datetime.fromisoformat(str(alternative["start"])), str(alternative["id"]))


class Line:
    """The voice platform's side of one call: envelopes, signatures, and the growing transcript."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        key: SecretStr,
        to_number: str,
        from_number: str,
        clock: Callable[[], datetime],
        noticed: Callable[[Exchange], None],
    ) -> None:
        """Ring up a number of ours; ``http`` knows the webhook's address, ``noticed`` is told of every exchange."""
        self.call_id = f"try_{secrets.token_hex(12)}"
        self._http = http
        self._key = key
        self._clock = clock
        self._noticed = noticed
        self._spoken: list[dict[str, JsonValue]] = []
        self._call: dict[str, JsonValue] = {
            "call_id": self.call_id,
            "call_type": "phone_call",
            "agent_id": "agent_of_the_console",
            "call_status": "ongoing",
            "direction": "inbound",
            "from_number": from_number,
            "to_number": to_number,
            "start_timestamp": _milliseconds(clock()),
        }

    async def started(self) -> Exchange:
        """Report that the call was answered."""
        return await self._event("call_started")

    async def ended(self) -> Exchange:
        """Report that the caller has hung up."""
        end = _milliseconds(self._clock())
        return await self._event(
            "call_ended", call_status="ended", end_timestamp=end, disconnection_reason="user_hangup"
        )

    async def use(self, function: str, arguments: Mapping[str, JsonValue]) -> Exchange:
        """Call a function as an agent does."""
        invocation = f"tool_call_{secrets.token_hex(4)}"
        self._spoken.append(
            {
                "role": "tool_call_invocation",
                "tool_call_id": invocation,
                "name": function,
                "arguments": json.dumps(arguments, ensure_ascii=False),
            }
        )
        envelope: dict[str, JsonValue] = {"name": function, "call": self._now(), "args": dict(arguments)}
        exchange = await self._post(function, f"/retell/functions/{function}", envelope)
        self._spoken.append({"role": "tool_call_result", "tool_call_id": invocation, "content": exchange.message})
        return exchange

    def _now(self, **changes: JsonValue) -> dict[str, JsonValue]:
        return {**self._call, "transcript_with_tool_calls": list(self._spoken), **changes}

    async def _event(self, name: str, **changes: JsonValue) -> Exchange:
        return await self._post(name, "/retell/events", {"event": name, "call": self._now(**changes)})

    async def _post(self, what: str, path: str, body: Mapping[str, JsonValue]) -> Exchange:
        content = json.dumps(body, ensure_ascii=False).encode()
        at = self._clock()
        headers = {"Content-Type": "application/json", SIGNATURE.header: SIGNATURE.sign(content, self._key, at)}
        asked = time.monotonic()
        answer: httpx.Response | None = None
        trouble: Trouble | None = None
        try:
            answer = await self._http.post(path, content=content, headers=headers)
        except httpx.ConnectError:
            trouble = Trouble.NOBODY
        except httpx.TimeoutException:
            trouble = Trouble.SILENT
        except httpx.HTTPError:
            trouble = Trouble.UNSPEAKABLE
        spoken_body = _speakable(answer)
        if answer is not None and spoken_body is None:
            refused = answer.status_code == HTTPStatus.UNAUTHORIZED
            trouble = Trouble.REFUSED if refused else Trouble.UNSPEAKABLE
        exchange = Exchange(
            what=what,
            at=at,
            seconds=time.monotonic() - asked,
            http_status=answer.status_code if answer is not None else None,
            body=spoken_body or {},
            trouble=trouble,
        )
        self._noticed(exchange)
        return exchange


class Agent:
    """Leads a call as the voice agent's instructions say: decides what to call, and speaks what is answered.

    Attributes:
        offers: What the caller may say yes to now.
        has_booked: Whether the caller got what he said yes to last.
    """

    def __init__(self, line: Line, branch: CatalogBranch, service: CatalogService) -> None:
        """Answer for this branch; ``service`` is what the caller wants."""
        self.line = line
        self.branch = branch
        self.service = service
        self.offers: tuple[Offer, ...] = ()
        self.has_booked = False
        self._language = branch.company.language

    async def picks_up(self) -> AsyncIterator[Exchange]:
        """Answer the phone; the greeting has the caller's name where he is known."""
        started = await self.line.started()
        if started.trouble:
            yield started
            return
        caller = await self.line.use("check_customer", {})
        if caller.status == AnswerStatus.EXISTING_CUSTOMER.value:
            yield caller
        else:
            business = self.branch.company.name
            greeting = language(self._language).agent.begin_message.format(business=business)
            yield replace(caller, body={**caller.body, "message": greeting}, trouble=None)

    @property
    def while_looking(self) -> str:
        """What the agent says while a function runs."""
        return language(self._language).agent.while_looking

    async def hears(self, words: str, name: str, now: datetime) -> AsyncIterator[Exchange]:
        """Do what the caller's words ask for; ``name`` is whom a yes is booked for, ``now`` is on the branch's clock.

        Yields every answer, the last of which is how it stands.
        """
        if self.offers and _says(words, _YES, self._language):
            async for exchange in self.confirms(self.offers[0] if len(self.offers) == 1 else None, name):
                yield exchange
        elif self.offers and _says(words, _NO, self._language):
            async for exchange in self.looks_elsewhere():
                yield exchange
        elif chosen := self._choice(words, now):
            async for exchange in self._books({"alternative_id": chosen, "name": name}):
                yield exchange
        else:
            part = "datum" if self._names_a_day(words, now) else "uhrzeit"
            yield await self._asks("check_availability", {part: words, "dienstleistung": self.service.name})

    async def confirms(self, offer: Offer | None, name: str) -> AsyncIterator[Exchange]:
        """Pass on a yes; to ``offer`` where the caller said which, else to what is on offer."""
        chosen: dict[str, JsonValue] = {"alternative_id": offer.id} if offer and offer.id else {}
        async for exchange in self._books({**chosen, "name": name}):
            yield exchange

    async def looks_elsewhere(self) -> AsyncIterator[Exchange]:
        """Ask for other moments near the one last spoken of."""
        yield await self._asks("get_alternatives", {"service_name": self.service.name})

    def says_goodbye(self, words: str) -> bool:
        """Whether the caller ends the call with these words."""
        return _says(words, _GOODBYE, self._language) or (not self.offers and _says(words, _NO, self._language))

    async def _books(self, arguments: Mapping[str, JsonValue]) -> AsyncIterator[Exchange]:
        for _ in range(1 + ASKS_AGAIN):
            exchange = await self._asks("book_appointment", arguments)
            yield exchange
            if not exchange.is_pending:
                break

    async def _asks(self, function: str, arguments: Mapping[str, JsonValue]) -> Exchange:
        exchange = await self.line.use(function, arguments)
        if not exchange.trouble and exchange.status not in _LEAVES_THE_OFFER:
            self.offers = exchange.offers
            self.has_booked = exchange.is_booked
        return exchange

    def _choice(self, words: str, now: datetime) -> str | None:
        """Return what says which alternative these words choose; ``None`` if they choose none."""
        match spoken.read(None, words, now, self._language):
            case spoken.Understood(choice=int()):
                return words if any(offer.id for offer in self.offers) else None
            case spoken.Understood(day=None, time_of_day=time_of_day, shift=None) if time_of_day:
                times = {offer.id: offer.start.astimezone(now.tzinfo).time() for offer in self.offers}
                fitting = [chosen for chosen, time_ in times.items() if time_ == time_of_day]
                return fitting[0] if len(fitting) == 1 else None
        return None

    def _names_a_day(self, words: str, now: datetime) -> bool:
        """Whether the words mean something as a day; a bare "9" means something as a time of day only."""
        as_day = spoken.read(words, None, now, self._language)
        as_time = spoken.read(None, words, now, self._language)
        return isinstance(as_day, spoken.Understood) or not isinstance(as_time, spoken.Understood)


def _says(words: str, meaning: Mapping[str, str], code: str) -> bool:
    """Whether the words say this and nothing else: "yes, but at ten" is a wish."""
    wanted, polite = meaning.get(code, meaning["en"]), _POLITE.get(code, _POLITE["en"])
    both = f"({wanted}|{polite})"
    said = words.strip().casefold()
    return bool(re.fullmatch(rf"{both}([ ,.!]+{both})*[ .!]*", said) and re.search(rf"\b({wanted})\b", said))


def _speakable(answer: httpx.Response | None) -> dict[str, JsonValue] | None:
    """Return the JSON object of an answer, ``None`` if it is none or the request was refused."""
    if answer is None or not answer.is_success:
        return None
    try:
        body: JsonValue = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
