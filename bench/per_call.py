"""What one booked call costs: in Temporal, at Cal.com, in the database, and in processor time.

The call is the one that is made most: it begins, a moment is asked for and offered, the caller says yes, it is booked,
the caller hangs up. Calls follow one another on the embedded stack with its file databases, once with worker and
webhook apart and once with both in one process; the first few warm it up and are left out.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from sqlite3 import connect

import httpx
import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter

from bench.figures import Figures
from bench.systems import APART, TOGETHER, System
from simulator.business import BUSINESSES, Business, workdays
from simulator.caller import Caller
from simulator.stack import AS_USUAL, Stack, running_stack

CALLS = 30

WARMING_UP = 5

BILLED = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "start",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "update",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activity",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signal",
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "search attributes",
}
"""Events that Temporal Cloud counts as an action each."""

LOCAL_ACTIVITY = "core_local_activity"
"""The SDK's name of the marker that keeps what a local activity came to."""

ROWS_OF_A_CALL = ("call", "turn", "reply", "booking", "customer")

SYSTEMS = (APART, TOGETHER)


def events_of(history: WorkflowHistory) -> int:
    """How many events a call's history has."""
    return len(history.events)


def actions_of(history: WorkflowHistory) -> Counter[str]:
    """What a call is billed for, by kind; retries of an activity, which are billed as well, are not in a history.

    The local activities of one workflow task are one action together.
    """
    actions = Counter(BILLED[event.event_type] for event in history.events if event.event_type in BILLED)
    markers = [event.marker_recorded_event_attributes for event in history.events]
    tasks = {marker.workflow_task_completed_event_id for marker in markers if marker.marker_name == LOCAL_ACTIVITY}
    return actions + Counter({"local activities": len(tasks)})


def workflow_tasks_of(history: WorkflowHistory) -> int:
    """How often a worker was asked to go on with the call."""
    return sum(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED for event in history.events)


def bytes_of(history: WorkflowHistory) -> int:
    """How large a call's history is, as it travels."""
    return sum(event.ByteSize() for event in history.events)


def measure(console: Console) -> Figures:
    """Play the calls; one figure for each system and what its calls came to on average, or in all."""
    figures: Figures = []
    for system in SYSTEMS:
        with tempfile.TemporaryDirectory(prefix="slotkeeper-") as folder:
            counted = asyncio.run(_measure(system, Path(folder), console))
        figures += [{"system": system.name, **row} for row in counted]
    return figures


def table(figures: Figures) -> Table:
    """Lay the figures out, the systems side by side; memory is that of the process."""
    shown = Table(title="One booked call", caption=f"Mean of {CALLS - WARMING_UP} calls in a row; MB are in all.")
    shown.add_column("")
    for system in SYSTEMS:
        shown.add_column(system.name, justify="right")
    of_system = {(row["what"], row["system"]): f"{row.get('per_call', row.get('in_all')):,.6g}" for row in figures}
    for what in dict.fromkeys(row["what"] for row in figures):
        shown.add_row(str(what), *(of_system.get((what, system.name), "") for system in SYSTEMS))
    return shown


async def _measure(system: System, folder: Path, console: Console) -> Figures:
    async with (
        running_stack(folder, variant=system.variant or AS_USUAL) as stack,
        httpx.AsyncClient(base_url=stack.webhook_url, timeout=30, trust_env=False) as http,
    ):
        # Near its limit the re-check yields, and a call costs one request less.
        (await http.post(f"{stack.calendar_url}/_double/limit", json={"requests": 1_000_000})).raise_for_status()
        ids = [await _call(stack, http, number) for number in track(range(WARMING_UP), "Warming up", console=console)]
        before = await _read(stack, folder)
        counted = [
            await _call(stack, http, number)
            for number in track(range(WARMING_UP, CALLS), f"Calls that are booked, {system.name}", console=console)
        ]
        temporal = await Client.connect(stack.temporal_address, data_converter=pydantic_data_converter)
        histories = [await _finished(temporal, call_id) for call_id in ids + counted][WARMING_UP:]
        after = await _read(stack, folder)
        memory = {f"MB of {name}": _memory(pid) for name, pid in stack.pids.items()}
    costs = {what: (after[what] - before[what]) / len(counted) for what in after}
    figures: Figures = [
        {"what": what, "per_call": round(cost, 3)} for what, cost in (_of_histories(histories) | costs).items()
    ]
    figures += [{"what": what, "in_all": round(size)} for what, size in memory.items()]
    return figures


async def _call(stack: Stack, http: httpx.AsyncClient, number: int) -> str:
    business = BUSINESSES[number % len(BUSINESSES)]
    caller = Caller(http, stack.retell_api_key, business.number, f"+4915550{number:06d}")
    await caller.started()
    offer = await caller.say("check_availability", **_wish(business, number // len(BUSINESSES)))
    booked = await caller.say("book_appointment", name="Ada Miller")
    await caller.hang_up()
    if (offer.status, booked.status) != ("available", "booked"):
        raise RuntimeError(f"a call came to {offer.status} and {booked.status} instead of a booking")
    return caller.call_id


def _wish(business: Business, number: int) -> dict[str, str]:
    """Return a moment that nobody else wants: one of six in the forenoons of the days to come."""
    today = datetime.now(business.zone).date()
    day = next(islice(workdays(today), number // 6, None))
    return {"datum": f"{day:%d.%m.%Y}", "uhrzeit": f"{9 + number % 6 // 2:02}:{number % 2 * 30:02}"}


async def _finished(temporal: Client, call_id: str) -> WorkflowHistory:
    handle = temporal.get_workflow_handle(f"call/{call_id}")
    await handle.result()
    return await handle.fetch_history()


def _of_histories(histories: Sequence[WorkflowHistory]) -> dict[str, float]:
    costs = {
        "history events": sum(map(events_of, histories)) / len(histories),
        "bytes of history": sum(map(bytes_of, histories)) / len(histories),
        "workflow tasks": sum(map(workflow_tasks_of, histories)) / len(histories),
    }
    actions = sum(map(actions_of, histories), Counter[str]())
    costs["billable actions"] = actions.total() / len(histories)
    return costs | {f"  of them {kind}": count / len(histories) for kind, count in actions.items()}


async def _read(stack: Stack, folder: Path) -> dict[str, float]:
    async with httpx.AsyncClient(base_url=stack.calendar_url) as http:
        log = (await http.get("/_double/ledger")).json()["log"]
    read: dict[str, float] = {"requests to Cal.com": len(log)}
    read |= {f"rows in {name}": rows for name, rows in _rows(folder / "slotkeeper.db").items()}
    for name, pid in stack.pids.items():
        times = psutil.Process(pid).cpu_times()
        read[f"CPU ms of {name}"] = 1000 * (times.user + times.system)
    return read


def _memory(pid: int) -> float:
    """Resident memory of a process, in MB."""
    return psutil.Process(pid).memory_info().rss / 1e6


def _rows(database: Path) -> Mapping[str, int]:
    with closing(connect(database)) as connection:
        return {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608 - our own names
            for name in ROWS_OF_A_CALL
        }
