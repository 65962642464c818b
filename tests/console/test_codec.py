"""Deciphering for the Temporal UI: for whom, for which page, and of what."""

import base64
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from itertools import count
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload, Payloads

from console.codec.routes import BATCH_LIMIT, BODY_LIMIT
from console.login.access import SESSION_COOKIE
from starter.encryption import data_converter
from tests.console.conftest import CATALOG, RunningConsole, StartConsole, running_console
from tests.console.test_login import HASH, PASSWORD, USER
from tests.databases import Databases

KEYS = f"k1:{base64.b64encode(os.urandom(32)).decode()}"
OTHER_KEYS = f"k2:{base64.b64encode(os.urandom(32)).decode()}"
UI = "https://temporal.example.com"
LOGIN = {"CONSOLE_USER": USER, "CONSOLE_PASSWORD_HASH": HASH}
SECRET = '"Zacharias Quittenbaum"'
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=SECRET.encode())


async def encrypted(keys: str = KEYS) -> Payload:
    codec = data_converter(SecretStr(keys)).payload_codec
    assert codec is not None
    [sealed] = await codec.encode([PLAIN])
    return sealed


def as_json(*payloads: Payload) -> dict[str, Any]:
    return MessageToDict(Payloads(payloads=payloads))


async def ask(http: httpx.AsyncClient, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await http.post("/codec/decode", json=body, headers={"X-Namespace": "default", **headers})


@pytest.fixture(scope="module")
async def start_console(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StartConsole]:
    """Start a console that the tests of this module share; takes its settings."""
    async with AsyncExitStack() as stopping:

        async def start(**settings: str) -> RunningConsole:
            url = stopping.enter_context(databases.new("tables"))
            folder = tmp_path_factory.mktemp("console")
            return await stopping.enter_async_context(running_console(folder, url, catalog=CATALOG, **settings))

        yield start


@pytest.fixture(scope="module")
async def guarded(start_console: StartConsole) -> RunningConsole:
    return await start_console(PAYLOAD_ENCRYPTION_KEYS=KEYS, TEMPORAL_UI_URL=f"{UI}/", **LOGIN)


@pytest.fixture(scope="module")
def addresses() -> Iterator[int]:
    return count(2)


@pytest.fixture
def address(addresses: Iterator[int]) -> str:
    """An address of one's own: attempts to log in are counted by it."""
    return f"127.0.0.{next(addresses)}"


@pytest.fixture
async def stranger(guarded: RunningConsole, address: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(base_url=guarded.address, transport=transport) as http:
        yield http


@pytest.fixture(scope="module")
async def operator(guarded: RunningConsole) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=guarded.address) as http:
        answer = await http.post("/login", data={"user": USER, "password": PASSWORD})
        assert SESSION_COOKIE in answer.cookies
        yield http


@pytest.fixture(scope="module")
async def local(start_console: StartConsole) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at the machine of a console that needs no login."""
    console = await start_console(PAYLOAD_ENCRYPTION_KEYS=KEYS, TEMPORAL_UI_URL=UI)
    async with httpx.AsyncClient(base_url=console.address) as http:
        yield http


def basic(user: str = USER, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def test_who_is_logged_in_reads_what_was_encrypted(operator: httpx.AsyncClient) -> None:
    answer = await ask(operator, as_json(await encrypted(), PLAIN))
    assert (answer.status_code, answer.json()) == (200, as_json(PLAIN, PLAIN))


async def test_what_is_sent_from_the_temporal_ui_is_encrypted_on_the_way(operator: httpx.AsyncClient) -> None:
    answer = await operator.post("/codec/encode", json=as_json(PLAIN))
    assert SECRET not in base64.b64decode(answer.json()["payloads"][0]["data"]).decode(errors="replace")
    assert (await ask(operator, answer.json())).json() == as_json(PLAIN)


@pytest.mark.parametrize("path", ["/codec/decode", "/codec/encode"])
async def test_without_a_login_nothing_is_deciphered(stranger: httpx.AsyncClient, path: str) -> None:
    body = as_json(await encrypted())
    for headers in (
        {},
        {"Origin": UI},
        {"Accept": "text/html"},
        {"Cookie": f"{SESSION_COOKIE}=forged"},
        {"Authorization": f"Bearer {HASH}"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic ????"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
    ):
        answer = await stranger.post(path, json=body, headers=headers)
        assert (answer.status_code, "payloads" in answer.text) == (401, False), headers


async def test_nothing_else_lies_open_under_the_codec(stranger: httpx.AsyncClient) -> None:
    for path in ("/codec/", "/codec/calls", "/codec/../calls", "/codec/%2e%2e/calls", "/codec//calls"):
        assert (await stranger.get(path, follow_redirects=False)).status_code in (303, 401, 404, 405), path
    assert (await stranger.get("/codec/decode")).status_code == 405


async def test_the_command_line_sends_user_and_password(
    stranger: httpx.AsyncClient, guarded: RunningConsole, address: str
) -> None:
    body = as_json(await encrypted())
    for _ in range(20):
        assert (await ask(stranger, body, Authorization=basic())).json() == as_json(PLAIN)
    assert (await ask(stranger, body, Authorization=basic(password="guess"))).status_code == 401
    assert (await ask(stranger, body)).status_code == 401
    lines = [json.loads(line) for line in guarded.log.read_text().splitlines()]
    assert [line["event"] for line in lines if line.get("address") == address] == ["logged in", "not logged in"]


async def test_guessing_is_slowed_down_together_with_the_login(stranger: httpx.AsyncClient) -> None:
    body = as_json(await encrypted())
    for _ in range(3):
        assert (await ask(stranger, body, Authorization=basic(password="guess"))).status_code == 401
    for _ in range(2):
        await stranger.post("/login", data={"user": USER, "password": "guess"})
    not_seen_before = basic().replace("Basic", "basic")
    assert (await ask(stranger, body, Authorization=not_seen_before)).status_code == 429
    answer = await stranger.post("/login", data={"user": USER, "password": PASSWORD})
    assert answer.headers["location"] == "/login?trouble=too_often"


async def test_only_the_temporal_ui_may_ask_from_another_origin(operator: httpx.AsyncClient) -> None:
    body = as_json(await encrypted())
    answer = await ask(operator, body, Origin=UI)
    assert answer.json() == as_json(PLAIN)
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["access-control-allow-credentials"] == "true"
    for origin in ("https://evil.example", "http://temporal.example.com", f"{UI}:8443", f"{UI}.evil.example", "null"):
        answer = await ask(operator, body, Origin=origin)
        assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (403, False), origin


async def test_a_browser_is_told_beforehand_who_may_ask(stranger: httpx.AsyncClient) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-namespace"}
    answer = await stranger.options("/codec/decode", headers={"Origin": UI, **asks})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["access-control-allow-credentials"] == "true"
    allowed = re.split(r", *", answer.headers["access-control-allow-headers"].lower())
    assert {"content-type", "x-namespace", "authorization"} <= set(allowed)
    refused = await stranger.options("/codec/decode", headers={"Origin": "https://evil.example", **asks})
    assert "access-control-allow-origin" not in refused.headers


async def test_a_refusal_can_be_read_by_the_temporal_ui(stranger: httpx.AsyncClient) -> None:
    answer = await ask(stranger, as_json(await encrypted()), Origin=UI)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, UI)


async def test_without_a_login_the_machine_itself_may_ask_and_no_other_site(local: httpx.AsyncClient) -> None:
    body = as_json(await encrypted())
    assert (await ask(local, body)).json() == as_json(PLAIN)
    assert (await ask(local, body, Origin=UI)).json() == as_json(PLAIN)
    assert (await ask(local, body, Origin="https://evil.example")).status_code == 403
    assert (await ask(local, body, Host="rebound.evil.example")).status_code == 400


async def test_a_key_that_is_missing_is_named(local: httpx.AsyncClient) -> None:
    answer = await ask(local, as_json(await encrypted(OTHER_KEYS)))
    assert answer.status_code == 400
    assert "'k2', which PAYLOAD_ENCRYPTION_KEYS does not have" in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"\xff\xfe",
        b"[]",
        b"1",
        b"null",
        b'{"payloads": 5}',
        b'{"payloads": [5]}',
        b'{"payloads": [{"data": "A"}]}',
        b'{"payloads": [{"metadata": []}]}',
        b"[" * 1_000_000,
        b'{"payloads":' * 100_000,
        b'{"payloads": [{"data": ' + b"9" * 5000 + b"}]}",
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_what_is_no_payload_is_refused_as_such(local: httpx.AsyncClient, body: bytes) -> None:
    answer = await local.post("/codec/decode", content=body)
    assert (answer.status_code, answer.text) == (400, "no payloads as JSON")


async def test_no_payloads_are_no_payloads(local: httpx.AsyncClient) -> None:
    bodies: list[dict[str, object]] = [{}, {"payloads": []}, {"unknown": True}]
    for body in bodies:
        answer = await ask(local, body)
        assert (answer.status_code, answer.json()) == (200, {})


async def test_too_much_at_once_is_refused(local: httpx.AsyncClient) -> None:
    assert (await ask(local, {"payloads": [{}] * BATCH_LIMIT})).status_code == 200
    assert (await ask(local, {"payloads": [{}] * (BATCH_LIMIT + 1)})).status_code == 413
    assert (await local.post("/codec/decode", content=b" " * (BODY_LIMIT + 1))).status_code == 413


async def test_without_keys_payloads_stay_as_they_are(start_console: StartConsole) -> None:
    console = await start_console()
    async with httpx.AsyncClient(base_url=console.address) as http:
        assert (await ask(http, as_json(PLAIN))).json() == as_json(PLAIN)
        assert (await ask(http, as_json(await encrypted()))).status_code == 400


async def test_the_log_says_that_payloads_were_read_and_not_what_is_in_them(
    operator: httpx.AsyncClient, guarded: RunningConsole
) -> None:
    await ask(operator, as_json(await encrypted(), PLAIN))
    log = guarded.log.read_text()
    line = json.loads(log.splitlines()[-1])
    assert (line["event"], line["route"], line["count"]) == ("payloads converted", "/codec/decode", 2)
    assert "Quittenbaum" not in log
    assert KEYS.split(":")[1] not in log
