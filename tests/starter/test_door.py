"""Who comes through the door, and what is heard when something breaks behind it."""

import json
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from starter.directory import Directory
from starter.settings import Settings, SettingsError, load_settings
from starter.webhook import BODY_LIMIT, create_app
from tests.starter.fakes import CALLER, ENGLISH_OFFICE, KEY, SALON, FakeConversation, Retell, envelope, signature
from tests.starter.platforms import (
    TOOL_SECRET,
    VAPI_SECRET,
    WEBHOOK_SECRET,
    app_for_all,
    client_of,
    elevenlabs_signature,
)

PATHS = ["/retell/functions", "/retell/functions/check_availability", "/retell/events", "/retell/inbound"]
QUESTION = json.dumps(envelope("check_availability", {"datum": "16.10.", "uhrzeit": "9"})).encode()

VAPI, TOOL, EVENTS = "/vapi/messages", "/elevenlabs/functions/check_availability", "/elevenlabs/events"
TOOL_CALL = {"id": "call_1", "name": "check_availability", "arguments": {"datum": "16.10.", "uhrzeit": "9"}}
BODIES: dict[str, bytes] = {
    VAPI: json.dumps(
        {
            "message": {
                "type": "tool-calls",
                "toolCallList": [TOOL_CALL],
                "call": {"id": "1"},
                "customer": {"number": CALLER},
                "phoneNumber": {"number": SALON},
            }
        }
    ).encode(),
    TOOL: b'{"datum": "16.10.", "uhrzeit": "9"}',
    EVENTS: b'{"type": "post_call_transcription", "data": {"conversation_id": "conv_1"}}',
}
"""Requests to the other platforms' doors, each with an effect once it is let in."""

TOOL_HEADERS = {"X-Conversation-Id": "conv_1", "X-Caller-Id": CALLER, "X-Called-Number": SALON}


def proof(path: str, body: bytes) -> dict[str, str]:
    """Return the headers with which a request is let in."""
    return {
        VAPI: {"X-Vapi-Secret": VAPI_SECRET},
        TOOL: {"Authorization": f"Bearer {TOOL_SECRET}", **TOOL_HEADERS},
        EVENTS: {"ElevenLabs-Signature": elevenlabs_signature(body)},
    }[path]


@pytest.fixture
async def http(conversation: FakeConversation, directory: Directory) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_for_all(conversation, directory)) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "refused",
    [
        lambda: {},
        lambda: {"X-Retell-Signature": ""},
        lambda: {"X-Retell-Signature": "v=1,d=0"},
        lambda: {"X-Retell-Signature": signature(QUESTION, key="another key")},
        lambda: {"X-Retell-Signature": signature(QUESTION + b" ")},
        lambda: {"X-Retell-Signature": signature(QUESTION, age=timedelta(minutes=6))},
        lambda: {"X-Retell-Signature": signature(QUESTION, age=timedelta(minutes=-6))},
    ],
)
async def test_what_is_not_signed_has_no_effect(
    retell: Retell, conversation: FakeConversation, path: str, refused: Callable[[], dict[str, str]]
) -> None:
    response = await retell.http.post(path, content=QUESTION, headers=refused())
    assert response.status_code == 401
    assert not conversation.touched


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (VAPI, lambda: {"X-Vapi-Secret": VAPI_SECRET}),
        (VAPI, lambda: {"Authorization": f"Bearer {VAPI_SECRET}"}),
        (TOOL, lambda: {"Authorization": f"Bearer {TOOL_SECRET}", **TOOL_HEADERS}),
        (EVENTS, lambda: {"ElevenLabs-Signature": elevenlabs_signature(BODIES[EVENTS])}),
        (EVENTS, lambda: {"ElevenLabs-Signature": elevenlabs_signature(BODIES[EVENTS], age=timedelta(minutes=29))}),
    ],
)
async def test_each_platform_is_let_in_with_its_own_proof(
    http: httpx.AsyncClient, conversation: FakeConversation, path: str, headers: Callable[[], dict[str, str]]
) -> None:
    response = await http.post(path, content=BODIES[path], headers=headers())
    assert response.status_code == 200
    assert conversation.touched


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    "refused",
    [
        lambda _: {},
        lambda _: {"X-Vapi-Secret": "", "Authorization": "", "ElevenLabs-Signature": ""},
        lambda _: {"X-Vapi-Secret": f"{VAPI_SECRET}x", "Authorization": f"Bearer {VAPI_SECRET}x"},
        lambda _: {"X-Vapi-Secret": TOOL_SECRET, "Authorization": f"Bearer {WEBHOOK_SECRET}"},
        lambda _: {"X-Vapi-Secret": KEY, "Authorization": f"Bearer {KEY}"},
        lambda _: {"X-Vapi-Secret": "None", "Authorization": "Bearer None"},
        lambda body: {"X-Retell-Signature": signature(body)},
        lambda body: {"ElevenLabs-Signature": elevenlabs_signature(body, key=TOOL_SECRET)},
        lambda body: {"ElevenLabs-Signature": elevenlabs_signature(body + b" ")},
        lambda body: {"ElevenLabs-Signature": elevenlabs_signature(body, age=timedelta(minutes=31))},
        lambda body: {"ElevenLabs-Signature": elevenlabs_signature(body, age=timedelta(minutes=-31))},
    ],
)
async def test_without_a_platforms_own_proof_there_is_no_effect(
    http: httpx.AsyncClient, conversation: FakeConversation, path: str, refused: Callable[[bytes], dict[str, str]]
) -> None:
    response = await http.post(path, content=BODIES[path], headers=TOOL_HEADERS | refused(BODIES[path]))
    assert response.status_code == 401
    assert not conversation.touched


@pytest.mark.parametrize("header", ["X-Vapi-Secret", "Authorization"])
@pytest.mark.parametrize("path", PATHS)
async def test_no_secret_opens_a_door_that_wants_a_signature(
    http: httpx.AsyncClient, conversation: FakeConversation, path: str, header: str
) -> None:
    for secret in (KEY, VAPI_SECRET, TOOL_SECRET, WEBHOOK_SECRET):
        headers = {header: secret if header == "X-Vapi-Secret" else f"Bearer {secret}"}
        assert (await http.post(path, content=QUESTION, headers=headers)).status_code == 401
    assert not conversation.touched


@pytest.mark.parametrize("path", BODIES)
async def test_a_platform_without_a_secret_is_not_served(
    retell: Retell, conversation: FakeConversation, path: str
) -> None:
    response = await retell.http.post(path, content=BODIES[path], headers=proof(path, BODIES[path]))
    assert response.status_code == 404
    assert not conversation.touched


@pytest.mark.parametrize("name", ["VAPI_SECRET", "ELEVENLABS_TOOL_SECRET", "ELEVENLABS_WEBHOOK_SECRET"])
@pytest.mark.parametrize("secret", ["0123456789abcde", "0123456 9abcdef0", "schlüssel-0123456789", " " * 20])
def test_a_secret_that_protects_too_little_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, secret: str) -> None:
    monkeypatch.setenv(name, secret)
    with pytest.raises(SettingsError, match=f"^{name}: must have at least 16 characters") as refused:
        load_settings()
    assert secret not in str(refused.value)
    assert "\n" not in str(refused.value)
    monkeypatch.setenv(name, "0123456789abcdef")
    assert "0123456789abcdef" not in repr(load_settings())


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    "body", [b"{", b"null", b"[]", b"7", b"NaN", b"[" * 200_000, b"\xff\xfe\x00"], ids=lambda b: repr(b[:20])
)
async def test_every_door_refuses_what_is_no_json_object(
    http: httpx.AsyncClient, conversation: FakeConversation, path: str, body: bytes
) -> None:
    response = await http.post(path, content=body, headers=proof(path, body))
    assert response.status_code == 400
    assert not conversation.touched


@pytest.mark.parametrize("path", BODIES)
async def test_every_door_refuses_a_body_over_the_limit(
    http: httpx.AsyncClient, conversation: FakeConversation, path: str
) -> None:
    body = b"x" * (BODY_LIMIT + 1)
    assert (await http.post(path, content=body, headers=proof(path, body))).status_code == 413
    assert not conversation.touched


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"check_availability"',
        b"7",
        b"NaN",
        b'{"call": {"from_number": Infinity}}',
        b'{"n": ' + b"9" * 5000 + b"}",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"\xff\xfe\x00",
        b"\x00" * 1000,
        b"datum=16.10.",
        b"x" * BODY_LIMIT,
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_a_body_that_is_no_json_object_is_refused(
    retell: Retell, conversation: FakeConversation, path: str, body: bytes
) -> None:
    response = await retell.post_raw(body, path)
    assert response.status_code == 400
    assert "not" in response.json()["detail"]
    assert not conversation.touched


HOSTILE: list[object] = [
    None,
    True,
    -1,
    1e308,
    10**4000,
    [],
    [[[]]],
    {},
    {"a": {"b": []}},
    "\ud800",
    "\x00",
    "😈" * 1000,
    "<script>" * 100,
    "<" * 1000,
    "{{" * 1000,
    "'; DROP TABLE call; --",
    "\u202e16.10.\u200b",
    "0" * 1000,
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", ["collect_appointment_data", "check_customer", "book_appointment"])
async def test_hostile_values_anywhere_end_in_a_sentence(retell: Retell, name: str, value: object) -> None:
    arguments = ("datum", "uhrzeit", "datetime", "name", "dienstleistung", "email", "phone", "bestaetigung", "x")
    fields = ("from_number", "direction", "transcript_with_tool_calls", "metadata", "end_timestamp", "call_status")
    hostile_call = envelope(name, {}, **dict.fromkeys(fields, value))
    payloads = [
        *(envelope(name, {argument: value, "alternative_id": value}) for argument in arguments),
        *(hostile_call | {"args": value}, hostile_call | {"name": value}, hostile_call | {"call": value}),
    ]
    for payload in payloads:
        response = await retell.post(payload)
        assert response.status_code == 200
        assert response.json()["message"]


@pytest.mark.parametrize("character", ["x", "<", "{{", "<b", " ", "1", "a@", "ü"])
async def test_a_huge_argument_costs_no_more_than_reading_it(retell: Retell, character: str) -> None:
    huge = character * (80_000 // len(character))
    body = await retell.function("book_appointment", {"datum": huge, "email": huge})
    assert body["message"]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
async def test_hostile_events_and_inbound_calls_are_taken_calmly(retell: Retell, value: object) -> None:
    for event in ("call_started", "call_ended", value):
        payloads = [
            {"event": event, "call": value},
            {"event": event, "call": {"call_id": value, "end_timestamp": value, "disconnection_reason": value}},
        ]
        for payload in payloads:
            assert (await retell.post(payload, "/retell/events")).status_code == 200
    for inbound in (value, {"to_number": value, "from_number": value}):
        response = await retell.post({"call_inbound": inbound}, "/retell/inbound")
        assert (response.status_code, response.json()) == (200, {"call_inbound": {}})


@pytest.mark.parametrize("depth", [500, 800, 850, 900, 950])
async def test_arguments_nested_to_the_limit_of_reading_are_no_error(retell: Retell, depth: int) -> None:
    arguments = '{"datum": ' + "[" * depth + "]" * depth + "}"
    invocation = {"role": "tool_call_invocation", "tool_call_id": "t", "name": "check_availability"}
    call = envelope(
        "check_availability", "ARGUMENTS", transcript_with_tool_calls=[invocation | {"arguments": arguments}]
    )
    response = await retell.post_raw(json.dumps(call).replace('"ARGUMENTS"', arguments).encode())
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        assert response.json()["message"]


async def test_a_lone_surrogate_in_the_transcript_costs_nobody_the_call(
    retell: Retell, conversation: FakeConversation
) -> None:
    spoken = [{"role": "user", "content": "ja \ud83d"}]
    await retell.function("check_availability", {"name": "Eri\ud83dka"}, transcript_with_tool_calls=spoken)
    assert conversation.wishes[0][1].name == "Erika"


class PrivateError(Exception):
    """Carries what must not be seen."""


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (None, "Ich kann die Verfügbarkeit momentan nicht prüfen. Bitte versuchen Sie es später noch einmal."),
        (ENGLISH_OFFICE, "I cannot check availability right now. Please try again later."),
    ],
)
async def test_an_error_of_ours_is_a_sentence_to_the_caller_and_a_trace_to_us(
    retell: Retell,
    conversation: FakeConversation,
    caplog: pytest.LogCaptureFixture,
    number: str | None,
    sentence: str,
) -> None:
    conversation.broken = PrivateError("Erika Muster, +4915550100001")
    payload = envelope("check_availability", {"name": "Erika Muster"}, **({"to": number} if number else {}))
    with caplog.at_level(logging.DEBUG):
        response = await retell.post(payload)
    assert response.status_code == 200
    assert response.json() == {"success": False, "status": "error", "message": sentence}
    [ours] = [record for record in caplog.records if record.name == "starter.door"]
    assert ours.levelname == "ERROR"
    assert "PrivateError at fakes.py:" in ours.getMessage()
    assert response.headers["X-Trace-Id"] in ours.getMessage()
    assert not any(private in caplog.text for private in ("Erika", "4915550100001", KEY))


async def test_an_event_that_could_not_be_carried_out_is_asked_for_again(
    retell: Retell, conversation: FakeConversation
) -> None:
    conversation.broken = PrivateError()
    assert (await retell.event("call_ended")).status_code == 503


async def test_a_body_over_the_limit_is_refused_before_it_is_read(
    retell: Retell, conversation: FakeConversation
) -> None:
    assert (await retell.post_raw(b"x" * (BODY_LIMIT + 1))).status_code == 413
    assert not conversation.touched


@pytest.mark.parametrize(
    "path",
    [
        "/docs",
        "/redoc",
        "/openapi.json",
        "/metrics",
        "/",
        "/retell",
        "/console",
        "/retell/functions/",
        "/vapi",
        "/elevenlabs",
    ],
)
async def test_nothing_else_is_served(retell: Retell, path: str) -> None:
    assert (await retell.http.get(path)).status_code in (404, 405)
    assert (await retell.post_raw(QUESTION, path)).status_code == 404


async def test_health_tells_the_version(retell: Retell) -> None:
    response = await retell.http.get("/health")
    assert response.status_code == 200
    assert response.json().keys() == {"status", "version"}


@pytest.mark.parametrize(("temporal", "status_code", "status"), [(True, 200, "ready"), (False, 503, "not ready")])
async def test_ready_only_while_temporal_answers(
    retell: Retell, conversation: FakeConversation, temporal: bool, status_code: int, status: str
) -> None:
    conversation.is_ready = temporal
    response = await retell.http.get("/ready")
    assert (response.status_code, response.json()["status"]) == (status_code, status)
    assert response.json()["temporal"] is temporal


@pytest.mark.parametrize("path", [*PATHS, TOOL, VAPI, EVENTS])
async def test_a_credential_that_comes_twice_is_none(
    http: httpx.AsyncClient, conversation: FakeConversation, path: str
) -> None:
    body = BODIES.get(path, QUESTION)
    given = proof(path, body) if path in BODIES else {"X-Retell-Signature": signature(body)}
    for once_more in (next(iter(given.items())), (next(iter(given)), "x")):
        response = await http.post(path, content=body, headers=[*given.items(), once_more])
        assert response.status_code == 401
    assert not conversation.touched


def test_without_a_key_there_is_no_webhook(conversation: FakeConversation, directory: Directory) -> None:
    with pytest.raises(ValueError, match="RETELL_API_KEY"):
        create_app(settings=Settings(), conversation=conversation, directory=directory)


async def test_the_catalog_is_kept_fresh_only_while_the_app_runs(webhook: FastAPI) -> None:
    transport = httpx.ASGITransport(webhook)
    async with webhook.router.lifespan_context(webhook), httpx.AsyncClient(transport=transport) as http:
        assert (await http.get("http://webhook/health")).status_code == 200


def test_the_settings_show_no_key() -> None:
    settings = Settings(retell_api_key=SecretStr(KEY), database_url="postgresql://me:secret@host/db")
    assert KEY not in repr(settings)
    assert "me:secret" not in repr(settings)
