"""Every exchange recorded from a real Cal.com server, asked of the double."""

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from simulator.calcom import Calendar, Config, create_app
from simulator.calcom.config import RateLimit

RECORDING = json.loads((Path(__file__).parents[1] / "data/calcom-recorded.json").read_text(encoding="utf-8"))
EXCHANGES: list[dict[str, Any]] = RECORDING["exchanges"]
NAMES = [exchange["name"] for exchange in EXCHANGES]
OPENAPI = Path(
    os.environ.get("CALCOM_OPENAPI", Path(__file__).parents[2].parent / "shared/reference/calcom-openapi.json")
)
KEY = "cal_test_0123456789abcdef"
UNMENTIONED = {50, 51}  # event types of the tests' own, not of the recorded server


@dataclass
class Stage:
    """One double played from the first exchange to the last, as the server was when it was recorded."""

    http: httpx.AsyncClient
    calendar: Calendar
    uids: dict[str, str] = field(default_factory=dict)

    async def replay(self, exchange: dict[str, Any]) -> httpx.Response:
        wanted = exchange["request"]
        headers = dict(wanted["headers"])
        if "Authorization" in headers:
            headers["Authorization"] = f"Bearer {'cal_wrong' if 'invalid_key' in exchange['name'] else KEY}"
        return await self.http.request(
            wanted["method"],
            self.translate(wanted["path"]),
            params={name: str(value) for name, value in wanted["query"].items()},
            headers=headers,
            json=body_of(exchange),
        )

    def learn(self, exchange: dict[str, Any], response: httpx.Response) -> None:
        recorded, ours = (body.get("data") for body in (exchange["response"]["body"], response.json()))
        for name in ("uid", "reservationUid"):
            if isinstance(recorded, dict) and isinstance(ours, dict) and name in recorded:
                self.uids.setdefault(recorded[name], ours[name])

    def translate(self, text: str) -> str:
        for theirs, ours in self.uids.items():
            text = text.replace(theirs, ours)
        return text

    async def book(self, start: str, kind: int, email: str) -> httpx.Response:
        attendee = {"name": "Ann Lee", "email": email, "timeZone": "Europe/Berlin", "language": "en"}
        body = {"start": start, "eventTypeId": kind, "attendee": attendee}
        headers = {"cal-api-version": "2024-08-13", "Authorization": f"Bearer {KEY}"}
        return await self.http.post("/v2/bookings", json=body, headers=headers)


def body_of(exchange: dict[str, Any]) -> Any:
    by_name = {other["name"]: other for other in EXCHANGES}
    if exchange["name"] == "booking_create_concurrent_loser_non_production":
        return by_name["booking_create_concurrent_loser"]["request"]["body"]
    body = exchange["request"]["body"]
    return json.loads(json.dumps(body).replace("<501 characters>", "x" * 501)) if body else body


async def race(stage: Stage) -> None:
    """While the recorded booking waits between look and insert, another one of the same time goes through."""
    calendar, original = stage.calendar, stage.calendar.gap
    arrived = asyncio.Event()

    async def winner_first() -> None:
        if not arrived.is_set():
            arrived.set()
            calendar.gap = original
            assert (await stage.book("2026-12-09T11:00:00Z", 10, "winner@example.com")).status_code == 201

    calendar.gap = winner_first


async def a_second_seat(stage: Stage) -> None:
    assert (await stage.book("2026-12-10T12:00:00Z", 1, "seat1@example.com")).status_code == 201


async def a_pending_booking(stage: Stage) -> None:
    made = (await stage.book("2026-12-10T10:00:00Z", 12, "dec@example.com")).json()
    stage.uids["wk4izgp42zjGKsuGNePEe7"] = made["data"]["uid"]


async def a_spent_limit(stage: Stage) -> None:
    exchange = next(exchange for exchange in EXCHANGES if exchange["name"] == "rate_limited")
    for _ in range(120):
        assert (await stage.replay(exchange)).status_code == 200


BEFORE: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "booking_create_concurrent_loser": race,
    "booking_create_concurrent_loser_non_production": race,
    "seated_booking_full": a_second_seat,
    "booking_decline": a_pending_booking,
    "rate_limited": a_spent_limit,
}
ELSEWHERE: dict[str, dict[str, Any]] = {
    "rate_limited": {"rate_limit": RateLimit()},
    "booking_create_concurrent_loser_non_production": {"production": False},
}


@pytest.fixture(scope="module")
async def replayed() -> dict[str, tuple[httpx.Response, Any, Any]]:
    """For each exchange our answer, the recorded body and ours, both without what changes from run to run."""
    now = datetime(2026, 11, 22, 10, 10, 31, tzinfo=UTC)

    def clock() -> datetime:
        nonlocal now
        now += timedelta(milliseconds=10)
        return now

    def stage(**changes: Any) -> Stage:
        config = Config.load(Path(__file__).with_name("recorded.toml")).model_copy(update=changes)
        kept = tuple(kind for kind in config.event_types if kind.id not in UNMENTIONED)
        app = create_app(config.model_copy(update={"event_types": kept}), clock)
        return Stage(httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cal"), app.state.calendar)

    main, answers = stage(), {}
    for exchange in EXCHANGES:
        name = exchange["name"]
        here = stage(**ELSEWHERE[name]) if name in ELSEWHERE else main
        if name in BEFORE:
            await BEFORE[name](here)
        response = await here.replay(exchange)
        here.learn(exchange, response)
        recorded = json.loads(here.translate(json.dumps(exchange["response"]["body"])))
        answers[name] = (response, steady(recorded), steady(response.json()))
        if here is not main:
            await here.http.aclose()
    await main.http.aclose()
    return answers


TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
RANDOM = {"id", "seatUid", "icsUid"}
MOVING = {"timestamp", "createdAt", "updatedAt", "reservationUntil"}


def steady(value: Any, name: str = "") -> Any:
    """The value with row numbers, random uids and moments of the run replaced by their kind."""
    match value:
        case dict():
            counted = "hosts" in value  # a booking's own number; hosts and event types keep theirs
            return {key: "<id>" if key == "id" and counted else steady(item, key) for key, item in value.items()}
        case list():
            return [steady(item, name) for item in value]
        case str() if name in MOVING and TIMES.fullmatch(value):
            return "<moment>"
        case str() if name in RANDOM:
            return "<random>"
    return value


@pytest.mark.parametrize("exchange", EXCHANGES, ids=NAMES)
async def test_the_double_answers_as_recorded(
    exchange: dict[str, Any], replayed: dict[str, tuple[httpx.Response, Any, Any]]
) -> None:
    response, recorded, ours = replayed[exchange["name"]]

    assert response.status_code == exchange["response"]["status"]
    assert ours == recorded
    assert json.dumps(ours) == json.dumps(recorded), "the fields come in another order"


def test_the_rate_limit_tells_the_seconds_to_go(replayed: dict[str, tuple[httpx.Response, Any, Any]]) -> None:
    headers, recorded = replayed["rate_limited"][0].headers, EXCHANGES[NAMES.index("rate_limited")]["response"]

    assert {name: headers[name] for name in recorded["headers"]} == recorded["headers"]
    assert "retry-after" not in headers


# What the published schemas say and the measured server does not do, by schema and field.
EXCEPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    # Null until somebody reschedules, respectively rates; published as plain string and number.
    "BookingOutput_2024_08_13": {
        "rescheduledByEmail": {"type": ["string", "null"]},
        "rating": {"type": ["number", "null"]},
    },
    # Seated bookings carry no description.
    "CreateSeatedBookingOutput_2024_08_13": {
        "description": {"type": ["string", "null"]},
        "rescheduledByEmail": {"type": ["string", "null"]},
        "rating": {"type": ["number", "null"]},
    },
    "EventTypeOutput_2024_06_14": {
        # Published as lists of strings; they are objects.
        "users": {"type": "array", "items": {"type": "object"}},
        # Published without their `disabled` form.
        "bookingWindow": {"type": ["array", "object"]},
        "seats": {"type": "object"},
        "bookerActiveBookingsLimit": {"type": "object"},
        # Published as objects; they are a boolean, a link and a number.
        "forwardParamsSuccessRedirect": {"type": ["boolean", "null"]},
        "successRedirectUrl": {"type": ["string", "null"]},
        "slotInterval": {"type": ["number", "null"]},
        # Published with label and placeholder required; the server leaves them out.
        "bookingFields": {"type": "array", "items": {"type": "object", "required": ["type", "slug", "isDefault"]}},
    },
    # Refers to itself where it means the reservation it holds.
    "GetReservedSlotOutput_2024_09_04": {
        "data": {
            "type": ["object", "null"],
            "required": ["reservationUid", "eventTypeId", "slotStart", "slotEnd", "slotDuration", "reservationUntil"],
        }
    },
}
# The published answer of GET /v2/slots describes its `data`, without the envelope, and its `time` format as strings.
SLOT_DAYS = {
    "type": "object",
    "required": ["data", "status"],
    "properties": {
        "data": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "items": {"type": "object", "required": ["start"], "properties": {"start": {"type": "string"}}},
            },
        }
    },
}


def published() -> dict[str, Any]:
    """The published document as JSON Schema, with the exceptions applied."""
    document: dict[str, Any] = nullable(json.loads(OPENAPI.read_text(encoding="utf-8")))
    for name, fields in EXCEPTIONS.items():
        document["components"]["schemas"][name]["properties"] |= fields
    slots = document["paths"]["/v2/slots"]["get"]["responses"]["200"]
    slots["content"]["application/json"]["schema"] = SLOT_DAYS
    return document


def nullable(value: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema says `null`."""
    match value:
        case dict():
            plain = {key: nullable(item) for key, item in value.items() if key != "nullable"}
            return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain
        case list():
            return [nullable(item) for item in value]
    return value


def operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any] | None:
    for template, methods in document["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in methods:
            found: dict[str, Any] = methods[method.lower()]
            return found
    return None


SUCCESSES = [
    exchange
    for exchange in EXCHANGES
    if exchange["response"]["status"] < 300 and exchange["request"]["path"] not in ("/v2/slots/available", "/v2/me")
]


@pytest.mark.skipif(not OPENAPI.exists(), reason="the published OpenAPI document is not at hand (CALCOM_OPENAPI)")
@pytest.mark.parametrize("exchange", SUCCESSES, ids=[exchange["name"] for exchange in SUCCESSES])
async def test_answers_fit_the_published_schema(
    exchange: dict[str, Any], replayed: dict[str, tuple[httpx.Response, Any, Any]]
) -> None:
    document, response = published(), replayed[exchange["name"]][0]
    found = operation(document, exchange["request"]["method"], exchange["request"]["path"])

    assert found is not None
    content = found["responses"][str(response.status_code)]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**content, "components": document["components"]}).validate(response.json())
