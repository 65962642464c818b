"""How the console looks: colours, and the few building blocks all pages share."""

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

ACCENT = "#0f766e"
QUIET = "#64748b"
SERIES = ("#0f766e", "#b45309", "#4f46e5", "#be185d", "#0369a1", "#65a30d")
"""Colours of a chart's series, told apart in light and dark."""

CAUGHT = {"hold": "#4f46e5", "recheck": "#0f766e", "booking": "#b45309"}
"""The same colour for the same kind of race on every page."""

CHART_TEXT, CHART_LINE = "#7c8797", "rgba(124, 135, 151, 0.25)"
"""Legible on light and dark ground alike: a chart does not know which it is on."""

FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect x="3" y="5" width="26" height="24" rx="6"'
    ' fill="#0f766e"/><path d="M3 12h26" stroke="#fff" stroke-width="2"/><path d="M10 20.5l4.2 4 8-8.5" fill="none"'
    ' stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)

STYLE = """
:root {
  --sk-ground: #f6f7f9; --sk-card: #ffffff; --sk-ink: #111827; --sk-soft: #5b6675; --sk-line: #e3e7ec;
  --sk-accent: #0f766e; --sk-good: #15803d; --sk-warning: #b45309; --sk-bad: #b91c1c;
}
body.body--dark {
  --sk-ground: #0f1419; --sk-card: #181f27; --sk-ink: #e6eaef; --sk-soft: #9aa6b4; --sk-line: #2a333e;
  --sk-accent: #2dd4bf; --sk-good: #4ade80; --sk-warning: #fbbf24; --sk-bad: #f87171;
}
body.body--dark { --q-primary: #2dd4bf !important; }
.bg-primary { --q-primary: #0f766e; }
body { background: var(--sk-ground); color: var(--sk-ink); }
.nicegui-content { padding: 0; }
.sk-header { background: var(--sk-card); color: var(--sk-ink); border-bottom: 1px solid var(--sk-line);
  padding: 6px 20px; gap: 20px; }
.sk-brand { display: flex; align-items: center; gap: 8px; color: var(--sk-ink); font-weight: 650; text-decoration: none;
  font-size: 1.05rem; }
.sk-brand-icon { color: var(--sk-accent); font-size: 1.5rem; }
.sk-nav { gap: 4px; overflow-x: auto; align-items: center; }
.sk-nav-link .q-icon { font-size: 1.2rem; }
.sk-nav-link { display: flex; align-items: center; gap: 6px; padding: 7px 12px; border-radius: 8px;
  color: var(--sk-soft);
  text-decoration: none; white-space: nowrap; }
.sk-nav-link:hover { background: var(--sk-ground); }
.sk-here { color: var(--sk-accent); background: color-mix(in srgb, var(--sk-accent) 12%, transparent);
  font-weight: 600; }
.sk-tune { color: var(--sk-soft); }
.sk-page { width: 100%; max-width: 1280px; margin: 0 auto; padding: 20px; gap: 16px; }
.sk-title { font-size: 1.35rem; font-weight: 650; line-height: 1.3; }
.sk-soft { color: var(--sk-soft); } .sk-accent { color: var(--sk-accent); }
.sk-small { font-size: 0.85rem; }
.sk-good { color: var(--sk-good); } .sk-warning { color: var(--sk-warning); } .sk-bad { color: var(--sk-bad); }
.sk-card { background: var(--sk-card); border: 1px solid var(--sk-line); border-radius: 12px; padding: 16px; gap: 8px;
  box-shadow: none; width: 100%; }
.sk-card-title { font-weight: 600; font-size: 0.95rem; }
.sk-figure { font-size: 1.9rem; font-weight: 650; line-height: 1.1; font-variant-numeric: tabular-nums; }
.sk-grid { display: grid; gap: 16px; width: 100%; grid-template-columns: repeat(12, minmax(0, 1fr)); }
.sk-3 { grid-column: span 3; } .sk-4 { grid-column: span 4; } .sk-6 { grid-column: span 6; }
.sk-8 { grid-column: span 8; }
.sk-12 { grid-column: span 12; }
.sk-chip { display: inline-flex; align-items: center; gap: 4px; padding: 2px 9px; border-radius: 999px;
  font-size: 0.8rem;
  font-weight: 600; background: color-mix(in srgb, currentColor 13%, transparent); white-space: nowrap; }
@media (max-width: 1023px) { .sk-3 { grid-column: span 6; } .sk-4, .sk-6, .sk-8 { grid-column: span 12; } }
@media (max-width: 599px) { .sk-page { padding: 12px; } .sk-header { padding: 6px 8px; gap: 6px; }
  .sk-nav-link { padding: 7px 8px; } .sk-figure { font-size: 1.5rem; } }
"""


@contextmanager
def card(title: str | None = None, classes: str = "sk-12") -> Iterator[None]:
    """Draw a card; ``classes`` says how many of the grid's twelve columns it takes."""
    with ui.column().classes(f"sk-card {classes}"):
        if title:
            ui.label(title).classes("sk-card-title")
        yield


def chip(text: str, tone: str = "") -> None:
    """Draw a word that stands out; ``tone`` is ``sk-good``, ``sk-warning``, ``sk-bad`` or ``sk-soft``."""
    ui.label(text).classes(f"sk-chip {tone}")
