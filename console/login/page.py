"""The way in."""

from nicegui import ui
from starlette.requests import Request

from console.frame import dress, language_of
from console.look import card
from console.texts.frame import FRAME


def register() -> None:
    """Serve the page."""

    @ui.page("/login")
    async def login(request: Request, trouble: str | None = None) -> None:
        texts = FRAME[language_of(request)]
        dress(request, f"{texts.log_in} · Slotkeeper")
        with ui.column().classes("sk-page items-center").style("max-width: 420px; padding-top: 12vh"):
            ui.icon("event_available").classes("sk-brand-icon").style("font-size: 3rem")
            with card(texts.log_in), ui.element("form").props("method=post action=/login").classes("w-full"):
                ui.input(texts.user).props("name=user autocomplete=username autofocus").classes("w-full")
                ui.input(texts.password, password=True).props("name=password autocomplete=current-password").classes(
                    "w-full"
                )
                if complaint := {"wrong": texts.wrong, "too_often": texts.too_often}.get(trouble or ""):
                    ui.label(complaint).classes("sk-bad q-mt-md").props("role=alert")
                ui.button(texts.log_in).props("type=submit unelevated no-caps").classes("w-full q-mt-md")
