"""What Cal.com answers when it does not answer what was asked.

    CalcomError
    ├── SlotUnavailable       taken, or nobody works then: Cal.com says both with one sentence
    ├── TooSoon               inside the minimum notice, or beyond the booking window: again one sentence
    ├── InThePast             the start has passed
    ├── NotFound              no such booking
    │   └── AlreadyCancelled  it has been cancelled or moved
    ├── RateLimited           429, whatever its body; or not asked, as that would have been the answer
    ├── NotConfigured         any other 4xx that Cal.com itself wrote: waiting will not make it better
    └── Unreachable           no answer, 5xx, or an answer that is not Cal.com's: what it did is not known

The two tables below have the sentences that tell them apart, as measured on an open-source server of mid 2026 or read
in its source. No exception carries a key, a request, or a sentence of Cal.com's, which may repeat an attendee's data.
"""

import re
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import ClassVar, Literal, NamedTuple

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from activities.budget import SOON, WINDOW, said_of_budget


class CalcomError(Exception):
    """Base of everything Cal.com answers that is not what was asked for; ``result`` is what it is counted as."""

    result: ClassVar[str]


class SlotUnavailable(CalcomError):
    """The time cannot be booked: taken, or outside the host's hours. It may be taken by a booking of ours."""

    result = "taken"


class TooSoon(CalcomError):
    """The time is inside the minimum notice or beyond the booking window; Cal.com does not say which."""

    result = "refused"


class InThePast(CalcomError):
    """The time has passed."""

    result = "refused"


class NotFound(CalcomError):
    """There is no booking with this uid."""

    result = "not_found"


class AlreadyCancelled(NotFound):
    """The booking has been cancelled before, or moved: that cancels it in favour of another uid."""


class RateLimited(CalcomError):
    """Cal.com did nothing, or was not even asked, and is to be left alone for ``reset_after``."""

    result = "rate_limited"

    def __init__(self, reset_after: timedelta) -> None:
        """Say when asking again makes sense."""
        super().__init__(f"Cal.com's rate limit is reached; it resets in {reset_after.total_seconds():.0f} s")
        self.reset_after = reset_after


class NotConfigured(CalcomError):
    """Permanent until somebody acts: key refused, event type gone or unfit. The message names what to fix."""

    result = "not_configured"


class Unreachable(CalcomError):
    """No usable answer. A request that changes something may have done so, or, ``unanswered``, may be about to."""

    result = "unreachable"

    def __init__(self, message: str, *, unanswered: bool = False) -> None:
        """Say what happened; ``unanswered`` where Cal.com itself has not answered what may have reached it."""
        super().__init__(message)
        self.unanswered = unanswered


class Refusal(NamedTuple):
    """A row of the tables: this status, with this text in its message, means that exception."""

    status: int
    says: str
    means: type[CalcomError]


_DATABASE_ERROR = "an error occurred while querying the database"

OF_A_BOOKING = (
    Refusal(400, "already has booking at this time or is not available", SlotUnavailable),
    Refusal(409, "already has booking at this time or is not available", SlotUnavailable),
    Refusal(400, _DATABASE_ERROR, SlotUnavailable),
    Refusal(409, "booking_conflict_error", SlotUnavailable),
    Refusal(409, "no more seats left", SlotUnavailable),
    Refusal(400, 'can\'t be booked at the "start" time provided', TooSoon),
    Refusal(400, "minimum booking notice", TooSoon),
    Refusal(400, "book a meeting in the past", InThePast),
)
"""When a time is asked for. The database error is what the loser of a race hears from a production server."""

OF_A_UID = (
    Refusal(404, "booking with uid=", NotFound),
    Refusal(400, "because it has been cancelled", AlreadyCancelled),
)
"""When a booking is named."""

_PERMANENT_CODE = re.compile(r"|\w+Exception|BAD_REQUEST|NOT_FOUND|TRPCError")
"""Codes of a refusal that stays one; a bare answer has none. The others name a failing database or calendar."""

_REMEDIES = {
    401: "check the API key",
    403: "check what the API key's user may do",
    404: "check the event type's id, and that CALCOM_BASE_URL ends before /v2",
}
_REMEDY = "check the event type's settings"
_FAULTY_FIELD = re.compile(r"(\w+) property is wrong|\{(\w+)\}(\w+)")


def error_of(response: httpx.Response, wanted: str, refusals: tuple[Refusal, ...], now: datetime) -> CalcomError:
    """Return what a response other than the ``wanted`` one means."""
    status = response.status_code
    if status == 429:
        budget = said_of_budget(response, now)
        return RateLimited(max(budget.resets_at - now, SOON) if budget else WINDOW)
    problem = _problem(response.content) if 400 <= status < 500 else None
    if problem is None:
        return not_understood(response, wanted)
    said = problem.message.casefold()
    for refusal in refusals:
        if refusal.status == status and refusal.says in said:
            return refusal.means(f"Cal.com refused {wanted}: {refusal.means.__name__}")
    if status == 409 or _DATABASE_ERROR in said or not _PERMANENT_CODE.fullmatch(problem.code):
        return Unreachable(f"Cal.com failed when asked for {wanted} (HTTP {status})")
    faulty = "".join(f", {field}" for field in _faulty_fields(problem))
    return NotConfigured(f"Cal.com refused {wanted} (HTTP {status}{faulty}): {_REMEDIES.get(status, _REMEDY)}")


_OF_A_GATEWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
"""What somebody in between says whom Cal.com has not answered."""


def not_understood(response: httpx.Response, wanted: str) -> Unreachable:
    """Return the error for a server failure, or for a body that is no answer of Cal.com's."""
    return Unreachable(
        f"HTTP {response.status_code} is no usable answer of Cal.com's to {wanted}; "
        "if it stays so, check that CALCOM_BASE_URL is the root of Cal.com's API",
        unanswered=response.status_code in _OF_A_GATEWAY,
    )


class _Problem(BaseModel):
    code: str = ""
    message: str
    details: object = None


class _Failure(BaseModel):
    status: Literal["error"]
    error: _Problem


class _BareFailure(BaseModel, alias_generator=to_camel):
    status_code: int
    message: str


_FAILURES: TypeAdapter[_Failure | _BareFailure] = TypeAdapter(_Failure | _BareFailure)


def _problem(body: bytes) -> _Problem | None:
    """Read any of Cal.com's five error shapes: one envelope with different details, and a bare one."""
    try:
        failure = _FAILURES.validate_json(body)
    except ValidationError:
        return None
    return failure.error if isinstance(failure, _Failure) else _Problem(message=failure.message)


def _faulty_fields(problem: _Problem) -> list[str]:
    """Name the fields Cal.com complains about; never their values."""
    if isinstance(problem.details, dict) and isinstance(faults := problem.details.get("errors"), list):
        return [str(fault["property"]) for fault in faults if isinstance(fault, dict) and "property" in fault]
    return [" ".join(filter(None, found)) for found in _FAULTY_FIELD.findall(problem.message)]
