"""The other end of the telephone: plays Retell, the voice platform, against our webhook.

Request bodies, signature and the growing transcript are as the platform documents and sends them.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

Clock = Callable[[], datetime]

ANONYMOUS = "anonymous"  # the word the platform sends as `from_number` when the number is withheld
SIGNATURE_HEADER = "X-Retell-Signature"


def sign(body: bytes, key: str, at: datetime) -> str:
    """The signature header over the raw bytes; `at` goes in as Unix milliseconds."""
    moment = milliseconds(at)
    digest = hmac.new(key.encode(), body + str(moment).encode(), hashlib.sha256).hexdigest()
    return f"v={moment},d={digest}"


def milliseconds(at: datetime) -> int:
    """A moment as the platform counts time."""
    return round(at.timestamp() * 1000)


def envelope(function: str, args: Mapping[str, Any], call: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a function call."""
    return {"name": function, "call": dict(call), "args": dict(args)}


def encode(body: object) -> bytes:
    """JSON as the platform writes it: compact, UTF-8, umlauts as they are."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Line:
    """One line of the dialogue, for printing. `who` is caller, agent, or what happened (function, event, pause)."""

    who: str
    what: str
    at: datetime


@dataclass(frozen=True)
class Reply:
    """What the webhook answered; `seconds` is how long the caller waited for it."""

    status_code: int
    text: str
    seconds: float

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object in the answer; empty if it is none."""
        try:
            body = json.loads(self.text)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    @property
    def status(self) -> str | None:
        """The status word."""
        return self.body.get("status")

    @property
    def message(self) -> str:
        """The sentence the caller hears."""
        return str(self.body.get("message", ""))


class Caller:
    """One phone call.

    `http` knows the address of the webhook. A `web_call` has no numbers and no direction. `args_at_root` sends the
    arguments as the whole body, which then says neither call nor function; the function goes into the path. Without it
    `named_path` decides whether the function is in the path too.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        api_key: str,
        to_number: str,
        from_number: str | None = "+4915550100001",
        name: str | None = None,
        call_id: str | None = None,
        *,
        clock: Clock = lambda: datetime.now(UTC),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        web_call: bool = False,
        args_at_root: bool = False,
        named_path: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """`from_number` may be `ANONYMOUS` or missing; `name` labels the dialogue; `variables` are dynamic ones."""
        self.http = http
        self.api_key = api_key
        self.to_number = to_number
        self.from_number = from_number
        self.name = name or "caller"
        self.call_id = call_id or f"call_{secrets.token_hex(14)[:27]}"
        self.clock = clock
        self.pause = pause
        self.web_call = web_call
        self.args_at_root = args_at_root
        self.named_path = named_path
        self.variables = dict(variables or {})
        self.dialogue: list[Line] = []
        self.transcript: list[dict[str, Any]] = []
        self.started_at = clock()
        self._last: tuple[str, bytes] | None = None

    def call(self, **changes: object) -> dict[str, Any]:
        """The call object as it is now; `changes` add or replace fields."""
        call: dict[str, Any] = {
            "call_id": self.call_id,
            "call_type": "web_call" if self.web_call else "phone_call",
            "agent_id": "agent_0123456789abcdef0123456789",
            "agent_version": 7,
            "agent_name": "Empfang",
            "call_status": "ongoing",
        }
        if self.web_call:
            call["access_token"] = f"token_{self.call_id}"
        else:
            call["direction"] = "inbound"
            call |= {} if self.from_number is None else {"from_number": self.from_number}
            call["to_number"] = self.to_number
            call["telephony_identifier"] = {"twilio_call_sid": f"CA{self.call_id.removeprefix('call_')}"}
        call["start_timestamp"] = milliseconds(self.started_at)
        # The platform leaves empty objects out.
        call |= {"retell_llm_dynamic_variables": self.variables} if self.variables else {}
        spoken = [turn for turn in self.transcript if turn["role"] in ("agent", "user")]
        call["transcript"] = "".join(f"{turn['role'].capitalize()}: {turn['content']}\n" for turn in spoken)
        call["transcript_object"] = spoken
        call["transcript_with_tool_calls"] = list(self.transcript)
        call["latency"] = {}
        return call | changes

    async def started(self) -> Reply:
        """The call was answered."""
        return await self._event("call_started")

    def speak(self, text: str) -> None:
        """The caller says something to the agent; nothing is sent."""
        self._hear("user", text)

    async def say(self, function: str, /, **args: object) -> Reply:
        """What the caller said makes the agent use a function; its answer is spoken to the caller."""
        invocation = f"tool_call_{secrets.token_hex(3)}"
        arguments = json.dumps(args, ensure_ascii=False)
        self.transcript.append(
            {
                "role": "tool_call_invocation",
                "tool_call_id": invocation,
                "name": function,
                "arguments": arguments,
                "type": "custom",
            }
        )
        self._note("function", f"{function} {arguments}")
        body = dict(args) if self.args_at_root else envelope(function, args, self.call())
        in_path = self.args_at_root or self.named_path
        reply = await self._post(f"/retell/functions/{function}" if in_path else "/retell/functions", encode(body))
        self.transcript.append(
            {
                "role": "tool_call_result",
                "tool_call_id": invocation,
                "content": reply.text,
                # Success means an HTTP status of 2xx, whatever the body says.
                "successful": 200 <= reply.status_code < 300,
            }
        )
        if reply.message:
            self._hear("agent", reply.message)
        return reply

    async def repeat_last(self) -> Reply:
        """The platform tries again: the same bytes, freshly signed."""
        if self._last is None:
            raise RuntimeError("nothing was sent yet")
        return await self._post(*self._last)

    async def think(self, seconds: float) -> None:
        """The caller says nothing for a while."""
        self._note("pause", f"{seconds:g} s")
        await self.pause(seconds)

    async def hang_up(self, reason: str = "user_hangup") -> Reply:
        """The call ends; `reason` is one of the platform's disconnection reasons."""
        ended = self.clock()
        return await self._event(
            "call_ended",
            call_status="ended",
            end_timestamp=milliseconds(ended),
            duration_ms=milliseconds(ended) - milliseconds(self.started_at),
            disconnection_reason=reason,
            call_cost={"combined_cost": 0, "total_duration_seconds": 0, "product_costs": []},
        )

    async def analyzed(self, summary: str = "") -> Reply:
        """The platform has looked the call over."""
        analysis = {
            "call_summary": summary,
            "in_voicemail": False,
            "user_sentiment": "Neutral",
            "call_successful": True,
            "custom_analysis_data": [],
        }
        return await self._event("call_analyzed", call_status="ended", call_analysis=analysis)

    async def rings(self) -> Reply:
        """The platform asks who is calling before the call is answered."""
        numbers = {"from_number": self.from_number, "to_number": self.to_number}
        inbound = {"call_id": self.call_id, "agent_id": "agent_0123456789abcdef0123456789", "agent_version": 7}
        body = {"event": "call_inbound", "call_inbound": inbound | {k: v for k, v in numbers.items() if v is not None}}
        self._note("event", "call_inbound")
        return await self._post("/retell/inbound", encode(body))

    async def _event(self, name: str, **changes: object) -> Reply:
        self._note("event", name)
        return await self._post("/retell/events", encode({"event": name, "call": self.call(**changes)}))

    async def _post(self, path: str, body: bytes) -> Reply:
        self._last = path, body
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: sign(body, self.api_key, self.clock()),
        }
        asked = time.perf_counter()
        response = await self.http.post(path, content=body, headers=headers)
        return Reply(response.status_code, response.text, time.perf_counter() - asked)

    def _hear(self, role: str, text: str) -> None:
        self.transcript.append({"role": role, "content": text, "words": []})
        self._note(self.name if role == "user" else "agent", text)

    def _note(self, who: str, what: str) -> None:
        self.dialogue.append(Line(who, what, self.clock()))
