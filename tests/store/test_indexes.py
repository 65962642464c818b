"""That questions to a big database find what they need, and do not look through everything."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from store.agenda import agenda, who_held
from store.call_list import CallFilter, SortBy, list_calls
from store.call_story import call_story
from store.catalog import apply_catalog, load_catalog_file
from store.figures import figures
from store.forget import find_traces
from store.overview import Period, calls_in_progress, overview
from store.retention import delete_calls, delete_minutes
from tests.store.many import BIRKE, NOW, SINCE, make_calls

CATALOG = Path(__file__).parents[2] / "catalog.toml"
ALL = Period(NOW - timedelta(hours=2), NOW)
ONE = Period(NOW - timedelta(hours=2), NOW, BIRKE)


async def _holders(engine: AsyncEngine) -> object:
    catalog = load_catalog_file(CATALOG)
    await apply_catalog(engine, catalog)
    company = catalog.companies[0]
    calendar = company.branches[0].services[0].calendar
    return await who_held(engine, company.key, calendar, SINCE, SINCE + timedelta(hours=1), NOW)


async def _story(engine: AsyncEngine) -> object:
    booked = await list_calls(engine, CallFilter(Period(SINCE, NOW), outcome="booked"), size=1)
    return await call_story(engine, booked.lines[0].call_id)


QUESTIONS: dict[str, Callable[[AsyncEngine], Awaitable[object]]] = {
    "overview": lambda engine: overview(engine, ALL, NOW),
    "overview of a month": lambda engine: overview(engine, Period(NOW - timedelta(days=30), NOW), NOW),
    "overview of a company": lambda engine: overview(engine, ONE, NOW),
    "calls in progress": lambda engine: calls_in_progress(engine, NOW),
    "figures": lambda engine: figures(engine, ALL),
    "figures of a company": lambda engine: figures(engine, ONE),
    "list": lambda engine: list_calls(engine, CallFilter(ALL)),
    "list of a company": lambda engine: list_calls(engine, CallFilter(ONE, "birke"), sort=SortBy.GAP_SECONDS),
    "agenda": lambda engine: agenda(engine, BIRKE, "stuhl-1", SINCE, NOW, NOW),
    "holders": _holders,
    "story": _story,
    "traces of a person": lambda engine: find_traces(engine, "+4915550100001"),
    "old calls": lambda engine: delete_calls(engine, NOW - timedelta(days=1)),
    "old minutes": lambda engine: delete_minutes(engine, NOW - timedelta(days=1)),
}

SMALL = ("company", "branch", "service", "calendar", "hold")
"""Tables that do not grow with the number of calls."""


@pytest.mark.parametrize("question", QUESTIONS)
async def test_no_question_looks_through_a_whole_table(engine: AsyncEngine, question: str) -> None:
    await make_calls(engine, 60)
    asked: list[tuple[str, object]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        asked.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    await QUESTIONS[question](engine)
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    plans = [
        await _plan(engine, statement, parameters) for statement, parameters in asked if statement.startswith("SELECT")
    ]
    assert plans
    for step in (step for plan in plans for step in plan):
        assert not _looks_through_all(step), step


async def _plan(engine: AsyncEngine, statement: str, parameters: object) -> list[str]:
    def explain(connection: Connection) -> list[str]:
        if engine.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
            return [row[3] for row in rows]
        # A table of a few pages is quickest read as a whole; what is asked here is whether it needs to be.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)  # type: ignore[arg-type]
        return [row[0] for row in rows]

    async with engine.connect() as connection:
        return await connection.run_sync(explain)


def _looks_through_all(step: str) -> bool:
    """SQLite: ``SCAN table``, unless only by the rows of an index; PostgreSQL: ``Seq Scan on table``."""
    words = step.replace("->", "").replace('"', "").split()
    if words[:1] == ["SCAN"]:
        return words[1] not in SMALL
    return words[:3] == ["Seq", "Scan", "on"] and words[3] not in SMALL
