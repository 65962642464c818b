"""The button that shows what is masked."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nicegui import ui

from console.console import Console

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RevealTexts:
    """What the button says, before and after it is pressed, and what it says of itself."""

    show: str
    hide: str
    hint: str


class Reveal:
    """A button that shows names and numbers in this view alone, and hides them again; that they are shown is logged."""

    def __init__(
        self, console: Console, texts: RevealTexts, of: Mapping[str, str], changed: Callable[[], None]
    ) -> None:
        """Draw the button; ``of`` says in the log whose names they are, ``changed`` draws the view anew."""
        self.revealed = False
        self._texts = texts
        self._log_fields = {"operator": console.settings.console_user or "loopback", **of}
        self._changed = changed
        self._button = ui.button(texts.show, icon="visibility", on_click=self._toggle).props("flat no-caps dense")
        with self._button:
            ui.tooltip(texts.hint)

    def _toggle(self) -> None:
        self.revealed = not self.revealed
        if self.revealed:
            logger.info("names shown", extra=self._log_fields)
        self._button.set_text(self._texts.hide if self.revealed else self._texts.show)
        self._button.set_icon("visibility_off" if self.revealed else "visibility")
        self._changed()
