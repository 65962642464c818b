"""The list of calls, and the same calls as a file."""

import asyncio
import csv
import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import expect

from console.shared import Shared
from tests.browser import nameless
from tests.console.conftest import (
    CALLER,
    CATALOG,
    OFFICE,
    SALON,
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

NINE = datetime(2031, 10, 16, 7, 0, tzinfo=UTC)
SOMEBODY_ELSE = "+4915199999999"
FORMULA = '=HYPERLINK("http://example.com")'
STILL_THERE = "2"
"""What the server asks the browser from time to time (a ping of Engine.IO)."""

MANY = 120
"""More calls than two pages hold."""


@pytest.fixture(scope="module")
async def seeded(console: RunningConsole) -> RunningConsole:
    """Five calls of the last hour, one of which asked for nothing, and many of the last days."""
    engine = console.engine
    booked = a_call("call-booked", moments_ago(minutes=50), took=timedelta(seconds=95))
    await keep(engine, booked, a_question(booked, NINE), a_yes(booked, NINE, gap=14))
    race = a_call("call-race", moments_ago(minutes=40), caller_number=SOMEBODY_ELSE)
    await keep(engine, race, a_question(race, NINE), a_lost_race(race, NINE, "recheck", gap=31))
    hung_up = a_call("call-hung-up", moments_ago(minutes=30), company=OFFICE, outcome="hung_up")
    await keep(engine, hung_up, a_question(hung_up, NINE))
    strange = a_call(FORMULA, moments_ago(minutes=20), company=OFFICE, outcome="silent", caller_number=None)
    await keep(engine, strange)
    now = a_call("call-now", moments_ago(seconds=30), outcome="waiting_for_yes", took=None)
    await keep(engine, now, a_question(now, NINE))
    for number in range(MANY):
        call = a_call(f"old-{number:03d}", moments_ago(days=2, minutes=number), outcome="hung_up")
        await keep(engine, call)
    return console


async def listed(http: httpx.AsyncClient, **query: str) -> list[str]:
    """Return the ids of the calls on the page, as they stand in it before its first script runs."""
    answer = await http.get(f"/calls?{urlencode(query)}")
    assert answer.status_code == 200
    return [found.replace("\\", "") for found in re.findall(r'\{"call_id":"((?:[^"\\]|\\")*)"', answer.text)]


async def exported(http: httpx.AsyncClient, **query: str) -> list[Mapping[str, str]]:
    answer = await http.get(f"/calls.csv?{urlencode(query)}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_the_latest_call_stands_first(seeded: RunningConsole, http: httpx.AsyncClient) -> None:
    assert await listed(http, period="1h") == ["call-now", FORMULA, "call-hung-up", "call-race", "call-booked"]


async def test_a_call_is_told_in_one_line(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls?period=1h&text=call-race")
    cells = page.locator("tr.sk-call td")
    await expect(cells).to_have_count(8)
    shown = [(await cell.inner_text()).strip() for cell in await cells.all()]
    assert shown[1:] == [
        "Salon Beispiel",
        "Herrenhaarschnitt",
        "Thu 16 Oct 2031 09:00",
        "booked",
        "by the re-check",
        "31 s",
        "1 min 10 s",
    ]
    await page.goto(f"{seeded.address}/calls?period=1h&text=call-now")
    await expect(page.locator("tr.sk-call")).to_contain_text("going on")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"text": "CALL-RACE"}, ["call-race"]),
        ({"text": "riverside"}, [FORMULA, "call-hung-up"]),
        ({"text": "CONSULTATION"}, ["call-hung-up"]),
        ({"text": "herrenhaar"}, ["call-now", "call-race", "call-booked"]),
        ({"text": "Schneiden"}, ["call-now", "call-race", "call-booked"]),
        ({"text": "haarschnitt"}, ["call-now", "call-race", "call-booked"]),
        ({"text": " Salon  Beispiel "}, ["call-now", "call-race", "call-booked"]),
        ({"text": "Riverside Consulting · Main Office"}, [FORMULA, "call-hung-up"]),
        ({"text": "salon-beispiel/zentrale", "race": "1"}, ["call-race"]),
        ({"text": "no such name"}, []),
        ({"text": SOMEBODY_ELSE}, ["call-race"]),
        ({"text": SOMEBODY_ELSE[:-1]}, []),
        ({"text": "%"}, []),
        ({"company": OFFICE}, [FORMULA, "call-hung-up"]),
        ({"outcome": "hung_up"}, ["call-hung-up"]),
        ({"race": "1"}, ["call-race"]),
        ({"race": "1", "company": OFFICE}, []),
        ({"sort": "gap_seconds", "race": "0", "company": SALON}, ["call-race", "call-booked", "call-now"]),
        ({"sort": "company", "order": "up", "outcome": "booked"}, ["call-booked", "call-race"]),
    ],
)
async def test_calls_are_found_and_sorted(
    seeded: RunningConsole, http: httpx.AsyncClient, query: dict[str, str], found: list[str]
) -> None:
    assert await listed(http, period="1h", **query) == found


OF_LAST_YEAR = {
    "before-midnight": "2025-10-13T23:59:59+02:00",
    "at-midnight": "2025-10-14T00:00:00+02:00",
    "at-10:11": "2025-10-14T10:11:59+02:00",
    "at-10:12": "2025-10-14T10:12:00+02:00",
    "at-10:14": "2025-10-14T10:14:30+02:00",
    "at-10:16": "2025-10-14T10:16:59+02:00",
    "at-10:17": "2025-10-14T10:17:00+02:00",
    "last-of-the-day": "2025-10-14T23:59:59+02:00",
    "day-after": "2025-10-15T00:00:00+02:00",
    "put-back-first": "2025-10-26T02:30:00+02:00",
    "put-back-again": "2025-10-26T02:30:00+01:00",
    "last-of-25-hours": "2025-10-26T23:59:00+01:00",
}
OF_THE_14TH = ["last-of-the-day", "at-10:17", "at-10:16", "at-10:14", "at-10:12", "at-10:11", "at-midnight"]
ABOUT_10_14 = ["at-10:16", "at-10:14", "at-10:12"]


@pytest.fixture(scope="module")
async def with_last_year(seeded: RunningConsole) -> RunningConsole:
    """Calls of more than thirty days ago besides, named for when they began in Berlin."""
    for call_id, began in OF_LAST_YEAR.items():
        await keep(seeded.engine, a_call(call_id, datetime.fromisoformat(began)))
    return seeded


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"day": "2025-10-14"}, OF_THE_14TH),
        ({"day": "2025-10-14", "time": "10:14"}, ABOUT_10_14),
        ({"day": "2025-10-14", "time": "10:14", "company": SALON, "period": "15m"}, ABOUT_10_14),
        ({"day": "2025-10-14", "text": "10:14"}, ABOUT_10_14),
        ({"day": "2025-10-14", "text": "10.14 Uhr"}, ABOUT_10_14),
        ({"day": "2025-10-14", "time": "09:00", "text": "10:14"}, ABOUT_10_14),
        ({"day": "2025-10-14", "time": "10:14", "text": "10:16"}, ["at-10:17", "at-10:16", "at-10:14"]),
        ({"day": "2025-10-14", "time": "10:14", "text": "at-10:1", "outcome": "hung_up"}, []),
        ({"day": "2025-10-14", "time": "25:00"}, OF_THE_14TH),
        ({"day": "2025-10-26", "time": "02:30"}, ["put-back-again", "put-back-first"]),
        ({"day": "2025-10-26"}, ["last-of-25-hours", "put-back-again", "put-back-first"]),
        ({"day": "2024-10-14"}, []),
    ],
)
async def test_calls_of_any_day_are_found_by_the_clock(
    with_last_year: RunningConsole, http: httpx.AsyncClient, query: dict[str, str], found: list[str]
) -> None:
    assert await listed(http, **query) == found
    assert [line["call_id"] for line in await exported(http, **query)] == found


@pytest.mark.parametrize("day", ["", "yesterday", "2025-02-30", "0001-01-01", "9999-12-31", "\0"])
async def test_a_day_that_is_none_lists_the_usual(seeded: RunningConsole, http: httpx.AsyncClient, day: str) -> None:
    assert await listed(http, period="1h", day=day) == await listed(http, period="1h")


async def test_a_time_alone_is_the_latest_the_clock_has_shown(seeded: RunningConsole, http: httpx.AsyncClient) -> None:
    began = moments_ago(minutes=40).astimezone(ZoneInfo("Europe/Berlin"))
    for query in ({"time": f"{began:%H:%M}"}, {"text": f"{began:%H.%M} Uhr"}):
        assert await listed(http, **query) == ["call-race"]


async def test_a_day_is_on_the_clock_of_the_company(start_console: StartConsole, tmp_path: Path) -> None:
    german, american = CATALOG.read_text().rsplit("Europe/Berlin", 1)
    catalog = tmp_path / "two-clocks.toml"
    catalog.write_text(f"{german}America/New_York{american}")
    console = await start_console(catalog=catalog)
    for company in (SALON, OFFICE):
        await keep(console.engine, a_call(company, datetime(2025, 10, 14, 3, 30, tzinfo=UTC), company=company))
    async with httpx.AsyncClient(base_url=console.address, headers={"Accept-Language": "en"}) as http:
        assert await listed(http, day="2025-10-14", time="05:30") == [SALON, OFFICE]
        assert await listed(http, day="2025-10-13", time="23:30", company=OFFICE) == [OFFICE]
        assert await listed(http, day="2025-10-14", company=OFFICE) == []


async def test_a_day_takes_the_place_of_the_period_until_it_is_cleared(
    with_last_year: RunningConsole, new_page: NewPage
) -> None:
    page = await new_page()
    await page.goto(f"{with_last_year.address}/calls?period=1h&page=2")
    await page.get_by_label("Day", exact=True).fill("2025-10-14")
    await expect(page.locator("tr.sk-call")).to_have_count(len(OF_THE_14TH))
    await expect(page).to_have_url(re.compile(r"\?period=1h&day=2025-10-14$"))
    await expect(page.get_by_text("7 calls on Tue 14 Oct 2025")).to_be_visible()
    await expect(page.get_by_role("navigation", name="Period")).to_be_hidden()
    await page.get_by_label("Time", exact=True).fill("10:14")
    await expect(page.get_by_text("3 calls on Tue 14 Oct 2025 between 10:12 and 10:17")).to_be_visible()
    await page.get_by_role("link", name="Clear the day").click()
    await expect(page).to_have_url(re.compile(r"\?period=1h$"))
    await expect(page.get_by_role("navigation", name="Period")).to_be_visible()


async def test_a_time_is_typed_where_one_searches(with_last_year: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{with_last_year.address}/calls?day=2025-10-14")
    await page.get_by_role("searchbox", name="Search").fill("10.14 Uhr")
    await page.keyboard.press("Enter")
    await expect(page.locator("tr.sk-call")).to_have_count(3)
    await expect(page.get_by_label("Time", exact=True)).to_have_value("10:14")
    await expect(page.get_by_role("searchbox", name="Search")).to_have_value("")


async def test_many_visitors_of_one_listing_ask_the_database_once_a_second() -> None:
    now, asked = NINE, list[str]()

    async def read(wanted: str, at: datetime) -> str:
        asked.append(wanted)
        return f"{wanted} at {at}"

    shared = Shared(read, lambda: now)
    assert set(await asyncio.gather(*(shared.at("races") for _ in range(20)))) == {f"races at {NINE}"}
    await shared.at("all")
    assert asked == ["races", "all"]
    now += timedelta(seconds=1)
    assert await shared.at("races") == f"races at {now}"
    assert asked == ["races", "all", "races"]


async def test_an_address_that_makes_no_sense_lists_the_usual(seeded: RunningConsole, http: httpx.AsyncClient) -> None:
    usual = await listed(http)
    nonsense = {
        "period": "1000000h",
        "company": "'; DROP TABLE call",
        "outcome": "\x00",
        "sort": "caller_number",
        "order": "sideways",
    }
    for page in ("-1", "0", "one", "²", "1e3", ""):
        assert await listed(http, **nonsense, page=page) == usual


async def test_pages_are_turned_over(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls?period=7d&outcome=hung_up")
    await expect(page.locator("tr.sk-call")).to_have_count(50)
    await expect(page.get_by_text(f"{MANY + 1} calls in the last 7 days")).to_be_visible()
    await expect(page.get_by_role("link", name="Previous page")).to_be_hidden()
    for number in (2, 3):
        await page.get_by_role("link", name="Next page").click()
        await expect(page.get_by_text(f"Page {number} of 3")).to_be_visible()
    await expect(page.locator("tr.sk-call")).to_have_count(MANY + 1 - 100)
    await expect(page.get_by_role("link", name="Next page")).to_be_hidden()
    await page.go_back()
    await expect(page.get_by_text("Page 2 of 3")).to_be_visible()


async def test_a_page_past_the_last_leads_back(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls?period=7d&page=99999")
    await page.get_by_role("link", name="Previous page").click()
    await expect(page.get_by_text("Page 3 of 3")).to_be_visible()


async def test_a_search_stands_in_the_address(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls?period=1h")
    await page.get_by_role("searchbox", name="Search").fill("riverside")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/calls\?period=1h&text=riverside$"))
    await expect(page.locator("tr.sk-call")).to_have_count(2)
    await page.get_by_role("combobox", name="Outcome").click()
    await page.get_by_role("option", name="hung up").click()
    await expect(page).to_have_url(re.compile(r"text=riverside&outcome=hung_up$"))
    await expect(page.locator("tr.sk-call")).to_have_count(1)
    await page.get_by_role("button", name="Clear the search").click()
    await expect(page).to_have_url(re.compile(r"period=1h&outcome=hung_up$"))
    await page.get_by_text("races only").click()
    await expect(page.get_by_text("No calls found in the last hour")).to_be_visible()


async def test_a_column_sorts_one_way_and_then_the_other(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls?period=1h&company={SALON}")
    for order, first in (("descending", "call-race"), ("ascending", "call-booked")):
        await page.get_by_role("link", name="Thinking time").click()
        await expect(page.locator(f'th[aria-sort="{order}"]')).to_have_text(re.compile("Thinking time"))
        await expect(page.locator("tr.sk-call").first).to_have_attribute("data-call", first)


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
async def test_a_row_leads_to_the_call(seeded: RunningConsole, new_page: NewPage, by: str) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls?period=1h&text=call-race")
    link = page.locator("tr.sk-call a")
    await expect(link).to_be_visible()
    if by == "mouse":
        # The link lies over the whole row: it is pressed four cells further on.
        here, there = await link.bounding_box(), await page.locator("tr.sk-call td").nth(4).bounding_box()
        assert here
        assert there
        await link.click(position={"x": there["x"] - here["x"] + 5, "y": 5})
    else:
        await link.focus()
        await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{seeded.address}/calls/call-race")


async def test_a_list_that_has_not_changed_is_not_drawn_anew(seeded: RunningConsole, new_page: NewPage) -> None:
    """Whoever stands on a row stays there, and a press is not lost: a row drawn anew is another row."""
    page = await new_page()
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    await page.goto(f"{seeded.address}/calls?period=1h&text=call-race")
    await expect(page.locator("tr.sk-call")).to_have_count(1)
    async with asyncio.timeout(30):
        # The server asks every four seconds whether the browser is there, and reads the list every three.
        while frames.count(STILL_THERE) < 3:
            await page.wait_for_timeout(100)
    first, last = frames.index(STILL_THERE), len(frames) - frames[::-1].index(STILL_THERE)
    assert set(frames[first:last]) == {STILL_THERE}


async def test_a_new_call_appears_by_itself(console: RunningConsole, seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls?period=15m&text=just-begun")
    await expect(page.get_by_text("No calls found in the last 15 minutes")).to_be_visible()
    await keep(console.engine, a_call("just-begun", moments_ago(seconds=1), outcome="open", took=None))
    await expect(page.locator("tr.sk-call")).to_have_count(1, timeout=15_000)
    await keep(console.engine, a_call("just-begun", moments_ago(seconds=1), outcome="cancelled", revision=2))
    await expect(page.locator("tr.sk-call")).to_contain_text("cancelled", timeout=15_000)


async def test_nobody_s_number_is_on_the_page(seeded: RunningConsole, http: httpx.AsyncClient) -> None:
    html = (await http.get("/calls?period=30d")).text + (await http.get("/calls.csv?period=30d")).text
    assert "call-race" in html
    for number in (CALLER, SOMEBODY_ELSE):
        assert number.lstrip("+") not in html


async def test_moments_are_shown_on_the_clock_of_each_company(start_console: StartConsole, tmp_path: Path) -> None:
    german, american = CATALOG.read_text().rsplit("Europe/Berlin", 1)
    catalog = tmp_path / "two-clocks.toml"
    catalog.write_text(f"{german}America/New_York{american}")
    console = await start_console(catalog=catalog)
    for company in (SALON, OFFICE):
        call = a_call(f"of-{company}", moments_ago(minutes=5), company=company)
        await keep(console.engine, call, a_question(call, NINE))
    async with httpx.AsyncClient(base_url=console.address, headers={"Accept-Language": "en"}) as http:
        both, office = [(await http.get(f"/calls?{query}")).text for query in ("", f"company={OFFICE}")]
        lines = await exported(http)
    assert "Times: Europe/Berlin" in both
    assert '"wished_start":"Thu 16 Oct 2031 09:00"' in both
    assert '"wished_start":"Thu 16 Oct 2031 03:00 America/New_York"' in both
    assert "Times: America/New_York" in office
    assert '"wished_start":"Thu 16 Oct 2031 03:00"' in office
    assert {line["company"]: line["wished_start"] for line in lines} == {
        SALON: "2031-10-16T09:00:00.000+02:00",
        OFFICE: "2031-10-16T03:00:00.000-04:00",
    }


async def test_what_is_filtered_can_be_taken_along(seeded: RunningConsole, http: httpx.AsyncClient) -> None:
    (race,) = await exported(http, period="1h", race="1")
    assert list(race) == [
        "call_id",
        "started_at",
        "ended_at",
        "company",
        "branch",
        "service",
        "wished_start",
        "booked_start",
        "outcome",
        "race_caught_at",
        "gap_seconds",
        "duration_seconds",
    ]
    started_at, ended_at = (datetime.fromisoformat(race[name]) for name in ("started_at", "ended_at"))
    assert started_at.tzinfo is not None
    assert ended_at - started_at == timedelta(seconds=70)
    assert (race["company"], race["branch"], race["service"]) == (SALON, "zentrale", "haarschnitt")
    assert (race["outcome"], race["race_caught_at"]) == ("booked", "recheck")
    assert (race["gap_seconds"], race["duration_seconds"]) == ("31.000", "70.000")
    assert datetime.fromisoformat(race["wished_start"]) == NINE


async def test_the_file_holds_all_pages(seeded: RunningConsole, http: httpx.AsyncClient) -> None:
    lines = await exported(http, period="7d", outcome="hung_up", page="2")
    assert [line["call_id"] for line in lines] == ["call-hung-up", *(f"old-{number:03d}" for number in range(MANY))]


async def test_no_call_makes_a_file_with_its_columns_alone(seeded: RunningConsole, http: httpx.AsyncClient) -> None:
    answer = await http.get("/calls.csv?text=nosuch")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith("call_id,started_at,")
    assert len(answer.text.splitlines()) == 1


async def test_no_cell_is_a_formula(seeded: RunningConsole, http: httpx.AsyncClient) -> None:
    lines = await exported(http, period="1h", text="HYPERLINK")
    assert [line["call_id"] for line in lines] == [f"'{FORMULA}"]


async def test_the_button_downloads_what_is_seen(seeded: RunningConsole, new_page: NewPage, tmp_path: Path) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls?period=1h&race=1")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="As CSV").click()
    file = await download.value
    assert file.suggested_filename == "calls.csv"
    await file.save_as(tmp_path / "calls.csv")
    content = (tmp_path / "calls.csv").read_text()
    assert "call-race" in content
    assert "call-booked" not in content


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("language", ["de-DE", "en-GB"])
async def test_a_phone_shows_each_call_as_a_card(
    seeded: RunningConsole, new_page: NewPage, language: str, dark: bool
) -> None:
    page = await new_page(language, width=390, dark=dark)
    await page.goto(f"{seeded.address}/calls?period=1h&company={OFFICE}")
    await expect(page.locator("tr.sk-call")).to_have_count(2)
    await expect(page.locator("tr.sk-call").first).to_have_css("display", "grid")
    await expect(
        page.locator("tr.sk-call").first.get_by_text("Wunschtermin" if language == "de-DE" else "Wished slot")
    ).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_whatever_can_be_pressed_has_a_name(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls?period=7d&text=old&page=2")
    await expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    assert await nameless(page) == []
