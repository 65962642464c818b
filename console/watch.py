"""A page that is read anew while somebody looks at it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from nicegui import events, ui

from console.texts.frame import FRAME
from store.errors import StoreUnavailable

T = TypeVar("T")

_STYLE = ".sk-outdated { opacity: 0.5; filter: grayscale(1); }"

_REPORT_VISIBILITY = """
document.addEventListener("visibilitychange", () => emitEvent("sk-visible", !document.hidden));
emitEvent("sk-visible", !document.hidden);
"""


class Watch:
    """A part of a page: what is drawn inside ``body`` is kept up to date.

    While the database does not answer, a banner says so above, and what was seen last stays, greyed.
    """

    def __init__(self, language: str) -> None:
        """Draw the part, with nothing in it yet."""
        ui.add_css(_STYLE)
        with ui.row().classes("sk-card sk-warning items-center no-wrap").props("role=alert") as self._banner:
            ui.icon("cloud_off").classes("text-2xl")
            ui.label(FRAME[language].database_away)
        self._banner.set_visibility(False)
        self.body = ui.column().classes("w-full gap-4")

    async def keep(self, read: Callable[[], Awaitable[T]], show: Callable[[T], None], every: float = 1.0) -> None:
        """Show what is there now, and then what is read every so many seconds, as long as the page is in sight.

        Args:
            read: Reads the state; may raise ``StoreUnavailable``.
            show: Draws a state inside ``body``; it is wise to touch only what has changed.
            every: Seconds from one reading to the next.
        """

        async def refresh() -> None:
            try:
                state = await read()
            except StoreUnavailable:
                self._mark(outdated=True)
                return
            self._mark(outdated=False)
            with self.body:
                show(state)

        def look(event: events.GenericEventArguments) -> None:
            timer.active = bool(event.args)

        await refresh()
        timer = ui.timer(every, refresh, immediate=False)
        ui.on("sk-visible", look)
        ui.run_javascript(_REPORT_VISIBILITY)

    def _mark(self, *, outdated: bool) -> None:
        self._banner.set_visibility(outdated)
        self.body.classes(**{"add" if outdated else "remove": "sk-outdated"})
