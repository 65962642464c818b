"""The calendars' days: the plan itself, and the page that shows what comes and goes on it."""

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import expect

from console.calendars.day_plan import HOUR, Lane, Span, day_span, lanes, marks, opening_hours, shown_span
from store.catalog import load_catalog_file
from store.holds import Holds
from store.tables import Booking
from tests.browser import nameless
from tests.console.conftest import (
    CATALOG,
    OFFICE,
    SALON,
    DatabaseToSwitchOff,
    NewPage,
    RunningConsole,
    StartConsole,
    a_call,
    keep,
    moments_ago,
)

BERLIN = ZoneInfo("Europe/Berlin")
THURSDAY = date(2031, 10, 16)
SPRING_FORWARD, FALL_BACK = date(2031, 3, 30), date(2031, 10, 26)
NAME = "Hansi Schuster"


def at(clock: str, day: date = THURSDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), BERLIN).astimezone(UTC)


def span(start: str, end: str) -> Span:
    return Span(at(start), at(end))


@pytest.mark.parametrize(("day", "hours"), [(THURSDAY, 24), (SPRING_FORWARD, 23), (FALL_BACK, 25)])
def test_a_day_is_as_long_as_it_is(day: date, hours: int) -> None:
    whole = day_span(day, BERLIN)
    assert whole.end - whole.start == hours * HOUR


def test_the_hour_that_does_not_exist_is_not_drawn() -> None:
    names = [mark.label for mark in marks(day_span(SPRING_FORWARD, BERLIN), BERLIN)]
    assert names[:4] == ["00:00", "01:00", "03:00", "04:00"]
    assert names[-1] == "24:00"


def test_the_hour_that_comes_twice_is_drawn_twice() -> None:
    drawn = [(mark.label, mark.twice) for mark in marks(day_span(FALL_BACK, BERLIN), BERLIN)]
    assert drawn[1:5] == [("01:00", False), ("02:00", True), ("02:00", True), ("03:00", False)]


def test_opening_hours_are_those_of_the_weekday() -> None:
    office = load_catalog_file(CATALOG).companies[1].branches[0]
    assert opening_hours(office, date(2031, 10, 13), BERLIN).spans == (
        Span(at("09:00", date(2031, 10, 13)), at("12:00", date(2031, 10, 13))),
        Span(at("13:00", date(2031, 10, 13)), at("17:00", date(2031, 10, 13))),
    )
    assert opening_hours(office, date(2031, 10, 18), BERLIN).spans == ()


@pytest.mark.parametrize(
    ("spans", "shown"),
    [
        ([span("09:00", "18:00")], span("08:00", "19:00")),
        ([span("09:15", "17:40")], span("08:00", "19:00")),
        ([span("00:15", "08:00")], span("00:00", "09:00")),
        ([], span("08:00", "18:00")),
    ],
)
def test_the_hours_around_what_there_is_are_shown(spans: list[Span], shown: Span) -> None:
    assert shown_span(THURSDAY, BERLIN, spans) == shown


def test_a_day_on_which_clocks_change_is_shown_whole() -> None:
    assert shown_span(FALL_BACK, BERLIN, []) == day_span(FALL_BACK, BERLIN)


def test_what_overlaps_stands_side_by_side_and_what_only_touches_does_not() -> None:
    spans = [span("09:00", "10:00"), span("09:30", "10:30"), span("10:00", "11:00"), span("11:00", "12:00")]
    assert lanes(spans) == [Lane(0, 2), Lane(1, 2), Lane(0, 2), Lane(0, 1)]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=12))
def test_no_two_blocks_ever_cover_each_other(pieces: list[tuple[int, int]]) -> None:
    base = at("00:00")
    spans = sorted(
        Span(base + timedelta(minutes=start), base + timedelta(minutes=start + length)) for start, length in pieces
    )
    placed = list(zip(spans, lanes(spans), strict=True))
    for number, (one, lane) in enumerate(placed):
        assert 0 <= lane.place < lane.of
        for other, their_lane in placed[:number]:
            if one.start < other.end and other.start < one.end:
                assert lane.of == their_lane.of
                assert lane.place != their_lane.place


async def booked(console: RunningConsole, call_id: str, start: datetime, company: str = SALON) -> None:
    call = a_call(call_id, moments_ago(hours=1), company=company)
    booking = Booking(
        uid=f"uid-{call_id}",
        call_id=call_id,
        company=company,
        service={SALON: "haarschnitt", OFFICE: "consultation"}[company],
        calendar={SALON: "dr-smith", OFFICE: "consultants"}[company],
        starts_at=start,
        ends_at=start + timedelta(minutes=30),
        name=NAME,
    )
    await keep(console.engine, call, bookings=(booking,))


async def held(console: RunningConsole, call_id: str, start: datetime, seconds: float = 600) -> None:
    assert await Holds(console.engine).take(
        company=SALON,
        calendar="dr-smith",
        call_id=call_id,
        start=start,
        end=start + timedelta(minutes=30),
        seconds=seconds,
        capacity=1,
    )


@pytest.fixture(scope="module")
async def seeded(console: RunningConsole) -> RunningConsole:
    await booked(console, "call-booked", at("09:30"))
    await booked(console, "call-office-1", at("09:00"), OFFICE)
    await booked(console, "call-office-2", at("09:00"), OFFICE)
    return console


async def test_bookings_lead_to_their_calls_and_name_nobody(
    seeded: RunningConsole, http: httpx.AsyncClient, new_page: NewPage
) -> None:
    path = f"/calendars?company={SALON}&day={THURSDAY}"
    answer = await http.get(path)
    assert answer.status_code == 200
    assert NAME not in answer.text
    assert "Only what was booked through Slotkeeper is shown here." in answer.text
    page = await new_page()
    await page.goto(seeded.address + path)
    block = page.get_by_role("link", name="09:30–10:00 Herrenhaarschnitt")
    await expect(block).to_contain_text("•••")
    await expect(block).to_have_attribute("href", "/calls/call-booked")
    await expect(page.get_by_text("Zentrale: 09:00–18:00")).to_be_visible()


async def test_a_click_shows_names_and_is_logged(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calendars?company={SALON}&day={THURSDAY}")
    await page.get_by_role("button", name="Show names").click()
    await expect(page.get_by_role("link", name=NAME)).to_be_visible()
    lines = [json.loads(line) for line in seeded.log.read_text().splitlines()]
    [shown] = [line for line in lines if line["event"] == "names shown"]
    assert (shown["operator"], shown["company"], shown["day"]) == ("loopback", SALON, "2031-10-16")
    assert NAME not in seeded.log.read_text()


async def test_holds_appear_count_down_and_vanish_by_themselves(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page("de-DE")
    await page.goto(f"{seeded.address}/calendars?company={SALON}&day={THURSDAY}")
    await expect(page.locator(".sk-block")).to_have_count(1)
    await page.locator(".sk-block").evaluate("element => element.marked = true")

    await held(seeded, "call-holds", at("11:00"))
    hold = page.get_by_role("link", name="vorgemerkt für Anruf call-holds")
    await expect(hold).to_have_attribute("href", "/calls/call-holds")
    await expect(hold).to_contain_text(re.compile(r"noch 9 min \d\d s, bis \d\d:\d\d:\d\d"))
    before = await hold.text_content()
    await expect(hold).not_to_have_text(before or "")

    await Holds(seeded.engine).release("call-holds")
    await expect(hold).to_be_hidden()
    assert await page.locator(".sk-block").evaluate("element => element.marked")


async def test_bookings_at_the_same_time_stand_side_by_side(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calendars?company={OFFICE}&day={THURSDAY}")
    blocks = page.locator(".sk-block")
    await expect(blocks).to_have_count(2)
    one, other = [await blocks.nth(number).bounding_box() for number in range(2)]
    assert one
    assert other
    assert one["y"] == other["y"]
    assert one["x"] + one["width"] <= other["x"]


async def test_the_day_and_the_company_are_a_step_away(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calendars?company={SALON}&day={THURSDAY}")
    await page.get_by_role("button", name="Day after").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Friday, 17 October 2031")
    await expect(page.get_by_text("Nothing booked, nothing held.")).to_be_visible()
    await page.get_by_label("Day", exact=True).fill("2031-10-26")
    await expect(page.get_by_text("Clocks change on this day: it has 25 hours.")).to_be_visible()
    await page.get_by_role("combobox", name="Company").click()
    await page.get_by_role("option", name="Riverside Consulting").click()
    await expect(page).to_have_url(re.compile(f"company={OFFICE}.*day=2031-10-26"))
    await expect(page.get_by_text("consultants")).to_be_visible()


async def test_today_has_a_line_for_now(start_console: StartConsole, new_page: NewPage) -> None:
    console = await start_console()
    now = datetime.now(UTC)
    await booked(console, "call-now", now)
    page = await new_page()
    await page.goto(f"{console.address}/calendars?company={SALON}&day={now.astimezone(BERLIN).date()}")
    await expect(page.locator(".sk-now").first).to_be_visible()
    await page.goto(f"{console.address}/calendars?company={SALON}&day={THURSDAY}")
    await expect(page.locator(".sk-plan").first).to_be_visible()
    await expect(page.locator(".sk-now").first).to_be_hidden()


@pytest.mark.parametrize(
    "query", ["company=nobody", "day=0001-01-01", "day=9999-12-31", "day=%00", "calendar=../x", "day=2000-01-01"]
)
async def test_an_address_that_makes_no_sense_shows_what_is_usual(
    seeded: RunningConsole, http: httpx.AsyncClient, query: str
) -> None:
    answer = await http.get(f"/calendars?{query}")
    assert answer.status_code == 200
    assert "dr-smith" in answer.text


async def test_without_a_catalog_the_page_says_how_to_get_one(start_console: StartConsole, new_page: NewPage) -> None:
    console = await start_console(catalog=None)
    page = await new_page()
    await page.goto(f"{console.address}/calendars")
    await expect(page.get_by_text("There is no company yet")).to_be_visible()
    await expect(page.get_by_text("slotkeeper catalog apply")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
async def test_a_phone_shows_all_of_it_side_by_side_with_nothing(
    seeded: RunningConsole, new_page: NewPage, dark: bool
) -> None:
    page = await new_page("de-DE", width=390, dark=dark)
    await page.goto(f"{seeded.address}/calendars?company={SALON}&day={THURSDAY}")
    await expect(page.get_by_role("link", name="09:30–10:00")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_everything_that_can_be_pressed_has_a_name(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calendars?company={SALON}&day={THURSDAY}")
    await expect(page.get_by_role("link", name="09:30–10:00")).to_be_visible()
    assert await nameless(page) == []


async def test_the_day_stays_greyed_while_the_database_is_away_and_goes_on_afterwards(
    database_to_switch_off: DatabaseToSwitchOff, start_console: StartConsole, new_page: NewPage
) -> None:
    console = await start_console(database_to_switch_off.url)
    await booked(console, "call-booked", at("09:30"))
    page = await new_page()
    await page.goto(f"{console.address}/calendars?company={SALON}&day={THURSDAY}")
    banner = page.get_by_role("alert").filter(has_text="The database does not answer just now.")
    await expect(banner).to_be_hidden()

    await database_to_switch_off.goes_away()
    await expect(banner).to_be_visible(timeout=15000)
    await expect(page.get_by_role("link", name="09:30–10:00")).to_be_visible()

    await database_to_switch_off.comes_back()
    await expect(banner).to_be_hidden(timeout=15000)
    await booked(console, "call-later", at("14:00"))
    await expect(page.get_by_role("link", name="14:00–14:30")).to_be_visible()
