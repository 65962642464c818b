"""What the dashboard shows: rows of panels."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.grafana.queries import (
    Query,
    answered,
    counted,
    counted_over,
    current,
    heat,
    quantile,
    recorded,
    temporal_p95,
)
from workflows.metrics import (
    ANSWER_SECONDS,
    ANSWERS,
    CALCOM_REQUEST_SECONDS,
    CALCOM_REQUESTS_WITHHELD,
    CALLS,
    CALLS_IN_PROGRESS,
    DATABASE_UP,
    GAP_SECONDS,
    HOLD_ATTEMPTS,
    HOLDS,
    RACE_ERRORS,
    RACES,
    RECHECK_FAILURES_IN_ROW,
    RECHECKS,
    ROWS_LOST,
)

GREEN, YELLOW, RED = "green", "yellow", "red"


@dataclass(frozen=True)
class Panel:
    """One picture: what it ``says``, in which unit, and above which values it changes its colour.

    ``kind`` is Grafana's: ``stat`` is one number, ``timeseries`` a curve, ``heatmap`` a histogram over time.
    ``unit`` is Grafana's, too: ``s``, ``percentunit``, ``short``.
    """

    title: str
    says: str
    queries: Sequence[Query]
    kind: str = "timeseries"
    unit: str = "short"
    steps: Sequence[tuple[float | None, str]] = ((None, GREEN),)


@dataclass(frozen=True)
class Row:
    """Panels beside each other, all of one height in Grafana's units of about 30 pixels."""

    title: str
    panels: Sequence[Panel]
    height: int = 8


ROWS: tuple[Row, ...] = (
    Row(
        "Is it well?",
        (
            Panel(
                "Booking success, last hour",
                'Of the calls with a "yes" that have ended: the share that was booked. Goal 95 %, rollback line 80 %.',
                (recorded("slotkeeper:booking_success:ratio_1h"),),
                kind="stat",
                unit="percentunit",
                steps=((None, RED), (0.80, YELLOW), (0.95, GREEN)),
            ),
            Panel("Calls in progress", CALLS_IN_PROGRESS.says, (current(CALLS_IN_PROGRESS),), kind="stat"),
            Panel("Slots held", HOLDS.says, (current(HOLDS),), kind="stat"),
            Panel(
                "Races, last day",
                "Somebody else was faster; the caller heard alternatives, unless counted in the next panel.",
                (recorded("sum(slotkeeper:races:1d) or vector(0)"),),
                kind="stat",
            ),
            Panel(
                "Race errors, last day",
                RACE_ERRORS.says,
                (recorded("slotkeeper:race_errors:1d or vector(0)"),),
                kind="stat",
                steps=((None, GREEN), (1, RED)),
            ),
            Panel(
                "Rows lost, last day",
                ROWS_LOST.says,
                (counted_over(ROWS_LOST, "1d"),),
                kind="stat",
                steps=((None, GREEN), (1, YELLOW)),
            ),
        ),
        height=5,
    ),
    Row(
        "Races",
        (
            Panel("Races by where they were caught", RACES.says, (counted(RACES, "caught"),)),
            Panel("Re-checks", RECHECKS.says, (counted(RECHECKS, "result"),)),
            Panel(
                "Failed in a row",
                RECHECK_FAILURES_IN_ROW.says,
                (current(RECHECK_FAILURES_IN_ROW),),
                kind="stat",
                steps=((None, GREEN), (1, YELLOW), (5, RED)),
            ),
            Panel("Thinking time", GAP_SECONDS.says, (heat(GAP_SECONDS),), kind="heatmap", unit="s"),
        ),
    ),
    Row(
        "What callers hear",
        (
            Panel("Answers", ANSWERS.says, (counted(ANSWERS, "status"),)),
            Panel(
                "Answer times",
                ANSWER_SECONDS.says,
                (quantile(ANSWER_SECONDS, 0.5), quantile(ANSWER_SECONDS, 0.95, "function")),
                unit="s",
                steps=((None, GREEN), (5, RED)),
            ),
            Panel("Calls that have ended", CALLS.says, (counted(CALLS, "outcome"),)),
        ),
    ),
    Row(
        "Cal.com",
        (
            Panel(
                "Median answer time",
                CALCOM_REQUEST_SECONDS.says,
                (quantile(CALCOM_REQUEST_SECONDS, 0.5, "endpoint"),),
                unit="s",
            ),
            Panel(
                "Slowest twentieth",
                CALCOM_REQUEST_SECONDS.says,
                (quantile(CALCOM_REQUEST_SECONDS, 0.95, "endpoint"),),
                unit="s",
            ),
            Panel("Answers by result", CALCOM_REQUEST_SECONDS.says, (answered(CALCOM_REQUEST_SECONDS, "result"),)),
            Panel("Requests withheld", CALCOM_REQUESTS_WITHHELD.says, (counted(CALCOM_REQUESTS_WITHHELD, "need"),)),
        ),
    ),
    Row(
        "Underneath",
        (
            Panel("Attempts to hold", HOLD_ATTEMPTS.says, (counted(HOLD_ATTEMPTS, "result"),)),
            Panel(
                "Wait for a worker (p95)",
                "From the moment a task could be worked on to the moment a worker took it.",
                (
                    temporal_p95("temporal_workflow_task_schedule_to_start_latency", "workflow tasks"),
                    temporal_p95("temporal_activity_schedule_to_start_latency", "activities"),
                ),
                unit="s",
                steps=((None, GREEN), (0.5, RED)),
            ),
            Panel(
                "Processes",
                "1 is up, 0 is down.",
                (Query("up", "{{job}} {{instance}}"), Query(DATABASE_UP.name, "database, from {{instance}}")),
                steps=((None, RED), (1, GREEN)),
            ),
        ),
    ),
)
"""The whole dashboard."""
