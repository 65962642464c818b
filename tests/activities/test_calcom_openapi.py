"""Our requests, held against Cal.com's own specification where a copy of it is at hand."""

import json
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from activities.calcom_client import CalcomClient
from activities.errors import Unreachable
from tests.activities.fakes import ACCOUNT, ScriptedCalcom

Ask = Callable[[CalcomClient], Awaitable[object]]

OPENAPI = Path(
    os.environ.get("CALCOM_OPENAPI", Path(__file__).parents[2].parent / "shared/reference/calcom-openapi.json")
)
pytestmark = pytest.mark.skipif(
    not OPENAPI.is_file(), reason="no copy of Cal.com's OpenAPI file; name one with CALCOM_OPENAPI"
)

START = datetime(2026, 12, 8, 8, 0, tzinfo=UTC)
END = START + timedelta(days=1)


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(OPENAPI.read_text())
    return document


REQUESTS: list[tuple[str, str | None, Ask]] = [
    (
        "/v2/slots",
        None,
        lambda client: client.slots(ACCOUNT, 10, START, END, "Europe/Berlin", fresh=True),
    ),
    (
        "/v2/bookings",
        "CreateBookingInput_2024_08_13",
        lambda client: client.create_booking(
            ACCOUNT,
            10,
            START,
            name="Ann Lee",
            email="ann@example.com",
            phone="+4915112345678",
            timezone="Europe/Berlin",
            language="de",
            metadata={"company": "salon"},
        ),
    ),
    ("/v2/bookings/{bookingUid}", None, lambda client: client.get_booking(ACCOUNT, "u1")),
    (
        "/v2/bookings",
        None,
        lambda client: client.list_bookings(ACCOUNT, 10, START, END, attendee_email="ann@example.com"),
    ),
    (
        "/v2/bookings/{bookingUid}/cancel",
        "CancelBookingInput_2024_08_13",
        lambda client: client.cancel_booking(ACCOUNT, "u1", "changed mind"),
    ),
    (
        "/v2/bookings/{bookingUid}/reschedule",
        "RescheduleBookingInput_2024_08_13",
        lambda client: client.reschedule_booking(ACCOUNT, "u1", START, "later"),
    ),
    ("/v2/event-types/{eventTypeId}", None, lambda client: client.event_type(ACCOUNT, 10)),
]


@pytest.mark.parametrize(("route", "body", "ask"), REQUESTS, ids=[f"{route} {body}" for route, body, _ in REQUESTS])
async def test_requests_fit_the_specification(
    route: str, body: str | None, ask: Ask, openapi: dict[str, Any], calcom: ScriptedCalcom, client: CalcomClient
) -> None:
    path = route.format(bookingUid="u1", eventTypeId="10")
    for method in ("GET", "POST"):
        calcom.answer(method, path, httpx.Response(502))

    with pytest.raises(Unreachable):
        await ask(client)

    (request,) = calcom.requests
    operation = openapi["paths"][route][request.method.lower()]
    known = {(parameter["in"], parameter["name"].lower()): parameter for parameter in operation["parameters"]}
    sent = {("query", name.lower()): value for name, value in request.url.params.items()}
    assert sent.keys() <= known.keys()
    sent |= {("header", name): value for name, value in request.headers.items() if ("header", name) in known}
    required = {where for where, parameter in known.items() if parameter.get("required") and where[0] != "path"}
    assert required <= sent.keys()
    for where, value in sent.items():
        schema = known[where]["schema"]
        jsonschema.validate(float(value) if schema["type"] == "number" else value, schema)
    if body is None:
        assert request.content == b""
    else:
        schema = openapi["components"]["schemas"][body]
        # Cal.com refuses unknown fields; the specification does not say so.
        strict = schema | {"additionalProperties": False, "components": openapi["components"]}
        jsonschema.validate(json.loads(request.content), strict)
