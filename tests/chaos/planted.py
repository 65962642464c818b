"""A worker with a bug planted: `python -m tests.chaos.planted no-look-up`. The rooms themselves know nothing of it."""

import asyncio
import runpy
import sys

from activities.scheduling import SchedulingActivities, booking_key
from simulator.stack import WORKER
from store.holds import Holds
from workflows.requests import BookingOutcome, BookingResult, BookSlot

_under_way: set[asyncio.Task[BookingOutcome]] = set()
_post = SchedulingActivities._post_booking


async def _find_nothing(_self: SchedulingActivities, _request: BookSlot) -> BookingOutcome | None:
    return None


async def _keep_it(_self: Holds, _call_id: str) -> None:
    """Let nothing go."""


async def _say_it_at_once(self: SchedulingActivities, request: BookSlot) -> BookingOutcome:
    """Tell of a booking before it is made. Its name is invented: the calendar gives one to what it has booked."""
    task = asyncio.create_task(_post(self, request))
    _under_way.add(task)
    task.add_done_callback(_forget)
    return BookingOutcome(result=BookingResult.BOOKED, booking_uid=booking_key(request), start=request.start)


def _forget(task: asyncio.Task[BookingOutcome]) -> None:
    """Take no notice of what became of a booking that was told already."""
    task.exception()
    _under_way.discard(task)


BUGS = {
    "no-look-up": (SchedulingActivities, "_own_booking", _find_nothing),
    "hold-not-released": (Holds, "release", _keep_it),
    "told-before-booked": (SchedulingActivities, "_post_booking", _say_it_at_once),
}


def worker_with(bug: str) -> tuple[str, ...]:
    """Return the command that runs a worker with this bug."""
    return (sys.executable, "-m", "tests.chaos.planted", bug)


if __name__ == "__main__":
    setattr(*BUGS[sys.argv[1]])
    runpy.run_path(WORKER[-1], run_name="__main__")
