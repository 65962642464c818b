"""The figures of ``slotkeeper calls``: as a table for people, as JSON for programs."""

import re
from datetime import timedelta

from rich.console import Group
from rich.table import Table
from rich.text import Text

from store.figures import SUCCESS_GOAL, Figures, Trigger, TriggerName

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

_TRIGGERS = {
    TriggerName.RATE_LIMITED: "Cal.com answered 429",
    TriggerName.SUCCESS_RATE: "Booking success rate",
    TriggerName.RECHECK_FAILING: "Re-checks failed in a row",
    TriggerName.RACE_ERRORS: "Race errors that reached callers",
}


def span_of(text: str) -> timedelta:
    """Return how long ``30m``, ``12h``, ``7d`` or ``4w`` is; raises ``ValueError`` for other texts."""
    found = re.fullmatch(r"0*([1-9][0-9]{0,3})([mhdw])", text.strip(), re.ASCII)
    if found is None:
        raise ValueError("is no span of time; write one like 30m, 12h, 7d or 4w")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def as_table(figures: Figures) -> Group:
    """Lay the figures out for a terminal."""
    calls, races, yes = figures.calls, figures.races, figures.yes
    since, until = (f"{moment:%Y-%m-%d %H:%M}" for moment in (figures.period.since, figures.period.until))
    title = f"{figures.period.company or 'All companies'}, {since} to {until} UTC"
    counted = Table(title=title, show_header=False)
    counted.add_column()
    counted.add_column(justify="right")
    rows = {
        "Calls": calls.calls,
        'Calls with a "yes"': calls.confirmed,
        "Calls that booked": calls.booked,
        f"Booking success rate (goal {SUCCESS_GOAL:.0%})": _goal(calls.success_rate),
        "Races": races.total,
        "  caught by a hold": races.caught["hold"],
        "  caught by the re-check": races.caught["recheck"],
        "  caught by the booking": races.caught["booking"],
        "  handled with alternatives": figures.races_handled,
        "  errors that reached callers": races.errors,
        'Races after a "yes", caught before booking': _percent(figures.caught_before_booking),
        "Re-checks": sum(yes.rechecks.values()) - yes.rechecks["skipped"],
        "  passed": yes.rechecks["passed"],
        "  passed, and yet refused": races.after_passed_recheck,
        "  gone": yes.rechecks["gone"],
        "  failed": yes.rechecks["failed"],
        "Re-checks skipped to spare requests": yes.rechecks["skipped"],
        'Gap before the "yes", median': _seconds(figures.gap_median),
        'Gap before the "yes", p95': _seconds(figures.gap_p95),
        "Cal.com answered 429": figures.rate_limited,
    }
    for name, value in rows.items():
        counted.add_row(name, value if isinstance(value, Text) else str(value))
    triggers = Table("Rollback trigger", title="Roll back?")
    for heading in ("value", "limit"):
        triggers.add_column(heading, justify="right")
    triggers.add_column("fires")
    for trigger in figures.triggers:
        fires = Text("FIRES", "bold red") if trigger.fires else Text("no", "green")
        triggers.add_row(_TRIGGERS[trigger.name], *_value_and_limit(trigger), fires)
    return Group(counted, triggers)


def as_json(figures: Figures) -> dict[str, object]:
    """Return the figures under keys that stay: moments in ISO format, shares from 0 to 1, times in seconds."""
    calls, races, yes = figures.calls, figures.races, figures.yes
    return {
        "since": figures.period.since.isoformat(),
        "until": figures.period.until.isoformat(),
        "company": figures.period.company,
        "calls": calls.calls,
        "outcomes": calls.outcomes,
        "confirmed_calls": calls.confirmed,
        "booked_calls": calls.booked,
        "success_rate": calls.success_rate,
        "success_goal": SUCCESS_GOAL,
        "races": races.total,
        "races_caught": races.caught,
        "races_handled": figures.races_handled,
        "race_errors": races.errors,
        "races_after_yes": races.after_yes,
        "caught_before_booking": figures.caught_before_booking,
        "rechecks": yes.rechecks,
        "rechecks_passed_yet_refused": races.after_passed_recheck,
        "recheck_failures_in_row": yes.failures_in_row,
        "calcom_rate_limited": figures.rate_limited,
        "gap_seconds": {"median": figures.gap_median, "p95": figures.gap_p95},
        "triggers": [
            {"name": trigger.name, "value": trigger.value, "limit": trigger.limit, "fires": trigger.fires}
            for trigger in figures.triggers
        ],
        "fires": figures.fires,
    }


def _value_and_limit(trigger: Trigger) -> tuple[str, str]:
    if trigger.name is TriggerName.SUCCESS_RATE:
        return _percent(trigger.value), f"at least {trigger.limit:.0%}"
    most = trigger.limit - 1 if trigger.name is TriggerName.RECHECK_FAILING else trigger.limit
    return f"{trigger.value:.0f}", f"at most {most:.0f}"


def _goal(share: float | None) -> Text:
    if share is None:
        return Text("none yet")
    return Text(_percent(share), "green" if share >= SUCCESS_GOAL else "yellow")


def _percent(share: float | None) -> str:
    return "none yet" if share is None else f"{share:.1%}"


def _seconds(seconds: float | None) -> str:
    return "none yet" if seconds is None else f"{seconds:.1f} s"
