"""The page *Try it* in a real browser, on a webhook and a Cal.com double that are played."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import Dialog, Page, expect
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from starter.retell import SIGNATURE
from tests.console.conftest import NewPage, RunningConsole, StartConsole
from tests.end_to_end.salon import eventually
from tests.end_to_end.served import served

KEY = "key_of_the_webhook_0"
NINE = datetime(2031, 10, 16, 9, tzinfo=ZoneInfo("Europe/Berlin"))

Start = Callable[..., Awaitable[RunningConsole]]

OFFERED: dict[str, object] = {
    "status": "available",
    "message": "Der Termin um 09:00 Uhr ist noch frei. Soll ich buchen?",
    "requested_start": NINE.isoformat(),
}
TAKEN: dict[str, object] = {
    "status": "slot_taken",
    "message": "Der Termin um 09:00 Uhr wurde gerade vergeben.",
    "alternatives": [{"id": "a1", "start": NINE.replace(hour=10).isoformat()}],
}
BOOKED: dict[str, object] = {"status": "booked", "message": "Perfekt, gebucht.", "start": NINE.isoformat()}


@dataclass
class Surroundings:
    """The webhook and the calendar in one: what they were asked, and what they answer next."""

    answers: list[dict[str, object] | Response] = field(default_factory=list)
    functions: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    mischief: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)
    url: str = ""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Answer at once, until told to wait."""
        self.go_on.set()

    async def function(self, request: Request) -> Response:
        body = await request.body()
        if not SIGNATURE.fits(request.headers, body, SecretStr(KEY), datetime.now(NINE.tzinfo)):
            return Response(status_code=401)
        name = request.path_params["name"]
        self.functions.append((name, json.loads(body)["args"]))
        if name == "check_customer":
            return JSONResponse({"status": "new_customer", "message": "Bitte fragen Sie nach dem Namen."})
        await self.go_on.wait()
        answer = self.answers.pop(0)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    async def event(self, request: Request) -> Response:
        body = await request.body()
        if not SIGNATURE.fits(request.headers, body, SecretStr(KEY), datetime.now(NINE.tzinfo)):
            return Response(status_code=401)
        self.events.append(json.loads(body)["event"])
        return JSONResponse({})

    async def double(self, request: Request) -> Response:
        body = await request.body()
        self.mischief.append((request.method, request.path_params["what"], json.loads(body or b"{}")))
        return JSONResponse({}, 201)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/retell/functions/{name}", self.function, methods=["POST"]),
                Route("/retell/events", self.event, methods=["POST"]),
                Route("/_double/{what}", self.double, methods=["POST", "DELETE"]),
            ]
        )

    async def has_happened(self) -> list[str]:
        return self.events


@pytest.fixture
async def around() -> AsyncIterator[Surroundings]:
    surroundings = Surroundings()
    async with served(surroundings.app) as surroundings.url:
        yield surroundings
        surroundings.go_on.set()


@pytest.fixture
def start(start_console: StartConsole, around: Surroundings) -> Start:
    """Start a console with a phone; ``settings`` are those that differ."""

    async def start_one(**settings: str) -> RunningConsole:
        usual = {
            "RETELL_API_KEY": KEY,
            "TRY_IT_WEBHOOK_URL": around.url,
            "CALCOM_BASE_URL": around.url,
            "EMBEDDED_STACK": "true",
            "TEMPORAL_UI_URL": "http://127.0.0.1:1",
        }
        return await start_console(**(usual | settings))

    return start_one


async def dial(page: Page, console: RunningConsole) -> None:
    await page.goto(f"{console.address}/try")
    await page.get_by_role("button", name="Anrufen", exact=True).click()
    await expect(page.get_by_text("Guten Tag, hier ist Salon Beispiel.")).to_be_visible()


async def asks_for_nine(page: Page) -> None:
    await page.get_by_role("textbox", name="Wunsch oder Antwort").fill("am 16.10.2031 um 9 Uhr")
    await page.keyboard.press("Enter")


async def test_a_call_is_made_with_a_wish_a_stranger_a_yes_and_an_alternative(
    start: Start, new_page: NewPage, around: Surroundings
) -> None:
    around.answers += [OFFERED, TAKEN, BOOKED]
    page = await new_page("de-DE")
    await dial(page, await start())

    await asks_for_nine(page)
    await expect(page.get_by_text("ist noch frei")).to_be_visible()
    await page.get_by_role("button", name="Jemand anderes bucht 09:00").click()
    await expect(page.locator(".sk-aside")).to_have_text(
        "Jemand hat 09:00 im Internet gebucht. Der Anrufer weiß nichts davon."
    )
    await page.get_by_role("button", name="Ja, bitte. Auf den Namen Jürgen Müller.").click()
    await expect(page.get_by_text("wurde gerade vergeben")).to_be_visible()
    await page.get_by_role("button", name="Do. 16.10., 10:00").click()
    await expect(page.get_by_text("Perfekt, gebucht.")).to_be_visible()
    await page.get_by_role("button", name="Vielen Dank, auf Wiederhören!").click()
    await expect(page.get_by_text("Aufgelegt")).to_be_visible()

    assert around.functions == [
        ("check_customer", {}),
        ("check_availability", {"datum": "am 16.10.2031 um 9 Uhr", "dienstleistung": "Herrenhaarschnitt"}),
        ("book_appointment", {"name": "Jürgen Müller"}),
        ("book_appointment", {"name": "Jürgen Müller", "alternative_id": "a1"}),
    ]
    assert around.mischief == [("POST", "book", {"eventTypeId": 900003, "start": NINE.isoformat()})]
    await eventually(around.has_happened, lambda events: events == ["call_started", "call_ended"])


async def test_what_happens_behind_is_written_beside_with_the_ways_to_the_call(
    start: Start, new_page: NewPage, around: Surroundings
) -> None:
    around.answers += [OFFERED]
    page = await new_page("de-DE")
    await dial(page, await start())
    await asks_for_nine(page)

    traffic = page.locator(".sk-traffic")
    await expect(traffic).to_contain_text("check_availability")
    await expect(traffic).to_contain_text("frei")
    await expect(page.locator(".sk-note")).to_have_text("An den Agenten: Bitte fragen Sie nach dem Namen.")
    for name, address in (
        ("Dieser Anruf", r"/calls/try_[0-9a-f]+$"),
        ("Kalender", r"/calendars\?company=salon-beispiel&day=2031-10-16$"),
        ("Temporal UI", r"^http://127.0.0.1:1/namespaces/default/workflows/call%2Ftry_[0-9a-f]+$"),
    ):
        link = page.locator(".sk-links").get_by_role("link", name=name)
        await expect(link).to_have_attribute("href", re.compile(address))


async def test_requests_are_listed_in_the_order_they_were_made_though_the_first_ends_last(
    start: Start, new_page: NewPage, around: Surroundings
) -> None:
    around.answers += [OFFERED]
    page = await new_page("de-DE")
    await dial(page, await start())
    around.go_on.clear()
    await asks_for_nine(page)
    await expect(page.locator(".sk-waiting")).to_be_visible()
    await page.get_by_role("button", name="Auflegen").click()
    names = page.locator(".sk-traffic-name")
    await expect(names).to_have_text(["call_started", "check_customer", "call_ended"])

    around.go_on.set()

    await expect(names).to_have_text(["call_started", "check_customer", "check_availability", "call_ended"])


async def test_the_browser_asks_before_it_leaves_a_call_and_only_then(
    start: Start, new_page: NewPage, around: Surroundings
) -> None:
    page = await new_page("de-DE")
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await dial(page, await start())

    async def dialogs() -> list[str]:
        return asked

    await page.get_by_role("button", name="Sprache").click()
    await page.get_by_text("English", exact=True).click()
    await eventually(dialogs, lambda shown: shown == ["beforeunload"])
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Auflegen").click()
    await expect(page.get_by_text("Aufgelegt")).to_be_visible()
    await page.reload()

    assert asked == ["beforeunload"]
    await expect(page.get_by_role("button", name="Anrufen", exact=True)).to_be_visible()


async def test_on_a_phone_the_chat_comes_into_view_when_a_stranger_has_booked(
    start: Start, new_page: NewPage, around: Surroundings
) -> None:
    around.answers += [OFFERED]
    page = await new_page("de-DE", width=390, height=844)
    await dial(page, await start())
    await asks_for_nine(page)
    stranger = page.get_by_role("button", name="Jemand anderes bucht 09:00")
    await expect(stranger).to_be_visible()
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await expect(page.locator(".sk-said")).not_to_be_in_viewport()

    await stranger.click()

    await expect(page.locator(".sk-aside")).to_be_in_viewport()


async def test_times_are_written_as_the_agent_speaks_them(
    start: Start, new_page: NewPage, around: Surroundings
) -> None:
    around.answers += [OFFERED, TAKEN]
    page = await new_page("en-GB")
    console = await start()
    await page.goto(f"{console.address}/try")
    await page.get_by_role("button", name="Call", exact=True).click()
    await page.get_by_role("textbox", name="A wish or an answer").fill("on 16 October 2031 at 9 AM")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("button", name="A stranger books 9:00 AM")).to_be_visible()
    await page.get_by_role("button", name="Yes, please.").click()

    await expect(page.get_by_role("button", name="Thu, Oct 16, 10:00 AM")).to_be_visible()


async def test_whoever_leaves_the_page_hangs_up_and_the_calendar_recovers(
    start: Start, new_page: NewPage, around: Surroundings
) -> None:
    page = await new_page("de-DE")
    await dial(page, await start())
    await page.get_by_role("combobox", name="Der Kalender").click()
    await page.get_by_role("option", name="antwortet mit HTTP 500").click()
    await expect(page.locator(".sk-aside")).to_contain_text("antwortet mit HTTP 500")
    fault = {"endpoint": "any", "kind": "status", "status": 500, "times": None}
    assert around.mischief == [("DELETE", "faults", {}), ("POST", "faults", fault)]

    await page.close()

    await eventually(around.has_happened, lambda events: events == ["call_started", "call_ended"])

    async def mischief() -> list[tuple[str, str, dict[str, object]]]:
        return around.mischief

    await eventually(mischief, lambda done: done[2:] == [("DELETE", "faults", {})])


@pytest.mark.parametrize(("answer", "told"), [
    (Response("<h1>Bad gateway</h1>", 502), "kein Agent aussprechen kann (HTTP 502)"),
    (Response("hello"), "kein Agent aussprechen kann (HTTP 200)"),
])  # fmt: skip
async def test_an_answer_nobody_can_say_is_told_and_the_call_goes_on(
    start: Start, new_page: NewPage, around: Surroundings, answer: Response, told: str
) -> None:
    around.answers += [answer, OFFERED]
    page = await new_page("de-DE")
    await dial(page, await start())

    await asks_for_nine(page)
    await expect(page.get_by_role("alert")).to_contain_text(told)
    await asks_for_nine(page)

    await expect(page.get_by_text("ist noch frei")).to_be_visible()


@pytest.mark.parametrize(("setting", "told"), [
    ({"RETELL_API_KEY": "another_key_0123456789"}, "RETELL_API_KEY ist hier ein anderer als dort"),
    ({"TRY_IT_WEBHOOK_URL": "http://127.0.0.1:1"}, "Unter http://127.0.0.1:1 ist kein Webhook zu erreichen"),
])  # fmt: skip
async def test_a_call_that_does_not_get_through_says_why_and_can_be_tried_again(
    start: Start, new_page: NewPage, setting: dict[str, str], told: str
) -> None:
    console = await start(**setting)
    page = await new_page("de-DE")
    await page.goto(f"{console.address}/try")

    await page.get_by_role("button", name="Anrufen", exact=True).click()

    await expect(page.get_by_role("alert")).to_contain_text(told)
    await page.get_by_role("button", name="Noch einmal anrufen").click()
    await expect(page.get_by_role("button", name="Anrufen", exact=True)).to_be_visible()


async def test_mischief_that_reaches_nobody_is_told(start: Start, new_page: NewPage, around: Surroundings) -> None:
    around.answers += [OFFERED]
    page = await new_page("de-DE")
    await dial(page, await start(CALCOM_BASE_URL="http://127.0.0.1:1"))
    await asks_for_nine(page)
    away = page.locator(".sk-aside", has_text="keine Antwort von dort")

    await page.get_by_role("button", name="Jemand anderes bucht 09:00").click()
    await expect(away).to_have_count(1)
    await page.get_by_role("button", name="Den Worker abschießen").click()
    await expect(away).to_have_count(2)


async def test_with_a_real_calendar_bookings_are_warned_of_and_agreed_to_and_nothing_can_be_done_to_it(
    start: Start, new_page: NewPage
) -> None:
    console = await start(CALCOM_BASE_URL="https://api.cal.com", EMBEDDED_STACK="false")
    page = await new_page("de-DE")
    await page.goto(f"{console.address}/try")
    call = page.get_by_role("button", name="Anrufen", exact=True)

    await expect(page.get_by_role("alert")).to_contain_text("wirklich gebucht")
    await expect(call).to_be_disabled()
    await expect(page.get_by_text("Unfug")).to_have_count(0)
    await page.get_by_role("checkbox").click()

    await expect(call).to_be_enabled()


async def test_the_first_to_be_rung_up_speaks_the_visitors_language(
    start: Start, new_page: NewPage, around: Surroundings
) -> None:
    console = await start()
    page = await new_page("en-GB")
    await page.goto(f"{console.address}/try")

    await expect(page.get_by_text("Before you say yes, let a stranger take the slot.")).to_be_visible()
    await page.get_by_role("button", name="Call", exact=True).click()

    await expect(page.locator(".sk-agent")).to_have_text(re.compile("Riverside Consulting"))


@pytest.mark.parametrize("missing", ["RETELL_API_KEY", "TRY_IT_WEBHOOK_URL"])
async def test_what_is_missing_for_a_call_is_said(start: Start, missing: str) -> None:
    console = await start(**{missing: ""})
    async with httpx.AsyncClient(base_url=console.address, headers={"Accept-Language": "en"}) as http:
        page = (await http.get("/try")).text

    assert f"this is missing: {missing}." in page


async def test_without_a_catalog_there_is_nobody_to_ring_up(start_console: StartConsole) -> None:
    console = await start_console(catalog=None, RETELL_API_KEY=KEY, TRY_IT_WEBHOOK_URL="http://127.0.0.1:1")
    async with httpx.AsyncClient(base_url=console.address, headers={"Accept-Language": "en"}) as http:
        page = (await http.get("/try")).text

    assert "slotkeeper catalog apply" in page
