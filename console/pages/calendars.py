"""The page calendars."""

from nicegui import ui
from starlette.requests import Request

from console.console import Console
from console.frame import frame
from console.look import card


def register(console: Console) -> None:
    """Serve the page."""

    @ui.page("/calendars")
    async def page(request: Request) -> None:
        with frame(request, "calendars"), card("calendars"):
            ui.label(f"{len(console.companies)} companies")
