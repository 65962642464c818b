"""What stands around every page: its name, the way to the others, language and appearance."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from nicegui import ui
from starlette.requests import Request

from console.login.access import LOGGED_OUT
from console.look import ACCENT, STYLE
from console.texts.frame import FRAME, FrameTexts

LANGUAGES: Mapping[str, str] = {"de": "Deutsch", "en": "English"}
LANGUAGE_COOKIE, THEME_COOKIE = "language", "theme"
THEMES: Mapping[str, bool | None] = {"auto": None, "light": False, "dark": True}

_PAGES = (
    ("overview", "/", "insights"),
    ("calls", "/calls", "call"),
    ("calendars", "/calendars", "calendar_month"),
    ("try_it", "/try", "dialpad"),
)

_LEAVE_WHEN_LOGGED_OUT = (
    f"window.socket.on('disconnect', (_, how) => how?.context?.code === {LOGGED_OUT} && window.location.reload())"
)
"""Takes what a page shows off the screen when its session ends: asked for again, it leads to the login."""


@dataclass(frozen=True)
class Frame:
    """How this visitor sees the page: in which language."""

    language: str
    texts: FrameTexts


def language_of(request: Request) -> str:
    """Return the visitor's language: the chosen one, else the first of the browser's that is spoken here."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen is not None and chosen in LANGUAGES:
        return chosen
    wanted = (
        part.partition(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")
    )
    return next((code for code in wanted if code in LANGUAGES), "en")


@contextmanager
def frame(request: Request, current: str, title: str | None = None) -> Iterator[Frame]:
    """Draw everything around a page; what is drawn inside the context is the page.

    Args:
        request: The visitor's request.
        current: Where in the navigation the page belongs: ``overview``, ``calls``, ``calendars`` or ``try_it``.
        title: What the window is called; the page's name in the navigation where not given.
    """
    language = language_of(request)
    texts = FRAME[language]
    dress(request, f"{title or getattr(texts, current)} · Slotkeeper")
    with ui.header(elevated=False).classes("sk-header items-center no-wrap"):
        with ui.link(target="/").classes("sk-brand").props('aria-label="Slotkeeper"'):
            ui.icon("event_available").classes("sk-brand-icon")
            ui.label("Slotkeeper").classes("gt-xs")
        with ui.row().classes("sk-nav no-wrap").props("role=navigation"):
            for name, path, icon in _PAGES:
                label = getattr(texts, name)
                here = name == current
                link = ui.link(target=path).classes("sk-nav-link" + (" sk-here" if here else ""))
                with link.props(f'aria-label="{label}"' + (" aria-current=page" if here else "")):
                    ui.icon(icon)
                    ui.label(label).classes("" if here else "gt-sm")
        ui.space()
        _preferences(request, language, texts)
    with ui.column().classes("sk-page"):
        yield Frame(language, texts)


def dress(request: Request, title: str) -> None:
    """Give the page its title, colours and appearance."""
    ui.page_title(title)
    ui.colors(primary=ACCENT)
    ui.dark_mode(THEMES.get(request.cookies.get(THEME_COOKIE, "auto")))
    ui.add_css(STYLE)


def _preferences(request: Request, language: str, texts: FrameTexts) -> None:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    theme = request.cookies.get(THEME_COOKIE, "auto")
    button = ui.button(icon="tune", color=None).props(f'flat round dense aria-label="{texts.language}, {texts.theme}"')
    with button.classes("sk-tune"), ui.menu():
        for code, name in LANGUAGES.items():
            _choice(name, f"/preferences?language={code}&next={quote(here, safe='')}", chosen=code == language)
        ui.separator()
        for key in THEMES:
            name = getattr(texts, f"theme_{key}")
            _choice(name, f"/preferences?theme={key}&next={quote(here, safe='')}", chosen=key == theme)
        if getattr(request.state, "logged_in", False):
            ui.separator()
            with ui.element("form").props("method=post action=/logout"):
                ui.button(texts.log_out, icon="logout", color=None).props("type=submit flat no-caps").classes("w-full")
            ui.run_javascript(_LEAVE_WHEN_LOGGED_OUT)


def _choice(name: str, target: str, *, chosen: bool) -> None:
    with ui.menu_item(on_click=lambda: ui.navigate.to(target)):
        ui.icon("check" if chosen else "").classes("q-mr-sm").style("width: 1.2em")
        ui.label(name)
