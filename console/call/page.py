"""One call: what it came to and why, and everything that happened on the way."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nicegui import ui
from starlette.requests import Request

from console.call import entries
from console.call.entries import Pen, utc
from console.call.gist import OtherCall, Piece, gist
from console.call.rivals import Rival, rivals
from console.call.texts import CALL, clock
from console.call.timeline import Ended, Entry, Said, Told, timeline
from console.console import Console
from console.frame import frame
from console.look import CAUGHT, QUIET, card
from console.masking import MASK, mask
from console.parts import Part, Parts, Tick
from console.reveal import Reveal
from console.texts.words import OUTCOME_TONES, WORDS, duration
from console.watch import Watch
from store.call_story import CallStory, call_story
from store.catalog import CatalogService
from store.errors import StoreUnavailable
from store.holds import Holds, LiveHold

_CALL_ID = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
"""What the ids of calls are made of; nothing else is looked for."""

_SETTLED = timedelta(seconds=10)
"""So long after its end nothing more comes to a call."""

STYLE = """
.sk-spot { width: 10px; height: 10px; border-radius: 50%; }
.sk-gist { font-size: 1.15rem; line-height: 1.55; max-width: 78ch; }
.sk-gist a, .sk-link { color: var(--sk-accent); text-decoration: underline; text-underline-offset: 2px; }
.sk-bar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; width: 100%; --q-primary: var(--sk-accent); }
.sk-columns { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); gap: 16px; width: 100%;
  align-items: start; }
.sk-column { display: flex; flex-direction: column; gap: 16px; }
.sk-facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 6px 14px; width: 100%; margin: 0; }
.sk-facts dt { color: var(--sk-soft); } .sk-facts dd { margin: 0; overflow-wrap: anywhere; }
.sk-entry { display: flex; flex-wrap: wrap; gap: 2px 10px; padding: 6px 0; width: 100%; align-items: baseline;
  font-variant-numeric: tabular-nums; border-top: 1px solid var(--sk-line); }
.sk-page a:focus-visible { outline: 2px solid var(--sk-accent); outline-offset: 2px; border-radius: 3px; }
@media (max-width: 1023px) { .sk-columns { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 599px) { .sk-gist { font-size: 1.05rem; } }
"""


def register(console: Console) -> None:
    """Serve the page."""

    @ui.page("/calls/{call_id}")
    async def page(request: Request, call_id: str) -> None:
        with frame(request, "calls") as around:
            ui.add_css(STYLE + entries.STYLE)
            shown = _CallPage(console, around.language, call_id)
            try:
                exists = bool(_CALL_ID.fullmatch(call_id)) and await call_story(console.engine, call_id) is not None
            except StoreUnavailable:
                exists = True
            if not exists:
                ui.status_code(404)
                shown.draw_no_such_call()
                return
            ui.page_title(f"{shown.texts.title} {call_id} · Slotkeeper")
            watch = Watch(around.language)
            with watch.body:
                shown.draw()
            await watch.keep(shown.look, shown.show)


@dataclass(frozen=True)
class _Seen:
    """What was read of the call, and of its calendar, at a moment."""

    story: CallStory
    holds: Sequence[LiveHold]
    rivals: dict[int, Rival]
    at: datetime


@dataclass(frozen=True)
class _Booked:
    """A booking as the page shows it."""

    start: datetime
    service: str
    name: str
    email: str | None
    uid: str
    recovered: bool


class _CallPage:
    """The page as one visitor sees it."""

    def __init__(self, console: Console, language: str, call_id: str) -> None:
        self.texts = CALL[language]
        self._console = console
        self._language = language
        self._words = WORDS[language]
        self._call_id = call_id
        self._zone = console.zone_of(None)
        self._pen = Pen(call_id, self.texts, language, self._zone, console.clock())
        self._seen: _Seen | None = None

    def draw_no_such_call(self) -> None:
        with card():
            ui.label(self.texts.no_such_call).classes("sk-title").props("role=heading aria-level=1")
            ui.label(self.texts.no_such_call_hint).classes("sk-soft")
            ui.link(self.texts.back, "/calls").classes("sk-link")

    def draw(self) -> None:
        """Draw the page without the call."""
        texts = self.texts
        with ui.element("div").classes("sk-bar"):
            ui.link(f"‹ {texts.back}", "/calls").classes("sk-link")
            ui.label(self._call_id).classes("sk-soft sk-small").style("overflow-wrap: anywhere")
            ui.space()
            whose = {"call_id": self._call_id}
            self._reveal = Reveal(self._console, texts.reveal, whose, lambda: self.show(self._seen))
            temporal = self._console.workflow_url(self._call_id)
            ui.button(texts.temporal, icon="open_in_new").props(f'flat no-caps dense href="{temporal}" target=_blank')
        with card():
            self._chips = Part(self._draw_chips, "sk-bar")
            self._gist = Part(self._draw_gist)
        with ui.element("div").classes("sk-columns"):
            with card(texts.timeline, classes=""):
                self._entries: Parts[Entry] = Parts(lambda entry: self._pen.entry(entry))
            with ui.element("div").classes("sk-column"):
                with card(texts.facts, classes=""):
                    self._facts = Part(self._draw_facts)
                with card(texts.holds_now, classes=""):
                    self._no_holds = ui.label(texts.no_holds).classes("sk-soft")
                    self._holds = Parts(self._draw_hold)
                with card(texts.bookings, classes=""):
                    self._no_bookings = ui.label(texts.no_bookings).classes("sk-soft")
                    self._bookings = Parts(self._draw_booking)

    async def look(self) -> _Seen | None:
        """Read what there is to know; a call that is over is read no more. Raises ``StoreUnavailable``."""
        engine, now, before = self._console.engine, self._console.clock(), self._seen
        ended_at = before.story.call.ended_at if before else None
        over = ended_at is not None and now > ended_at + _SETTLED
        story = before.story if before and over else await call_story(engine, self._call_id)
        if story is None:
            return None
        holds = (
            [] if story.calendar is None else await Holds(engine, lambda: now).live(story.call.company, story.calendar)
        )
        if before and over and all(rival.fate != "holds" for rival in before.rivals.values()):
            faster = before.rivals
        else:
            faster = await rivals(engine, story, self._services(story), now)
        return _Seen(story, holds, faster, now)

    def show(self, seen: _Seen | None) -> None:
        """Bring the page up to date."""
        if seen is None:
            return
        self._seen, story = seen, seen.story
        self._zone = self._console.zone_of(story.call.company)
        self._pen = replace(self._pen, zone=self._zone, now=story.call.started_at)
        self._chips.show(self._stands_out(story), seen.at)
        told = gist(story, seen.at, self._zone, self._language, self._veil, seen.rivals)
        self._gist.show(tuple(told), seen.at)
        self._entries.show([self._veiled(e) for e in timeline(story, seen.at, seen.rivals)], seen.at)
        self._facts.show(self._known(story), seen.at)
        self._no_holds.set_visibility(not seen.holds)
        self._holds.show(list(seen.holds), seen.at)
        self._no_bookings.set_visibility(not story.bookings)
        self._bookings.show(self._booked(story), seen.at)

    def _veil(self, text: str) -> str:
        if self._reveal.revealed or self._seen is None:
            return text
        story = self._seen.story
        named = [story.customer_name, story.call.caller_number]
        named += [part for booking in story.bookings for part in (booking.name, booking.email)]
        return mask(text, [secret for secret in named if secret])

    def _veiled(self, entry: Entry) -> Entry:
        match entry:
            case Said():
                return replace(entry, words=tuple((field, self._veil(words)) for field, words in entry.words))
            case Told(message=str(message)):
                return replace(entry, message=self._veil(message))
            case Ended(reason=str(reason)):
                return replace(entry, reason=self._veil(reason))
            case _:
                return entry

    def _hidden(self, secret: str | None) -> str | None:
        return secret if self._reveal.revealed or secret is None else MASK

    def _services(self, story: CallStory) -> dict[str, CatalogService]:
        company = self._console.companies.get(story.call.company)
        branches = [branch for branch in company.branches if branch.key == story.call.branch] if company else []
        return {service.key: service for branch in branches for service in branch.services}

    def _service_name(self, story: CallStory, key: str) -> str:
        service = self._services(story).get(key)
        return service.name if service else key

    def _stands_out(self, story: CallStory) -> tuple[tuple[str, str, str], ...]:
        """Return the words that stand out at the top: text, class, colour."""
        call, words = story.call, self._words
        chips = [(words.outcome.get(call.outcome, call.outcome), OUTCOME_TONES.get(call.outcome, ""), "")]
        if call.race_caught_at:
            caught = words.caught.get(call.race_caught_at, call.race_caught_at)
            chips.append((self.texts.faster.format(caught=caught), "", CAUGHT.get(call.race_caught_at, QUIET)))
        if call.ended_at is None:
            chips.append((self.texts.in_progress, "sk-accent", ""))
        return tuple(chips)

    def _known(self, story: CallStory) -> tuple[tuple[str, str], ...]:
        call, texts, words = story.call, self.texts, self._words
        company = self._console.companies.get(call.company)
        branches = {branch.key: branch.name for branch in company.branches} if company else {}
        lasted = (call.ended_at - call.started_at).total_seconds() if call.ended_at else None
        began = call.started_at.astimezone(self._zone)
        facts = {
            texts.company: company.name if company else call.company,
            texts.branch: branches.get(call.branch, call.branch),
            texts.service: self._service_name(story, call.service) if call.service else None,
            texts.began: f"{self._pen.moment(call.started_at)}{began::%S}",
            texts.duration: texts.in_progress if lasted is None else duration(lasted, words),
            texts.gap: None if call.gap_seconds is None else duration(call.gap_seconds, words),
            texts.race: words.caught.get(call.race_caught_at or "", texts.nobody_faster),
            texts.caller: self._hidden(call.caller_number) or texts.withheld,
            texts.customer: self._hidden(story.customer_name),
            "": texts.clock.format(zone=self._zone.key),
        }
        return tuple((label, value) for label, value in facts.items() if value)

    def _booked(self, story: CallStory) -> list[_Booked]:
        return [
            _Booked(
                start=booking.starts_at,
                service=self._service_name(story, booking.service),
                name=self._hidden(booking.name) or "",
                email=self._hidden(booking.email),
                uid=booking.uid,
                recovered=booking.recovered,
            )
            for booking in story.bookings
        ]

    def _draw_chips(self, chips: tuple[tuple[str, str, str], ...]) -> None:
        for text, tone, colour in chips:
            with ui.element("div").classes(f"sk-chip {tone}"):
                if colour:
                    ui.element("span").classes("sk-spot").style(f"background: {colour}")
                ui.label(text)

    def _draw_gist(self, pieces: tuple[Piece, ...]) -> None:
        with ui.element("p").classes("sk-gist").props("role=status").style("margin: 0"):
            for piece in pieces:
                if isinstance(piece, OtherCall):
                    self._pen.call(piece.call_id)
                else:
                    ui.label(piece).style("display: inline; white-space: pre-wrap")

    def _draw_facts(self, facts: tuple[tuple[str, str], ...]) -> None:
        with ui.element("dl").classes("sk-facts"):
            for label, value in facts:
                if not label:
                    continue
                with ui.element("dt"):
                    ui.label(label)
                with ui.element("dd"):
                    ui.label(value)
        for label, value in facts:
            if not label:
                ui.label(value).classes("sk-soft sk-small")

    def _draw_hold(self, hold: LiveHold) -> Tick:
        with ui.element("div").classes("sk-entry"):
            ui.label(self._pen.moment(hold.start)).classes("sk-strong").props(f'title="{utc(hold.start)}"')
            self._pen.call(hold.call_id)
            ui.label(self.texts.until.format(time=clock(hold.expires_at, self._zone))).classes("sk-soft")
            left = ui.label().classes("sk-soft")

        def tick(now: datetime) -> None:
            seconds = max(0, round((hold.expires_at - now).total_seconds()))
            left.set_text(self.texts.left.format(left=duration(seconds, self._words)))

        return tick

    def _draw_booking(self, booking: _Booked) -> None:
        with ui.element("div").classes("sk-entry"):
            ui.label(self._pen.moment(booking.start)).classes("sk-strong").props(f'title="{utc(booking.start)}"')
            ui.label(booking.service)
            ui.label(booking.name)
            if booking.email:
                ui.label(booking.email)
            ui.label(booking.uid).classes("sk-soft sk-small").style("overflow-wrap: anywhere")
