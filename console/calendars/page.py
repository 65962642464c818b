"""Each calendar's day: bookings of ours and live holds, as they come and go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from nicegui import ui
from nicegui.events import ValueChangeEventArguments
from starlette.requests import Request

from console.calendars.day_plan import HOUR, Hours, Lane, Span, day_span, lanes, marks, opening_hours, shown_span
from console.calendars.texts import CALENDARS
from console.call.entries import short, utc
from console.call.texts import clock
from console.console import Console
from console.frame import frame
from console.look import card
from console.masking import MASK
from console.parts import Part, Parts, Tick
from console.period import address
from console.reveal import Reveal
from console.texts.words import WORDS, duration
from console.watch import Watch
from store.agenda import Agenda, agenda, list_calendars
from store.catalog import CatalogBranch, CatalogCompany

PIXELS_PER_HOUR = 76
"""Half an hour has room for two lines."""

YEARS = range(2000, 2101)
"""Days outside of these are nobody's."""

STYLE = """
.sk-bar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; width: 100%; --q-primary: var(--sk-accent); }
.sk-plans { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 260px), 1fr)); gap: 16px;
  width: 100%; align-items: start; }
.sk-plans > div { min-width: 0; max-width: 640px; }
.sk-lines > div { line-height: 22px; }
.sk-plan { position: relative; width: 100%; margin-top: 8px; }
.sk-hour { position: absolute; left: 0; right: 0; border-top: 1px solid var(--sk-line); }
.sk-hour > div { position: absolute; top: -9px; left: 0; width: 42px; font-size: 0.75rem; line-height: 18px;
  color: var(--sk-soft); background: var(--sk-card); font-variant-numeric: tabular-nums; }
.sk-open { position: absolute; left: 46px; right: 0; border-radius: 4px;
  background: color-mix(in srgb, var(--sk-accent) 9%, transparent); }
.sk-blocks { position: absolute; left: 50px; right: 4px; top: 0; bottom: 0; }
.sk-block { position: absolute; overflow: hidden; padding: 1px 8px; border-radius: 6px; font-size: 0.8rem;
  line-height: 1.32; color: var(--sk-ink) !important; text-decoration: none; border: 1px solid var(--sk-accent);
  border-left-width: 4px; background: color-mix(in srgb, var(--sk-accent) 22%, var(--sk-card)); }
.sk-block > div { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.sk-block:hover { box-shadow: 0 0 0 2px color-mix(in srgb, var(--sk-accent) 40%, transparent); }
.sk-block:focus-visible { outline: 2px solid var(--sk-ink); outline-offset: 1px; }
.sk-block-held { border-style: dashed; border-color: var(--sk-warning);
  background: color-mix(in srgb, var(--sk-warning) 14%, var(--sk-card)); }
.sk-block-held.sk-block:hover { box-shadow: 0 0 0 2px color-mix(in srgb, var(--sk-warning) 40%, transparent); }
.sk-now { position: absolute; left: 42px; right: 0; height: 0; border-top: 2px solid var(--sk-bad); z-index: 2;
  pointer-events: none; }
.sk-now::before { content: ""; position: absolute; left: -4px; top: -5px; width: 8px; height: 8px; border-radius: 50%;
  background: var(--sk-bad); }
.sk-strong { font-weight: 600; }
.sk-days { display: flex; align-items: center; }
body.body--dark input { color-scheme: dark; }
"""


def register(console: Console) -> None:
    """Serve the page."""

    @ui.page("/calendars")
    async def page(request: Request) -> None:
        with frame(request, "calendars") as around:
            ui.add_css(STYLE)
            companies = console.companies
            if not companies:
                with card():
                    ui.label(CALENDARS[around.language].no_company).classes("sk-title")
                    ui.label(CALENDARS[around.language].no_company_hint).classes("sk-soft")
                return
            wanted = request.query_params
            company = companies.get(wanted.get("company", "")) or next(iter(companies.values()))
            today = console.clock().astimezone(ZoneInfo(company.timezone)).date()
            day = _day(wanted.get("day", ""), today)
            shown = _Calendars(console, around.language, company, wanted.get("calendar"), day)
            shown.draw_controls(today)
            watch = Watch(around.language)
            with watch.body:
                shown.draw()
            await watch.keep(shown.look, shown.show)


@dataclass(frozen=True)
class _Seen:
    """What was read at a moment: every calendar of the company, and what is in those that are shown."""

    calendars: Sequence[str]
    agendas: Mapping[str, Agenda]
    at: datetime


@dataclass(frozen=True)
class _Block:
    """Something that takes time of a calendar, as the page shows it; ``expires_at`` is set for a hold."""

    span: Span
    lane: Lane
    call_id: str
    what: str
    name: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True)
class _Column:
    """A calendar's plan without what is in it; ``lines`` is how many lines stand above each plan."""

    calendar: str
    hours: tuple[Hours, ...]
    shown: Span
    empty: bool
    lines: int


class _Calendars:
    """The page as one visitor sees it."""

    def __init__(
        self, console: Console, language: str, company: CatalogCompany, calendar: str | None, day: date
    ) -> None:
        self._console = console
        self._language = language
        self._texts = CALENDARS[language]
        self._company = company
        self._calendar = calendar
        self._day = day
        self._zone = ZoneInfo(company.timezone)
        self._services = {service.key: service.name for branch in company.branches for service in branch.services}
        self._blocks: dict[str, list[_Block]] = {}
        self._seen: _Seen | None = None

    def draw_controls(self, today: date) -> None:
        """Draw what is chosen, and the ways to other days."""
        texts, one_day = self._texts, timedelta(days=1)
        with ui.element("div").classes("sk-bar"):
            ui.label(format_date(self._day, texts.day_pattern, locale=self._language)).classes("sk-title").props(
                "role=heading aria-level=1"
            )
            ui.space()
            with ui.element("div").classes("sk-days"):
                self._way("chevron_left", texts.day_before, self._day - one_day)
                ui.button(texts.today, on_click=lambda: self._go(day=today.isoformat())).props("flat dense no-caps")
                self._way("chevron_right", texts.day_after, self._day + one_day)
            ui.input(value=self._day.isoformat(), on_change=self._pick_day).props(
                f'type=date outlined dense debounce=600 aria-label="{texts.day}"'
            )
            companies = {key: company.name for key, company in self._console.companies.items()}
            if len(companies) > 1:
                ui.select(
                    companies,
                    value=self._company.key,
                    on_change=lambda event: self._go(company=str(event.value), calendar=""),
                ).props(f'outlined dense options-dense aria-label="{texts.company}"')
            self._pick = Part(self._draw_pick, "")
            whose = {"company": self._company.key, "day": self._day.isoformat()}
            self._reveal = Reveal(self._console, texts.reveal, whose, lambda: self.show(self._seen))
        whole = day_span(self._day, self._zone)
        hours = (whole.end - whole.start) // HOUR
        with ui.element("div").classes("sk-soft sk-small"):
            ui.label(f"{texts.not_shown} {texts.clock.format(zone=self._zone.key)}")
            if hours != 24:
                ui.label(texts.clocks_change.format(hours=hours)).classes("sk-warning sk-strong")

    def draw(self) -> None:
        """Draw the page without the calendars."""
        self._empty = ui.label(self._texts.no_calendar).classes("sk-card")
        self._columns: Parts[_Column] = Parts(self._draw_column, "sk-plans")

    async def look(self) -> _Seen:
        """Read what is booked and held. Raises ``StoreUnavailable``."""
        engine, company, now = self._console.engine, self._company.key, self._console.clock()
        calendars = await list_calendars(engine, company)
        shown = [self._calendar] if self._calendar in calendars else calendars
        span = day_span(self._day, self._zone)
        agendas = {key: await agenda(engine, company, key, span.start, span.end, now) for key in shown if key}
        return _Seen(calendars, agendas, now)

    def show(self, seen: _Seen | None) -> None:
        """Bring the page up to date."""
        if seen is None:
            return
        self._seen = seen
        self._pick.show(tuple(seen.calendars), seen.at)
        self._empty.set_visibility(not seen.calendars)
        self._blocks = {key: self._blocks_of(found) for key, found in seen.agendas.items()}
        self._columns.show(self._plans(), seen.at)

    def _go(self, **changes: str) -> None:
        here = {"company": self._company.key, "calendar": self._calendar or "", "day": self._day.isoformat()}
        ui.navigate.to(address("/calendars", {name: value for name, value in (here | changes).items() if value}))

    def _pick_day(self, event: ValueChangeEventArguments[str | None]) -> None:
        picked = _day(str(event.value), self._day)
        if picked != self._day:
            self._go(day=picked.isoformat())

    def _way(self, icon: str, name: str, day: date) -> None:
        if day.year in YEARS:
            ui.button(icon=icon, on_click=lambda: self._go(day=day.isoformat())).props(
                f'flat round dense aria-label="{name}"'
            )

    def _branches_of(self, calendar: str) -> list[CatalogBranch]:
        return [b for b in self._company.branches if any(service.calendar == calendar for service in b.services)]

    def _blocks_of(self, found: Agenda) -> list[_Block]:
        texts = self._texts
        blocks = [
            _Block(
                span=Span(booking.starts_at, booking.ends_at),
                lane=Lane(0, 1),
                call_id=booking.call_id,
                what=self._services.get(booking.service, booking.service),
                name=booking.name if self._reveal.revealed else MASK,
            )
            for booking in found.bookings
        ]
        blocks += [
            _Block(
                span=Span(hold.start, hold.end),
                lane=Lane(0, 1),
                call_id=hold.call_id,
                what=texts.held_for.format(call=short(hold.call_id)),
                expires_at=hold.expires_at,
            )
            for hold in found.holds
        ]
        blocks.sort(key=lambda block: (block.span, block.call_id))
        places = lanes([block.span for block in blocks])
        return [replace(block, lane=lane) for block, lane in zip(blocks, places, strict=True)]

    def _plans(self) -> list[_Column]:
        """Return the calendars' plans; all show the same hours, so that what is at the same time is side by side."""
        hours = {
            key: tuple(opening_hours(branch, self._day, self._zone) for branch in self._branches_of(key))
            for key in self._blocks
        }
        open_spans = [span for branches in hours.values() for branch in branches for span in branch.spans]
        taken = [block.span for blocks in self._blocks.values() for block in blocks]
        shown = shown_span(self._day, self._zone, [*open_spans, *taken])
        lines = max((len(branches) + (not self._blocks[key]) for key, branches in hours.items()), default=0)
        return [_Column(key, branches, shown, not self._blocks[key], lines) for key, branches in hours.items()]

    def _clocks(self, span: Span) -> str:
        start, end = (moment.astimezone(self._zone) for moment in span)
        return f"{start:%H:%M}–{end:%H:%M}"

    def _draw_pick(self, calendars: tuple[str, ...]) -> None:
        ui.select(
            {"": self._texts.all_calendars} | {key: key for key in calendars},
            value=self._calendar if self._calendar in calendars else "",
            on_change=lambda event: self._go(calendar=str(event.value)),
        ).props(f'outlined dense options-dense aria-label="{self._texts.calendar}"')

    def _draw_column(self, column: _Column) -> Tick:
        texts, shown = self._texts, column.shown
        with card(column.calendar, ""):
            with ui.element("div").classes("sk-lines sk-soft sk-small").style(f"min-height: {22 * column.lines}px"):
                for branch in column.hours:
                    hours = ", ".join(self._clocks(span) for span in branch.spans)
                    ui.label((texts.open if hours else texts.closed).format(branch=branch.branch, hours=hours))
                if column.empty:
                    ui.label(texts.nothing)
            with ui.element("div").classes("sk-plan").style(f"height: {_pixels(shown.end - shown.start)}px"):
                for branch in column.hours:
                    for span in branch.spans:
                        place = (
                            f"top: {_pixels(span.start - shown.start)}px; height: {_pixels(span.end - span.start)}px"
                        )
                        ui.element("div").classes("sk-open").style(place)
                for mark in marks(shown, self._zone):
                    with ui.element("div").classes("sk-hour").style(f"top: {_pixels(mark.at - shown.start)}px"):
                        name = f"{mark.label} {mark.at.astimezone(self._zone):%Z}" if mark.twice else mark.label
                        ui.label(name).props(f'title="{utc(mark.at)}"')
                now_line = ui.element("div").classes("sk-now").props(f'title="{texts.now}"')
                blocks: Parts[_Block] = Parts(lambda block: self._draw_block(block, shown.start), "sk-blocks")

        def tick(now: datetime) -> None:
            now_line.set_visibility(shown.start <= now < shown.end)
            now_line.style(f"top: {_pixels(now - shown.start)}px")
            blocks.show(self._blocks[column.calendar], now)

        return tick

    def _draw_block(self, block: _Block, begin: datetime) -> Tick | None:
        span, lane = block.span, block.lane
        top, height = _pixels(span.start - begin), max(18, _pixels(span.end - span.start) - 2)
        place = f"top: {top}px; height: {height}px; left: {100 * lane.place / lane.of:.2f}%"
        held = "sk-block-held" if block.expires_at else ""
        with (
            ui.link(target=f"/calls/{block.call_id}")
            .classes(f"sk-block {held}")
            .style(f"{place}; width: calc({100 / lane.of:.2f}% - 3px)")
        ):
            clocks = self._clocks(span)
            first = ui.label(f"{clocks if lane.of == 1 else clocks.partition('–')[0]} {block.what}")
            first.classes("sk-strong").tooltip(f"{clocks} {block.what}")
            line = ui.label(block.name)
        expires_at = block.expires_at
        if expires_at is None:
            return None
        until = self._texts.until.format(time=clock(expires_at, self._zone))

        def tick(now: datetime) -> None:
            left = duration(max(0, round((expires_at - now).total_seconds())), WORDS[self._language])
            line.set_text(f"{self._texts.left.format(left=left)}, {until}")

        return tick


def _pixels(span: timedelta) -> int:
    return round(span / HOUR * PIXELS_PER_HOUR)


def _day(text: str, otherwise: date) -> date:
    """Return the day of an ISO text; ``otherwise`` for what is none, or far away."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return day if day.year in YEARS else otherwise
