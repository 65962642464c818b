"""What operators see of encrypted calls: in the Temporal UI and on its command line, through the console."""

import asyncio
import base64
import os
import re
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from simulator.caller import Caller
from simulator.stack import Stack, running_stack
from tests.browser import running_browser
from tests.console.conftest import RunningConsole, running_console
from tests.console.test_login import HASH, PASSWORD, USER, log_in_with_a_browser
from tests.end_to_end.salon import SALON
from tests.temporal import binary

pytestmark = pytest.mark.timeout(300)

NAME, NUMBER, EMAIL = "Zebedee Plantagenet", "+4915550177777", "zebedee@planted.example"
KEYS = f"2025-11:{base64.b64encode(os.urandom(32)).decode()}"
SHOWN_WITHIN = 60_000.0
"""Milliseconds: the Temporal UI asks for every summary by itself."""


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """What `make up` starts, with keys."""
    folder = tmp_path_factory.mktemp("encrypted")
    async with running_stack(folder, settings={"PAYLOAD_ENCRYPTION_KEYS": KEYS}, with_console=True) as stack:
        yield stack


@pytest.fixture(scope="module")
async def guarded(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningConsole]:
    """Another console for the same calls, with a login."""
    settings = {
        "PAYLOAD_ENCRYPTION_KEYS": KEYS,
        "TEMPORAL_UI_URL": stack.temporal_ui_url,
        "CONSOLE_USER": USER,
        "CONSOLE_PASSWORD_HASH": HASH,
    }
    url, folder = f"sqlite:///{stack.data / 'slotkeeper.db'}", tmp_path_factory.mktemp("guarded")
    async with running_console(folder, url, catalog=None, **settings) as console:
        yield console


@pytest.fixture(scope="module")
async def call_id(stack: Stack) -> str:
    """A call in progress that has booked."""
    async with httpx.AsyncClient(base_url=stack.webhook_url, trust_env=False, timeout=60) as http:
        caller = Caller(http, stack.retell_api_key, SALON, NUMBER)
        await caller.started()
        await caller.say("check_availability", datum="nächsten Dienstag", uhrzeit="10:00")
        assert (await caller.say("book_appointment", name=NAME, email=EMAIL)).status == "booked"
    return caller.call_id


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    async with await browser.new_context(viewport={"width": 1400, "height": 1600}, locale="en-US") as context:
        page = await context.new_page()
        page.set_default_timeout(SHOWN_WITHIN)
        yield page


async def sees_the_call(page: Page) -> None:
    """Look at what a call began with, what its steps say of themselves, and its page."""
    await expect(page.get_by_text('"opening_hours"').first).to_be_visible(timeout=SHOWN_WITHIN)
    await page.get_by_role("tab", name="User Metadata").click()
    details = page.locator("iframe").last.content_frame
    await expect(details.get_by_text("All times are Europe/Berlin")).to_be_visible(timeout=SHOWN_WITHIN)


async def test_the_temporal_ui_shows_a_call_as_if_it_were_not_encrypted(page: Page, stack: Stack, call_id: str) -> None:
    await page.goto(stack.ui_url(call_id))
    await expect(page.get_by_test_id("data-encoder-status-success")).to_be_visible(timeout=SHOWN_WITHIN)
    await sees_the_call(page)


async def test_behind_a_login_the_temporal_ui_shows_it_to_who_is_logged_in_at_the_console(
    page: Page, stack: Stack, guarded: RunningConsole, call_id: str
) -> None:
    await page.goto(stack.ui_url(call_id))
    await page.get_by_test_id("data-encoder-status-success").click()
    await page.get_by_test_id("use-local-endpoint-input").check(force=True)
    await page.get_by_placeholder("Paste your endpoint here").fill(f"{guarded.address}/codec")
    await page.get_by_text("Include cross-origin credentials").click()
    await page.get_by_role("button", name="Apply").click()
    await page.reload()
    await expect(page.get_by_test_id("data-encoder-status-error")).to_be_visible(timeout=SHOWN_WITHIN)
    await expect(page.get_by_text('"opening_hours"')).to_have_count(0)

    other = await page.context.new_page()
    other.set_default_timeout(SHOWN_WITHIN)
    await log_in_with_a_browser(other, guarded)
    await page.goto(stack.ui_url(call_id))
    await sees_the_call(page)


async def temporal(stack: Stack, *words: str) -> tuple[int | None, str]:
    """Give a command to Temporal's command line; return its exit status and everything it says."""
    command = [binary("temporal"), *words, "--address", stack.temporal_address, "--command-timeout", "30s"]
    ended = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    said, complained = await ended.communicate()
    return ended.returncode, (said + complained).decode()


def authorization(password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()


async def test_the_command_line_reads_with_user_and_password(
    stack: Stack, guarded: RunningConsole, call_id: str
) -> None:
    asks = ("workflow", "query", "--workflow-id", f"call/{call_id}", "--name", "conversation")
    through = ("--codec-endpoint", f"{guarded.address}/codec")

    read = await temporal(stack, *asks, *through, "--codec-auth", authorization())
    assert read[0] == 0, read
    assert NAME in read[1]

    for refused in (
        await temporal(stack, *asks, *through),
        await temporal(stack, *asks, *through, "--codec-auth", authorization("guess")),
        await temporal(stack, *asks),
    ):
        assert NAME not in refused[1]
        assert EMAIL not in refused[1]


async def test_what_is_said_by_hand_is_encrypted_on_the_way(
    stack: Stack, guarded: RunningConsole, call_id: str
) -> None:
    wish = f'{{"turn_id": "by-hand-1", "asked_at": "{datetime.now(UTC):%FT%TZ}", "name": "By Hand"}}'
    told = ("workflow", "signal", "--workflow-id", f"call/{call_id}", "--name", "overhear", "--input", wish)
    through = ("--codec-endpoint", f"{guarded.address}/codec", "--codec-auth", authorization())
    assert (await temporal(stack, *told, *through))[0] == 0

    shown = ("workflow", "show", "--workflow-id", f"call/{call_id}", "--output", "json")
    as_kept = (await temporal(stack, *shown))[1]
    assert '"signalName": "overhear"' in as_kept
    assert not [data for data in _payloads(as_kept) if b"By Hand" in data]
    assert [data for data in _payloads((await temporal(stack, *shown, *through))[1]) if b"By Hand" in data]


def _payloads(history: str) -> list[bytes]:
    return [base64.b64decode(data) for data in re.findall(r'"data": "([^"]+)"', history)]
