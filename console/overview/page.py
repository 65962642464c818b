"""The first page: how the calls are going, live."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from babel.numbers import format_percent
from nicegui import ui
from starlette.requests import Request

from console.console import Console
from console.frame import frame
from console.look import CAUGHT, card
from console.overview.charts import STYLE, Chart, Line, Rate, Row, Shares, histogram, lines_over_time, moments
from console.overview.glance import Glance
from console.overview.texts import OVERVIEW, OverviewTexts
from console.period import Choice, address, pick_company, pick_period
from console.texts.period import PERIOD
from console.texts.words import OUTCOME_TONES, WORDS, tick
from console.watch import Watch
from store.figures import FAILURES_IN_ROW, SUCCESS_GOAL, SUCCESS_LIMIT
from store.overview import Overview

Show = Callable[[Overview], None]
"""Brings what is drawn up to date."""

_ALL_TONES = "sk-good sk-warning sk-bad sk-soft"

_OUTCOMES = (
    "booked",
    "alternatives_offered",
    "waiting_for_yes",
    "open",
    "hung_up",
    "silent",
    "cancelled",
    "booking_uncertain",
    "configuration_error",
)
"""From what is hoped for to what is feared."""


def register(console: Console) -> None:
    """Serve the page."""
    glance = Glance(console)

    @ui.page("/")
    async def page(request: Request) -> None:
        choice = Choice.of(request.query_params, console)
        with frame(request, "overview") as around:
            ui.add_css(STYLE)
            texts = OVERVIEW[around.language]
            with ui.row().classes("w-full items-center gap-3"):
                ui.label(around.texts.overview).classes("sk-title").props("role=heading aria-level=1")
                ui.label(texts.live).classes("sk-chip sk-good")
                ui.space()
                pick_company(console, choice, around.language, "/", choice.query)
                pick_period(choice, around.language, "/", choice.query)
            watch = Watch(around.language)
            with watch.body:
                shows = _draw(console, choice, around.language, texts)

            def show(seen: Overview) -> None:
                for each in shows:
                    each(seen)

            await watch.keep(lambda: glance.at(choice), show)


def _draw(console: Console, choice: Choice, language: str, texts: OverviewTexts) -> tuple[Show, ...]:
    """Draw the page without figures; return what fills them in."""
    with ui.column().classes("w-full") as empty:
        _empty(choice, language, texts)
    with ui.element("div").classes("sk-grid") as grid:
        shows = (
            _success(language, texts),
            _races(choice, language, texts),
            *_tiles(texts),
            _gaps(language, texts),
            _outcomes(choice, language, texts),
            _answer_times(console.zone_of(choice.company), choice, language, texts),
        )

    def show_either(seen: Overview) -> None:
        nothing = not (seen.calls or seen.calls_in_progress or any(seen.races.values()) or seen.answer_times)
        empty.set_visibility(nothing)
        grid.set_visibility(not nothing)

    return show_either, *shows


def _empty(choice: Choice, language: str, texts: OverviewTexts) -> None:
    ways = [("dialpad", texts.empty_try, "/try"), ("webhook", texts.empty_webhook, None)]
    if choice.span != "30d":
        ways.append(("history", texts.empty_longer, address("/", {**choice.query, "period": "30d"})))
    with card():
        ui.label(texts.empty.format(within=PERIOD[language].within[choice.span])).classes("sk-title")
        ui.label(texts.empty_hint).classes("sk-soft")
        for icon, text, target in ways:
            with ui.row().classes("items-center no-wrap gap-3"):
                ui.icon(icon).classes("text-xl sk-soft")
                ui.link(text, target).style("color: var(--sk-accent)") if target else ui.label(text)


def _success(language: str, texts: OverviewTexts) -> Show:
    with card(texts.success, "sk-6"):
        with ui.row().classes("items-center gap-3"):
            figure = _figure("success_rate")
            chip = ui.label().classes("sk-chip")
        rate = Rate({texts.rollback: SUCCESS_LIMIT, texts.goal: SUCCESS_GOAL})
        note = _note()

    def show(seen: Overview) -> None:
        tone, state = _state_of(seen.success_rate, texts)
        figure.set_text(
            "–" if seen.success_rate is None else format_percent(seen.success_rate, "0.0 %", locale=language)
        )
        chip.set_text(state)
        chip.set_visibility(bool(state))
        chip.classes(remove=_ALL_TONES, add=f"sk-{tone}")
        rate.show(seen.success_rate, tone)
        note.set_text(
            texts.success_of.format(booked=seen.booked, confirmed=seen.confirmed)
            if seen.confirmed
            else texts.success_none
        )

    return show


def _state_of(rate: float | None, texts: OverviewTexts) -> tuple[str, str]:
    """Return how a success rate is to be taken: its tone, and in words."""
    if rate is None:
        return "soft", ""
    if rate < SUCCESS_LIMIT:
        return "bad", texts.below_rollback
    return ("warning", texts.below_goal) if rate < SUCCESS_GOAL else ("good", texts.good)


def _races(choice: Choice, language: str, texts: OverviewTexts) -> Show:
    with card(texts.races, "sk-6"):
        with ui.row().classes("items-center gap-3"):
            figure = _figure("races")
            errors = ui.label().classes("sk-chip").props('data-figure="race_errors"')
        shares = Shares(CAUGHT)
        target = address("/calls", {**choice.query, "race": "1"})
        rows = {
            caught: Row(WORDS[language].caught[caught], target, figure=f"races-{caught}", colour=colour)
            for caught, colour in CAUGHT.items()
        }

    def show(seen: Overview) -> None:
        figure.set_text(str(sum(seen.races.values())))
        shares.show(seen.races)
        for caught, row in rows.items():
            row.show(seen.races[caught])
        bad = seen.race_errors > 0
        errors.set_text(texts.race_errors.format(count=seen.race_errors) if bad else texts.no_race_errors)
        errors.set_visibility(any(seen.races.values()))
        errors.classes(remove=_ALL_TONES, add="sk-bad" if bad else "sk-good")

    return show


def _tiles(texts: OverviewTexts) -> tuple[Show, ...]:
    """Draw the figures that need no chart."""
    return (
        _tile(
            texts.in_progress, "calls_in_progress", lambda seen: (seen.calls_in_progress, texts.in_progress_note, "")
        ),
        _tile(
            texts.rechecks_failed,
            "recheck_failures_in_row",
            lambda seen: (
                seen.recheck_failures_in_row,
                texts.rechecks_note.format(**seen.rechecks),
                _alarm(seen.recheck_failures_in_row, FAILURES_IN_ROW),
            ),
        ),
        _tile(
            texts.rate_limited,
            "rate_limited",
            lambda seen: (seen.rate_limited, texts.rate_limited_note, _alarm(seen.rate_limited, 1)),
        ),
        _tile(
            texts.failed,
            "failed_answers",
            lambda seen: (seen.failed_answers, texts.failed_note, "sk-warning" if seen.failed_answers else ""),
        ),
    )


def _alarm(figure: int, limit: int) -> str:
    if figure >= limit:
        return "sk-bad"
    return "sk-warning" if figure else ""


def _tile(title: str, name: str, look: Callable[[Overview], tuple[int, str, str]]) -> Show:
    """Draw a figure; ``look`` takes it, a note and the tone from what is seen."""
    with card(title, "sk-3"):
        figure, note = _figure(name), _note()

    def show(seen: Overview) -> None:
        count, says, tone = look(seen)
        figure.set_text(str(count))
        figure.classes(remove=_ALL_TONES, add=tone)
        note.set_text(says)

    return show


def _gaps(language: str, texts: OverviewTexts) -> Show:
    with card(texts.gaps, "sk-6"):
        chart = Chart(texts.gaps_chart, 220)
        ui.label(texts.gaps_note).classes("sk-soft sk-small")

    def show(seen: Overview) -> None:
        bounds = [each.up_to for each in seen.gaps]
        names = [f"> {bounds[-2]}" if bound is None else f"≤ {bound}" for bound in bounds]
        counts = [each.count for each in seen.gaps]
        chart.show(histogram(list(zip(names, counts, strict=True)), texts.gaps_name, language))

    return show


def _outcomes(choice: Choice, language: str, texts: OverviewTexts) -> Show:
    words = WORDS[language]
    with card(texts.outcomes, "sk-6"):
        total = ui.label().classes("sk-soft sk-small").props('data-figure="calls"')
        rows = {
            outcome: Row(
                words.outcome[outcome],
                address("/calls", {**choice.query, "outcome": outcome}),
                figure=f"outcome-{outcome}",
                bar=OUTCOME_TONES[outcome].removeprefix("sk-"),
            )
            for outcome in _OUTCOMES
        }

    def show(seen: Overview) -> None:
        total.set_text(texts.one_call if seen.calls == 1 else texts.calls.format(count=seen.calls))
        for outcome, row in rows.items():
            count = seen.outcomes.get(outcome, 0)
            row.show(count, count / seen.calls if seen.calls else 0, visible=count > 0)

    return show


def _answer_times(zone: ZoneInfo, choice: Choice, language: str, texts: OverviewTexts) -> Show:
    endpoints = WORDS[language].endpoint
    with card(texts.answer_times, "sk-12"):
        with ui.column().classes("w-full gap-2") as drawn:
            chart = Chart(texts.answer_times_chart, 280)
            ui.label(texts.answer_times_note.format(zone=zone.key)).classes("sk-soft sk-small")
        nothing = ui.label(texts.no_answers.format(within=PERIOD[language].within[choice.span])).classes("sk-soft")

    def show(seen: Overview) -> None:
        drawn.set_visibility(bool(seen.answer_times))
        nothing.set_visibility(not seen.answer_times)
        begin = moments(seen.period.since, seen.period.until, seen.point_width)
        lines = []
        for endpoint, points in seen.answer_times.items():
            at = {point.begins_at: point for point in points}
            name, found = endpoints.get(endpoint, endpoint), [at.get(each) for each in begin]
            lines.append(Line(name, "p50", [round(each.p50, 3) if each else None for each in found], dashed=True))
            lines.append(Line(name, "p95", [round(each.p95, 3) if each else None for each in found]))
        ticks = [tick(each.astimezone(zone), language, seen.point_width) for each in begin]
        chart.show(lines_over_time(ticks, lines, language))

    return show


def _figure(name: str) -> ui.label:
    return ui.label("–").classes("sk-figure").props(f'data-figure="{name}"')


def _note() -> ui.label:
    return ui.label().classes("sk-soft sk-small")
