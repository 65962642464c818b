"""The five shapes in which Cal.com says no.

Problem
+ Refused           A    ordinary errors
+ InvalidFields     A'   the validation pipe's list of fields
+ TooManyRequests   A''  the throttler; details are a string
+ Unprocessable     B    schema and tRPC errors, no details
+ EngineFailure     C    what no filter of the server knows; the loser of a race gets this one
"""

from http import HTTPStatus
from typing import Any

TAKEN = "User either already has booking at this time or is not available"
TEAM_TAKEN = "One of the hosts either already has booking at this time or is not available"
IN_THE_PAST = "Attempting to book a meeting in the past."
OUT_OF_BOUNDS = (
    "The event type can't be booked at the \"start\" time provided. This could be because it's too soon "
    "(violating the minimum booking notice) or too far in the future (outside the event's scheduling window). "
    'Try fetching available slots first using the GET /v2/slots endpoint and then make a booking with "start" '
    "time equal to one of the available slots."
)
NO_SEATS = "No more seats left at this seated booking."
TOO_MANY = "CustomThrottlerGuard - Too many requests. Please try again later."
NO_AUTHENTICATION = (
    "PermissionsGuard - no authentication provided. Provide either authorization bearer token containing managed "
    "user access token or oAuth client id in 'x-cal-client-id' header."
)


class Problem(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, message: str) -> None:
        """`status` is the HTTP status."""
        super().__init__(message)
        self.status = status
        self.message = message

    def body(self, path: str, timestamp: str) -> dict[str, Any]:
        """The JSON body; `path` is the request's path with its query."""
        return _envelope(path, timestamp, self.error())

    def error(self) -> dict[str, Any]:
        """The `error` object of the envelope."""
        raise NotImplementedError


class Refused(Problem):
    """Shape A; the code is the class of exception that goes with the status."""

    def error(self) -> dict[str, Any]:
        """The error with the details repeated, as the server does."""
        phrase = HTTPStatus(self.status).phrase.replace("Content", "Entity")
        code = f"{phrase.replace(' ', '')}Exception"
        details = {"message": self.message, "error": phrase, "statusCode": self.status}
        return {"code": code, "message": self.message, "details": details}


class InvalidFields(Problem):
    """Shape A'."""

    def __init__(self, *errors: dict[str, Any]) -> None:
        """`errors` as `field_error` makes them."""
        super().__init__(400, "Bad Request Exception")
        self.errors = list(errors)

    def error(self) -> dict[str, Any]:
        """The error with one entry for each field."""
        return {"code": "BadRequestException", "message": self.message, "details": {"errors": self.errors}}


class TooManyRequests(Problem):
    """Shape A''; `reset` is the number of seconds until requests are welcome again."""

    def __init__(self, reset: int) -> None:
        """`reset` in seconds."""
        super().__init__(429, TOO_MANY)
        self.reset = reset

    def error(self) -> dict[str, Any]:
        """The error whose details are a string."""
        return {"code": "ThrottlerException", "message": self.message, "details": self.message}


class Unprocessable(Problem):
    """Shape B."""

    def __init__(self, message: str, code: str = "BAD_REQUEST") -> None:
        """`code` is a word of the server, not an exception class."""
        super().__init__(400, message)
        self.code = code

    def error(self) -> dict[str, Any]:
        """The error without details."""
        return {"code": self.code, "message": self.message}


class EngineFailure(Problem):
    """Shape C: no envelope at all."""

    def body(self, path: str, timestamp: str) -> dict[str, Any]:
        """Status and message, nothing else."""
        return {"statusCode": self.status, "message": self.message}


def wrong(name: str, *reasons: str) -> Refused:
    """The 400 of the endpoints that word validation errors themselves."""
    return Refused(400, f"{name} property is wrong,{','.join(reasons)} ")


def unknown_property(name: str) -> Refused:
    """The 400 for a name the endpoint does not know."""
    return wrong(name, f"property {name} should not exist")


def field_error(target: dict[str, Any], name: str, **constraints: str) -> dict[str, Any]:
    """One entry of shape A'; `value` is there only when the field was sent."""
    value = {"value": target[name]} if name in target else {}
    return {"target": target, **value, "property": name, "children": [], "constraints": constraints}


def taken(team: bool) -> Refused:
    """A time that cannot be had: booked, busy, or outside the host's hours. Cal.com tells none from the other."""
    return Refused(400, TEAM_TAKEN if team else TAKEN)


def race_lost(production: bool) -> EngineFailure:
    """Another booking of the same host, start and end was stored first."""
    if production:
        return EngineFailure(400, "An error occurred while querying the database.")
    return EngineFailure(409, "booking_conflict_error")


def not_implemented(what: str) -> EngineFailure:
    """What the double leaves out, said loudly instead of imitated badly."""
    return EngineFailure(501, f"The double does not implement {what}")


def _envelope(path: str, timestamp: str, error: dict[str, Any]) -> dict[str, Any]:
    return {"status": "error", "timestamp": timestamp, "path": path, "error": error}
