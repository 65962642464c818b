"""The activities a workflow may ask for: names and signatures only.

Workflow code imports these, never the implementations; a test holds each against the method that carries it out.
"""

from temporalio import activity

from workflows.messages import Caller
from workflows.requests import (
    Availability,
    BookingOutcome,
    BookSlot,
    CallRecord,
    CustomerLookup,
    FreeSlots,
    Held,
    HoldRelease,
    Recheck,
    SlotCheck,
    SlotHold,
    SlotRecheck,
    SlotSearch,
)

CALENDAR_NOT_CONFIGURED = "CalendarNotConfigured"
"""Error type of a calendar that cannot work until an operator acts: key refused, event type gone."""

RATE_LIMITED = "RateLimited"
"""Error type of a calendar that asks to be left alone for a while; retried when its reset time has passed."""

CALENDAR_UNREACHABLE = "CalendarUnreachable"
"""Error type of a calendar that did not answer, or not understandably; retried."""


@activity.defn
async def check_slot(request: SlotCheck) -> Availability:
    """Read the free slots, then hold the exact one for this call."""
    raise NotImplementedError


@activity.defn
async def find_slots(request: SlotSearch) -> FreeSlots:
    """Read the free slots of a range, freshly, without those other calls hold."""
    raise NotImplementedError


@activity.defn
async def hold_slot(request: SlotHold) -> Held:
    """Hold a slot that was just read as free."""
    raise NotImplementedError


@activity.defn
async def recheck_slot(request: SlotRecheck) -> Recheck:
    """Renew the hold, then look at the one slot again with a query nobody asked before."""
    raise NotImplementedError


@activity.defn
async def book_slot(request: BookSlot) -> BookingOutcome:
    """Book the slot once, however often this runs.

    Detail 0 of its errors says whether the calendar may hold the booking all the same; an error without it, such as a
    timeout, leaves that open as well.
    """
    raise NotImplementedError


@activity.defn
async def release_hold(request: HoldRelease) -> None:
    """Let this call's hold go; nothing happens if there is none."""
    raise NotImplementedError


@activity.defn
async def find_customer(request: CustomerLookup) -> Caller:
    """Recognise a caller by company and number."""
    raise NotImplementedError


@activity.defn
async def record_call(record: CallRecord) -> None:
    """Keep our own copy of the call; an older revision never overwrites a newer one."""
    raise NotImplementedError
