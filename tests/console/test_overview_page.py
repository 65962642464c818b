"""The first page: how the calls are going."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.async_api import Locator, Page, expect
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from console.console import Console
from console.overview.glance import Glance
from console.period import Choice
from starter.directory import Directory
from starter.settings import Settings
from store.answer_times import add_answers
from store.catalog import load_catalog
from store.engine import close
from store.quickness import step_of
from store.tables import CalendarAnswers
from tests.browser import nameless
from tests.console.conftest import (
    OFFICE,
    SALON,
    DatabaseToSwitchOff,
    NewPage,
    RunningConsole,
    StartConsole,
    a_call,
    a_lost_race,
    a_question,
    a_yes,
    keep,
    moments_ago,
)
from tests.databases import StoreWith

NINE = datetime(2031, 10, 16, 7, 0, tzinfo=UTC)


def figures(html: str) -> dict[str, str]:
    """Return what the page shows before its first script runs, by the names of the figures."""
    return {name: shown for shown, name in re.findall(r'"text":"([^"]*)"[^{}]*\{"data-figure":"([^"]*)"', html)}


async def booked(engine: AsyncEngine, call_id: str, company: str = SALON, gap: float = 14, **ago: float) -> None:
    call = a_call(call_id, moments_ago(**ago), company=company)
    await keep(engine, call, a_question(call, NINE), a_yes(call, NINE, gap=gap))


async def lost(engine: AsyncEngine, call_id: str, caught_at: str, company: str = SALON, **ago: float) -> None:
    call = a_call(call_id, moments_ago(**ago), company=company, outcome="hung_up")
    await keep(engine, call, a_question(call, NINE), a_lost_race(call, NINE, caught_at))


async def goes_on(engine: AsyncEngine, call_id: str, company: str = SALON) -> None:
    call = a_call(call_id, moments_ago(seconds=20), company=company, outcome="waiting_for_yes", took=None)
    await keep(engine, call, a_question(call, NINE))


@pytest.fixture(scope="module")
async def seeded(console: RunningConsole) -> RunningConsole:
    """The salon books whatever is confirmed; of the office's confirmed calls half are lost within the hour."""
    for number in range(3):
        await booked(console.engine, f"salon-{number}", minutes=20 + number)
    await goes_on(console.engine, "salon-now")
    await booked(console.engine, "office-0", OFFICE, gap=9, minutes=30)
    await lost(console.engine, "office-1", "recheck", OFFICE, minutes=31)
    for number in range(4):
        await booked(console.engine, f"office-old-{number}", OFFICE, days=3)
    minute = moments_ago(minutes=25).replace(second=0, microsecond=0)
    await add_answers(
        console.engine,
        [
            CalendarAnswers(
                company=OFFICE,
                span_seconds=60,
                begins_at=minute,
                endpoint="slots",
                result=result,
                quickness=step_of(0.2),
                answers=answers,
            )
            for result, answers in (("ok", 20), ("rate_limited", 2), ("unreachable", 1))
        ],
    )
    return console


async def test_the_first_visit_says_how_to_make_a_call(start_console: StartConsole) -> None:
    console = await start_console()
    async with httpx.AsyncClient(headers={"Accept-Language": "en"}) as visitor:
        html = (await visitor.get(console.address)).text
    assert "No calls in the last 24 hours" in html
    assert '"href":"/try"' in html
    assert "POST /retell/functions" in html


async def test_figures_are_there_before_any_script_runs(seeded: RunningConsole, http: httpx.AsyncClient) -> None:
    shown = figures((await http.get(f"/?period=1h&company={OFFICE}")).text)
    assert shown["success_rate"] == "50.0 %"
    assert shown["races"] == shown["races-recheck"] == "1"
    assert shown["races-hold"] == shown["races-booking"] == "0"
    assert shown["race_errors"] == "no caller heard an error because of it"
    assert shown["calls"] == "2 calls"
    assert (shown["rate_limited"], shown["failed_answers"]) == ("2", "1")
    assert shown["calls_in_progress"] == "0"


@pytest.mark.parametrize(
    ("query", "state"),
    [
        (f"period=1h&company={SALON}", "goal reached"),
        (f"period=7d&company={OFFICE}", "below the goal"),
        (f"period=1h&company={OFFICE}", "below the rollback line"),
    ],
)
async def test_the_success_rate_is_held_to_goal_and_rollback_line(
    seeded: RunningConsole, http: httpx.AsyncClient, query: str, state: str
) -> None:
    html = (await http.get(f"/?{query}")).text
    assert re.findall(r'"text":"(goal reached|below the goal|below the rollback line)"', html) == [state]


async def test_an_address_that_makes_no_sense_shows_the_usual(seeded: RunningConsole, http: httpx.AsyncClient) -> None:
    usual = figures((await http.get("/")).text)
    hostile = '/?period=%00forever&company=<script>alert("x")</script>&company=%27'
    answer = await http.get(hostile)
    assert answer.status_code == 200
    assert figures(answer.text)["calls"] == usual["calls"]
    assert "alert(" not in answer.text


async def test_the_page_speaks_the_language_of_its_visitor(seeded: RunningConsole, http: httpx.AsyncClient) -> None:
    assert "Booking success" in (await http.get("/")).text
    assert "Buchungserfolg" in (await http.get("/", headers={"Accept-Language": "de-AT,en;q=0.5"})).text
    chosen = await http.get("/preferences?language=de&next=/?period=7d", follow_redirects=True)
    assert str(chosen.url).endswith("/?period=7d")
    assert "Buchungserfolg" in chosen.text


async def test_a_race_is_counted_without_reloading(start_console: StartConsole, new_page: NewPage) -> None:
    console = await start_console()
    await goes_on(console.engine, "now")
    page = await new_page()
    await page.goto(f"{console.address}/?period=15m&company={SALON}")
    await expect(figure(page, "races")).to_have_text("0")
    await expect(figure(page, "calls_in_progress")).to_have_text("1")
    await expect(figure(page, "success_rate")).to_have_text("–")
    charts = page.locator(".sk-chart")
    for chart in await charts.all():
        await chart.evaluate("chart => chart.drawnBefore = true")

    await lost(console.engine, "race", "booking", seconds=70)

    await expect(figure(page, "races")).to_have_text("1")
    await expect(figure(page, "races-booking")).to_have_text("1")
    await expect(figure(page, "success_rate")).to_have_text("0.0 %")
    assert [await chart.evaluate("chart => chart.drawnBefore") for chart in await charts.all()] == [True, True]


async def test_a_page_out_of_sight_is_left_alone(start_console: StartConsole, new_page: NewPage) -> None:
    console = await start_console()
    hidden, seen = await new_page(), await new_page()
    for page in (hidden, seen):
        await page.goto(f"{console.address}/?period=1h&company={SALON}")
        await expect(figure(page, "races-hold")).to_have_text("0")
    await turn(hidden, away=True)
    for count in (1, 2):
        await lost(console.engine, f"held-{count}", "hold", minutes=20)
        await expect(figure(seen, "races-hold")).to_have_text(str(count))
    await expect(figure(hidden, "races-hold")).to_have_text("0")
    await turn(hidden, away=False)
    await expect(figure(hidden, "races-hold")).to_have_text("2")


async def turn(page: Page, *, away: bool) -> None:
    """Let the page believe that it has gone out of sight, or come back."""
    await page.evaluate(
        """away => {
            Object.defineProperty(document, "hidden", { value: away, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        away,
    )


async def test_period_and_company_are_kept_in_the_address(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(seeded.address)
    await page.get_by_role("link", name="7 d", exact=True).click()
    await expect(page).to_have_url(re.compile(r"period=7d"))
    await page.get_by_role("combobox", name="Company").click()
    await page.get_by_role("option", name="Riverside Consulting").click()
    await expect(page).to_have_url(re.compile(rf"period=7d&company={OFFICE}"))
    await expect(figure(page, "calls")).to_have_text("6 calls")
    await page.get_by_role("link", name="by the re-check").click()
    await expect(page).to_have_url(re.compile(rf"/calls\?period=7d&company={OFFICE}&race=1"))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("language", ["de-DE", "en-GB"])
async def test_a_phone_shows_all_of_it_side_by_side_with_nothing(
    seeded: RunningConsole, new_page: NewPage, language: str, dark: bool
) -> None:
    page = await new_page(language, width=390, dark=dark)
    await page.goto(f"{seeded.address}/?period=7d")
    await expect(figure(page, "races")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_figures_stay_greyed_while_the_database_is_away_and_go_on_afterwards(
    database_to_switch_off: DatabaseToSwitchOff, start_console: StartConsole, new_page: NewPage
) -> None:
    console = await start_console(database_to_switch_off.url)
    await booked(console.engine, "before", minutes=5)
    page = await new_page()
    await page.goto(console.address)
    await expect(figure(page, "calls")).to_have_text("1 call")
    banner = page.get_by_role("alert").filter(has_text="The database does not answer just now.")
    await expect(banner).to_be_hidden()

    await database_to_switch_off.goes_away()
    await expect(banner).to_be_visible(timeout=15_000)
    await expect(figure(page, "calls")).to_have_text("1 call")
    await expect(page.locator(".sk-outdated").filter(has=figure(page, "calls"))).to_be_visible()
    newcomer = await new_page()
    await newcomer.goto(console.address)
    await expect(newcomer.get_by_role("alert")).to_be_visible()
    async with httpx.AsyncClient(headers={"Accept-Language": "en"}) as visitor:
        assert (await visitor.get(f"{console.address}/calls.csv")).status_code == 503

    await database_to_switch_off.comes_back()
    await booked(console.engine, "after", minutes=4)
    for each in (page, newcomer):
        await expect(figure(each, "calls")).to_have_text("2 calls", timeout=15_000)
        await expect(each.get_by_role("alert")).to_be_hidden()
        await expect(each.locator(".sk-outdated")).to_have_count(0)


async def test_many_visitors_ask_the_database_once_a_second(store_with: StoreWith) -> None:
    engine = store_with("catalog")
    asked = 0

    def count(_: object) -> None:
        nonlocal asked
        asked += 1

    now = NINE
    console = Console(
        settings=Settings(),
        engine=engine,
        client=await Client.connect("127.0.0.1:1", lazy=True),
        directory=Directory(engine, await load_catalog(engine)),
        clock=lambda: now,
    )
    glance = Glance(console)
    event.listen(engine.sync_engine, "begin", count)
    await asyncio.gather(*(glance.at(Choice("24h", SALON)) for _ in range(20)))
    assert asked == 1
    await glance.at(Choice("24h"))
    assert asked == 2
    now += timedelta(seconds=1)
    await asyncio.gather(*(glance.at(Choice("24h", SALON)) for _ in range(20)))
    assert asked == 3
    await close(engine)


async def test_whatever_can_be_pressed_has_a_name(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/?period=7d")
    await expect(figure(page, "races")).to_be_visible()
    assert await nameless(page) == []


def figure(page: Page, name: str) -> Locator:
    return page.locator(f'[data-figure="{name}"]')
