"""Who gets to see the console."""

import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import InvalidStatus

from starter.cli import app
from tests.console.conftest import RunningConsole, StartConsole

USER, PASSWORD = "operator", "correct horse battery"
PAGES = ("/", "/calls", "/calls/call_0", "/calendars", "/try", "/calls.csv")


@pytest.fixture
async def guarded(start_console: StartConsole) -> RunningConsole:
    """A console that asks who is there."""
    return await start_console(CONSOLE_USER=USER, CONSOLE_PASSWORD_HASH=PasswordHasher().hash(PASSWORD))


@pytest.fixture
async def visitor(guarded: RunningConsole) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    async with httpx.AsyncClient(base_url=guarded.address, headers=headers, timeout=20) as client:
        yield client


async def log_in(visitor: httpx.AsyncClient, user: str = USER, password: str = PASSWORD) -> httpx.Response:
    return await visitor.post("/login", data={"user": user, "password": password})


async def test_nobody_sees_a_page_before_logging_in(visitor: httpx.AsyncClient) -> None:
    for page in PAGES:
        answer = await visitor.get(page)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/login"), page
    assert (await visitor.get("/login")).status_code == 200
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
    assert (await visitor.get("/logout")).headers["location"] == "/login"
    assert (await visitor.get("/")).status_code == 303


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


async def test_a_forged_session_is_none(visitor: httpx.AsyncClient) -> None:
    visitor.cookies.set("slotkeeper_console", "eyJvcGVyYXRvciI6IHRydWV9.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")
    assert (await visitor.get("/")).status_code == 303


async def test_pages_do_not_stay_connected_without_a_login(guarded: RunningConsole) -> None:
    address = guarded.address.replace("http", "ws") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(InvalidStatus):
        await connect_websocket(address)


async def test_another_site_cannot_listen_in(console: RunningConsole) -> None:
    address = console.address.replace("http", "ws") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    async with connect_websocket(address, origin=console.address):  # type: ignore[arg-type]
        pass
    with pytest.raises(InvalidStatus):
        await connect_websocket(address, origin="http://elsewhere.example")  # type: ignore[arg-type]


async def test_without_a_login_only_the_machines_own_name_leads_here(http: httpx.AsyncClient) -> None:
    assert (await http.get("/health", headers={"Host": "elsewhere.example"})).status_code == 400
    assert (await http.get("/health", headers={"Host": "localhost"})).status_code == 200


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
    assert 'lang="de"' in (await http.get("/calls")).text or "Anrufe" in (await http.get("/calls")).text
    for elsewhere in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "elsewhere"):
        answer = await http.get("/preferences", params={"theme": "dark", "next": elsewhere})
        assert answer.headers["location"] == "/"
