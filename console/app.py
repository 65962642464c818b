"""The console put together: its pages, its login, and what they need."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from nicegui import app as pages
from nicegui import ui
from nicegui.error import error_content

from console.calendars import page as calendars
from console.call import page as call
from console.calls import page as calls
from console.codec.access import Access
from console.codec.routes import codec_app
from console.console import Console
from console.frame import LANGUAGE_COOKIE, LANGUAGES, THEME_COOKIE, THEMES
from console.login import page as login
from console.login.access import Guard, Login, login_router
from console.login.sessions import Sessions
from console.look import FAVICON
from console.overview import page as overview
from console.try_it import page as try_it

_YEAR_SECONDS = 365 * 24 * 3600

router = APIRouter()


def create_app(console: Console, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    """Put the console together; pages belong to the process, so it can be done once in each."""
    settings = console.settings
    app = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, telemetry={"auto_configure": False}, lifespan=lifespan
    )
    app.include_router(router)
    login.register()
    for page in (overview, calls, call, calendars, try_it):
        page.register(console)
    # NiceGUI's own page would show the error's message, and with it perhaps whom it was about.
    pages.on_page_exception(lambda: error_content(HTTPStatus.INTERNAL_SERVER_ERROR))
    sessions, access = None, None
    if settings.console_user and settings.console_password_hash:
        sessions = Sessions()
        operator = Login(settings.console_user, settings.console_password_hash.get_secret_value())
        access = Access(operator, sessions)
        app.include_router(login_router(operator, sessions))
    if codec := console.client.data_converter.payload_codec:
        app.mount("/codec", codec_app(codec, access, settings.temporal_ui_url))
    app.add_middleware(Guard, sessions=sessions)
    ui.run_with(app, title="Slotkeeper", favicon=FAVICON, show_welcome_message=False)
    return app


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "alive"}


@router.get("/preferences")
async def preferences(
    request: Request, language: str | None = None, theme: str | None = None, next: str = "/"
) -> Response:
    """Keep the visitor's language and appearance, and lead back to the page."""
    target = urlsplit(next)
    own = next.startswith("/") and not next.startswith("//") and not target.netloc and "\\" not in next
    answer = RedirectResponse(next if own else "/", HTTPStatus.SEE_OTHER)
    for name, value, known in ((LANGUAGE_COOKIE, language, LANGUAGES), (THEME_COOKIE, theme, THEMES)):
        if value is not None and value in known:
            answer.set_cookie(name, value, max_age=_YEAR_SECONDS, samesite="lax", httponly=True)
    return answer
