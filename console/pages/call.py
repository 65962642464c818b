"""The page call."""

from nicegui import ui
from starlette.requests import Request

from console.console import Console
from console.frame import frame
from console.look import card


def register(console: Console) -> None:
    """Serve the page."""

    @ui.page("/calls/{call_id}")
    async def page(request: Request, call_id: str) -> None:
        with frame(request, "calls"), card("call"):
            ui.label(f"{len(console.companies)} companies")
