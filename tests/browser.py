"""A real browser for tests of pages."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""What keeps it to itself: it also runs as root, without a screen, and talks to nobody but the page."""


def find_browser() -> str | None:
    """Return the path of an installed Chromium or Chrome."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


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
