"""One phone call to try it with: what a voice platform does.

It goes through the signed webhook like any call, and knows of the conversation no more than what is answered there.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

import httpx
from pydantic import JsonValue, SecretStr

from starter.retell import SIGNATURE
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

LONGEST_WISH = 200
"""Characters; nothing longer is understood."""

_OVER = frozenset({AnswerStatus.EXPIRED.value, AnswerStatus.CLOSED.value})


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

    @property
    def start(self) -> datetime | None:
        """The moment that was booked, or the first to say yes to."""
        match self.body:
            case {"status": AnswerStatus.BOOKED.value, "start": str(start)}:
                return datetime.fromisoformat(start)
        return self.offers[0].start if self.offers else None


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
