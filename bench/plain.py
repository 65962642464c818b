"""The plain baseline: the incident's flow with its double check, in FastAPI and httpx, and nothing that lasts.

A question is one read of the slots; a "yes" looks at the one slot again, then books it or names others. What a call was
offered is kept in the memory of this one process. There is no hold, no retry, no record and no second process: what is
lost with it is lost. Envelope, signature, spoken words, catalog, the connections to the calendar and the windows that
are read are ours: what is left to compare is durability.
"""

import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import httpx
import typer
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from pydantic import SecretStr, ValidationError

from activities.calcom_client import API_VERSIONS
from activities.calcom_http import calcom_http
from starter import retell, spoken
from starter.arguments import Arguments
from starter.directory import read_catalog
from starter.incoming import FunctionCall
from store.catalog import Catalog, CatalogBranch, CatalogService, find_service
from workflows import options, rules

Body = dict[str, Any]

CANNOT_CHECK = "Das kann ich gerade nicht prüfen."


@dataclass(frozen=True)
class Wish:
    """A moment of a service at a branch; ``start`` is on the branch's clock."""

    branch: CatalogBranch
    service: CatalogService
    start: datetime


class Receptionist:
    """Answers function calls, and forgets every call when it ends."""

    def __init__(self, catalog: Catalog, http: httpx.AsyncClient, keys: Mapping[str, str]) -> None:
        """Ask the calendar through ``http``; ``keys`` has the API keys by environment variable."""
        self._catalog = catalog
        self._http = http
        self._keys = keys
        self._offered: dict[str, Wish] = {}

    async def answer(self, asked: FunctionCall) -> Body:
        """Answer a function call of the agent."""
        branch = self._catalog.branch_for(asked.phone_call.our_number or "")
        call_id = asked.phone_call.call_id
        if branch is None or call_id is None:
            return _body("error", CANNOT_CHECK)
        try:
            said = Arguments.model_validate(asked.arguments)
            wish = _wish(said, branch) or self._offered.get(call_id)
            if wish is None:
                return _body("missing_required_fields", "An welchem Tag, und um wie viel Uhr?")
            self._offered[call_id] = wish
            if asked.name == "book_appointment":
                return await self._book(wish, said.name or "Telefonkunde", call_id)
            return await self._check(wish)
        except (httpx.HTTPError, ValidationError):
            return _body("error", CANNOT_CHECK)

    def forget(self, call_id: str | None) -> None:
        """Forget a call that has ended."""
        self._offered.pop(call_id or "", None)

    async def _check(self, wish: Wish) -> Body:
        free = await self._free_slots(wish)
        if wish.start in free:
            return _body("available", f"Am {wish.start:%d.%m. um %H:%M} Uhr ist noch frei. Soll ich buchen?")
        return _body("unavailable", "Das ist nicht mehr frei. Ich habe Alternativen gefunden:", wish, free)

    async def _book(self, wish: Wish, name: str, call_id: str) -> Body:
        end = wish.start + timedelta(minutes=wish.service.duration_minutes)
        if wish.start in await self._read_slots(wish, wish.start, end):
            answer = await self._http.post(
                "/v2/bookings", json=_booking(wish, name, call_id), headers=self._headers(wish, "bookings")
            )
            if answer.is_success:
                uid = answer.json()["data"]["uid"]
                return _body("booked", f"Gebucht: {wish.start:%d.%m. um %H:%M} Uhr.") | {"booking_uid": uid}
        message = f"Der Termin um {wish.start:%H:%M} Uhr wurde gerade vergeben. Ich habe Alternativen gefunden:"
        alternatives = await self._free_slots(wish)
        return _body("slot_taken", message, wish, alternatives) | {"reason": "race_condition_detected"}

    async def _free_slots(self, wish: Wish) -> Sequence[datetime]:
        first = rules.search_from(wish.start, datetime.now(UTC), wish.branch.company.timezone)
        return await self._read_slots(wish, first, wish.start + options.LOOK_AHEAD)

    async def _read_slots(self, wish: Wish, start: datetime, end: datetime) -> Sequence[datetime]:
        query = {
            "eventTypeId": str(wish.service.calcom_event_type_id),
            "start": start.astimezone(UTC).isoformat(),
            "end": end.astimezone(UTC).isoformat(),
            "timeZone": wish.branch.company.timezone,
        }
        answer = await self._http.get("/v2/slots", params=query, headers=self._headers(wish, "slots"))
        answer.raise_for_status()
        return [datetime.fromisoformat(slot["start"]) for day in answer.json()["data"].values() for slot in day]

    def _headers(self, wish: Wish, resource: str) -> Mapping[str, str]:
        key = self._keys[wish.branch.calcom_api_key_env]
        return {"Authorization": f"Bearer {key}", "cal-api-version": API_VERSIONS[resource]}


def _wish(said: Arguments, branch: CatalogBranch) -> Wish | None:
    """What these words wish for; nothing where they name no day or no time."""
    now = datetime.now(ZoneInfo(branch.company.timezone))
    meant = spoken.read(said.day, said.time_of_day, now, branch.company.language)
    service = find_service(branch, said.service) if said.service else branch.default_service
    if not isinstance(meant, spoken.Understood) or meant.day is None or meant.time_of_day is None or service is None:
        return None
    start = datetime.combine(meant.day, meant.time_of_day, now.tzinfo)
    return Wish(branch, service, start)


def _booking(wish: Wish, name: str, call_id: str) -> Body:
    attendee = {
        "name": name,
        "email": f"{call_id.lower()}@example.com",
        "timeZone": wish.branch.company.timezone,
        "language": wish.branch.company.language,
    }
    return {
        "eventTypeId": wish.service.calcom_event_type_id,
        "start": wish.start.astimezone(UTC).isoformat(),
        "attendee": attendee,
        "metadata": {"company": wish.branch.company.key, "call": call_id},
    }


def _body(status: str, message: str, wish: Wish | None = None, free: Sequence[datetime] = ()) -> Body:
    body: Body = {"success": status in ("available", "booked"), "status": status, "message": message}
    if wish:
        nearest = sorted(free, key=lambda start: abs(start - wish.start))[:2]
        body["alternatives"] = [{"id": f"a{place}", "start": at.isoformat()} for place, at in enumerate(nearest, 1)]
    return body


def create_app(catalog: Catalog, http: httpx.AsyncClient, keys: Mapping[str, str], retell_key: SecretStr) -> FastAPI:
    """Put the baseline together; ``http`` is closed when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with http:
            yield

    app = FastAPI(openapi_url=None, lifespan=lifespan)
    receptionist = Receptionist(catalog, http, keys)

    async def verified(request: Request) -> Body:
        body = await request.body()
        if not retell.SIGNATURE.fits(request.headers, body, retell_key, datetime.now(UTC)):
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        payload: Body = json.loads(body)
        return payload

    @app.post("/retell/functions")
    async def function(request: Request) -> Body:
        return await receptionist.answer(retell.function_call(await verified(request), None))

    @app.post("/retell/events")
    async def event(request: Request) -> Body:
        said = retell.call_event(await verified(request))
        if said.name == "call_ended":
            receptionist.forget(said.phone_call.call_id)
        return {}

    @app.get("/ready")
    async def ready() -> Body:
        return {"status": "ready"}

    return app


def serve(port: Annotated[int, typer.Option(help="Port to listen on, on 127.0.0.1.")]) -> None:
    """Serve the baseline, set by CALCOM_BASE_URL, CATALOG_FILE, RETELL_API_KEY and the catalog's own variables."""
    catalog = read_catalog(Path(os.environ["CATALOG_FILE"]))
    http = calcom_http(os.environ["CALCOM_BASE_URL"])
    app = create_app(catalog, http, os.environ, SecretStr(os.environ["RETELL_API_KEY"]))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    typer.run(serve)
