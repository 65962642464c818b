"""The double as an ASGI application."""

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from simulator.calcom import control, page, routes
from simulator.calcom.calendar import Calendar, Clock, utc_now
from simulator.calcom.config import Config
from simulator.calcom.exchange import no_such_route, refusal
from simulator.calcom.problems import Problem


def create_app(config: Config | None = None, clock: Clock = utc_now) -> Starlette:
    """A Cal.com API v2 server over a calendar of its own, which is `app.state.calendar`.

    `clock` tells every moment the double knows: of bookings, notice periods, reservations, the slot cache and the rate
    limit. Under a clock that stands still cached slot lists never age and the rate limit never opens again: set
    `slots_cache_seconds` to 0 and the limit high.
    """
    app = Starlette(
        routes=[*routes.ROUTES, *control.ROUTES, *page.ROUTES],
        exception_handlers={
            404: _on_unknown_route,
            405: _on_unknown_route,
            Problem: control.on_error,
            ValidationError: control.on_error,
        },
    )
    app.state.calendar = Calendar(config or Config.load(), clock)
    return app


async def _on_unknown_route(request: Request, error: Exception) -> Response:
    # A known path with a wrong method is an unknown route too.
    return refusal(no_such_route(request), request, request.app.state.calendar)
