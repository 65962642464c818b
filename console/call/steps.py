"""The steps of a call: what was done for it, how long that took, and how it failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Step:
    """A step as it went.

    ``attempts`` is ``None`` where it is not known, ``failure`` the kind of error of a step that came to no result.
    ``result`` is what it came to, as a key of the texts: ``free``, ``free_not_held``, ``not_listed``, ``held``,
    ``held_elsewhere``, ``not_held``, ``over_limit``, ``still_free``, ``gone``, ``skipped``, ``booked``,
    ``found_again``, ``taken``, ``let_go``.
    """

    at: datetime
    name: str
    seconds: float
    attempts: int | None = None
    failure: str | None = None
    result: str | None = None


def steps_of(rows: Sequence[Mapping[str, object]], results: Mapping[str, str] | None = None) -> list[Step]:
    """Return steps as they are kept with a turn or a call; ``results`` are what they came to, by name."""
    steps = []
    for row in rows:
        began, ended = (datetime.fromisoformat(str(row[name])) for name in ("began_at", "ended_at"))
        attempts, failure = row.get("attempts"), row.get("failure")
        name = str(row["name"])
        steps.append(
            Step(
                at=began,
                name=name,
                seconds=(ended - began).total_seconds(),
                attempts=attempts if isinstance(attempts, int) else None,
                failure=None if failure is None else str(failure),
                result=None if failure is not None else (results or {}).get(name),
            )
        )
    return steps
