"""A person is forgotten: what the store has of them is erased, and what else has something is named."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from starter.connect import connect, read_connection
from starter.settings import Settings
from store.forget import KnownCall, Traces, find_traces, forget
from workflows import options
from workflows.messages import workflow_id

_DESCRIBE_LIMIT = timedelta(seconds=5)
_AT_ONCE, _IN_ONE_COMMAND = 10, 50


class History(StrEnum):
    """What Temporal has of a call: a workflow that runs or has ended, none, or nobody knows."""

    RUNNING = "running"
    ENDED = "ended"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Plan:
    """What is to be done: calls that can be forgotten now, in order of time, and those that are still in progress.

    ``histories`` says what Temporal has of each call.
    """

    traces: Traces
    forgettable: tuple[str, ...]
    in_progress: tuple[str, ...]
    histories: Mapping[str, History]

    def here(self) -> Iterator[str]:
        """Say what is going to be erased, and what is not."""
        kept = self.traces
        yield (
            f"In the database: {len(kept.calls)} calls, {kept.replies} answers to them, {len(kept.bookings)} bookings,"
            f" {kept.customers} customers."
        )
        yield "Of the calls what they came to stays, without the number; the rest is erased."
        if self.in_progress:
            yield "Left as they are, since they are still in progress:"
            yield from (f"  {workflow_id(call)}" for call in self.in_progress)

    def elsewhere(self) -> Iterator[str]:
        """Say who else has something of the calls that can be forgotten, and what to do about it."""
        ended = [call for call in self.forgettable if self.histories[call] is History.ENDED]
        unknown = [call for call in self.forgettable if self.histories[call] is History.UNKNOWN]
        if ended:
            yield "Temporal has these histories, until the retention of its namespace is over; to delete them now:"
            yield from _deletions(ended)
        if unknown:
            yield "Temporal does not answer, and may have these histories as long; to delete them:"
            yield from _deletions(unknown)
        if self.traces.bookings:
            yield "Cal.com has these bookings, with name and number; they are erased there:"
            yield from (f"  {uid}" for uid in self.traces.bookings)
        if self.forgettable:
            yield "The voice platform has what it keeps of these calls:"
            yield from (f"  {call}" for call in self.forgettable)


async def forget_person(
    engine: AsyncEngine,
    settings: Settings,
    number: str,
    company: str | None,
    now: datetime,
    say: Callable[[str], None],
    agreed: Callable[[], bool],
) -> bool:
    """Forget who has this number (E.164), and ``say`` line by line what is done; the number is in no line.

    What is found is told before anybody has to have ``agreed``: once it is erased, nothing leads to it any more.
    Returns whether nothing is left.

    Raises:
        SettingsError: What is set for Temporal cannot be used.
        StoreUnavailable: The database does not answer.
    """
    traces = await find_traces(engine, number, company)
    if not traces:
        say("Nobody with this number is in the database. A call is, as soon as its first question has been answered.")
        return True
    calls = [call.call_id for call in traces.calls]
    planned = plan(traces, await histories_of(await _reached(settings), calls), now)
    for line in (*planned.here(), *planned.elsewhere()):
        say(line)
    if not agreed():
        say("Nothing has been erased.")
        return False
    await forget(engine, number, planned.forgettable, company)
    left = await find_traces(engine, number, company)
    say(
        f"Erased, but for {len(left.calls)} calls in progress: once they are over, do this again."
        if left
        else "Erased."
    )
    return not left


async def _reached(settings: Settings) -> Client | None:
    """Return a client where Temporal answers. The metrics' address belongs to the process that serves it."""
    try:
        return await connect(read_connection(settings.model_copy(update={"metrics_bind": None})))
    except RuntimeError:
        return None


def plan(traces: Traces, histories: Mapping[str, History], now: datetime) -> Plan:
    """Decide which calls can be forgotten.

    A call in progress cannot: its workflow knows the caller, and would write down what it still comes to. Where
    Temporal does not say, a call is in progress until its end is recorded, and no longer than a call can take.
    """

    def lasts(call: KnownCall) -> bool:
        if histories[call.call_id] is not History.UNKNOWN:
            return histories[call.call_id] is History.RUNNING
        return call.ended_at is None and call.started_at > now - options.CALL_LIMIT

    in_progress = tuple(call.call_id for call in traces.calls if lasts(call))
    forgettable = tuple(call.call_id for call in traces.calls if call.call_id not in in_progress)
    return Plan(traces, forgettable, in_progress, histories)


async def histories_of(client: Client | None, calls: Collection[str]) -> dict[str, History]:
    """Ask Temporal what it has of these calls; without a ``client`` nobody knows."""
    if client is None:
        return dict.fromkeys(calls, History.UNKNOWN)
    few = asyncio.Semaphore(_AT_ONCE)

    async def ask(call: str) -> History:
        async with few:
            return await _history_of(client, call)

    return dict(zip(calls, await asyncio.gather(*map(ask, calls)), strict=True))


async def _history_of(client: Client, call: str) -> History:
    try:
        described = await client.get_workflow_handle(workflow_id(call)).describe(rpc_timeout=_DESCRIBE_LIMIT)
    except RPCError as error:
        return History.GONE if error.status is RPCStatusCode.NOT_FOUND else History.UNKNOWN
    return History.RUNNING if described.status is WorkflowExecutionStatus.RUNNING else History.ENDED


def _deletions(calls: Sequence[str]) -> Iterator[str]:
    """Yield commands that delete many at once without asking; an id has nothing in it that a shell would mind."""
    for some in range(0, len(calls), _IN_ONE_COMMAND):
        ids = ", ".join(f"'{workflow_id(call)}'" for call in calls[some : some + _IN_ONE_COMMAND])
        yield f'  temporal workflow delete --yes --reason forgotten --query "WorkflowId IN ({ids})"'
