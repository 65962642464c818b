"""What a storm leaves behind to be judged: what was said and heard, what stands in the calendar, what was recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter

from store.tables import Booking, Call, Hold, Reply, Turn
from workflows.requests import CallRecord


@dataclass(frozen=True)
class Exchange:
    """One request to the web process, and what came back; ``status_code`` is ``None`` where nothing did.

    Attributes:
        sent_at: When it was sent; aware.
        seconds: How long the answer took.
        what: The function's name, or the event's.
        args: What the caller said.
        body: The answer's JSON.
        copy: A duplicate, or a delivery after the hang-up: nobody on the phone hears its answer.
        late: How many of the seconds may have passed because whoever measured was kept waiting by a busy machine.
        meant: The moment the caller had in mind; ``None`` where he had none.
    """

    sent_at: datetime
    seconds: float
    what: str
    args: Mapping[str, Any]
    status_code: int | None
    body: Mapping[str, Any]
    copy: bool = False
    late: float = 0
    meant: datetime | None = None

    @property
    def status(self) -> str:
        """The status word of the answer; empty where there was none."""
        return str(self.body.get("status", ""))


@dataclass(frozen=True)
class PhoneCall:
    """One call of the storm: everything said and heard in it, in order.

    ``offered`` and the like are not kept: whoever judges reads them from the exchanges. ``said_yes`` are the places in
    ``exchanges`` of requests that confirm. A ``calm`` call was made after the storm, when nothing went wrong any more.
    """

    call_id: str
    company: str
    name: str
    number: str | None
    exchanges: Sequence[Exchange] = ()
    said_yes: Sequence[int] = ()
    hung_up: bool = False
    calm: bool = False


@dataclass(frozen=True)
class LedgerBooking:
    """A booking as the calendar has it; ``call_id`` is ``None`` for a stranger's."""

    uid: str
    event_type_id: int
    host: str
    start: datetime
    end: datetime
    created_at: datetime
    stands: bool
    call_id: str | None


@dataclass(frozen=True)
class Told:
    """A workflow as Temporal has it after the storm.

    ``at_once`` is what it wrote down within a workflow task, which its history does not tell, if that is known already.
    """

    workflow_id: str
    status: WorkflowExecutionStatus | None
    history: WorkflowHistory
    at_once: Sequence[CallRecord] | None = None


@dataclass(frozen=True)
class Injected:
    """Something that was done to the stack: ``what`` in a few words.

    Attributes:
        at: When; aware.
        what: A few words for whoever reads the story.
        killed: Which process was ended, if one was: ``worker``, ``webhook``, ``temporal``.
        fault: What the calendar was told to do, if anything: the double's word for it, as in ``stale``.
    """

    at: datetime
    what: str
    killed: str | None = None
    fault: str | None = None


@dataclass(frozen=True)
class Store:
    """Every row that has to do with calls, and the holds that are left."""

    calls: Sequence[Call] = ()
    turns: Sequence[Turn] = ()
    bookings: Sequence[Booking] = ()
    replies: Sequence[Reply] = ()
    holds: Sequence[Hold] = ()


@dataclass(frozen=True)
class Evidence:
    """Everything a storm left behind.

    Attributes:
        seed: What it is repeated with.
        budget_seconds: The answer budget of the installation.
        settled_at: When everything was read: confirmation window and grace had passed since the last word.
        capacities: How many bookings at once a host has, by event type.
        ledger: The calendar's bookings, ours and strangers'.
        histories: Every workflow there is.
        texts: What may hold nobody's name or number, by where it was read: logs, ids, search attributes, metrics, and
            raw payloads where they are encrypted.
        planted: Names and numbers that were said and may not be found in ``texts``.
        injected: What was done to the stack, in order of time.
        seconds: How long the storm raged, as it was asked for.
        converter: What reads the payloads of the histories; with the keys, where they are encrypted.
    """

    seed: int
    budget_seconds: float
    settled_at: datetime
    calls: Sequence[PhoneCall] = ()
    ledger: Sequence[LedgerBooking] = ()
    histories: Sequence[Told] = ()
    store: Store = field(default_factory=Store)
    texts: Mapping[str, str] = field(default_factory=dict)
    planted: Sequence[str] = ()
    capacities: Mapping[int, int] = field(default_factory=dict)
    injected: Sequence[Injected] = ()
    seconds: float = 0
    converter: DataConverter = pydantic_data_converter


@dataclass(frozen=True)
class Breach:
    """A broken promise: which, on which call, and the shortest story of it, line by line."""

    promise: int
    call_id: str | None
    story: Sequence[str]
