"""Which calls a page is about: of the last so many hours, of one company or of all. Kept in the page's address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlencode

from nicegui import ui
from starlette.datastructures import QueryParams

from console.console import Console
from console.texts.period import PERIOD, PeriodTexts
from store.counts import Period

SPANS: Mapping[str, timedelta] = MappingProxyType(
    {
        "15m": timedelta(minutes=15),
        "1h": timedelta(hours=1),
        "24h": timedelta(hours=24),
        "7d": timedelta(days=7),
        "30d": timedelta(days=30),
    }
)
USUAL_SPAN = "24h"

AHEAD = timedelta(seconds=10)
"""A period ends a little in the future: what has just happened counts, though another machine's clock be ahead."""

_STYLE = """
.sk-spans { display: inline-flex; border: 1px solid var(--sk-line); border-radius: 9px; overflow: hidden;
  background: var(--sk-card); }
.sk-span { padding: 7px 12px; color: var(--sk-soft); text-decoration: none; white-space: nowrap; font-size: 0.9rem; }
.sk-span + .sk-span { border-left: 1px solid var(--sk-line); }
.sk-span:hover { background: var(--sk-ground); }
.sk-span.sk-here { font-weight: 650; }
.sk-span:focus-visible { outline: 2px solid var(--sk-accent); outline-offset: -2px; }
.sk-spans .sk-away { flex: none; padding-inline: 12px; }
.sk-pick { min-width: 190px; }
@media (max-width: 599px) { .sk-spans { display: flex; width: 100%; } .sk-span { flex: 1; text-align: center;
  padding: 8px 4px; } .sk-pick { width: 100%; } }
"""


@dataclass(frozen=True)
class Choice:
    """A span of time by its name in ``SPANS``, and a company by its key, ``None`` for all."""

    span: str = USUAL_SPAN
    company: str | None = None

    @classmethod
    def of(cls, query: QueryParams, console: Console) -> "Choice":
        """Return what an address says; what is not there or makes no sense is the usual."""
        span, company = query.get("period", USUAL_SPAN), query.get("company")
        return cls(span if span in SPANS else USUAL_SPAN, company if company in console.companies else None)

    def period(self, now: datetime) -> Period:
        """Return the span of time that ends now."""
        until = now + AHEAD
        return Period(until - SPANS[self.span], until, self.company)

    @property
    def query(self) -> dict[str, str]:
        """What an address says of it."""
        return {"period": self.span} | ({"company": self.company} if self.company else {})


def address(path: str, query: Mapping[str, str]) -> str:
    """Return the address of a page that shows this."""
    return f"{path}?{urlencode(query)}"


def pick_period(choice: Choice, language: str, path: str, query: Mapping[str, str]) -> None:
    """Draw the spans of time as links to this page; ``query`` is all that its address says."""
    ui.add_css(_STYLE)
    texts = PERIOD[language]
    with ui.element("nav").classes("sk-spans").props(f'aria-label="{texts.period}"'):
        for span in SPANS:
            link = ui.link(texts.spans[span], address(path, {**query, "period": span})).classes("sk-span")
            if span == choice.span:
                link.classes("sk-here").props('aria-current="true"')


def show_day(day: str, clear: str, target: str) -> None:
    """Draw a ``day`` in the place of the spans of time, and the way back to them; ``clear`` is what that is called."""
    ui.add_css(_STYLE)
    with ui.element("nav").classes("sk-spans"):
        ui.label(day).classes("sk-span sk-here")
        with ui.link(target=target).classes("sk-span sk-away").props(f'aria-label="{clear}" title="{clear}"'):
            ui.icon("close")


def pick_company(console: Console, choice: Choice, language: str, path: str, query: Mapping[str, str]) -> None:
    """Draw the choice of a company, where there is one."""
    if len(console.companies) < 2:
        return
    texts: PeriodTexts = PERIOD[language]
    names = {"": texts.all_companies} | {key: company.name for key, company in console.companies.items()}

    def go(company: str) -> None:
        others = {name: value for name, value in query.items() if name != "company"}
        ui.navigate.to(address(path, others | ({"company": company} if company else {})))

    ui.select(names, value=choice.company or "", on_change=lambda event: go(event.value)).props(
        f'outlined dense options-dense aria-label="{texts.company}"'
    ).classes("sk-pick")
