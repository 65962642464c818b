"""How long each step may take and how often it is tried, with the reason.

A caller is waiting: each step on the way to an answer ends inside the answer budget (8 s by default), and where several
together take longer the web process says so in time. What a caller does not wait for may take longer.
"""

from datetime import timedelta
from typing import NotRequired, TypedDict

from temporalio.common import RetryPolicy

CALL_LIMIT = timedelta(hours=12)
"""Safety net for a whole call; silence and hang-up end it long before."""

TASK_TIMEOUT = timedelta(seconds=5)
"""After a worker is killed in the middle of a workflow task, another takes over after this."""

LAST_MOMENT = timedelta(milliseconds=300)
"""An answer given this shortly before nobody listens any more may not arrive: it counts as not heard."""

LOOK_AHEAD = timedelta(days=10)
"""One read answers the wish and gives its alternatives: a Saturday counts as Monday, a week on is day 9."""

LOOK_FURTHER = timedelta(days=15)
"""Where the near days are full, alternatives are looked for up to two weeks ahead."""


LIFE_SIGN = timedelta(seconds=2)
"""A step of the calendar's that gives no sign of life for this long is tried again: its worker is gone."""


class StepOptions(TypedDict):
    """The timeouts and retries of one activity."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: NotRequired[timedelta]
    retry_policy: RetryPolicy


class StoreOptions(TypedDict):
    """The timeouts of one activity that runs inside the workflow task."""

    schedule_to_close_timeout: timedelta
    retry_policy: RetryPolicy


_SOON = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=1))
_PATIENT = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10))


def while_caller_waits(answer_budget_seconds: float) -> StepOptions:
    """Return the options of a look at the calendar that the caller waits for: three quarters of the budget."""
    limit = timedelta(seconds=answer_budget_seconds * 0.75)
    return StepOptions(
        start_to_close_timeout=limit,
        schedule_to_close_timeout=limit,
        heartbeat_timeout=LIFE_SIGN,
        retry_policy=_SOON,
    )


def once(how: StepOptions) -> StepOptions:
    """Return these options for a step that may be given up at once: a single attempt."""
    return {**how, "retry_policy": RetryPolicy(maximum_attempts=1)}


RECHECK = StepOptions(
    # Two short looks at the most: a failed re-check does not stop the booking, it only delays it.
    start_to_close_timeout=timedelta(seconds=4.5),
    schedule_to_close_timeout=timedelta(seconds=4.5),
    heartbeat_timeout=LIFE_SIGN,
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=2),
)

BOOK = StepOptions(
    # One attempt: look-up 3 s, booking 10 s (1 to 4 s are usual), look-up 3 s, hold and its shortening 2 s each.
    start_to_close_timeout=timedelta(seconds=25),
    # Outlasts a rate limit's block of 60 s.
    schedule_to_close_timeout=timedelta(seconds=100),
    heartbeat_timeout=LIFE_SIGN,
    retry_policy=_PATIENT,
)


BOOKING_UNDER_WAY = timedelta(seconds=18)
"""So long after its start a request of an attempt to book may be under way: look-up 3 s, hold 2 s, booking 10 s, and
3 s between them on a busy machine. None is begun so shortly before the step's end."""


def hold_while_booking(hold_seconds: float) -> float:
    """Return how long, in seconds, a slot is held that is about to be booked, where an offered one is held so long.

    At least as long as the re-check that renews the hold and every attempt to book may take: Cal.com itself lets two
    bookings of unequal length overlap that are made at the same time.
    """
    longest = RECHECK["schedule_to_close_timeout"] + BOOK["schedule_to_close_timeout"]
    return max(hold_seconds, longest.total_seconds())


RELEASE = StepOptions(
    # A hold that could not be released runs out by itself.
    start_to_close_timeout=timedelta(seconds=5),
    schedule_to_close_timeout=timedelta(seconds=30),
    retry_policy=_PATIENT,
)

FIND_CUSTOMER = StoreOptions(
    # A first question waits for it; a caller who cannot be recognised is asked for the name instead.
    schedule_to_close_timeout=timedelta(milliseconds=500),
    retry_policy=RetryPolicy(maximum_attempts=1),
)

RECORD_AT_ONCE = StoreOptions(
    # Tried once, then left to ``RECORD``.
    schedule_to_close_timeout=timedelta(seconds=2),
    retry_policy=RetryPolicy(maximum_attempts=1),
)

RECORD = StepOptions(
    # Nobody waits for it; a database that is away for a while gets its rows later.
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(hours=1),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60)),
)
