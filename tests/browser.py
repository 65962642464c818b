"""A real browser for tests of pages."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright

from bench.browser import FLAGS, NAMES, find_browser


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Run a browser without a window; skips the test where none is installed."""
    path = find_browser()
    if path is None:
        pytest.skip(f"no browser is installed: looked for {', '.join(NAMES)}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


async def nameless(page: Page) -> list[str]:
    """Return what can be pressed or filled in on the page but has no name for whoever does not see it."""
    tree = await page.locator("body").aria_snapshot()
    return re.findall(r"- (?:button|link|combobox|textbox|searchbox|checkbox)(?: \[.*\])?:?$", tree, re.MULTILINE)
