"""What the incident asks to be watched: races and what became of them, the success of bookings, when to roll back."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col

from store.counts import (
    CallCounts,
    Period,
    RaceCounts,
    YesCounts,
    count_answers,
    count_calls,
    count_races,
    count_yes,
    gap_at,
)
from store.engine import reading
from store.errors import QUERY_SECONDS, answers_within
from store.tables import Call, Company

SUCCESS_GOAL = 0.95
"""The share of confirmed calls that is to end in a booking."""

SUCCESS_LIMIT = 0.80
"""Below this share something is wrong with the program, and no longer with the calendars."""

FEWEST_CONFIRMED = 10
"""Of fewer confirmed calls a share says nothing."""

FAILURES_IN_ROW = 5
"""So many failed re-checks, one after the other, are no accident."""


class TriggerName(StrEnum):
    """When to roll back: the incident's three conditions, and its first criterion of success turned round."""

    RATE_LIMITED = "calcom_rate_limited"
    SUCCESS_RATE = "booking_success_rate"
    RECHECK_FAILING = "recheck_failing"
    RACE_ERRORS = "race_errors_reaching_callers"


@dataclass(frozen=True)
class Trigger:
    """A condition for rolling back: what was found, the limit it is held to, and whether it ``fires``.

    * ``calcom_rate_limited``: answers 429 of Cal.com in the period; fires above 0.
    * ``booking_success_rate``: the success rate; fires below 0.8 where at least ten calls are confirmed. ``value`` is
      ``None`` where none is.
    * ``recheck_failing``: how many of the latest re-checks failed, one after the other; fires from 5 on.
    * ``race_errors_reaching_callers``: as in ``RaceCounts.errors``; fires above 0.
    """

    name: TriggerName
    value: float | None
    limit: float
    fires: bool


@dataclass(frozen=True)
class Figures:
    """The figures of a period.

    ``calls``, ``races`` and ``yes`` are what was counted. ``rate_limited`` is how often Cal.com answered 429, in
    periods longer than a day counted from the full hour on. ``gap_median`` and ``gap_p95`` are how many seconds half
    and 95 % of the callers thought at most; ``None`` where nobody said "yes" to an offer.
    """

    period: Period
    calls: CallCounts
    races: RaceCounts
    yes: YesCounts
    rate_limited: int
    gap_median: float | None
    gap_p95: float | None

    @property
    def races_handled(self) -> int:
        """Races whose callers heard alternatives."""
        return self.races.total - self.races.errors

    @property
    def caught_before_booking(self) -> float | None:
        """Of the races after a "yes", the share a hold or a re-check noticed before a booking was tried; 0 to 1."""
        races = self.races
        return 1 - races.booking_refused / races.after_yes if races.after_yes else None

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """Every condition for rolling back."""
        rate = self.calls.success_rate
        too_low = rate is not None and rate < SUCCESS_LIMIT and self.calls.confirmed >= FEWEST_CONFIRMED
        in_row = self.yes.failures_in_row
        return (
            Trigger(TriggerName.RATE_LIMITED, self.rate_limited, 0, self.rate_limited > 0),
            Trigger(TriggerName.SUCCESS_RATE, rate, SUCCESS_LIMIT, too_low),
            Trigger(TriggerName.RECHECK_FAILING, in_row, FAILURES_IN_ROW, in_row >= FAILURES_IN_ROW),
            Trigger(TriggerName.RACE_ERRORS, self.races.errors, 0, self.races.errors > 0),
        )

    @property
    def fires(self) -> bool:
        """Whether any condition for rolling back is met."""
        return any(trigger.fires for trigger in self.triggers)


@answers_within(QUERY_SECONDS)
async def figures(engine: AsyncEngine, period: Period) -> Figures:
    """Count the period; all of it is read from one state of the database.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        connection = await session.connection()
        yes = await count_yes(connection, period)
        gaps = sum(each.count for each in yes.gaps)
        return Figures(
            period=period,
            calls=await count_calls(connection, period),
            races=await count_races(connection, period),
            yes=yes,
            rate_limited=(await count_answers(connection, period)).rate_limited,
            gap_median=await gap_at(connection, period, 0.5, gaps),
            gap_p95=await gap_at(connection, period, 0.95, gaps),
        )


@answers_within(QUERY_SECONDS)
async def is_known(engine: AsyncEngine, company: str) -> bool:
    """Return whether a company of this key is in the catalog, was there once, or has had a call.

    Raises ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        connection = await session.connection()
        for key in (col(Company.key), col(Call.company)):
            if (await connection.execute(select(key).where(key == company).limit(1))).first():
                return True
        return False
