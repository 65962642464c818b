"""The list of calls as a file for spreadsheets."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from zoneinfo import ZoneInfo

from console.console import Console
from store.call_list import CallFilter, CallLine, export_calls

HEADER = (
    "call_id",
    "started_at",
    "ended_at",
    "company",
    "branch",
    "service",
    "wished_start",
    "booked_start",
    "outcome",
    "race_caught_at",
    "gap_seconds",
    "duration_seconds",
)

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def as_csv(console: Console, wanted: CallFilter) -> AsyncIterator[str]:
    """Yield the file line by line: names of columns first, moments in ISO 8601 on the company's own clock.

    Neither names nor numbers of callers are in it. Raises ``StoreUnavailable`` when the database does not answer, which
    can happen in the middle.
    """
    yield _line(HEADER)
    async for call in export_calls(console.engine, wanted):
        yield _line(_cells(call, console.zone_of(call.company)))


def _cells(call: CallLine, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        _text(call.call_id),
        _moment(call.started_at, zone),
        _moment(call.ended_at, zone),
        _text(call.company),
        _text(call.branch),
        _text(call.service),
        _moment(call.wished_start, zone),
        _moment(call.booked_start, zone),
        _text(call.outcome),
        _text(call.race_caught_at),
        _seconds(call.gap_seconds),
        _seconds(call.duration.total_seconds() if call.duration is not None else None),
    )


def _text(value: str | None) -> str:
    """Return a text that no spreadsheet takes for a formula: ids come from outside."""
    return f"'{value}" if value and value.startswith(_BEGINS_A_FORMULA) else value or ""


def _moment(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else at.astimezone(zone).isoformat(timespec="milliseconds")


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3f}"


def _line(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
