"""The console logs what it does, and nothing of the callers it shows."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest
from playwright.async_api import expect
from sqlalchemy import text

from store.tables import Booking
from tests.console.conftest import NewPage, RunningConsole, StartConsole, a_call, a_question, a_yes, keep, moments_ago
from tests.end_to_end.salon import eventually

NAME, NUMBER, EMAIL = "Zacharias Quittenbaum", "+4915550188877", "zacharias@quittenbaum.example"
PLANTED = (*NAME.casefold().split(), NUMBER[1:], NUMBER[-5:])
WHOM = f"{NAME} {NUMBER} {EMAIL}"


@pytest.fixture
async def console(start_console: StartConsole) -> RunningConsole:
    """A console with a call of somebody whose name and number are found wherever they come up."""
    running = await start_console()
    call = a_call("call-known", moments_ago(minutes=5), took=None, caller_number=NUMBER)
    nine = call.started_at + timedelta(days=1)
    booking = Booking(
        uid="uid-known",
        call_id=call.call_id,
        company=call.company,
        service="haarschnitt",
        calendar="dr-smith",
        starts_at=nine,
        ends_at=nine + timedelta(minutes=30),
        name=NAME,
        email=EMAIL,
    )
    await keep(running.engine, call, a_question(call, nine), a_yes(call, nine), bookings=(booking,))
    return running


@pytest.fixture
async def http(console: RunningConsole) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=console.address, timeout=20) as client:
        yield client


def lines_of(console: RunningConsole) -> list[dict[str, object]]:
    """Return what the console has logged, after a look that nobody it shows is in it."""
    log = console.log.read_text()
    assert [planted for planted in PLANTED if planted in log.casefold()] == []
    return [json.loads(line) for line in log.splitlines()]


async def break_the_booking(console: RunningConsole) -> str:
    """Put something into the database that can be no moment: whoever reads it fails. Returns by which kind of error."""
    on_postgresql = console.engine.dialect.name == "postgresql"
    async with console.engine.begin() as connection:
        if on_postgresql:
            await connection.execute(text("ALTER TABLE booking ALTER starts_at TYPE text"))
        await connection.execute(text("UPDATE booking SET starts_at = :whom"), {"whom": WHOM})
    return "AttributeError" if on_postgresql else "ValueError"


@pytest.mark.parametrize(
    "path",
    [
        "/callz?text={whom}",
        "/calls/{whom}",
        "/calls/call-known/{whom}",
        "/calls?text={whom}&company={whom}&page={whom}&span={whom}&outcome={whom}",
        "/calls.csv?text={whom}&company={whom}",
        "/calendars?company={whom}&day={whom}",
        "/preferences?language={whom}&next={whom}",
        "/health/{whom}",
        "/login?trouble={whom}",
        "/_nicegui/{whom}?{whom}",
        "/_nicegui_ws/{whom}?{whom}",
        "/_nicegui_ws/socket.io/?EIO=4&transport={whom}&sid={whom}",
        "/_nicegui_ws/socket.io/?EIO=4&transport=polling&sid={whom}",
        "/_nicegui_ws/socket.io/?EIO=4&transport=polling&implicit_handshake=true&client_id={whom}",
    ],
)
async def test_what_stands_in_an_address_is_not_logged(
    console: RunningConsole, http: httpx.AsyncClient, path: str
) -> None:
    await http.get(path.format(whom=quote(WHOM)), headers={"Accept": "text/html", "User-Agent": WHOM.split()[1]})
    lines_of(console)


async def test_a_console_with_a_login_logs_no_addresses_either(start_console: StartConsole) -> None:
    hashed = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b9dWRWJTmaaJObG"
    console = await start_console(CONSOLE_USER="operator", CONSOLE_PASSWORD_HASH=hashed)
    async with httpx.AsyncClient(base_url=console.address, timeout=20) as http:
        for path in ("/loginx", "/healthy", "/calls", "/_nicegui/x"):
            await http.get(path, params={"text": WHOM})
        await http.post("/login", data={"user": NAME, "password": NUMBER})
    [line] = lines_of(console)
    assert line["event"] == "not logged in"


async def test_looking_for_somebody_and_at_a_call_logs_only_that_names_were_shown(
    console: RunningConsole, new_page: NewPage
) -> None:
    page = await new_page()
    await page.goto(f"{console.address}/calls")
    await page.get_by_role("searchbox").fill(NUMBER)
    await page.get_by_role("searchbox").press("Enter")
    await page.wait_for_url("**/calls?*text=*")
    await page.goto(f"{console.address}/calls/call-known")
    await page.get_by_role("button", name="Show names and numbers").click()
    await expect(page.get_by_text(NUMBER, exact=True)).to_be_visible()
    assert [line["event"] for line in lines_of(console)] == ["names shown"]


async def test_a_page_that_breaks_is_logged_and_shown_without_the_message_of_the_error(
    console: RunningConsole, http: httpx.AsyncClient
) -> None:
    kind = await break_the_booking(console)
    answer = await http.get("/calls/call-known")
    assert answer.status_code == 500
    assert [planted for planted in PLANTED if planted in answer.text.casefold()] == []
    lines = lines_of(console)
    assert {(line["event"], line["error"], line["level"]) for line in lines} == {(kind, kind, "error")}
    assert lines[0]["at"]


async def test_a_page_that_breaks_while_somebody_looks_is_logged_without_the_message_of_the_error(
    console: RunningConsole, new_page: NewPage
) -> None:
    page = await new_page()
    await page.goto(f"{console.address}/calls/call-known")
    await expect(page.get_by_role("button", name="Show names and numbers")).to_be_visible()
    kind = await break_the_booking(console)

    async def logged() -> list[dict[str, object]]:
        return lines_of(console)

    line, *_ = await eventually(logged)
    assert (line["event"], line["error"], line["level"]) == (kind, kind, "error")
