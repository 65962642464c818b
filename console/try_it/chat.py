"""What is said on a phone, as bubbles, and how the phone looks."""

from nicegui import ui

STYLE = """
.sk-phone { gap: 12px; }
.sk-answers { display: flex; flex-wrap: wrap; gap: 8px; width: 100%; }
.sk-answers .q-btn { border-radius: 999px; padding: 4px 14px; color: var(--sk-accent); }
.sk-answers .q-icon { margin-right: 6px; font-size: 1.2rem; }
.sk-answers .sk-first { color: #fff; background: #0f766e; }
.sk-wide { width: 100%; border-radius: 8px; }
.sk-talk { display: flex; flex-direction: column-reverse; width: 100%; height: min(54vh, 460px); overflow-y: auto;
  scroll-margin: 72px 0 16px; }
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
.sk-note { align-self: center; text-align: center; font-size: 0.8rem; color: var(--sk-soft); padding: 0 8px; }
.sk-waiting { color: var(--sk-soft); font-style: italic; }
"""


class Chat:
    """Both sides of a conversation, the latest in view."""

    def __init__(self) -> None:
        """Begin with silence, where the page is being drawn."""
        # Reversed, the box stays scrolled to its end by itself.
        with ui.element("div").classes("sk-talk").props("tabindex=0") as self._talk:
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

    def note(self, words: str) -> ui.label:
        """Tell what only the agent is told."""
        return self._bubble(words, "sk-note")

    def aside(self, words: str) -> ui.label:
        """Tell what neither of the two knows, and come into view: it was brought about elsewhere on the page."""
        ui.run_javascript(f"getHtmlElement({self._talk.id}).scrollIntoView({{behavior: 'smooth', block: 'nearest'}})")
        return self._bubble(words, "sk-aside")

    def _bubble(self, words: str, look: str) -> ui.label:
        with self._said:
            return ui.label(words).classes(f"sk-bubble {look}")
