"""What happened in a call, drawn: one line for every entry of its timeline."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from nicegui import ui

from console.call.holds import Held
from console.call.steps import Step
from console.call.texts import CallTexts, clock, quoted
from console.call.timeline import Ended, Entry, Raced, Said, Thought, Told
from console.look import CAUGHT, QUIET, chip
from console.parts import Tick
from console.texts.words import WORDS, Words, duration, moment

STYLE = """
.sk-event { display: grid; grid-template-columns: 68px 30px minmax(0, 1fr); width: 100%; }
.sk-at { color: var(--sk-soft); font-size: 0.82rem; font-variant-numeric: tabular-nums; padding-top: 7px; }
.sk-rail { position: relative; display: flex; justify-content: center; }
.sk-rail::before { content: ""; position: absolute; top: 0; bottom: 0; width: 2px; background: var(--sk-line); }
.sk-rail .q-icon { position: relative; z-index: 1; margin-top: 4px; width: 26px; height: 26px; font-size: 16px;
  border-radius: 50%; color: var(--sk-soft); background: var(--sk-card); border: 1px solid var(--sk-line); }
.sk-dot .q-icon { width: 10px; height: 10px; margin-top: 11px; font-size: 0; background: var(--sk-soft); border: 0; }
.sk-what { padding: 5px 0 9px 8px; min-width: 0; display: flex; flex-direction: column; gap: 4px; }
.sk-line { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; min-height: 24px; }
.sk-fate { display: flex; gap: 8px; font-variant-numeric: tabular-nums; }
.sk-heard { align-self: flex-start; max-width: 60ch; padding: 9px 14px; border-radius: 4px 16px 16px 16px;
  line-height: 1.45; overflow-wrap: anywhere; background: var(--sk-ground); border: 1px solid var(--sk-line); }
.sk-unknown { border-style: dashed; color: var(--sk-soft); font-style: italic; }
.sk-strong { font-weight: 600; }
.sk-took { display: inline-block; height: 6px; border-radius: 3px; background: currentColor; opacity: 0.6; }
.sk-thinking .sk-rail::before { width: 0; border-left: 2px dashed var(--sk-soft); }
.sk-thinking .sk-what { justify-content: center; }
.sk-race { border-left: 4px solid currentColor; padding: 6px 10px; border-radius: 4px; font-weight: 600;
  background: color-mix(in srgb, currentColor 10%, transparent); }
.sk-race > * { color: var(--sk-ink); }
@media (max-width: 599px) { .sk-event { grid-template-columns: 58px 28px minmax(0, 1fr); }
  .sk-at { font-size: 0.75rem; } }
"""

_RESULT_TONES = {
    "free": "sk-good",
    "held": "sk-good",
    "still_free": "sk-good",
    "booked": "sk-good",
    "found_again": "sk-good",
    "free_not_held": "sk-warning",
    "not_held": "sk-warning",
    "over_limit": "sk-warning",
    "skipped": "sk-warning",
    "gone": "sk-warning",
    "taken": "sk-warning",
    "held_elsewhere": "sk-warning",
}
_STATUS_TONES = {"available": "sk-good", "booked": "sk-good", "slot_taken": "sk-warning", "error": "sk-bad"}
_FATE_TONES = dict.fromkeys(("not_held", "over_limit", "lost", "ran_out", "not_let_go"), "sk-warning")


@dataclass(frozen=True)
class Pen:
    """Draws what happened in a call, on the clock of ``zone``; the year is named where it is not that of ``now``."""

    call_id: str
    texts: CallTexts
    language: str
    zone: ZoneInfo
    now: datetime

    @property
    def words(self) -> Words:
        """The words of the language."""
        return WORDS[self.language]

    def moment(self, at: datetime) -> str:
        """Return a moment as people say it."""
        return moment(at.astimezone(self.zone), self.language, self.now)

    def took(self, seconds: float) -> str:
        """Return how long something took that may be very short."""
        return f"{max(0, seconds) * 1000:.0f} ms" if seconds < 0.1 else duration(seconds, self.words)

    def call(self, call_id: str) -> None:
        """Draw the name of another call as the way to it."""
        text = self.texts.this_call if call_id == self.call_id else self.texts.other_call.format(call=short(call_id))
        if call_id == self.call_id:
            ui.label(text).classes("sk-strong")
        else:
            ui.link(text, f"/calls/{call_id}").classes("sk-link").props(f'title="{call_id}"')

    @contextmanager
    def _event(self, at: datetime | None, icon: str, classes: str = "") -> Iterator[None]:
        with ui.element("div").classes(f"sk-event {classes}").props("role=listitem"):
            shown = ui.label(clock(at, self.zone) if at else "").classes("sk-at")
            if at:
                shown.props(f'title="{utc(at)}"')
            with ui.element("div").classes("sk-rail"):
                ui.icon(icon).props("aria-hidden=true")
            with ui.element("div").classes("sk-what"):
                yield

    def entry(self, entry: Entry) -> Tick | None:
        """Draw an entry; returns what it does with time."""
        match entry:
            case Said():
                self._draw_said(entry)
            case Step():
                self._draw_step(entry)
            case Raced():
                self._draw_race(entry)
            case Held():
                self._draw_held(entry)
            case Told():
                self._draw_told(entry)
            case Thought():
                return self._draw_thought(entry)
            case Ended():
                self._draw_ended(entry)
        return None

    def _draw_said(self, said: Said) -> None:
        names = {"question": self.texts.asked, "confirmation": self.texts.said_yes}
        what = names.get(said.kind) or self.texts.function.get(said.kind, said.kind)
        with self._event(said.at, "person"):
            with ui.element("div").classes("sk-line"):
                ui.label(what).classes("sk-strong")
                if said.start:
                    ui.label(self.moment(said.start)).classes("sk-strong").props(f'title="{utc(said.start)}"')
            if said.words:
                parts = " · ".join(quoted(words, self.language) for _, words in said.words)
                ui.label(f"{self.texts.passed_on}: {parts}").classes("sk-soft sk-small").style(
                    "overflow-wrap: anywhere"
                )

    def _draw_step(self, step: Step) -> None:
        texts = self.texts
        with self._event(step.at, "circle", "sk-dot"), ui.element("div").classes("sk-line sk-small"):
            ui.label(self.words.step.get(step.name, step.name))
            width = min(160, round(6 + 40 * max(step.seconds, 0) ** 0.5))
            tone = "sk-bad" if step.failure else "sk-soft"
            ui.element("span").classes(f"sk-took {tone}").style(f"width: {width}px").props("aria-hidden=true")
            ui.label(self.took(step.seconds)).classes("sk-soft")
            if step.attempts and step.attempts > 1:
                chip(texts.attempts.format(n=step.attempts), "sk-warning")
            if step.failure:
                chip(texts.failed.format(failure=texts.failure.get(step.failure, step.failure)), "sk-bad")
            elif step.result:
                chip(texts.result[step.result], _RESULT_TONES.get(step.result, "sk-soft"))

    def _draw_race(self, race: Raced) -> None:
        caught = self.words.caught.get(race.caught, race.caught)
        colour = CAUGHT.get(race.caught, QUIET)
        with self._event(race.at, "bolt"), ui.element("div").classes("sk-race sk-line").style(f"color: {colour}"):
            ui.label(self.texts.faster.format(caught=caught))
            if race.rival:
                self.call(race.rival)

    def _draw_held(self, held: Held) -> None:
        with self._event(held.at, "lock_clock"):
            with ui.element("div").classes("sk-line sk-small"):
                ui.label(self.texts.hold).classes("sk-strong")
                ui.label(self.moment(held.start)).props(f'title="{utc(held.start)}"')
                if held.until:
                    until = self.texts.hold_until.format(time=clock(held.until, self.zone))
                    ui.label(until).props(f'title="{utc(held.until)}"')
            for fate in held.fates:
                with ui.element("div").classes("sk-fate sk-small sk-soft"):
                    ui.label(clock(fate.at, self.zone)).props(f'title="{utc(fate.at)}"')
                    ui.label(self.texts.fate[fate.what]).classes(_FATE_TONES.get(fate.what, ""))

    def _draw_told(self, told: Told) -> None:
        words, texts = self.words, self.texts
        with self._event(told.at, "support_agent"):
            answer = words.status.get(told.status, told.status)
            if told.message is None:
                unknown = texts.told_unknown if told.heard else texts.told_to_nobody
                ui.label(unknown.format(answer=answer)).classes("sk-heard sk-unknown")
            else:
                ui.label(told.message).classes("sk-heard")
            with ui.element("div").classes("sk-line"):
                chip(answer, _STATUS_TONES.get(told.status, "sk-soft"))
                if told.reason:
                    chip(words.reason.get(told.reason, told.reason), "sk-soft")
                if told.message is not None and not told.heard:
                    chip(texts.told_unheard, "sk-bad")
                if told.waited is not None:
                    waited = texts.told_waited.format(duration=self.took(told.waited))
                    ui.label(waited).classes("sk-soft sk-small")

    def _draw_thought(self, thought: Thought) -> Tick | None:
        height = min(150, 20 + round(3 * (thought.seconds or 0)))
        with self._event(None, "hourglass_empty", "sk-thinking"):
            label = ui.label().classes("sk-soft sk-small").style(f"min-height: {height}px; line-height: {height}px")
        if thought.seconds is not None:
            label.set_text(self.texts.thought.format(duration=duration(thought.seconds, self.words)))
            return None

        def tick(now: datetime) -> None:
            lasts = duration(max(0, round((now - thought.at).total_seconds())), self.words)
            label.set_text(self.texts.thinking.format(duration=lasts))

        return tick

    def _draw_ended(self, ended: Ended) -> None:
        with self._event(ended.at, "call_end"), ui.element("div").classes("sk-line"):
            ui.label(self.texts.ended[ended.how]).classes("sk-strong")
            if ended.reason:
                ui.label(self.texts.hang_up_reason.get(ended.reason, ended.reason)).classes("sk-soft")


def short(call_id: str) -> str:
    """Return enough of a call's id to tell it from others."""
    return call_id if len(call_id) <= 14 else f"…{call_id[-8:]}"


def utc(at: datetime) -> str:
    """Return a moment in UTC, to the millisecond: what stands in logs."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"
