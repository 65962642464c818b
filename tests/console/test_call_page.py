"""The page of a call: what it tells, what it hides, and how it stays up to date."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import Page, expect

from store.holds import Holds
from store.replies import add_replies
from store.tables import Booking, Call, Reply, Turn
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

BERLIN = ZoneInfo("Europe/Berlin")
NINE = datetime(2031, 10, 16, 7, 0, tzinfo=UTC)
NAME, NUMBER, EMAIL = "Hansi Schuster", "+4915550177123", "hansi.schuster@example.com"
SENTENCE = f"Der Termin ist noch frei. Darf ich ihn auf Ihren Namen, {NAME}, buchen?"
SECRETS = ("hansi", "schuster", "4915550177123", "15550177123")


def a_booking(call: Call, start: datetime, name: str = NAME, email: str | None = EMAIL) -> Booking:
    return Booking(
        uid=f"uid-{call.call_id}",
        call_id=call.call_id,
        company=call.company,
        service="haarschnitt",
        calendar="dr-smith",
        starts_at=start,
        ends_at=start + timedelta(minutes=30),
        name=name,
        email=email,
    )


def a_reply(call: Call, turn_id: str | None, message: str, **differing: object) -> Reply:
    usual: dict[str, object] = {
        "call_id": call.call_id,
        "company": call.company,
        "branch": call.branch,
        "at": call.started_at + timedelta(seconds=10.5),
        "function": "check_availability",
        "turn_id": turn_id,
        "status": "available",
        "message": message,
        "words": {"day": "am sechzehnten", "time_of_day": "um neun"},
        "seconds": 0.5,
    }
    return Reply.model_validate(usual | differing)


@pytest.fixture(scope="module")
async def seeded(console: RunningConsole) -> RunningConsole:
    """A call that was booked under a name, one that lost a race against it, and one of another company."""
    engine = console.engine
    booked = a_call("call-booked", moments_ago(hours=2), caller_number=NUMBER)
    await keep(engine, booked, a_question(booked, NINE), a_yes(booked, NINE), bookings=(a_booking(booked, NINE),))
    told = a_reply(booked, "turn-0", SENTENCE)
    called = a_reply(booked, None, f"Rufen Sie {NUMBER} an.", status="information", words={"day": f"bei {NAME}"})
    await add_replies(engine, [told, called])
    lost = a_call("call-lost", moments_ago(hours=1), outcome="hung_up")
    await keep(engine, lost, a_question(lost, NINE), a_lost_race(lost, NINE, "recheck"))
    stranger = a_call("call-stranger", moments_ago(hours=1), outcome="hung_up")
    later = NINE + timedelta(days=1)
    await keep(engine, stranger, a_question(stranger, later), a_lost_race(stranger, later, "booking"))
    english = a_call("call-english", moments_ago(hours=1), company=OFFICE)
    await keep(engine, english, a_question(english, NINE), a_yes(english, NINE))
    return console


async def test_the_page_says_at_once_why_the_caller_did_not_get_it(
    seeded: RunningConsole, http: httpx.AsyncClient
) -> None:
    answer = await http.get("/calls/call-stranger")
    assert answer.status_code == 200
    assert "Asked for Fri 17 Oct 2031 09:00" in answer.text
    assert "when it was to be booked somebody had it already in Cal.com, which refused our booking." in answer.text
    assert "Offered 09:30 and 10:00 instead." in answer.text


async def test_the_call_that_was_faster_is_a_click_away(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls/call-lost")
    gist = page.get_by_role("status")
    await expect(gist).to_contain_text("by then call call-booked had it")
    await gist.get_by_role("link", name="call call-booked").click()
    await expect(page).to_have_url(f"{seeded.address}/calls/call-booked")


def a_step(name: str, began: datetime, seconds: float = 0.3) -> dict[str, object]:
    ended = began + timedelta(seconds=seconds)
    return {
        "name": name,
        "began_at": began.isoformat(),
        "ended_at": ended.isoformat(),
        "attempts": 1,
        "failure": None,
    }


def holds_it(call: Call, start: datetime, seconds: float = 120) -> Turn:
    """Return a turn, ten seconds after the call began, that held the moment for so long."""
    asked = call.started_at + timedelta(seconds=10)
    until = asked + timedelta(seconds=seconds)
    return a_question(call, start, held_until=until, steps=[a_step("check_slot", asked)])


def finds_it_held(call: Call, start: datetime) -> Turn:
    """Return a turn, ten seconds after the call began, that was refused because of another call's hold."""
    return a_question(
        call,
        start,
        status="unavailable",
        reason="held_by_another_call",
        race_caught_at="hold",
        hold="held_by_another_call",
        steps=[a_step("check_slot", call.started_at + timedelta(seconds=10))],
    )


def hung_up(call: Call, after: timedelta) -> Call:
    """Return the call as it is once its caller has hung up and its hold is let go."""
    ended_at = call.started_at + after
    released = a_step("release_hold", ended_at + timedelta(milliseconds=20))
    ended = a_call(call.call_id, call.started_at, outcome="hung_up", took=after, revision=2)
    ended.hang_up_reason, ended.steps = "user_hangup", [released]
    return ended


def on_the_clock(moment: datetime) -> str:
    return f"{moment.astimezone(BERLIN):%H:%M:%S}"


async def test_who_held_it_is_named_long_after_letting_it_go(seeded: RunningConsole, new_page: NewPage) -> None:
    start, began = NINE + timedelta(days=40), moments_ago(hours=3)
    holder = a_call("call-holder", began)
    await keep(seeded.engine, hung_up(holder, timedelta(seconds=50)), holds_it(holder, start))
    refused = a_call("call-refused", began + timedelta(seconds=20), outcome="hung_up")
    await keep(seeded.engine, refused, finds_it_held(refused, start))
    ended = on_the_clock(began + timedelta(seconds=50))
    page = await new_page()
    await page.goto(f"{seeded.address}/calls/call-refused")
    gist = page.get_by_role("status")
    await expect(gist).to_contain_text(
        f"it was free in the calendar, but held for call call-holder, which hung up at {ended} without booking it."
    )
    await expect(gist.get_by_role("link", name="call call-holder")).to_have_attribute("href", "/calls/call-holder")
    german = await new_page("de-DE")
    await german.goto(f"{seeded.address}/calls/call-refused")
    told = f"war aber für Anruf call-holder vorgemerkt, der um {ended} auflegte, ohne ihn zu buchen."
    await expect(german.get_by_role("status")).to_contain_text(told)


async def test_what_becomes_of_a_rival_s_hold_is_told_as_it_happens(seeded: RunningConsole, new_page: NewPage) -> None:
    start, began = NINE + timedelta(days=41), moments_ago(seconds=40)
    holder = a_call("call-thinks", began, outcome="waiting_for_yes", took=None)
    await keep(seeded.engine, holder, holds_it(holder, start, 600))
    refused = a_call("call-waits", began + timedelta(seconds=5), outcome="hung_up", took=timedelta(seconds=15))
    await keep(seeded.engine, refused, finds_it_held(refused, start))
    page = await new_page()
    await page.goto(f"{seeded.address}/calls/call-waits")
    gist = page.get_by_role("status")
    await expect(gist).to_contain_text("held for call call-thinks, which still has it.")

    await keep(seeded.engine, hung_up(holder, timedelta(seconds=39)), holds_it(holder, start, 600))
    await expect(gist).to_contain_text("held for call call-thinks, which hung up at")


async def test_nothing_tells_who_called_before_a_click(
    seeded: RunningConsole, http: httpx.AsyncClient, new_page: NewPage
) -> None:
    answer = await http.get("/calls/call-booked")
    received = [answer.text]
    page = await new_page()
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(str(frame))))
    await page.goto(f"{seeded.address}/calls/call-booked")
    await expect(page.get_by_text("Darf ich ihn auf Ihren Namen, •••, buchen?")).to_be_visible()
    received.append(await page.content())
    for text in received:
        assert [secret for secret in SECRETS if secret in text.casefold()] == []


async def test_a_click_shows_names_to_this_view_alone_and_is_logged(seeded: RunningConsole, new_page: NewPage) -> None:
    page, other = await new_page(), await new_page()
    for view in (page, other):
        await view.goto(f"{seeded.address}/calls/call-booked")
    await page.get_by_role("button", name="Show names and numbers").press("Enter")
    await expect(page.get_by_text(SENTENCE)).to_be_visible()
    await expect(page.get_by_text(EMAIL)).to_be_visible()
    await expect(page.get_by_text(NUMBER, exact=True)).to_be_visible()
    await expect(page.get_by_text(f"bei {NAME}")).to_be_visible()
    await expect(other.get_by_text("Ihren Namen, •••, buchen?")).to_be_visible()

    await page.get_by_role("button", name="Hide names and numbers").click()
    await expect(page.get_by_text("Ihren Namen, •••, buchen?")).to_be_visible()
    log = seeded.log.read_text()
    shown = [line for line in map(json.loads, log.splitlines()) if line["event"] == "names shown"]
    assert [(line["operator"], line["call_id"]) for line in shown] == [("loopback", "call-booked")]
    assert [secret for secret in SECRETS if secret in log.casefold()] == []


@pytest.mark.parametrize(
    "hostile",
    ["nobody", "%3Cscript%3Ealert(1)", "%00", "x" * 3000, "'%20OR%201=1--", "%F0%9F%93%9E", "..%5C"],
)
async def test_a_call_nobody_knows_is_not_found(seeded: RunningConsole, http: httpx.AsyncClient, hostile: str) -> None:
    answer = await http.get(f"/calls/{hostile}")
    assert answer.status_code == 404
    assert "There is no such call" in answer.text
    assert "All calls" in answer.text
    assert "alert(1)" not in answer.text
    assert "Traceback" not in answer.text


async def mark(page: Page) -> None:
    """Mark what is on the page, to see whether it stays or is drawn anew."""
    await page.locator(".sk-heard").first.evaluate("element => element.marked = true")


async def is_marked(page: Page) -> bool:
    return bool(await page.locator(".sk-heard").first.evaluate("element => element.marked === true"))


async def test_a_call_in_progress_goes_on_by_itself_and_what_is_there_stays(
    seeded: RunningConsole, new_page: NewPage
) -> None:
    call = a_call("call-live", moments_ago(seconds=20), outcome="waiting_for_yes", took=None)
    asked = a_question(call, NINE + timedelta(days=2))
    await keep(seeded.engine, call, asked)
    await add_replies(seeded.engine, [a_reply(call, "turn-0", "Noch frei.")])
    page = await new_page()
    await page.goto(f"{seeded.address}/calls/call-live")
    await expect(page.get_by_text("thinking for")).to_be_visible()
    await mark(page)

    ended = a_call("call-live", call.started_at, revision=2)
    await keep(
        seeded.engine, ended, a_question(ended, NINE + timedelta(days=2)), a_yes(ended, NINE + timedelta(days=2))
    )
    await expect(page.get_by_role("status")).to_contain_text("Said yes after 14 s; booked.")
    await expect(page.get_by_text("thinking for")).to_be_hidden()
    assert await is_marked(page)


async def test_holds_of_the_calendar_come_count_down_and_go(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls/call-lost")
    await expect(page.get_by_text("Nothing is held just now.")).to_be_visible()
    holds = Holds(seeded.engine)
    start = NINE + timedelta(days=3)
    assert await holds.take(
        company=SALON,
        calendar="dr-smith",
        call_id="call-booked",
        start=start,
        end=start + timedelta(minutes=30),
        seconds=600,
        capacity=1,
    )
    row = page.locator(".sk-entry", has_text="Sun 19 Oct 2031 09:00")
    await expect(row.get_by_role("link", name="call call-booked")).to_have_attribute("href", "/calls/call-booked")
    left = row.get_by_text("left")
    await expect(left).to_contain_text("9 min")
    before = await left.text_content()
    await expect(left).not_to_have_text(before or "")

    await holds.release("call-booked")
    await expect(row).to_be_hidden()


async def test_a_step_an_operator_must_understand_is_told_with_attempts_and_failure(
    seeded: RunningConsole, new_page: NewPage
) -> None:
    call = a_call("call-trouble", moments_ago(minutes=5), outcome="configuration_error")
    at = call.started_at
    failed = {
        "name": "check_slot",
        "began_at": at.isoformat(),
        "ended_at": (at + timedelta(seconds=3.2)).isoformat(),
        "attempts": None,
        "failure": "CalendarNotConfigured",
    }
    twice = failed | {"name": "find_slots", "attempts": 3, "failure": None}
    asked = a_question(call, NINE, steps=[failed, twice], status="error", reason="calendar_unreachable", hold=None)
    await keep(seeded.engine, call, asked)
    page = await new_page("de-DE")
    await page.goto(f"{seeded.address}/calls/call-trouble")
    line = page.get_by_role("listitem").filter(has_text="Termin prüfen")
    await expect(line).to_contain_text("3,2 s")
    await expect(line).to_contain_text("fehlgeschlagen: Cal.com weist unseren Zugang ab")
    await expect(page.get_by_role("listitem").filter(has_text="Freie Termine suchen")).to_contain_text("3 Versuche")
    await expect(page.get_by_role("status")).to_contain_text("Zu tun: prüfen, ob der API-Schlüssel dieser Filiale gilt")
    await expect(page.get_by_text("Was gesagt wurde, ist nicht bekannt: Fehler")).to_be_visible()


async def test_times_are_on_the_branch_s_clock_with_utc_at_hand(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls/call-booked")
    moment = page.locator(".sk-strong", has_text="Thu 16 Oct 2031 09:00").first
    await expect(moment).to_have_attribute("title", "2031-10-16 07:00:00.000 UTC")


async def test_the_way_to_the_workflow_is_on_the_page(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls/call-booked")
    link = page.get_by_role("link", name="Open in Temporal")
    await expect(link).to_have_attribute(
        "href", "http://localhost:8233/namespaces/default/workflows/call%2Fcall-booked"
    )


@pytest.mark.parametrize("dark", [False, True])
async def test_a_phone_shows_all_of_it_side_by_side_with_nothing(
    seeded: RunningConsole, new_page: NewPage, dark: bool
) -> None:
    page = await new_page("de-DE", width=390, dark=dark)
    await page.goto(f"{seeded.address}/calls/call-lost")
    await expect(page.get_by_role("status")).to_contain_text("Fragte um")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_everything_that_can_be_pressed_has_a_name(seeded: RunningConsole, new_page: NewPage) -> None:
    page = await new_page()
    await page.goto(f"{seeded.address}/calls/call-lost")
    await expect(page.get_by_role("button", name="Show names and numbers")).to_be_visible()
    assert await nameless(page) == []


async def test_the_call_stays_greyed_while_the_database_is_away_and_goes_on_afterwards(
    database_to_switch_off: DatabaseToSwitchOff, start_console: StartConsole, new_page: NewPage
) -> None:
    console = await start_console(database_to_switch_off.url)
    call = a_call("call-live", moments_ago(seconds=20), outcome="waiting_for_yes", took=None)
    await keep(console.engine, call, a_question(call, NINE))
    page = await new_page()
    await page.goto(f"{console.address}/calls/call-live")
    banner = page.get_by_role("alert").filter(has_text="The database does not answer just now.")
    await expect(banner).to_be_hidden()

    await database_to_switch_off.goes_away()
    await expect(banner).to_be_visible(timeout=15000)
    await expect(page.get_by_role("status")).to_contain_text("Asked for Thu 16 Oct 2031 09:00")

    await database_to_switch_off.comes_back()
    await expect(banner).to_be_hidden(timeout=15000)
    ended = a_call("call-live", call.started_at, revision=2)
    await keep(console.engine, ended, a_question(ended, NINE), a_yes(ended, NINE))
    await expect(page.get_by_role("status")).to_contain_text("booked.")
