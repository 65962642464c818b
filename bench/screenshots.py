"""``python -m bench.screenshots``: the console's pages as pictures for the README.

The calls that can be looked into are really made, through the signed webhook of an embedded stack; behind them stands
a day of calls that never were, for the charts.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import typer
from playwright.async_api import Browser, Page, async_playwright, expect

from bench.browser import FLAGS, find_browser
from bench.many_calls import Row, Rows, keep, many_calls
from simulator.business import CONSULTANTS, SALON, Business, workdays
from simulator.caller import Caller
from simulator.desk import Desk
from simulator.stack import Stack, running_stack
from store.engine import close, create_engine
from store.tables import Booking, Customer

COMPANIES = {"adler": ("salon-beispiel", "zentrale"), "birke": ("riverside-consulting", "main-office")}
"""Whose calls the invented ones pass for; those of others are left out."""

SERVICES = {
    "salon-beispiel": {"haarschnitt": "haarschnitt", "massage": "haarschnitt", "faerben": "faerben"},
    "riverside-consulting": {},
}
"""What they are about, where it is not the first service."""

USUAL = {"salon-beispiel": "faerben", "riverside-consulting": "consultation"}

INVENTED = 900

WIDE, PHONE = (1280, 800), (390, 844)

SETTLED_MS = 1500
"""After so long charts have stopped moving."""

THOUGHT_MS = 3000
"""How long the caller in the pictures thinks."""

app = typer.Typer(add_completion=False)


@app.command()
def run(
    into: Annotated[Path, typer.Option(help="The folder the pictures go to.")] = Path("docs/images"),
) -> None:
    """Take pictures of the console's five pages, and of one on a phone in the dark."""
    path = find_browser()
    if path is None:
        typer.echo("no browser is installed: install Chromium or Chrome", err=True)
        raise typer.Exit(1)
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(_take_all(into, path))
    for picture in sorted(into.glob("console-*.png")):
        typer.echo(f"{picture}: {picture.stat().st_size // 1024} KB")


async def _take_all(into: Path, browser_path: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with running_stack(Path(folder), with_console=True) as stack, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
            day = next(workdays(datetime.now(SALON.zone).date()))
            await _invent(stack)
            await _call_in(stack, day)
            await _take(stack, browser, day, into)
            await browser.close()


async def _invent(stack: Stack) -> None:
    """Fill the last day with calls that never were."""
    engine = create_engine(f"sqlite:///{stack.data / 'slotkeeper.db'}")
    now = datetime.now(UTC)
    for rows in many_calls(INVENTED, now - timedelta(days=1), now - timedelta(minutes=2)):
        await keep(engine, _of_the_catalog(rows))
    await close(engine)


def _of_the_catalog(rows: Rows) -> Rows:
    """Return the rows as if two of the companies were those of the catalog; nothing is entered into calendars."""
    seen = {table: made for table, made in rows.items() if table not in (Booking, Customer)}
    return {table: [_renamed(row) for row in made if row["company"] in COMPANIES] for table, made in seen.items()}


def _renamed(row: Row) -> Row:
    company, branch = COMPANIES[row["company"]]
    new = row | {"company": company}
    if "branch" in row:
        new["branch"] = branch
    if "service" in row:
        new["service"] = SERVICES[company].get(row["service"], USUAL[company])
    if row.get("race_caught_at") and row.get("alternatives") == []:
        # Whoever meets a race hears of something else.
        new["alternatives"] = [row["wished_start"] + timedelta(minutes=minutes) for minutes in (30, 60)]
    return new


async def _call_in(stack: Stack, day: date) -> None:
    """Make calls that come to different ends, and leave two callers thinking."""
    async with (
        httpx.AsyncClient(base_url=stack.webhook_url, timeout=30) as webhook,
        httpx.AsyncClient(base_url=stack.calendar_url) as calendar,
    ):
        desk = Desk(calendar)

        async def asks(name: str, clock: str, business: Business = SALON, service: str | None = None) -> Caller:
            number = f"+49155503{len(name):02d}{clock[:2]}{clock[3:]}"
            caller = Caller(webhook, stack.retell_api_key, business.number, number, name)
            await caller.started()
            more = {"dienstleistung": service} if service else {}
            await caller.say("check_availability", datum=f"{day:%d.%m.%Y}", uhrzeit=clock, **more)
            return caller

        async def agrees(caller: Caller, after_seconds: float, **chosen: str) -> None:
            await caller.think(after_seconds)
            await caller.say("book_appointment", name=caller.name, **chosen)
            await caller.hang_up()

        await asyncio.gather(
            agrees(await asks("Anna Beck", "09:00"), 5),
            agrees(await asks("Clara Diehl", "10:00", service="Färben mit Schnitt"), 3),
            agrees(await asks("Grace Miller", "14:00", CONSULTANTS), 7),
        )
        await (await asks("Ben Conrad", "11:30")).hang_up()

        await desk.lose_next_answer()
        await agrees(await asks("Klaus Ufer", "12:00"), 4)

        overtaken = await asks("David Ernst", "13:00")
        await calendar.post("/_double/faults", json={"endpoint": "slots", "kind": "stale"})
        await desk.stranger_books(SALON.event_type_id, SALON.at(day, 13))
        await agrees(overtaken, 3)

        await calendar.post("/_double/faults", json={"endpoint": "slots", "kind": "rate_limit", "seconds": 1})
        await asks("Helga Sommer", "15:00")
        await asks("Ingrid Thal", "16:00")
        late = await asks("Eva Franke", "16:00")
        await agrees(late, 2, alternative_id="a1")


async def _take(stack: Stack, browser: Browser, day: date, into: Path) -> None:
    async with _window(browser, stack, WIDE) as page:
        call = await _try_it(page)
        await _picture(page, into / "console-try.png")
        await page.locator(".sk-answers .sk-first").first.click()
        await expect(page.get_by_text("Thank you, goodbye!")).to_be_enabled()
        await page.get_by_text("Thank you, goodbye!").click()
        for name, address in (
            ("overview", "/"),
            ("calls", "/calls"),
            ("call", call),
            ("calendars", f"/calendars?company=salon-beispiel&day={day}"),
        ):
            await page.goto(address)
            await _picture(page, into / f"console-{name}.png", whole=name != "calls")
    async with _window(browser, stack, PHONE, dark=True) as page:
        await page.goto("/")
        await _picture(page, into / "console-phone.png")


@asynccontextmanager
async def _window(browser: Browser, stack: Stack, size: tuple[int, int], *, dark: bool = False) -> AsyncIterator[Page]:
    width, height = size
    context = await browser.new_context(
        base_url=stack.console_url,
        locale="en-GB",
        timezone_id="Europe/Berlin",
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
    )
    yield await context.new_page()
    await context.close()


async def _try_it(page: Page) -> str:
    """Make a call that a stranger is faster than, up to the alternatives; return the address of its page."""
    await page.goto("/try")
    await page.get_by_role("button", name="Call", exact=True).click()
    wish = page.locator(".sk-answers").get_by_role("button").first
    await expect(wish).to_be_enabled()
    await wish.click()
    yes = page.get_by_role("button", name="Yes, please.")
    await expect(yes).to_be_enabled()
    await page.wait_for_timeout(THOUGHT_MS)
    await page.get_by_role("button", name="A stranger books").click()
    await expect(page.locator(".sk-aside")).to_be_visible()
    await yes.click()
    await expect(page.locator(".sk-answers .sk-first")).to_have_count(2)
    address = await page.get_by_role("link", name="This call").get_attribute("href")
    return address or "/calls"


async def _picture(page: Page, file: Path, *, whole: bool = False) -> None:
    await page.mouse.move(0, 0)
    await page.wait_for_timeout(SETTLED_MS)
    await page.screenshot(path=file, full_page=whole)


if __name__ == "__main__":
    app()
