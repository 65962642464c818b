"""Who may come through the webhook's door, and what is said when something breaks behind it.

Nothing here goes into a log but the class of an error, where it arose, and a trace id: envelopes are full of people.
"""

import json
import logging
import traceback
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, NoReturn, cast
from uuid import uuid4

from fastapi import Depends, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from starter import retell
from starter.incoming import PhoneCall
from starter.reception import Arrival, Reception
from starter.replies.bodies import error_body

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the moment it is."""
    return datetime.now(UTC)


async def _arrival(request: Request) -> Arrival:
    return Arrival(now=request.app.state.clock(), on_real_clock=utc_now())


async def _reception(request: Request) -> Reception:
    return cast(Reception, request.app.state.reception)


ArrivalDep = Annotated[Arrival, Depends(_arrival)]
ReceptionDep = Annotated[Reception, Depends(_reception)]


async def _signed_object(request: Request, arrival: ArrivalDep) -> Mapping[str, object]:
    """Let in only what is signed, fresh, and a JSON object."""
    body = await request.body()
    signature = request.headers.get("X-Retell-Signature")
    if not retell.is_signed(body, signature, request.app.state.retell_api_key, arrival.on_real_clock):
        raise HTTPException(HTTPStatus.UNAUTHORIZED, "X-Retell-Signature is missing, wrong, or too old")
    try:
        payload = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is not JSON") from None
    if not isinstance(payload, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
    return payload


PayloadDep = Annotated[Mapping[str, object], Depends(_signed_object)]


class AnsweredRoute(APIRoute):
    """A route that answers whatever happens.

    An exception handler of the app will not do: it answers, but hands the error on to the server's log, message and
    all.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler, with an answer for what it did not foresee."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except HTTPException:
                raise
            except Exception as error:  # noqa: BLE001 - the one place where an error nobody foresaw becomes a sentence
                return _say_that_it_failed(request, error)

        return answer


def _say_that_it_failed(request: Request, error: Exception) -> JSONResponse:
    """Answer for an error nobody foresaw: the caller hears a sentence, an event is asked for once more."""
    trace_id = uuid4().hex
    logger.error("%s at %s, trace %s", type(error).__name__, _way_to(error), trace_id)
    headers = {"X-Trace-Id": trace_id}
    if request.url.path.startswith("/retell/functions"):
        voice = getattr(request.state, "voice", None) or request.app.state.reception.voice_for(PhoneCall(), utc_now())
        return JSONResponse(error_body(voice.language.cannot_check), headers=headers)
    if request.url.path == "/retell/inbound":
        return JSONResponse({"call_inbound": {}}, headers=headers)
    return JSONResponse({"detail": "not carried out; deliver it again"}, HTTPStatus.SERVICE_UNAVAILABLE, headers)


def _way_to(error: Exception) -> str:
    """Return where an error arose and how it was come by: files and lines, innermost first, and nothing else."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in islice(frames, 8))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
