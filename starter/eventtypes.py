"""Cal.com's event types held against the catalog, before a caller finds the difference."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from store.catalog import Catalog, CatalogBranch, CatalogService

API_VERSION = "2024-06-14"
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Finding:
    """One line about one service; ``is_fault`` tells what prevents bookings from what an operator should know."""

    line: str
    is_fault: bool


class _EventType(BaseModel):
    """What of Cal.com's answer matters here. A confirmation policy that is not disabled keeps bookings pending."""

    model_config = ConfigDict(extra="ignore")

    length: int = Field(alias="lengthInMinutes")
    lengths: tuple[int, ...] = Field(default=(), alias="lengthInMinutesOptions")
    confirmation: Mapping[str, object] = Field(default={"disabled": True}, alias="confirmationPolicy")


class _Found(BaseModel):
    data: _EventType


async def check_event_types(
    catalog: Catalog, http: httpx.AsyncClient, environment: Mapping[str, str]
) -> AsyncIterator[Finding]:
    """Ask Cal.com for the event type of every service of every branch whose key is in ``environment``.

    ``http`` has Cal.com's root, without ``/v2``, as its base URL.
    """
    for company in catalog.companies:
        for branch in company.branches:
            key = environment.get(branch.calcom_api_key_env)
            if not key:
                line = f"{company.key}/{branch.key}: not asked at Cal.com: {branch.calcom_api_key_env} is not set"
                yield Finding(line, is_fault=False)
                continue
            for service in branch.services:
                async for finding in _check(branch, service, http, key):
                    yield finding


async def _check(
    branch: CatalogBranch, service: CatalogService, http: httpx.AsyncClient, key: str
) -> AsyncIterator[Finding]:
    where = f"{branch.company.key}/{branch.key}/{service.key}: event type {service.calcom_event_type_id}"
    try:
        response = await http.get(
            f"/v2/event-types/{service.calcom_event_type_id}",
            headers={"cal-api-version": API_VERSION, "Authorization": f"Bearer {key}"},
            timeout=TIMEOUT_SECONDS,
        )
    except httpx.HTTPError as error:
        yield Finding(f"{where}: Cal.com did not answer ({type(error).__name__})", is_fault=True)
        return
    if response.status_code == httpx.codes.NOT_FOUND:
        yield Finding(f"{where}: does not exist in Cal.com", is_fault=True)
        return
    if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        yield Finding(f"{where}: Cal.com refuses the key in {branch.calcom_api_key_env}", is_fault=True)
        return
    try:
        found = _Found.model_validate_json(response.content).data
    except ValidationError:
        yield Finding(f"{where}: Cal.com's answer (status {response.status_code}) is not understood", is_fault=True)
        return
    if service.duration_minutes not in (found.length, *found.lengths):
        lengths = f"takes {found.length} minutes there, {service.duration_minutes} in the catalog"
        yield Finding(f"{where}: {lengths}", is_fault=True)
    if not found.confirmation.get("disabled"):
        yield Finding(f"{where}: bookings wait there for the host's confirmation", is_fault=False)
