"""Who comes through the door, and what is heard when something breaks behind it."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from starter.directory import Directory
from starter.settings import Settings
from starter.webhook import BODY_LIMIT, create_app
from tests.starter.fakes import ENGLISH_OFFICE, KEY, FakeConversation, Retell, envelope, signature

PATHS = ["/retell/functions", "/retell/functions/check_availability", "/retell/events", "/retell/inbound"]
QUESTION = json.dumps(envelope("check_availability", {"datum": "16.10.", "uhrzeit": "9"})).encode()


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
    ours = [record for record in caplog.records if record.name.startswith("starter")]
    assert [record.levelname for record in ours] == ["ERROR"]
    assert "PrivateError at fakes.py:" in ours[0].getMessage()
    assert response.headers["X-Trace-Id"] in ours[0].getMessage()
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
    "path", ["/docs", "/redoc", "/openapi.json", "/metrics", "/", "/retell", "/console", "/retell/functions/"]
)
async def test_nothing_else_is_served(retell: Retell, path: str) -> None:
    assert (await retell.http.get(path)).status_code in (404, 405)
    assert (await retell.post_raw(QUESTION, path)).status_code == 404


async def test_health_tells_the_version(retell: Retell) -> None:
    response = await retell.http.get("/health")
    assert response.status_code == 200
    assert response.json().keys() == {"status", "version"}


async def test_ready_only_while_temporal_answers(retell: Retell, conversation: FakeConversation) -> None:
    response = await retell.http.get("/ready")
    assert (response.status_code, response.json()["status"]) == (200, "ready")
    conversation.is_ready = False
    response = await retell.http.get("/ready")
    assert (response.status_code, response.json()["temporal"]) == (503, False)


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
    assert "secret" not in repr(settings)
