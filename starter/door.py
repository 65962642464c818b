"""Who may come through the webhook's doors, and what is said when something breaks behind them.

Nothing here goes into a log but the class of an error, where it arose, and a trace id: envelopes are full of people.
"""

import json
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, NoReturn, cast
from uuid import uuid4

from fastapi import Depends, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from structlog.contextvars import bound_contextvars

from starter.admission import TURNED_AWAY, Bodies, Busy, Places
from starter.credentials import Credential
from starter.health import Readiness
from starter.incoming import CallEvent, FunctionCall, PhoneCall
from starter.journal import Journal
from starter.logs import way_to
from starter.reception import Arrival, Reception
from starter.replies.bodies import Body, error_body
from starter.settings import Settings

logger = logging.getLogger(__name__)

Payload = Mapping[str, object]


def utc_now() -> datetime:
    """Return the moment it is."""
    return datetime.now(UTC)


async def _arrival(request: Request) -> Arrival:
    return Arrival(now=request.app.state.clock(), on_real_clock=utc_now())


async def _reception(request: Request) -> Reception:
    return cast(Reception, request.app.state.reception)


async def _journal(request: Request) -> Journal:
    return cast(Journal, request.app.state.journal)


async def _readiness(request: Request) -> Readiness:
    return cast(Readiness, request.app.state.readiness)


async def _bodies(request: Request) -> Bodies:
    return cast(Bodies, request.app.state.bodies)


async def _places(request: Request) -> Places:
    return cast(Places, request.app.state.places)


ArrivalDep = Annotated[Arrival, Depends(_arrival)]
ReceptionDep = Annotated[Reception, Depends(_reception)]
JournalDep = Annotated[Journal, Depends(_journal)]
ReadinessDep = Annotated[Readiness, Depends(_readiness)]
BodiesDep = Annotated[Bodies, Depends(_bodies)]
PlacesDep = Annotated[Places, Depends(_places)]


@dataclass(frozen=True)
class Door:
    """One platform's way in: lets in only JSON objects, and only with this credential; a dependency of its routes.

    Attributes:
        credential: What its requests carry.
        key: Which setting the credential is checked with; where it is not set there is no such door.
        empty: What an empty body stands for.
    """

    credential: Credential
    key: Callable[[Settings], SecretStr | None]
    empty: bytes = b""

    async def __call__(self, request: Request, arrival: ArrivalDep, bodies: BodiesDep) -> Payload:
        """Return the request's body, which is read only where its sender may be who they say they are."""
        key = self.key(request.app.state.settings)
        if key is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        headers, since = request.headers, arrival.on_real_clock
        if self._is_ambiguous(headers) or not self.credential.may_fit(headers, key, since):
            raise HTTPException(HTTPStatus.UNAUTHORIZED, self._refusal)
        body = await bodies.read(request)
        if not self.credential.fits(headers, body, key, since):
            raise HTTPException(HTTPStatus.UNAUTHORIZED, self._refusal)
        try:
            payload = json.loads(body or self.empty, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is not JSON") from None
        if not isinstance(payload, dict):
            raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
        return payload

    @property
    def _refusal(self) -> str:
        return f"{self.credential.header} is missing, wrong, or too old"

    def _is_ambiguous(self, headers: Headers) -> bool:
        """Whether a credential came twice: somebody on the way may have looked at the other one."""
        return any(len(headers.getlist(name)) > 1 for name in (self.credential.header, "Authorization"))


@dataclass(frozen=True)
class Counter:
    """Where one request is served: what breaks behind it becomes a sentence, whatever platform it came through."""

    reception: Reception
    journal: Journal
    places: Places
    arrival: Arrival
    response: Response

    async def answer(self, asked: FunctionCall) -> Body:
        """Answer a function call; where every place is taken with the sentence alone, and to come again."""
        voice = self.reception.voice_for(asked.phone_call, self.arrival.now)
        enquiry = self.reception.enquiry(asked)
        body = error_body(voice.language.cannot_check)
        with bound_contextvars(**enquiry.labels):
            with self._nothing_breaks():
                try:
                    with self.places.one_for(asked.phone_call.call_id):
                        body = await self.reception.answer(enquiry, self.arrival, voice)
                except Busy:
                    self.response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
                    self.response.headers.update(TURNED_AWAY)
            with self._nothing_breaks():
                self.journal.note(enquiry, body, self.arrival.on_real_clock, utc_now())
        return body

    async def note(self, event: CallEvent) -> None:
        """Take notice of what happened to a call; where that fails it is to be delivered again."""
        with self._place_for(event.phone_call):
            await self.reception.note(event, self.arrival.now)

    async def variables_for(self, phone_call: PhoneCall) -> Mapping[str, str]:
        """Return what the agent should know of a ringing call; nothing where it cannot be found out."""
        voice = self.reception.voice_for(phone_call, self.arrival.now)
        with self._place_for(phone_call), self._nothing_breaks():
            return await self.reception.variables_for(phone_call, voice)
        return {}

    def apology(self, phone_call: PhoneCall) -> str:
        """Return what to say to a caller for whom nothing can be done now."""
        return self.reception.voice_for(phone_call, self.arrival.now).language.cannot_check

    @contextmanager
    def _place_for(self, phone_call: PhoneCall) -> Iterator[None]:
        try:
            with self.places.one_for(phone_call.call_id):
                yield
        except Busy:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "too much at once", TURNED_AWAY) from None

    @contextmanager
    def _nothing_breaks(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - where an error nobody foresaw becomes a sentence
            self.response.headers.append(TRACE_HEADER, _traced(error))


async def _counter(
    reception: ReceptionDep, journal: JournalDep, places: PlacesDep, arrival: ArrivalDep, response: Response
) -> Counter:
    return Counter(reception, journal, places, arrival, response)


CounterDep = Annotated[Counter, Depends(_counter)]

TRACE_HEADER = "X-Trace-Id"
"""Says under which id the log has what went wrong."""


class AnsweredRoute(APIRoute):
    """A route that asks for another delivery when anything unforeseen happens.

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
            except Exception as error:  # noqa: BLE001 - nothing of a request may reach the server's log
                detail = {"detail": "not carried out; deliver it again"}
                return JSONResponse(detail, HTTPStatus.SERVICE_UNAVAILABLE, {TRACE_HEADER: _traced(error)})

        return answer


def _traced(error: Exception) -> str:
    """Log where an error arose, and return the id it is logged under."""
    trace_id = uuid4().hex
    logger.error("%s at %s, trace %s", type(error).__name__, way_to(error), trace_id)
    return trace_id


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
