"""What somebody sees who has just started the stack: the whole of it, in a real browser."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from simulator.stack import Stack, running_stack
from tests.browser import running_browser

pytestmark = pytest.mark.timeout(180)

PATIENT = 20_000
"""Milliseconds for what waits for another process to start."""


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
async def stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack that is kept up as `make up` does."""
    async with running_stack(tmp_path_factory.mktemp("newcomer"), with_console=True) as stack:
        keeping = asyncio.create_task(stack.run(asyncio.Event().wait()))
        yield stack
        keeping.cancel()
        await asyncio.wait([keeping])


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="de-DE", viewport={"width": 1280, "height": 900})
    yield await context.new_page()
    await context.close()


def agent(page: Page) -> Locator:
    """What the agent said last."""
    return page.locator(".sk-agent:not(.sk-waiting)").last


async def offered(page: Page, stack: Stack, wish: int) -> str:
    """Ring up the salon and say one of the wishes that are suggested; return the time of day on offer."""
    await page.goto(f"{stack.console_url}/try")
    await page.get_by_role("button", name="Anrufen", exact=True).click()
    await expect(agent(page)).to_have_text("Guten Tag, hier ist Salon Beispiel. Was kann ich für Sie tun?")
    await page.locator(".sk-answers").get_by_role("button").nth(wish).click()
    yes = page.get_by_role("button", name="Ja, bitte.")
    await expect(yes).to_be_enabled()
    stranger = page.get_by_role("button", name=re.compile(r"Jemand anderes bucht \d\d:\d\d"))
    return (await stranger.inner_text())[-5:]


async def test_a_race_is_made_on_one_page_counted_on_the_next_and_understood_on_the_others(
    stack: Stack, page: Page
) -> None:
    overview = await page.context.new_page()
    await overview.goto(stack.console_url)
    races = overview.locator('[data-figure="races"]')
    await expect(races).to_have_text("0")
    wished = await offered(page, stack, wish=0)

    await page.get_by_role("button", name=f"Jemand anderes bucht {wished}").click()
    await expect(page.locator(".sk-aside")).to_contain_text(f"Jemand hat {wished} im Internet gebucht")
    await page.get_by_role("button", name="Ja, bitte.").click()
    await expect(agent(page)).to_contain_text("wurde gerade vergeben")

    await expect(races).to_have_text("1", timeout=2000)
    await expect(overview.locator('[data-figure="races-recheck"]')).to_have_text("1")

    alternatives = page.locator(".sk-answers .sk-first")
    await expect(alternatives).to_have_count(2)
    taken = (await alternatives.first.inner_text())[-5:]
    await alternatives.first.click()
    await expect(agent(page)).to_contain_text("erfolgreich gebucht")

    await page.get_by_role("button", name="Vielen Dank").click()
    await expect(page.get_by_text("Aufgelegt")).to_be_visible()
    async with page.context.expect_page() as opening:
        await page.locator(".sk-links").get_by_role("link", name="Dieser Anruf").click()
    call = await opening.value
    gist = call.locator(".sk-gist")
    await expect(gist).to_contain_text(wished)
    await expect(gist).to_contain_text("da hatte schon jemand in Cal.com gebucht")
    await expect(gist).to_contain_text(f"{taken}; gebucht.")
    await expect(call.get_by_text("erfolgreich gebucht")).to_be_visible()

    async with page.context.expect_page() as opening:
        await page.locator(".sk-links").get_by_role("link", name="Temporal UI").click()
    temporal = await opening.value
    for summary in (
        rf"is \w+ \d+ \w+ \d+ {wished} still free\?",
        rf"what is free near \w+ \d+ \w+ \d+ {wished}\?",
        rf"book \w+ \d+ \w+ \d+ {taken}",
    ):
        await expect(temporal.locator("body")).to_contain_text(re.compile(summary), timeout=PATIENT)
    await temporal.get_by_role("tab", name="Search Attributes").click()
    for attribute in ('"CallOutcome": "booked"', '"Company": "salon-beispiel"', '"RaceDetected": true'):
        await expect(temporal.locator("body")).to_contain_text(attribute)


async def test_a_yes_that_finds_no_worker_is_booked_by_the_next(stack: Stack, page: Page) -> None:
    await offered(page, stack, wish=1)
    killed = stack.worker_pid

    await page.get_by_role("button", name="Den Worker abschießen").click()
    await expect(page.locator(".sk-aside")).to_contain_text(f"Worker {killed} ist tot")
    await page.get_by_role("button", name="Ja, bitte.").click()

    await expect(agent(page)).to_contain_text("erfolgreich gebucht", timeout=PATIENT)
    assert stack.worker_pid != killed


async def test_a_lost_answer_of_the_calendar_is_found_again(stack: Stack, page: Page) -> None:
    await offered(page, stack, wish=2)

    await page.get_by_role("combobox", name="Der Kalender").click()
    await page.get_by_role("option", name="bucht, aber die nächste Antwort geht verloren").click()
    await expect(page.locator(".sk-aside")).to_contain_text("geht verloren")
    await page.get_by_role("button", name="Ja, bitte.").click()

    await expect(agent(page)).to_contain_text("erfolgreich gebucht", timeout=PATIENT)
    await expect(page.locator(".sk-aside").last).to_contain_text("antwortet wie immer")
