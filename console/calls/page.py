"""The list of calls."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote
from zoneinfo import ZoneInfo

from nicegui import app, ui
from nicegui.events import ValueChangeEventArguments
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from console.calls.day import AFTER, BEFORE, MINUTE, Day, day_of, time_of
from console.calls.export import as_csv
from console.calls.listing import PAGE_SIZE, Listing
from console.calls.texts import CALLS, CallsTexts
from console.console import NOBODYS_ZONE, Console
from console.frame import frame, language_of
from console.look import CAUGHT
from console.period import address, pick_company, pick_period, show_day
from console.shared import Shared
from console.texts.frame import FRAME
from console.texts.words import OUTCOME_TONES, WORDS, duration, moment
from console.watch import Watch
from store.call_list import CallLine, CallPage, SortBy, list_calls
from store.errors import StoreUnavailable

READ_EVERY = 3.0
"""Seconds after which the list is read anew."""

_FROM_A = ("company", "service", "outcome", "race_caught_at")
"""Columns of names: sorted from A on; moments and spans of time from the latest and longest on."""

_STYLE = """
.sk-filters { display: flex; flex-wrap: wrap; gap: 10px 12px; align-items: center; width: 100%; }
.sk-search { flex: 1 1 240px; }
.sk-when { display: flex; flex: 0 1 auto; gap: 12px; }
.sk-day { flex: 1 1 146px; } .sk-time { flex: 1 1 104px; }
.sk-outcome { min-width: 190px; }
body.body--dark .sk-when input { color-scheme: dark; }
.sk-button { display: inline-flex; align-items: center; gap: 6px; padding: 7px 12px; border-radius: 9px;
  border: 1px solid var(--sk-line); color: var(--sk-ink); background: var(--sk-card); text-decoration: none; }
.sk-button:hover { background: var(--sk-ground); }
.sk-button:focus-visible, .sk-calls a:focus-visible { outline: 2px solid var(--sk-accent); outline-offset: 2px; }
.sk-calls { width: 100%; background: var(--sk-card); border: 1px solid var(--sk-line); border-radius: 12px;
  box-shadow: none; color: var(--sk-ink); }
.sk-calls th { font-size: 0.82rem; color: var(--sk-soft); }
.sk-calls th a { color: inherit; text-decoration: none; display: inline-flex; align-items: center; gap: 2px; }
.sk-calls th a:hover, .sk-calls th[aria-sort] a { color: var(--sk-accent); }
.sk-calls td { font-size: 0.9rem; font-variant-numeric: tabular-nums; }
.sk-calls th, .sk-calls td { border-color: var(--sk-line) !important; }
.sk-calls tr.sk-call { position: relative; }
.sk-calls tr.sk-call td { position: static; }
.sk-calls tr.sk-call td::before { display: none; }
.sk-calls tr.sk-call:hover { background: var(--sk-ground); }
.sk-open { color: var(--sk-accent); font-weight: 600; text-decoration: none; }
.sk-open::after { content: ""; position: absolute; inset: 0; }
.sk-label { display: none; }
.sk-mark { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
@media (max-width: 799px) {
  .sk-search, .sk-when { flex-basis: 100%; }
  .sk-calls { background: none; border: none; }
  .sk-calls thead { display: none; }
  .sk-calls tbody { display: flex; flex-direction: column; gap: 10px; }
  .sk-calls tr.sk-call { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 12px; padding: 12px 14px;
    background: var(--sk-card); border: 1px solid var(--sk-line); border-radius: 12px; height: auto; }
  .sk-calls tr.sk-call td { display: block; padding: 0; height: auto; border: none; white-space: normal;
    text-align: left; }
  .sk-calls tr.sk-call td:first-child { grid-column: span 2; font-size: 1rem; }
  .sk-calls .sk-label { display: block; font-size: 0.75rem; color: var(--sk-soft); }
}
"""

_HEADER = """
<q-tr :props="props">
  <q-th v-for="column in props.cols" :key="column.name" :props="props" :aria-sort="column.order">
    <a :href="column.href">{{ column.label }}<q-icon v-if="column.order" :name="column.icon" /></a>
  </q-th>
</q-tr>
"""

_BODY = """
<q-tr :props="props" class="sk-call" :data-call="props.row.call_id">
  <q-td v-for="(column, number) in props.cols" :key="column.name" :props="props">
    <span v-if="number" class="sk-label">{{ column.label }}</span>
    <a v-if="number === 0" class="sk-open" :href="props.row.href">{{ column.value }}</a>
    <span v-else-if="column.name === 'outcome'" :class="['sk-chip', props.row.tone]">{{ column.value }}</span>
    <template v-else>
      <span v-if="column.name === 'race_caught_at' && props.row.colour" class="sk-mark"
            :style="{ background: props.row.colour }"></span>{{ column.value }}
    </template>
  </q-td>
</q-tr>
"""


def register(console: Console) -> None:
    """Serve the page, and the same calls as a file."""

    async def read(listing: Listing, now: datetime) -> CallPage:
        wanted = listing.filter(console, now)
        return await list_calls(
            console.engine, wanted, listing.page - 1, PAGE_SIZE, listing.sort, descending=listing.descending
        )

    shared = Shared(read, console.clock)

    @ui.page("/calls")
    async def page(request: Request) -> None:
        listing = Listing.of(request.query_params, console)
        with frame(request, "calls") as around:
            ui.add_css(_STYLE)
            texts = CALLS[around.language]
            with ui.row().classes("w-full items-center gap-3"):
                ui.label(around.texts.calls).classes("sk-title").props("role=heading aria-level=1")
                ui.space()
                unpaged = replace(listing, page=1).query
                pick_company(console, listing.choice, around.language, "/calls", unpaged)
                if listing.day:
                    back = address("/calls", replace(listing, day=None, page=1).query)
                    show_day(listing.day.name(around.language), texts.clear_day, back)
                else:
                    pick_period(listing.choice, around.language, "/calls", unpaged)
            _filters(console, listing, around.language, texts)
            watch = Watch(around.language)
            with watch.body:
                show = _table(console, listing, around.language, texts)
            await watch.keep(lambda: shared.at(listing), show, READ_EVERY)

    @app.get("/calls.csv")
    async def export(request: Request) -> Response:
        wanted = Listing.of(request.query_params, console).filter(console, console.clock())
        lines = as_csv(console, wanted)
        try:
            beginning = [await anext(lines), await anext(lines, "")]
        except StoreUnavailable:
            return PlainTextResponse(FRAME[language_of(request)].database_away, HTTPStatus.SERVICE_UNAVAILABLE)

        async def content() -> AsyncIterator[str]:
            for line in beginning:
                yield line
            async for line in lines:
                yield line

        return StreamingResponse(
            content(),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": "attachment; filename=calls.csv", "Cache-Control": "no-store"},
        )


def _filters(console: Console, listing: Listing, language: str, texts: CallsTexts) -> None:
    zone = console.zone_of(listing.choice.company)
    outcomes = {"": texts.all_outcomes} | dict(WORDS[language].outcome)

    def go(wanted: Listing) -> None:
        ui.navigate.to(address("/calls", replace(wanted, page=1).query))

    def pick_day(event: ValueChangeEventArguments[str | None]) -> None:
        day = day_of(event.value or "")
        if day and listing.day:
            go(replace(listing, day=replace(listing.day, day=day)))
        elif day or not event.value:
            go(replace(listing, day=Day(day, None, zone) if day else None))

    def pick_time(event: ValueChangeEventArguments[str | None]) -> None:
        clock = time_of(event.value or "")
        if listing.day:
            go(replace(listing, day=replace(listing.day, clock=clock)))
        elif clock:
            go(replace(listing, day=Day.latest(clock, zone, console.clock())))

    with ui.element("div").classes("sk-filters").props("role=search"):
        search = ui.input(placeholder=texts.search_hint, value=listing.text).classes("sk-search")
        search.props(f'outlined dense type=search maxlength=100 aria-label="{texts.search}"')
        search.on("keydown.enter", lambda: go(replace(listing, text=search.value or "")))
        with search.add_slot("prepend"):
            ui.icon("search")
        if listing.text:
            with search.add_slot("append"):
                ui.button(icon="close", on_click=lambda: go(replace(listing, text=""))).props(
                    f'flat round dense size=sm aria-label="{texts.clear}"'
                )
        said = listing.day.query if listing.day else {}
        around = texts.around.format(before=BEFORE // MINUTE, after=AFTER // MINUTE)
        with ui.element("div").classes("sk-when"):
            ui.input(value=said.get("day"), on_change=pick_day).classes("sk-day").props(
                f'type=date outlined dense debounce=600 aria-label="{texts.day}" title="{texts.day}"'
            )
            ui.input(value=said.get("time"), on_change=pick_time).classes("sk-time").props(
                f'type=time outlined dense debounce=600 aria-label="{texts.time}" title="{around}"'
            )
        ui.select(
            outcomes,
            value=listing.outcome or "",
            on_change=lambda event: go(replace(listing, outcome=event.value or None)),
        ).props(f'outlined dense options-dense aria-label="{texts.outcome}"').classes("sk-outcome")
        ui.checkbox(
            texts.races_only, value=listing.race, on_change=lambda event: go(replace(listing, race=event.value))
        )
        with ui.link(target=address("/calls.csv", listing.query)).classes("sk-button") as export:
            export.props(f'download=calls.csv title="{texts.by_time}"')
            ui.icon("download")
            ui.label(texts.export)


def _table(console: Console, listing: Listing, language: str, texts: CallsTexts) -> Callable[[CallPage], None]:
    """Draw the list without calls; return what fills it in."""
    within = listing.within(language)
    zone = console.zone_of(listing.choice.company)
    with ui.row().classes("w-full items-center gap-3 sk-soft sk-small"):
        count = ui.label().props('data-figure="calls"')
        ui.space()
        ui.label(texts.times.format(zone=zone.key))
    # Not ``ui.table``: as soon as it is there it reports its pages, is sent a second time, and loses a press meanwhile.
    table = ui.element("q-table").classes("sk-calls").props("flat hide-pagination row-key=call_id")
    table.props.update(columns=_columns(listing, texts), rows=[], pagination={"rowsPerPage": 0})
    table.add_slot("header", _HEADER)
    table.add_slot("body", _BODY)
    with ui.column().classes("sk-card items-center gap-1") as nothing:
        ui.icon("search_off").classes("text-3xl sk-soft")
        ui.label(texts.none.format(within=within)).classes("sk-card-title")
        ui.label(texts.none_hint).classes("sk-soft sk-small")
    with ui.row().classes("w-full items-center justify-center gap-4") as pager:
        back = _turn_over("chevron_left", texts.previous)
        where = ui.label().classes("sk-soft")
        on = _turn_over("chevron_right", texts.next)
    rows_of = _Rows(console, zone, language)

    def show(found: CallPage) -> None:
        pages = max(1, -(-found.total // PAGE_SIZE))
        one = texts.count_one if found.total == 1 else texts.count
        count.set_text(one.format(count=found.total, within=within))
        now = console.clock()
        rows = [rows_of.row(call, now) for call in found.lines]
        if rows != table.props["rows"]:
            table.props["rows"] = rows
        table.set_visibility(bool(rows))
        nothing.set_visibility(not rows)
        pager.set_visibility(pages > 1)
        where.set_text(texts.page.format(page=listing.page, pages=pages))
        for link, page in ((back, min(listing.page - 1, pages)), (on, listing.page + 1)):
            link.set_visibility(1 <= page <= pages)
            to = address("/calls", replace(listing, page=max(page, 1)).query)
            if link.props.get("href") != to:
                link.props["href"] = to

    return show


def _turn_over(icon: str, says: str) -> ui.link:
    with ui.link().classes("sk-button").props(f'aria-label="{says}"') as link:
        ui.icon(icon)
    return link


def _columns(listing: Listing, texts: CallsTexts) -> list[dict[str, str]]:
    """Return the columns; each leads to the list sorted by it, the other way round where it is already."""
    columns = []
    for name, label in texts.columns.items():
        here = listing.sort == name
        descending = not listing.descending if here else name not in _FROM_A
        sorted_so = replace(listing, sort=SortBy(name), descending=descending, page=1)
        column = {"name": name, "label": label, "field": name, "href": address("/calls", sorted_so.query)}
        if here:
            column |= {
                "order": "descending" if listing.descending else "ascending",
                "icon": "arrow_downward" if listing.descending else "arrow_upward",
            }
        columns.append(column | {"align": "left"})
    return columns


class _Rows:
    """Makes rows of calls: with names from the catalog, and moments on each company's own clock."""

    def __init__(self, console: Console, zone: ZoneInfo, language: str) -> None:
        """Write in this language; ``zone`` is the clock that need not be named."""
        self._zone, self._language = zone, language
        self._words, self._texts = WORDS[language], CALLS[language]
        self._companies = console.companies
        self._zone_of = {key: console.zone_of(key) for key in self._companies}
        self._services = {
            (company.key, branch.key, service.key): service.name
            for company in self._companies.values()
            for branch in company.branches
            for service in branch.services
        }

    def row(self, call: CallLine, now: datetime) -> dict[str, str]:
        """Return what the table shows of a call."""
        words = self._words
        row = {
            "call_id": call.call_id,
            "href": f"/calls/{quote(call.call_id, safe='')}",
            "started_at": self._moment(call.started_at, call, now),
            "company": self._place(call),
            "service": self._services.get((call.company, call.branch, call.service or ""), call.service or "–"),
            "wished_start": self._wished(call, now),
            "outcome": words.outcome.get(call.outcome, call.outcome),
            "tone": OUTCOME_TONES.get(call.outcome, "sk-soft"),
            "race_caught_at": "–",
            "gap_seconds": "–" if call.gap_seconds is None else duration(call.gap_seconds, words),
            "duration": self._texts.in_progress
            if call.duration is None
            else duration(call.duration.total_seconds(), words),
        }
        if call.race_caught_at:
            caught = words.caught.get(call.race_caught_at, call.race_caught_at)
            row |= {"race_caught_at": caught, "colour": CAUGHT.get(call.race_caught_at, "")}
        return row

    def _place(self, call: CallLine) -> str:
        company = self._companies.get(call.company)
        if company is None:
            return f"{call.company} · {call.branch}"
        branch = next((branch.name for branch in company.branches if branch.key == call.branch), call.branch)
        return company.name if len(company.branches) == 1 else f"{company.name} · {branch}"

    def _wished(self, call: CallLine, now: datetime) -> str:
        """Return the moment wished for, and the one booked where that is another."""
        moments = dict.fromkeys(at for at in (call.wished_start, call.booked_start) if at)
        return " → ".join(self._moment(at, call, now) for at in moments) or "–"

    def _moment(self, at: datetime, call: CallLine, now: datetime) -> str:
        zone = self._zone_of.get(call.company, NOBODYS_ZONE)
        shown = moment(at.astimezone(zone), self._language, now)
        return shown if zone == self._zone else f"{shown} {zone.key}"
