"""Everything that is counted and timed, by the names Prometheus knows: the one list.

Alert rules, dashboard and documentation are held to it. Labels take no values but those named here: none can be a
caller's name or number, and there are never many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from temporalio.common import MetricMeter

from workflows.messages import (
    AnswerStatus,
    CallOutcome,
    CaughtAt,
    HoldState,
    Reason,
    RecheckResult,
    TurnKind,
    TurnRecord,
)

NONE = ""
"""The value of a label that does not apply."""

OTHER = "other"
"""The value of a label for everything that has none of its own."""

CALENDAR_ENDPOINTS = (
    "slots",
    "bookings.create",
    "bookings.list",
    "bookings.get",
    "bookings.cancel",
    "bookings.reschedule",
    "event-types",
    "me",
)
"""What Cal.com is asked."""

CALENDAR_RESULTS = ("ok", "taken", "refused", "not_found", "rate_limited", "not_configured", "unreachable")
"""What Cal.com answers: only the last three are trouble."""

CALENDAR_NEEDS = ("optional", "question", "booking")
"""What Cal.com is asked for; near its rate limit the first yields first."""

_ANSWER_BUCKETS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 10.0)
_GAP_BUCKETS = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 14.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0)


@dataclass(frozen=True)
class Metric:
    """One metric: its name, what it says, and every value each of its labels can have."""

    name: str
    says: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def _labelled(self, labels: Mapping[str, str]) -> dict[str, str]:
        if labels.keys() != self.labels.keys():
            raise ValueError(f"{self.name} has the labels {', '.join(self.labels) or 'none'}")
        return {name: value if value in self.labels[name] else OTHER for name, value in labels.items()}


@dataclass(frozen=True)
class Counter(Metric):
    """Something that is counted up."""

    def add(self, meter: MetricMeter, value: int = 1, **labels: str) -> None:
        """Count; a value of a label that is not in the list counts as ``other``."""
        meter.create_counter(self.name, self.says).add(value, self._labelled(labels))


@dataclass(frozen=True)
class Histogram(Metric):
    """Times in seconds, counted by ``buckets``: their upper bounds."""

    buckets: tuple[float, ...] = _ANSWER_BUCKETS

    def record(self, meter: MetricMeter, seconds: float, **labels: str) -> None:
        """Count a time."""
        meter.create_histogram_float(self.name, self.says, "s").record(seconds, self._labelled(labels))


@dataclass(frozen=True)
class Gauge(Metric):
    """A number as it is now."""

    def set(self, meter: MetricMeter, value: int, **labels: str) -> None:
        """Say what it is now."""
        meter.create_gauge(self.name, self.says).set(value, self._labelled(labels))


ANSWERS = Counter(
    "slotkeeper_answers_total",
    "Answers to function calls, as callers heard them.",
    {"status": (*AnswerStatus, "information"), "reason": (NONE, *Reason)},
)
ANSWER_SECONDS = Histogram(
    "slotkeeper_answer_seconds",
    "From the arrival of a function call to its answer.",
    {
        "function": (
            "check_availability",
            "book_appointment",
            "collect_appointment_data",
            "get_alternatives",
            "find_next_available",
            "get_available_services",
            "check_customer",
            "get_current_context",
            "current_time_berlin",
            "parse_date",
        )
    },
)
RACES = Counter(
    "slotkeeper_races_total",
    "Somebody else was faster, by where it was noticed.",
    {"caught": tuple(CaughtAt)},
)
RACE_ERRORS = Counter(
    "slotkeeper_race_errors_total",
    "Races after which the caller heard of no alternative: an error, a mere refusal, or nothing.",
)
GAP_SECONDS = Histogram(
    "slotkeeper_gap_seconds",
    'How long callers thought, from the offer to their "yes".',
    buckets=_GAP_BUCKETS,
)
RECHECKS = Counter(
    "slotkeeper_rechecks_total",
    "Looks right before a booking, by what they came to.",
    {"result": tuple(RecheckResult)},
)
CALLS = Counter(
    "slotkeeper_calls_total", "Calls that have ended, by what they came to.", {"outcome": tuple(CallOutcome)}
)
CONFIRMED_CALLS = Counter(
    "slotkeeper_confirmed_calls_total",
    'Calls that have ended in which the caller said "yes", by whether something was booked.',
    {"booked": ("true", "false")},
)
CALCOM_REQUEST_SECONDS = Histogram(
    "slotkeeper_calcom_request_seconds",
    "How long Cal.com took to answer, by what it was asked and what came of it.",
    {"endpoint": CALENDAR_ENDPOINTS, "result": CALENDAR_RESULTS},
)
CALCOM_REQUESTS_WITHHELD = Counter(
    "slotkeeper_calcom_requests_withheld_total",
    "Requests not made, as a key's last ones are kept for bookings, or none is left; by what they were for.",
    {"need": CALENDAR_NEEDS},
)
HOLD_ATTEMPTS = Counter(
    "slotkeeper_hold_attempts_total",
    "Attempts to hold a slot, by what became of them.",
    {"result": tuple(state for state in HoldState if state is not HoldState.NOT_TRIED)},
)
HOLDS = Gauge(
    "slotkeeper_holds", "Slots held now: each for a caller who thinks, or for the ten seconds after it was booked."
)
CALLS_IN_PROGRESS = Gauge("slotkeeper_calls_in_progress", "Calls that have begun and not ended, now.")
RECHECK_FAILURES_IN_ROW = Gauge(
    "slotkeeper_recheck_failures_in_row",
    "How many of the latest looks right before a booking failed, one after the other, within a day.",
)
DATABASE_UP = Gauge(
    "slotkeeper_database_up",
    "1 where the database answers the console, 0 where not: the other gauges then stand still.",
)
ROWS_LOST = Counter(
    "slotkeeper_rows_lost_total",
    "Rows for operators that were given up because the database did not take them in time.",
    {"table": ("reply", "calendar_answers")},
)

METRICS: tuple[Metric, ...] = (
    ANSWERS,
    ANSWER_SECONDS,
    RACES,
    RACE_ERRORS,
    GAP_SECONDS,
    RECHECKS,
    CALLS,
    CONFIRMED_CALLS,
    CALCOM_REQUEST_SECONDS,
    CALCOM_REQUESTS_WITHHELD,
    HOLD_ATTEMPTS,
    HOLDS,
    CALLS_IN_PROGRESS,
    RECHECK_FAILURES_IN_ROW,
    DATABASE_UP,
    ROWS_LOST,
)
"""Every metric of ours."""

BUCKETS = {metric.name: metric.buckets for metric in METRICS if isinstance(metric, Histogram)}
"""The bounds of every histogram, which Temporal's exporter is told when it is set up."""


def count_turn(meter: MetricMeter, turn: TurnRecord) -> None:
    """Count an answered turn: its race and whether the caller heard of an alternative, re-check and gap.

    What did not happen is counted as zero: nobody notices the rise of a counter that begins with its first event.
    """
    for caught in CaughtAt:
        RACES.add(meter, turn.caught_at is caught, caught=caught)
    RACE_ERRORS.add(meter, turn.caught_at is not None and not (turn.heard and turn.alternatives))
    for result in RecheckResult:
        RECHECKS.add(meter, turn.recheck is result, result=result)
    if turn.offered_at and turn.confirmed_at:
        GAP_SECONDS.record(meter, (turn.confirmed_at - turn.offered_at).total_seconds())


def count_call(meter: MetricMeter, outcome: CallOutcome, turns: Sequence[TurnRecord]) -> None:
    """Count a call that has ended, and what it came to if the caller ever said "yes"."""
    CALLS.add(meter, outcome=outcome)
    confirmed = any(turn.kind is TurnKind.CONFIRMATION for turn in turns)
    booked = outcome is CallOutcome.BOOKED
    CONFIRMED_CALLS.add(meter, confirmed and booked, booked="true")
    CONFIRMED_CALLS.add(meter, confirmed and not booked, booked="false")
