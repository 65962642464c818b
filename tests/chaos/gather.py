"""What is left after a storm, read from where it lies: Temporal, the calendar, the store, the logs."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import col, select
from temporalio.client import Client, WorkflowExecution

from simulator.calcom.config import Config
from store.engine import close, create_engine, reading
from store.tables import Booking, Call, Hold, Reply, Turn
from tests.chaos.evidence import Evidence, LedgerBooking, Store, Told

STANDS = ("accepted", "pending")


async def still_going_on(client: Client, database_url: str) -> bool:
    """Whether a workflow is open, or a hold alive."""
    if [workflow async for workflow in client.list_workflows("ExecutionStatus = 'Running'")]:
        return True
    now = datetime.now(UTC)
    return any(hold.expires_at > now for hold in (await read_store(database_url)).holds)


async def gather(client: Client, calendar: httpx.AsyncClient, database_url: str, *, encrypted: bool) -> Evidence:
    """Return all there is, but for what only the storm itself knows."""
    executions = [execution async for execution in client.list_workflows()]
    histories = [await _told(client, execution) for execution in executions]
    texts = {
        "ids": "\n".join(execution.id for execution in executions),
        "search attributes": "\n".join(str(execution.typed_search_attributes) for execution in executions),
    }
    if encrypted:
        texts["payloads"] = "\n".join(text for told in histories for text in _payloads(told.history.to_json_dict()))
    return Evidence(
        seed=0,
        budget_seconds=0,
        settled_at=datetime.now(UTC),
        ledger=await _ledger(calendar),
        histories=histories,
        store=await read_store(database_url),
        texts=texts,
        capacities={kind.id: kind.seats or 1 for kind in Config.load().event_types},
    )


def logs(data: Path) -> dict[str, str]:
    """Return what the processes have said."""
    return {f"log of {log.stem}": log.read_text(errors="replace") for log in sorted((data / "logs").glob("*.log"))}


async def read_store(database_url: str) -> Store:
    """Return every row that has to do with calls."""
    engine = create_engine(database_url, patience=20)
    try:
        async with reading(engine) as session:
            return Store(
                calls=list(await session.exec(select(Call))),
                turns=list(await session.exec(select(Turn).order_by(col(Turn.call_id), col(Turn.position)))),
                bookings=list(await session.exec(select(Booking))),
                replies=list(await session.exec(select(Reply).order_by(col(Reply.id)))),
                holds=list(await session.exec(select(Hold))),
            )
    finally:
        await close(engine)


async def _told(client: Client, execution: WorkflowExecution) -> Told:
    history = await client.get_workflow_handle(execution.id, run_id=execution.run_id).fetch_history()
    return Told(execution.id, execution.status, history)


async def _ledger(calendar: httpx.AsyncClient) -> list[LedgerBooking]:
    answer = (await calendar.get("/_double/ledger")).raise_for_status()
    return [
        LedgerBooking(
            uid=line["uid"],
            event_type_id=line["eventTypeId"],
            host=line["host"],
            start=datetime.fromisoformat(line["start"]),
            end=datetime.fromisoformat(line["end"]),
            created_at=datetime.fromisoformat(line["createdAt"]),
            stands=line["status"] in STANDS,
            call_id=line["metadata"].get("call"),
        )
        for line in answer.json()["bookings"]
    ]


def _payloads(part: Any) -> Iterator[str]:
    """Return a history as it is stored: what is in its payloads, and what stands beside them."""
    if isinstance(part, dict):
        if "metadata" in part and isinstance(part.get("data"), str):
            yield base64.b64decode(part["data"]).decode(errors="replace")
            return
        for inner in part.values():
            yield from _payloads(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _payloads(inner)
    else:
        yield json.dumps(part)
