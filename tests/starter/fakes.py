"""A conversation that answers as told, and a Retell that signs what it sends."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from starter.conversation import Conversation
from workflows.messages import Answer, AnswerStatus, Call, Caller, Confirmation, HangUp, SlotWish

KEY = "key_test_0123456789"
SALON = "+493055500020"
ENGLISH_OFFICE = "+493055500021"
CALLER = "+4915550100001"


@dataclass
class FakeConversation(Conversation):
    """Keeps what it was told; answers ``answer`` and ``caller``, or raises ``broken``."""

    answer: Answer = field(default_factory=lambda: Answer(status=AnswerStatus.CLOSED))
    caller: Caller = field(default_factory=Caller)
    broken: Exception | None = None
    begun: list[Call] = field(default_factory=list)
    wishes: list[tuple[Call, SlotWish]] = field(default_factory=list)
    confirmations: list[tuple[Call, Confirmation]] = field(default_factory=list)
    recognitions: list[tuple[Call, datetime]] = field(default_factory=list)
    hang_ups: list[tuple[str, HangUp]] = field(default_factory=list)
    overheard: list[SlotWish] = field(default_factory=list)
    is_ready: bool = True

    @property
    def touched(self) -> bool:
        return any((self.begun, self.wishes, self.confirmations, self.recognitions, self.hang_ups))

    async def begin(self, call: Call) -> None:
        self._break()
        self.begun.append(call)

    async def check_slot(self, call: Call, wish: SlotWish) -> Answer:
        self._break()
        self.wishes.append((call, wish))
        return self.answer

    async def confirm(self, call: Call, confirmation: Confirmation) -> Answer:
        self._break()
        self.confirmations.append((call, confirmation))
        return self.answer

    async def recognise_caller(self, call: Call, answer_by: datetime) -> Caller:
        self._break()
        self.recognitions.append((call, answer_by))
        return self.caller

    async def hang_up(self, call_id: str, hang_up: HangUp) -> None:
        self._break()
        self.hang_ups.append((call_id, hang_up))

    async def overhear(self, call: Call, wish: SlotWish) -> None:
        self._break()
        self.overheard.append(wish)

    async def ready(self) -> bool:
        return self.is_ready

    def _break(self) -> None:
        if self.broken:
            raise self.broken


def signature(body: bytes, *, key: str = KEY, age: timedelta = timedelta()) -> str:
    signed_at = str(int((datetime.now(UTC) - age).timestamp() * 1000))
    digest = hmac.digest(key.encode(), body + signed_at.encode(), "sha256").hex()
    return f"v={signed_at},d={digest}"


def envelope(name: str, args: object, *, to: object = SALON, caller: object = CALLER, **call: object) -> dict[str, Any]:
    numbers = {"from_number": caller, "to_number": to}
    return {
        "name": name,
        "call": {"call_id": "call_0001", "call_type": "phone_call", "direction": "inbound", **numbers, **call},
        "args": args,
    }


class Retell:
    """Sends signed requests to the webhook."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def post_raw(self, body: bytes, path: str = "/retell/functions", **headers: str) -> httpx.Response:
        signed = {"X-Retell-Signature": signature(body), "Content-Type": "application/json"} | headers
        return await self.http.post(path, content=body, headers=signed)

    async def post(self, payload: object, path: str = "/retell/functions") -> httpx.Response:
        return await self.post_raw(json.dumps(payload).encode(), path)

    async def function(self, name: str, args: object = None, **call: object) -> dict[str, Any]:
        response = await self.post(envelope(name, {} if args is None else args, **call))
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def event(self, event: str, **call: object) -> httpx.Response:
        numbers = {"from_number": CALLER, "to_number": SALON, "direction": "inbound"}
        payload: Mapping[str, object] = {"event": event, "call": {"call_id": "call_0001", **numbers, **call}}
        return await self.post(payload, "/retell/events")
