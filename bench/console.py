"""How long the console's questions take with 100 000 calls in the database: on SQLite, and on PostgreSQL where it runs.

The calls lie in thirty days and belong to five companies; each has about three turns and four replies. Every question
is asked as a page of the console asks it, first once for nothing, then several times one after the other.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter_ns

from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.databases import empty_databases
from bench.many_calls import COMPANIES, keep, many_calls
from store.call_list import CallFilter, Named, SortBy, list_calls
from store.call_story import call_story
from store.engine import create_engine
from store.figures import figures
from store.migrate import migrate
from store.overview import Period, overview

CALLS = 100_000
NOW = datetime(2025, 10, 31, tzinfo=UTC)
SPANS = {"24 h": timedelta(days=1), "7 d": timedelta(days=7), "30 d": timedelta(days=30)}
ROUNDS = 7
PAGE = 50
PATIENCE = 60.0

CAPTION = (
    f"Milliseconds, median (slowest) of {ROUNDS}; {CALLS} calls in 30 days. Wanted of overview and list: under 300."
)

Figure = dict[str, float | str]
Question = Callable[[AsyncEngine, Period], Awaitable[object]]


def _list(words: str = "", *named: Named, sort: SortBy = SortBy.STARTED_AT, race: bool = False) -> Question:
    def ask(engine: AsyncEngine, period: Period) -> Awaitable[object]:
        wanted = CallFilter(period, words, frozenset(named), race=race)
        return list_calls(engine, wanted, size=PAGE, sort=sort)

    return ask


async def _last_page(engine: AsyncEngine, period: Period) -> object:
    share = (period.until - period.since) / SPANS["30 d"] / (1 if period.company is None else len(COMPANIES))
    return await list_calls(engine, CallFilter(period), page=max(0, int(CALLS * share / PAGE) - 2), size=PAGE)


async def _story(engine: AsyncEngine, period: Period) -> object:
    newest = (await list_calls(engine, CallFilter(period), size=1)).lines[0]
    return await call_story(engine, newest.call_id)


def _services(key: str) -> Iterator[Named]:
    return (Named(company, branch, key) for company in COMPANIES for branch in ("mitte", "west"))


QUESTIONS: Mapping[str, Question] = {
    "overview": lambda engine, period: overview(engine, period, NOW),
    "list": _list(),
    "list, with a race": _list(race=True),
    "list, last page": _last_page,
    "list, by company": _list(sort=SortBy.COMPANY),
    "list, by service": _list(sort=SortBy.SERVICE),
    "list, by outcome": _list(sort=SortBy.OUTCOME),
    "list, by gap": _list(sort=SortBy.GAP_SECONDS),
    "list, by duration": _list(sort=SortBy.DURATION),
    'list, "birke" (a company)': _list("birke", Named("birke")),
    'list, "massage" (a service)': _list("massage", *_services("massage")),
    'list, "abc1" (a few)': _list("abc1"),
    'list, "nowhere" (none)': _list("nowhere"),
    "list, a caller's number": _list("+49 30 12345678"),
    "a call": _story,
    "figures": figures,
}


@dataclass(frozen=True)
class _Database:
    name: str
    engine: AsyncEngine


def measure(console: Console) -> list[Figure]:
    """Fill the databases and ask; one figure per database, question, span and choice of company."""
    with empty_databases(console) as urls:
        return asyncio.run(_measure(console, urls))


def table(rows: list[Figure]) -> Table:
    """Lay the figures out: the spans side by side."""
    laid_out = Table(title=f"The console's questions to {CALLS} calls of 30 days", caption=CAPTION)
    for heading in ("", "", ""):
        laid_out.add_column(heading)
    for span in SPANS:
        laid_out.add_column(span, justify="right")
    beside: dict[tuple[object, ...], list[str]] = {}
    for row in rows:
        shown = f"{row['median_ms']:.0f} ({row['max_ms']:.0f})"
        beside.setdefault((row["database"], row["question"], row["companies"]), []).append(shown)
    for names, cells in beside.items():
        laid_out.add_row(*(str(name) for name in names), *cells)
    return laid_out


async def _measure(console: Console, urls: Mapping[str, str]) -> list[Figure]:
    async with _filled(console, urls) as databases:
        return [
            await _asked(database, question, span, company)
            for database in databases
            for question in QUESTIONS
            for company in (None, COMPANIES[1])
            for span in SPANS
        ]


@asynccontextmanager
async def _filled(console: Console, urls: Mapping[str, str]) -> AsyncIterator[list[_Database]]:
    databases = [_Database(name, create_engine(url, patience=PATIENCE)) for name, url in urls.items()]
    try:
        for database in databases:
            await migrate(database.engine)
        parts = many_calls(CALLS, NOW - SPANS["30 d"], NOW)
        for rows in track(parts, "Making calls …", SPANS["30 d"].days + 1, console=console):
            for database in databases:
                await keep(database.engine, rows)
        for database in databases:
            if database.engine.dialect.name == "postgresql":
                await _vacuum(database.engine)
        yield databases
    finally:
        for database in databases:
            await database.engine.dispose()


async def _vacuum(engine: AsyncEngine) -> None:
    """Do what the server's own housekeeping does within minutes."""
    by_itself = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with by_itself.connect() as connection:
        await connection.execute(text("VACUUM ANALYZE"))


async def _asked(database: _Database, question: str, span: str, company: str | None) -> Figure:
    period = Period(NOW - SPANS[span], NOW, company)
    milliseconds = []
    for _ in range(ROUNDS + 1):
        begin = perf_counter_ns()
        await QUESTIONS[question](database.engine, period)
        milliseconds.append((perf_counter_ns() - begin) / 1e6)
    counted = milliseconds[1:]
    return {
        "database": database.name,
        "question": question,
        "companies": "all" if company is None else "one",
        "span": span,
        "median_ms": round(median(counted), 1),
        "min_ms": round(min(counted), 1),
        "max_ms": round(max(counted), 1),
    }
