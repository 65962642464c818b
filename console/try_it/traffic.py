"""What goes over the line of a phone, as a list, and where else to see it."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from nicegui import ui

from console.texts.words import Words
from console.try_it.phone import Exchange
from console.try_it.texts import TryItTexts

STYLE = """
.sk-links { display: flex; flex-wrap: wrap; gap: 6px 16px; margin-bottom: 8px; }
.sk-links a { color: var(--sk-accent); display: inline-flex; align-items: center; gap: 4px; }
.sk-traffic { display: grid; grid-template-columns: auto auto minmax(0, 1fr) auto; gap: 5px 10px; width: 100%;
  align-items: baseline; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
.sk-traffic-name { font-family: ui-monospace, monospace; font-size: 0.8rem; white-space: nowrap; }
.sk-traffic-entry { display: contents; }
.sk-traffic-aside { grid-column: 2 / -1; color: var(--sk-warning); }
.sk-traffic-hint { grid-column: 1 / -1; }
@media (max-width: 599px) { .sk-traffic { grid-template-columns: auto minmax(0, 1fr) auto; }
  .sk-traffic-time { display: none; } .sk-traffic-aside { grid-column: 1 / -1; } }
"""


class Traffic:
    """What happened on a line, in the order it began, with times on the business's clock."""

    def __init__(self, texts: TryItTexts, words: Words) -> None:
        """Begin empty, where the page is being drawn, with a hint at what will be written here."""
        self._texts, self._words = texts, words
        self._zone = ZoneInfo("UTC")
        self._begun: list[datetime] = []
        self._lines = ui.element("div").classes("sk-traffic").props("role=log")
        with self._lines:
            ui.label(texts.behind_empty).classes("sk-soft sk-traffic-hint")

    def begin(self, zone: ZoneInfo) -> None:
        """Begin anew, with a line to a business on this clock."""
        self._zone = zone
        self._lines.clear()
        self._begun.clear()

    def note(self, exchange: Exchange) -> None:
        """Write down a request, what was answered and how long it took; nothing once the page is gone."""
        if self._lines.is_deleted:
            return
        answer = f"HTTP {exchange.http_status}" if exchange.http_status else self._texts.no_answer
        took = f"{exchange.seconds:.2f} {self._words.seconds}".replace(".", self._words.decimal)
        with self._entry(exchange.at):
            ui.label(exchange.what).classes("sk-traffic-name")
            ui.label(self._words.status.get(exchange.status or "", answer)).classes(
                "sk-bad" if exchange.trouble else ""
            )
            ui.label(took).classes("sk-soft text-right")

    def aside(self, at: datetime, words: str) -> None:
        """Write down what was done behind the line's back."""
        with self._entry(at):
            ui.label(words).classes("sk-traffic-aside")

    def _entry(self, at: datetime) -> ui.element:
        """Make room where what began at this moment belongs; a request is written down when it has ended."""
        place = bisect_right(self._begun, at)
        self._begun.insert(place, at)
        with self._lines, ui.element("div").classes("sk-traffic-entry") as entry:
            ui.label(f"{at.astimezone(self._zone):%H:%M:%S}").classes("sk-soft sk-traffic-time")
        entry.move(target_index=place)
        return entry


def draw_links(targets: Mapping[str, str]) -> None:
    """Draw the ways to other pages, by their names; each opens a window of its own."""
    with ui.element("div").classes("sk-links"):
        for name, target in targets.items():
            with ui.link(target=target, new_tab=True):
                ui.label(name)
                ui.icon("open_in_new", size="0.9rem")
