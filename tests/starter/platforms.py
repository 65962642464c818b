"""Voice platforms other than Retell, as they call the webhook."""

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from starter.conversation import Conversation
from starter.directory import Directory
from starter.door import utc_now
from starter.journal import Journal
from starter.settings import Settings
from starter.webhook import Clock, create_app
from tests.starter.fakes import CALLER, KEY, SALON

VAPI_SECRET = "vapi-secret-0123456789"
TOOL_SECRET = "tool-secret-0123456789"
WEBHOOK_SECRET = "wsec_test_0123456789"
CONVERSATION_HEADER = "X-Conversation-Id"


def app_for_all(
    conversation: Conversation, directory: Directory, clock: Clock = utc_now, journal: Journal | None = None
) -> FastAPI:
    """Return the web process of an installation that all platforms call."""
    settings = Settings(
        retell_api_key=SecretStr(KEY),
        vapi_secret=SecretStr(VAPI_SECRET),
        elevenlabs_tool_secret=SecretStr(TOOL_SECRET),
        elevenlabs_webhook_secret=SecretStr(WEBHOOK_SECRET),
    )
    return create_app(settings=settings, conversation=conversation, directory=directory, journal=journal, clock=clock)


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://webhook", timeout=60)


def elevenlabs_signature(body: bytes, *, key: str = WEBHOOK_SECRET, age: timedelta = timedelta()) -> str:
    signed_at = str(int((datetime.now(UTC) - age).timestamp()))
    digest = hmac.digest(key.encode(), f"{signed_at}.".encode() + body, "sha256").hex()
    return f"t={signed_at},v0={digest}"


class Vapi:
    """One call, told message by message."""

    def __init__(self, http: httpx.AsyncClient, call_id: str = "5c4d030f-43e3-4e65-899e-8148521e660f") -> None:
        self.http = http
        self.call_id = call_id
        self._invocations = 0

    def message(self, kind: str, **fields: object) -> dict[str, Any]:
        return {
            "type": kind,
            "timestamp": 1760475991000,
            "call": {"id": self.call_id, "orgId": "org", "type": "inboundPhoneCall", "status": "in-progress"},
            "customer": {"number": CALLER},
            "phoneNumber": {"id": "phone", "number": SALON},
            "artifact": {"messages": [{"role": "user", "message": "Guten Tag, Erika Muster"}]},
        } | fields

    def tool_call(self, name: str, args: object = None) -> dict[str, Any]:
        self._invocations += 1
        return {"id": f"call_{self._invocations:04}", "name": name, "arguments": {} if args is None else args}

    async def post(self, message: object) -> httpx.Response:
        body = json.dumps({"message": message})
        return await self.http.post("/vapi/messages", content=body, headers={"X-Vapi-Secret": VAPI_SECRET})

    async def results(self, *tool_calls: object, **fields: object) -> list[dict[str, Any]]:
        response = await self.post(self.message("tool-calls", toolCallList=list(tool_calls)) | fields)
        assert response.status_code == 200, response.text
        results: list[dict[str, Any]] = response.json()["results"]
        return results

    async def function(self, name: str, args: object = None) -> dict[str, Any]:
        """Return the answer the model reads."""
        [result] = await self.results(self.tool_call(name, args))
        answer: dict[str, Any] = json.loads(result["result"])
        return answer


class ElevenLabs:
    """One call: its tools in headers, its end in a webhook."""

    def __init__(self, http: httpx.AsyncClient, conversation_id: str = "conv_8f3d1b9c2e7a4f0b9a4d2c1e6e2f8c01") -> None:
        self.http = http
        self.headers = {
            "Authorization": f"Bearer {TOOL_SECRET}",
            CONVERSATION_HEADER: conversation_id,
            "X-Caller-Id": CALLER,
            "X-Called-Number": SALON,
        }
        self.conversation_id = conversation_id

    async def use(self, tool: str, body: bytes = b"", **headers: str) -> httpx.Response:
        return await self.http.post(f"/elevenlabs/functions/{tool}", content=body, headers=self.headers | headers)

    async def function(self, tool: str, args: object = None) -> dict[str, Any]:
        response = await self.use(tool, json.dumps({} if args is None else args).encode())
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def event(self, kind: str, data: object) -> httpx.Response:
        body = json.dumps({"type": kind, "event_timestamp": 1760476300, "data": data}).encode()
        headers = {"ElevenLabs-Signature": elevenlabs_signature(body)}
        return await self.http.post("/elevenlabs/events", content=body, headers=headers)

    async def ended(self, **data: object) -> httpx.Response:
        metadata = {"start_time_unix_secs": 1760475991, "call_duration_secs": 90, "termination_reason": "Erika is done"}
        call = {"agent_id": "agent", "conversation_id": self.conversation_id, "status": "done", "metadata": metadata}
        return await self.event("post_call_transcription", call | data)
