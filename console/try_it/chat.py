"""What is said on a phone, as bubbles, and what goes over its line, as a list."""

from datetime import datetime

from nicegui import ui

STYLE = """
.sk-talk { display: flex; flex-direction: column-reverse; width: 100%; height: min(54vh, 460px); overflow-y: auto; }
.sk-said { display: flex; flex-direction: column; gap: 10px; padding: 4px 2px 12px; margin-bottom: auto; }
.sk-bubble { max-width: 84%; padding: 9px 14px; border-radius: 16px; line-height: 1.45; overflow-wrap: anywhere;
  border: 1px solid transparent; }
.sk-agent { align-self: flex-start; background: var(--sk-ground); border-color: var(--sk-line);
  border-bottom-left-radius: 4px; }
.sk-caller { align-self: flex-end; color: #fff; background: #0f766e; border-bottom-right-radius: 4px; }
.sk-trouble { align-self: flex-start; color: var(--sk-bad); border-color: currentColor;
  border-bottom-left-radius: 4px; }
.sk-aside { align-self: center; text-align: center; font-size: 0.85rem; color: var(--sk-warning);
  border: 1px dashed currentColor; }
.sk-waiting { color: var(--sk-soft); font-style: italic; }
.sk-journal { display: grid; grid-template-columns: auto minmax(0, 1fr) auto auto; gap: 5px 12px; width: 100%;
  align-items: baseline; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
.sk-journal-name { font-family: ui-monospace, monospace; font-size: 0.8rem; overflow-wrap: anywhere; }
.sk-journal-aside { grid-column: 2 / -1; color: var(--sk-warning); }
.sk-journal-hint { grid-column: 1 / -1; }
@media (max-width: 599px) { .sk-journal { grid-template-columns: minmax(0, 1fr) auto auto; }
  .sk-journal-time { display: none; } .sk-journal-aside { grid-column: 1 / -1; } }
"""


class Chat:
    """Both sides of a conversation, the latest in view."""

    def __init__(self) -> None:
        """Begin with silence, where the page is being drawn."""
        # Reversed, the box stays scrolled to its end by itself.
        with ui.element("div").classes("sk-talk").props("tabindex=0"):
            self._said = ui.element("div").classes("sk-said").props("role=log")

    def agent(self, words: str, *, waiting: bool = False) -> ui.label:
        """Let the agent say something; ``waiting`` marks what is said to fill the time."""
        return self._bubble(words, "sk-agent sk-waiting" if waiting else "sk-agent")

    def caller(self, words: str) -> ui.label:
        """Let the caller say something."""
        return self._bubble(words, "sk-caller")

    def trouble(self, words: str) -> ui.label:
        """Tell why the agent has nothing to say."""
        return self._bubble(words, "sk-trouble").props("role=alert")

    def aside(self, words: str) -> ui.label:
        """Tell what neither of the two knows."""
        return self._bubble(words, "sk-aside")

    def _bubble(self, words: str, look: str) -> ui.label:
        with self._said:
            return ui.label(words).classes(f"sk-bubble {look}")


class Journal:
    """What happened on a line, with times on the business's clock."""

    def __init__(self, hint: str) -> None:
        """Begin empty, where the page is being drawn; ``hint`` says what will be written here."""
        self._lines = ui.element("div").classes("sk-journal").props("role=log")
        with self._lines:
            ui.label(hint).classes("sk-soft sk-journal-hint")

    def clear(self) -> None:
        """Begin anew."""
        self._lines.clear()

    def line(self, at: datetime, name: str, answer: str, took: str, *, bad: bool = False) -> None:
        """Write down a request, what was answered and how long it took."""
        with self._lines:
            ui.label(f"{at:%H:%M:%S}").classes("sk-soft sk-journal-time")
            ui.label(name).classes("sk-journal-name")
            ui.label(answer).classes("sk-bad" if bad else "")
            ui.label(took).classes("sk-soft text-right")

    def aside(self, at: datetime, words: str) -> None:
        """Write down what was done behind the line's back."""
        with self._lines:
            ui.label(f"{at:%H:%M:%S}").classes("sk-soft sk-journal-time")
            ui.label(words).classes("sk-journal-aside")
