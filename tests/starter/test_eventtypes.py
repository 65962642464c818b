import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from starter.eventtypes import Finding, check_event_types
from store.catalog import load_catalog_file
from tests.starter.conftest import CATALOG

RECORDED = Path(__file__).parents[1] / "data" / "calcom-recorded.json"
HAIRCUT = "salon-beispiel/zentrale/haarschnitt: event type 900003: "


def recorded_event_type() -> dict[str, Any]:
    """Return what a real Cal.com answered when it was asked for a 30-minute event type."""
    recorded = json.loads(RECORDED.read_text())
    exchanges = recorded if isinstance(recorded, list) else recorded["exchanges"]
    body: dict[str, Any] = next(e["response"]["body"] for e in exchanges if e["name"] == "event_type_get")
    return body


async def findings(
    answer: Callable[[httpx.Request], httpx.Response], environment: Mapping[str, str] | None = None
) -> list[Finding]:
    keys = {"CALCOM_API_KEY": "cal_test_key"} if environment is None else environment
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://calcom") as http:
        return [finding async for finding in check_event_types(load_catalog_file(CATALOG), http, keys)]


def event_type(request: httpx.Request, **changes: object) -> httpx.Response:
    body = recorded_event_type()
    length = 60 if request.url.path.endswith("900004") else 30
    body["data"] |= {"lengthInMinutes": length} | changes
    return httpx.Response(200, json=body)


async def test_event_types_that_fit_are_no_finding_and_each_is_asked_for_once() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return event_type(request)

    assert await findings(answer) == []
    assert [request.url.path for request in asked] == [f"/v2/event-types/{id_}" for id_ in (900003, 900004, 900005)]
    assert all(request.headers["cal-api-version"] == "2024-06-14" for request in asked)
    assert all(request.headers["Authorization"] == "Bearer cal_test_key" for request in asked)


def _timeout(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("slow", request=request)


@pytest.mark.parametrize(
    ("answer", "line", "is_fault"),
    [
        (lambda _: httpx.Response(404, json={"status": "error"}), "does not exist in Cal.com", True),
        (lambda r: event_type(r, lengthInMinutes=45), "takes 45 minutes there, 30 in the catalog", True),
        (
            lambda r: event_type(r, confirmationPolicy={"type": "always", "blockUnconfirmedBookingsInBooker": False}),
            "bookings wait there for the host's confirmation",
            False,
        ),
        (lambda _: httpx.Response(401), "Cal.com refuses the key in CALCOM_API_KEY", True),
        (lambda _: httpx.Response(500, text="<html>"), "Cal.com's answer (status 500) is not understood", True),
        (_timeout, "Cal.com did not answer (ConnectTimeout)", True),
    ],
)
async def test_what_does_not_fit_is_one_line(
    answer: Callable[[httpx.Request], httpx.Response], line: str, is_fault: bool
) -> None:
    assert Finding(HAIRCUT + line, is_fault) in await findings(answer)


async def test_a_length_that_can_be_chosen_fits() -> None:
    assert await findings(lambda r: event_type(r, lengthInMinutes=15, lengthInMinutesOptions=[15, 30, 60])) == []


async def test_without_a_key_nothing_is_asked() -> None:
    found = await findings(lambda _: pytest.fail("Cal.com was asked"), {})
    assert [finding.is_fault for finding in found] == [False, False]
    assert found[0].line == "salon-beispiel/zentrale: not asked at Cal.com: CALCOM_API_KEY is not set"
