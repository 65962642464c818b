"""The page *Try it*: a phone, what may be done behind its back, and what happens behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import httpx
from nicegui import ui
from nicegui.events import ValueChangeEventArguments
from pydantic import SecretStr
from starlette.requests import Request

from console.console import Console
from console.frame import frame
from console.look import card, chip
from console.parts import Part
from console.period import address
from console.texts.words import WORDS
from console.try_it import chat, traffic
from console.try_it.agent import Agent
from console.try_it.chat import Chat
from console.try_it.mischief import NobodyThere, PlayCalendar, kill_workers, plays_calendar
from console.try_it.phone import CALLERS, LONGEST_WISH, WITHHELD, Exchange, Line, Offer
from console.try_it.texts import TRY_IT, TryItTexts, fault_choices, speech_of
from console.try_it.traffic import Traffic
from starter.agent.tools import ON_THE_WAY_SECONDS
from store.catalog import CatalogBranch

LONGEST_NAME = 100

Played = TypeVar("Played")
Act: TypeAlias = Callable[[], Awaitable[None]]


def register(console: Console) -> None:
    """Serve the page."""

    @ui.page("/try")
    async def page(request: Request) -> None:
        with frame(request, "try_it") as around:
            texts, settings = TRY_IT[around.language], console.settings
            if settings.try_it_webhook_url is None or settings.retell_api_key is None:
                needed = {
                    "TRY_IT_WEBHOOK_URL": settings.try_it_webhook_url,
                    "RETELL_API_KEY": settings.retell_api_key,
                }
                with card():
                    missing = ", ".join(name for name, value in needed.items() if value is None)
                    ui.label(texts.missing.format(names=missing))
            elif not console.companies:
                with card(texts.no_business):
                    ui.label(texts.no_business_hint).classes("sk-soft")
            else:
                ui.add_css(chat.STYLE + traffic.STYLE)
                TryIt(console, texts, around.language, settings.try_it_webhook_url, settings.retell_api_key)


class TryIt:
    """One visitor's phone. What it knows of the call is gone with the visit; leaving the page hangs up."""

    def __init__(self, console: Console, texts: TryItTexts, language: str, url: str, key: SecretStr) -> None:
        """Draw the page, with nobody on the phone; calls go to the webhook at ``url``, signed with ``key``."""
        self._console, self._texts, self._language = console, texts, language
        self._url, self._key = url, key
        self._calendar = PlayCalendar(console.settings.calcom_base_url) if plays_calendar(console.settings) else None
        self._branches = {
            f"{company.key}/{branch.key}": branch
            for company in console.companies.values()
            for branch in company.branches
        }
        self._caller = next(iter(CALLERS))
        self._name = CALLERS[self._caller].name
        # Whoever speaks the visitor's language is rung up first.
        self._branch_key = min(self._branches, key=lambda key: self._branches[key].company.language != language)
        self._service_key = self._usual_service()
        self._agreed = self._calendar is not None
        self._fault = ""
        self._agent: Agent | None = None
        self._on_line = self._busy = False
        self._http = httpx.AsyncClient(
            base_url=url, timeout=console.settings.answer_budget_seconds + ON_THE_WAY_SECONDS
        )
        self._client = ui.context.client
        self._client.on_delete(self._left)
        self._draw()
        self._show()

    @property
    def _branch(self) -> CatalogBranch:
        return self._branches[self._branch_key]

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._branch.company.timezone)

    @property
    def _now(self) -> datetime:
        return self._console.clock().astimezone(self._zone)

    def _usual_service(self) -> str:
        return (self._branch.default_service or self._branch.services[0]).key

    def _draw(self) -> None:
        texts = self._texts
        with ui.element("div").classes("sk-grid").style("align-items: start"):
            with card(classes="sk-8"):
                self._phone = Part(self._draw_phone)
            with ui.column().classes("sk-4 w-full").style("gap: 16px"):
                if self._console.settings.embedded_stack:
                    with card(texts.mischief):
                        self._draw_mischief()
                with card(texts.behind):
                    self._links = Part(self._draw_links)
                    self._traffic = Traffic(texts, WORDS[self._language])

    def _show(self) -> None:
        """Bring the page up to date with what is known."""
        agent, now = self._agent, self._now
        self._phone.show((agent, self._caller, self._branch_key, self._agreed), now)
        spoken_of = agent.spoken_of.astimezone(self._zone).date().isoformat() if agent and agent.spoken_of else ""
        self._links.show((agent.line.call_id, spoken_of) if agent else None, now)
        if self._calendar:
            self._stranger.show(agent.offers[0] if agent and agent.offers and self._on_line else None, now)
        if agent:
            self._who.set_text(f"{agent.name} · {agent.service.name}")
            self._state.show(self._on_line, now)
            self._wish.set_visibility(self._on_line)
            self._answers.show((agent.offers, agent.name, self._on_line, self._busy), now)

    def _draw_phone(self, _: object) -> None:
        with ui.column().classes("w-full sk-phone"):
            if self._agent is None:
                self._draw_setup()
            else:
                self._draw_call(self._agent)

    def _draw_setup(self) -> None:
        texts = self._texts
        with ui.column().style("gap: 0"):
            ui.label(texts.how_to).classes("sk-title")
            if self._calendar:
                ui.label(texts.then).classes("sk-title sk-soft")
        ui.label(texts.who_calls).classes("sk-card-title q-mt-sm")
        with ui.element("div").classes("sk-answers"):
            for key, somebody in CALLERS.items():
                chosen = key == self._caller
                button = ui.button(
                    f"{somebody.name} · {texts.callers[key]}",
                    icon="phone_disabled" if somebody.number == WITHHELD else "person",
                    on_click=partial(self._choose_caller, key),
                    color=None,
                )
                button.props(f"unelevated no-caps aria-pressed={chosen}" if chosen else "outline no-caps")
                button.classes("sk-first" if chosen else "")
        with ui.element("div").classes("sk-grid").style("gap: 8px 16px"):
            branches = {key: self._called(branch) for key, branch in self._branches.items()}
            whom = ui.select(branches, label=texts.whom, value=self._branch_key, on_change=self._choose_branch)
            whom.props(f'hint="{self._branch.phone_numbers[0]}"').classes("sk-4")
            services = {service.key: service.name for service in self._branch.services}
            ui.select(services, label=texts.what, value=self._service_key, on_change=self._choose_service).classes(
                "sk-4"
            )
            name = ui.input(texts.called_name, value=self._name, on_change=self._choose_name)
            name.props(f"maxlength={LONGEST_NAME}").classes("sk-4")
        if self._calendar is None:
            with ui.column().classes("sk-warning q-mt-sm").style("gap: 0").props("role=alert"):
                ui.label(texts.real)
                ui.checkbox(texts.real_agreed, value=self._agreed, on_change=self._agree_to_it)
        dial = ui.button(texts.dial, icon="call", on_click=self._dial).classes("q-mt-sm").style("border-radius: 999px")
        dial.props("unelevated no-caps padding='10px 26px'").set_enabled(self._agreed)

    def _called(self, branch: CatalogBranch) -> str:
        siblings = [other for other in self._branches.values() if other.company == branch.company]
        return f"{branch.company.name} · {branch.name}" if len(siblings) > 1 else branch.company.name

    def _draw_call(self, agent: Agent) -> None:
        with ui.row().classes("items-center w-full no-wrap").style("gap: 12px"):
            with ui.column().style("gap: 0"):
                ui.label(agent.branch.company.name).classes("sk-card-title")
                self._who = ui.label().classes("sk-soft sk-small")
            ui.space()
            self._state = Part(self._draw_state, "row items-center no-wrap")
        self._chat = Chat()
        self._answers = Part(self._draw_answers)
        self._wish = ui.input(self._texts.wish).props(f"outlined dense maxlength={LONGEST_WISH}").classes("w-full")
        self._wish.on("keydown.enter", self._says_wish)
        with self._wish.add_slot("append"):
            ui.button(icon="send", on_click=self._says_wish).props(f'flat round dense aria-label="{self._texts.say}"')

    def _draw_state(self, on_line: bool) -> None:
        # Another language, another page: leaving hangs up, so the browser asks first.
        ui.run_javascript(f"window.onbeforeunload = {'event => event.preventDefault()' if on_line else 'null'}")
        if on_line:
            chip(self._texts.in_call, "sk-good")
            hang_up = ui.button(icon="call_end", on_click=self._hang_up, color="negative").classes("q-ml-md")
            hang_up.props(f'round unelevated aria-label="{self._texts.hang_up}"').tooltip(self._texts.hang_up)
        else:
            chip(self._texts.over, "sk-soft")

    def _draw_answers(self, _: object) -> None:
        agent = self._agent
        if agent is None:
            return
        with ui.element("div").classes("sk-answers"):
            for words, is_first, act in self._likely_answers(agent):
                answer = ui.button(words, on_click=act, color=None).classes("sk-first" if is_first else "")
                answer.props("unelevated no-caps" if is_first else "outline no-caps").set_enabled(not self._busy)

    def _likely_answers(self, agent: Agent) -> list[tuple[str, bool, Act]]:
        """Return what may well be said now: what is on the button, whether it is what most would say, what it does."""
        if not self._on_line:
            return [(self._texts.call_again, True, self._begin_anew)]
        speech = speech_of(agent.branch.company.language)
        answers: list[tuple[str, bool, Act]] = []
        for offer in agent.offers:
            start = offer.start.astimezone(self._zone)
            words = (speech.takes if offer.id else speech.yes).format(time=speech.time(start.time()), name=agent.name)
            label = speech.moment(start) if offer.id else words
            answers.append((label, True, partial(self._agrees, agent, words, offer)))
        if agent.offers:
            answers.append((speech.something_else, False, partial(self._declines, agent, speech.something_else)))
        elif agent.has_booked:
            answers.append((speech.goodbye, True, partial(self._says, agent, speech.goodbye)))
        wishes = [speech.hour_later] if agent.offers else speech.wishes(agent.branch, self._now)
        return answers + [(wish, False, partial(self._says, agent, wish)) for wish in wishes]

    def _draw_mischief(self) -> None:
        texts = self._texts
        if self._calendar:
            self._stranger = Part(self._draw_stranger)
            ui.label(texts.stranger_hint).classes("sk-soft sk-small")
            self._behaviour = ui.select(
                fault_choices(texts), label=texts.calendar, value=self._fault, on_change=self._choose_fault
            ).classes("w-full")
            ui.label(texts.calendar_of_all).classes("sk-soft sk-small")
        kill = ui.button(texts.kill, icon="power_off", on_click=self._kill_worker, color=None)
        kill.props("outline no-caps align=left").classes("sk-wide sk-bad")

    def _draw_stranger(self, offer: Offer | None) -> None:
        texts = self._texts
        label = texts.stranger.format(time=self._time_of(offer)) if offer else texts.stranger_needs_offer
        stranger = ui.button(label, icon="directions_run", on_click=self._stranger_books, color=None)
        stranger.props("outline no-caps align=left").classes("sk-wide sk-warning").set_enabled(offer is not None)

    def _draw_links(self, call: tuple[str, str] | None) -> None:
        if call is None:
            return
        call_id, day = call
        calendars = {"company": self._branch.company.key} | ({"day": day} if day else {})
        traffic.draw_links(
            {
                self._texts.call_page: f"/calls/{call_id}",
                self._texts.call_calendars: address("/calendars", calendars),
                self._texts.call_temporal: self._console.workflow_url(call_id),
            }
        )

    def _choose_caller(self, key: str) -> None:
        self._caller, self._name = key, CALLERS[key].name
        self._show()

    def _choose_branch(self, event: ValueChangeEventArguments[str]) -> None:
        self._branch_key = event.value
        self._service_key = self._usual_service()
        self._show()

    def _choose_service(self, event: ValueChangeEventArguments[str]) -> None:
        self._service_key = event.value

    def _choose_name(self, event: ValueChangeEventArguments[str | None]) -> None:
        self._name = event.value or ""

    def _agree_to_it(self, event: ValueChangeEventArguments[bool | None]) -> None:
        self._agreed = bool(event.value)
        self._show()

    async def _dial(self) -> None:
        if not self._agreed:
            return
        somebody, branch = CALLERS[self._caller], self._branch
        self._name = self._name.strip() or somebody.name
        dialled, shown = branch.phone_numbers[0], somebody.rings_from()
        line = Line(self._http, self._key, dialled, shown, self._console.clock, self._traffic.note)
        service = next(service for service in branch.services if service.key == self._service_key)
        agent = self._agent = Agent(line, branch, service, self._name)
        self._on_line = True
        self._traffic.begin(self._zone)
        await self._listen(agent, agent.picks_up())

    async def _begin_anew(self) -> None:
        self._agent = None
        self._show()

    async def _says_wish(self) -> None:
        words = (self._wish.value or "").strip()
        if words and self._agent and self._on_line and not self._busy:
            self._wish.set_value("")
            await self._says(self._agent, words)

    async def _says(self, agent: Agent, words: str) -> None:
        self._chat.caller(words)
        if agent.hears_goodbye(words):
            await self._hang_up()
        else:
            await self._listen(agent, agent.hears(words, self._now))

    async def _agrees(self, agent: Agent, words: str, offer: Offer) -> None:
        self._chat.caller(words)
        await self._listen(agent, agent.confirms(offer))

    async def _declines(self, agent: Agent, words: str) -> None:
        self._chat.caller(words)
        await self._listen(agent, agent.looks_elsewhere())

    async def _listen(self, agent: Agent, answers: AsyncIterator[Exchange]) -> None:
        """Let the caller hear what is answered, unless he has hung up meanwhile."""
        self._busy = True
        self._show()
        waiting = self._chat.agent(agent.while_looking, waiting=True)
        over = booked = False
        async for answer in answers:
            if self._client.is_deleted or self._agent is not agent or not self._on_line:
                return
            waiting.delete()
            if agent.is_instruction(answer):
                self._chat.note(self._texts.to_the_agent.format(message=answer.message))
            words = agent.says(answer)
            if answer.trouble and not words:
                status = f" (HTTP {answer.http_status})" if answer.http_status else ""
                self._chat.trouble(self._texts.trouble[answer.trouble].format(url=self._url, status=status))
            else:
                self._chat.agent(words)
            if answer.is_pending:
                waiting = self._chat.agent(agent.while_looking, waiting=True)
            over, booked = answer.ends_the_call, answer.is_booked
        self._busy = False
        if over:
            await self._hang_up()
        self._show()
        if booked and self._fault == "lost":
            self._behaviour.set_value("")

    async def _hang_up(self) -> None:
        self._on_line = self._busy = False
        self._show()
        if self._agent:
            await self._agent.line.ended()

    async def _left(self) -> None:
        """The page is gone: so is the caller, and what was done to the calendar for his sake."""
        if self._on_line and self._agent:
            self._on_line = False
            await self._agent.line.ended()
        await self._http.aclose()
        if self._fault and self._calendar:
            with suppress(NobodyThere):  # nobody is left to be told
                await self._calendar.fails(None)

    async def _stranger_books(self) -> None:
        agent = self._agent
        if self._calendar and agent and agent.offers:
            offer = agent.offers[0]
            taken = await self._play(self._calendar.strangers_book(agent.service, offer.start))
            if taken is not None:
                told = self._texts.stranger_did if taken else self._texts.stranger_refused
                self._aside(told.format(time=self._time_of(offer)))

    async def _choose_fault(self, event: ValueChangeEventArguments[str]) -> None:
        self._fault = event.value
        if self._calendar:
            await self._play(self._calendar.fails(self._fault or None))
            self._aside(f"{self._texts.calendar}: {fault_choices(self._texts)[self._fault]}")

    async def _kill_worker(self) -> None:
        killed = await self._play(kill_workers(self._console.client))
        if killed is not None:
            pids = ", ".join(map(str, killed))
            self._aside(self._texts.killed.format(pids=pids) if killed else self._texts.nobody_to_kill)

    async def _play(self, prank: Awaitable[Played]) -> Played | None:
        """Return what came of it; ``None`` after saying that nobody answered."""
        try:
            return await prank
        except NobodyThere:
            self._aside(self._texts.mischief_away)
            return None

    def _time_of(self, offer: Offer) -> str:
        return speech_of(self._language).time(offer.start.astimezone(self._zone).time())

    def _aside(self, words: str) -> None:
        """Tell what nobody on the phone notices."""
        if self._agent is None:
            ui.notify(words)
        else:
            self._chat.aside(words)
            self._traffic.aside(self._now, words)
