"""Who gets to see the console."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from argon2 import PasswordHasher
from playwright.async_api import Page, expect
from starlette.types import Message, Receive, Scope, Send
from typer.testing import CliRunner
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import InvalidStatus

from console.login.access import LOGGED_OUT, SESSION_COOKIE, Guard
from console.login.sessions import Sessions
from starter.cli import app
from tests.console.conftest import CALLER, NewPage, RunningConsole, StartConsole, a_call, keep, moments_ago

USER, PASSWORD = "operator", "correct horse battery"
HASH = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(PASSWORD)
PAGES = ("/", "/calls", "/calls/call_0", "/calendars", "/try", "/calls.csv")
BESIDE_OPEN_ONES = (
    "/loginx",
    "/login/",
    "/healthy",
    "/health/calls",
    "/_nicegui",
    "/_nicegui_ws/socket.io/",
    "/logout",
)
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


@pytest.fixture
async def guarded(start_console: StartConsole) -> RunningConsole:
    """A console that asks who is there."""
    return await start_console(CONSOLE_USER=USER, CONSOLE_PASSWORD_HASH=HASH)


@pytest.fixture
async def visitor(guarded: RunningConsole) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    async with httpx.AsyncClient(base_url=guarded.address, headers=headers, timeout=20) as client:
        yield client


async def log_in(
    visitor: httpx.AsyncClient, user: str = USER, password: str = PASSWORD, **headers: str
) -> httpx.Response:
    return await visitor.post("/login", data={"user": user, "password": password}, headers=headers)


async def log_in_with_a_browser(page: Page, console: RunningConsole) -> None:
    await page.goto(f"{console.address}/login")
    await page.get_by_label("User").fill(USER)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page).to_have_url(f"{console.address}/")


async def test_nobody_sees_a_page_before_logging_in(visitor: httpx.AsyncClient) -> None:
    for page in (*PAGES, *BESIDE_OPEN_ONES):
        answer = await visitor.get(page)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/login"), page
    login = await visitor.get("/login")
    assert login.status_code == 200
    files = set(re.findall(r"/_nicegui/[^\"']+?\.(?:js|css)", login.text))
    assert len(files) > 1
    assert [file for file in files if (await visitor.get(file)).status_code != 200] == []
    assert (await visitor.get("/health")).json() == {"status": "alive"}


async def test_a_program_hears_that_it_has_to_log_in(visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get("/calls.csv", headers={"Accept": "text/csv"})).status_code == 401


async def test_who_knows_the_password_gets_in_and_out(visitor: httpx.AsyncClient) -> None:
    answer = await log_in(visitor)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert (await visitor.get("/")).status_code == 200
    assert (await visitor.post("/logout")).headers["location"] == "/login"
    assert SESSION_COOKIE not in visitor.cookies
    assert (await visitor.get("/")).status_code == 303


async def test_the_cookie_of_a_session_that_was_ended_opens_nothing(
    visitor: httpx.AsyncClient, guarded: RunningConsole
) -> None:
    await log_in(visitor)
    cookie = visitor.cookies[SESSION_COOKIE]
    await visitor.post("/logout")
    visitor.cookies.set(SESSION_COOKIE, cookie)
    assert (await visitor.get("/calls")).status_code == 303
    headers = {"Cookie": f"{SESSION_COOKIE}={cookie}"}
    with pytest.raises(InvalidStatus):
        await connect_websocket(guarded.address.replace("http", "ws") + SOCKET, additional_headers=headers)


async def test_logging_in_anew_ends_the_session_before(visitor: httpx.AsyncClient) -> None:
    await log_in(visitor)
    first = visitor.cookies[SESSION_COOKIE]
    await log_in(visitor)
    assert (await visitor.get("/")).status_code == 200
    visitor.cookies.clear()
    visitor.cookies.set(SESSION_COOKIE, first)
    assert (await visitor.get("/")).status_code == 303


async def test_a_link_on_another_site_logs_nobody_out(visitor: httpx.AsyncClient) -> None:
    await log_in(visitor)
    assert (await visitor.get("/logout")).status_code == 404
    assert (await visitor.get("/")).status_code == 200


async def test_logging_out_closes_the_pages_that_are_open(guarded: RunningConsole, new_page: NewPage) -> None:
    await keep(guarded.engine, a_call("call-open", moments_ago(minutes=5)))
    page = await new_page()
    await log_in_with_a_browser(page, guarded)
    await page.goto(f"{guarded.address}/calls/call-open")
    await page.get_by_role("button", name="Show names and numbers").click()
    await expect(page.get_by_text(CALLER, exact=True)).to_be_visible()

    other = await page.context.new_page()
    await other.goto(guarded.address)
    await other.get_by_role("button", name="Language, Appearance").click()
    await other.get_by_role("button", name="Log out").click()

    for tab in (page, other):
        await expect(tab).to_have_url(f"{guarded.address}/login")
        await expect(tab.get_by_label("Password")).to_be_visible()
    assert CALLER not in await page.content()


async def test_an_open_page_is_closed_when_its_session_has_lasted_its_time() -> None:
    sessions = Sessions(timedelta(milliseconds=50))
    from_browser: asyncio.Queue[Message] = asyncio.Queue()
    from_browser.put_nowait({"type": "websocket.receive", "text": "a click"})
    came: list[Message] = []
    sent: list[Message] = []

    async def page(_: Scope, receive: Receive, __: Send) -> None:
        came.extend([await receive(), await receive()])

    async def send(message: Message) -> None:
        sent.append(message)

    session = sessions.begin()
    headers = [(b"cookie", f"{SESSION_COOKIE}={session}".encode())]
    await Guard(page, sessions=sessions)({"type": "websocket", "path": "/", "headers": headers}, from_browser.get, send)
    assert [message["type"] for message in came] == ["websocket.receive", "websocket.disconnect"]
    assert sent == [{"type": "websocket.close", "code": LOGGED_OUT}]
    assert session not in sessions


@pytest.mark.parametrize(("origin", "secure"), [("https://console.example", True), ("http://console.example", False)])
async def test_a_login_that_came_encrypted_is_never_sent_in_the_clear(
    visitor: httpx.AsyncClient, origin: str, secure: bool
) -> None:
    answer = await log_in(visitor, Origin=origin)
    assert ("secure" in answer.headers["set-cookie"].lower().split("; ")) is secure


@pytest.mark.parametrize(
    ("user", "password"), [(USER, "wrong"), ("somebody", PASSWORD), ("", ""), ("öperätör", "pässwörd\x00")]
)
async def test_who_does_not_stays_outside(visitor: httpx.AsyncClient, user: str, password: str) -> None:
    answer = await log_in(visitor, user, password)
    assert answer.headers.get("location") == "/login?trouble=wrong"
    assert (await visitor.get("/")).status_code == 303
    assert "User or password is wrong." in (await visitor.get("/login?trouble=wrong")).text


async def test_guessing_is_slowed_down_even_for_the_right_password(visitor: httpx.AsyncClient) -> None:
    for _ in range(5):
        assert (await log_in(visitor, password="guess")).headers["location"] == "/login?trouble=wrong"
    assert (await log_in(visitor)).headers["location"] == "/login?trouble=too_often"
    assert (await visitor.get("/")).status_code == 303


async def test_guessing_is_slowed_down_whoever_is_said_to_guess(visitor: httpx.AsyncClient) -> None:
    told = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(6)]
    answers = [await log_in(visitor, password="guess", **headers) for headers in told]
    assert answers[-1].headers["location"] == "/login?trouble=too_often"


async def test_guessing_from_many_addresses_keeps_the_operator_out_of_nothing(
    visitor: httpx.AsyncClient, guarded: RunningConsole
) -> None:
    for number in range(2, 8):
        transport = httpx.AsyncHTTPTransport(local_address=f"127.0.0.{number}")
        async with httpx.AsyncClient(base_url=guarded.address, transport=transport) as guesser:
            for _ in range(5):
                assert (await log_in(guesser, password="guess")).headers["location"] == "/login?trouble=wrong"
    assert (await log_in(visitor)).headers["location"] == "/"


async def test_every_attempt_to_log_in_is_logged_without_what_was_typed(
    visitor: httpx.AsyncClient, guarded: RunningConsole
) -> None:
    await log_in(visitor, "somebody.typed", "pass.typed")
    await log_in(visitor)
    for _ in range(4):
        await log_in(visitor, password="pass.typed")
    log = guarded.log.read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [(line["event"], line.get("trouble")) for line in lines if "address" in line] == [
        ("not logged in", "wrong"),
        ("logged in", None),
        *[("not logged in", "wrong")] * 3,
        ("not logged in", "too_often"),
    ]
    assert {line["address"] for line in lines if "address" in line} == {"127.0.0.1"}
    assert "typed" not in log
    assert PASSWORD not in log


async def test_a_forged_session_is_none(visitor: httpx.AsyncClient) -> None:
    for forged in ("eyJvcGVyYXRvciI6IHRydWV9.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb", "", "null"):
        visitor.cookies.clear()
        visitor.cookies.set(SESSION_COOKIE, forged)
        assert (await visitor.get("/")).status_code == 303


async def test_pages_do_not_stay_connected_without_a_login(guarded: RunningConsole) -> None:
    address = guarded.address.replace("http", "ws") + SOCKET
    with pytest.raises(InvalidStatus):
        await connect_websocket(address)


async def test_another_site_cannot_listen_in(console: RunningConsole) -> None:
    address = console.address.replace("http", "ws") + SOCKET
    async with connect_websocket(address, origin=console.address):  # type: ignore[arg-type]
        pass
    with pytest.raises(InvalidStatus):
        await connect_websocket(address, origin="http://elsewhere.example")  # type: ignore[arg-type]


async def test_without_a_login_only_the_machines_own_name_leads_here(http: httpx.AsyncClient) -> None:
    for name in (
        "elsewhere.example",
        "127.0.0.1.elsewhere.example",
        "10.0.0.1:8090",
        "[",
        "localhost@elsewhere.example",
    ):
        assert (await http.get("/health", headers={"Host": name})).status_code == 400, name
    for name in ("localhost", "LocalHost:8090", "127.0.0.1", "127.0.0.2:8090", "[::1]", "[::1]:8090"):
        assert (await http.get("/health", headers={"Host": name})).status_code == 200, name


@pytest.mark.parametrize("host", ["0.0.0.0", "::", socket.gethostname()])  # noqa: S104 - refused
def test_other_machines_are_not_served_without_a_login(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONSOLE_USER", "CONSOLE_PASSWORD_HASH"):
        monkeypatch.delenv(name, raising=False)
    ended = CliRunner().invoke(app, ["console", "--host", host, "--port", "0"])
    assert ended.exit_code == 2
    assert ended.stderr.startswith("CONSOLE_USER: is not set, and")
    assert ended.stderr.count("\n") == 1


def test_the_command_makes_a_hash_that_fits_the_password() -> None:
    made = CliRunner().invoke(app, ["console-password"], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert PASSWORD not in made.stdout
    assert PasswordHasher().verify(made.stdout.strip().splitlines()[-1], PASSWORD)


async def test_preferences_are_kept_and_lead_nowhere_else(http: httpx.AsyncClient) -> None:
    answer = await http.get("/preferences?language=de&next=/calls")
    assert (answer.status_code, answer.headers["location"]) == (303, "/calls")
    assert "<title>Anrufe · Slotkeeper</title>" in (await http.get("/calls")).text
    for elsewhere in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "elsewhere"):
        answer = await http.get("/preferences", params={"theme": "dark", "next": elsewhere})
        assert answer.headers["location"] == "/"
