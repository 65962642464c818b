"""What a test or a demonstration does to the double behind the API's back.

    GET    /_double/                                            these, with an example each
    POST   /_double/book    {eventTypeId, start, name?}         a stranger books through the web page
    POST   /_double/busy    {eventTypeId | host, start, end}    an external appointment
    POST   /_double/faults  see `Fault`                         something goes wrong
    DELETE /_double/faults                                      nothing goes wrong any more
    POST   /_double/limit   see `RateLimit`                     another rate limit
    GET    /_double/ledger                                      bookings, request counts, request log
    POST   /_double/reset                                       the calendar is empty again

Bodies and answers are JSON; times are ISO 8601, naive ones in UTC. None of it is rate limited, logged or struck by
faults.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, get_args

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulator.calcom.calendar import Calendar
from simulator.calcom.config import RateLimit
from simulator.calcom.exchange import refusal
from simulator.calcom.faults import Fault, Kind
from simulator.calcom.intervals import Interval
from simulator.calcom.problems import Problem
from simulator.calcom.requests import moment

Moment = Annotated[datetime, AfterValidator(lambda at: moment(at.isoformat()))]


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StrangersBooking(_Order):
    """A booking by somebody else."""

    event_type_id: int = Field(validation_alias=AliasChoices("eventTypeId", "event_type_id"))
    start: Moment
    name: str = "Walk-in Customer"


class BusySpan(_Order):
    """Time the hosts of an event type, or one host, cannot give."""

    event_type_id: int | None = Field(default=None, validation_alias=AliasChoices("eventTypeId", "event_type_id"))
    host: str | None = None
    start: Moment
    end: Moment


HELP = """\
What a test or a demonstration does to the double behind the API's back. Bodies are JSON.

A stranger books through the web page ("name" is optional):
  curl {root}/_double/book -d '{{"eventTypeId": {event_type}, "start": "{start}"}}'
An external appointment ("host" instead of "eventTypeId" blocks one host):
  curl {root}/_double/busy -d '{{"eventTypeId": {event_type}, "start": "{start}", "end": "{end}"}}'
Something goes wrong, once unless "times" says otherwise ("kind": {kinds}):
  curl {root}/_double/faults -d '{{"endpoint": "bookings.create", "kind": "lost_answer"}}'
Nothing goes wrong any more:
  curl -X DELETE {root}/_double/faults
Another rate limit, until the double ends ("window_seconds" and "block_seconds" are optional, 60):
  curl {root}/_double/limit -d '{{"requests": 10}}'
Bookings, request counts and request log:
  curl {root}/_double/ledger
The calendar is empty again:
  curl -X POST {root}/_double/reset
"""


async def show_help(request: Request) -> Response:
    """What can be done here; the examples work as they are, on the Monday to come."""
    calendar = _calendar(request)
    today = calendar.clock().astimezone(UTC)
    monday = (today + timedelta(days=7 - today.weekday())).replace(hour=9, minute=0, second=0, microsecond=0)
    text = HELP.format(
        root=str(request.base_url).rstrip("/"),
        event_type=calendar.config.event_types[0].id,
        start=f"{monday:%Y-%m-%dT%H:%M:%SZ}",
        end=f"{monday + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        kinds=", ".join(get_args(Kind)),
    )
    return PlainTextResponse(text)


async def book(request: Request) -> Response:
    """A stranger books."""
    order = StrangersBooking.model_validate_json(await request.body())
    booking = await _calendar(request).stranger_books(order.event_type_id, order.start, order.name)
    return JSONResponse(booking.as_json(), 201)


async def busy(request: Request) -> Response:
    """An external calendar entry appears."""
    order = BusySpan.model_validate_json(await request.body())
    calendar = _calendar(request)
    hosts = [order.host] if order.host else []
    if order.event_type_id is not None:
        kind = calendar.known_event_type(order.event_type_id)
        hosts += [host.username for host in calendar.config.hosts_of(kind)]
    calendar.block(hosts, Interval(order.start, order.end))
    return JSONResponse({"hosts": hosts, "start": order.start.isoformat(), "end": order.end.isoformat()}, 201)


async def add_fault(request: Request) -> Response:
    """Something will go wrong."""
    fault = Fault.model_validate_json(await request.body())
    _calendar(request).add_fault(fault)
    return JSONResponse(fault.model_dump(), 201)


async def clear_faults(request: Request) -> Response:
    """Nothing will go wrong."""
    _calendar(request).faults.clear()
    return Response(status_code=204)


async def limit(request: Request) -> Response:
    """From now on so many requests are allowed."""
    throttle = _calendar(request).throttle
    throttle.limit = RateLimit.model_validate_json(await request.body())
    throttle.clear()
    return JSONResponse(throttle.limit.model_dump())


async def ledger(request: Request) -> Response:
    """What happened so far."""
    return JSONResponse(_calendar(request).ledger())


async def reset(request: Request) -> Response:
    """Nothing happened so far."""
    _calendar(request).reset()
    return Response(status_code=204)


async def on_error(request: Request, error: Exception) -> Response:
    """A body that is not what the route takes; or what the calendar refuses, in the API's own shape."""
    match error:
        case ValidationError():
            return JSONResponse({"errors": error.errors(include_url=False, include_context=False)}, 422)
        case Problem():
            return refusal(error, request, _calendar(request))
        case _:
            raise error


ROUTES = [
    Route("/_double/", show_help, methods=["GET"]),
    Route("/_double/book", book, methods=["POST"]),
    Route("/_double/busy", busy, methods=["POST"]),
    Route("/_double/faults", add_fault, methods=["POST"]),
    Route("/_double/faults", clear_faults, methods=["DELETE"]),
    Route("/_double/limit", limit, methods=["POST"]),
    Route("/_double/ledger", ledger, methods=["GET"]),
    Route("/_double/reset", reset, methods=["POST"]),
]


def _calendar(request: Request) -> Calendar:
    calendar: Calendar = request.app.state.calendar
    return calendar
