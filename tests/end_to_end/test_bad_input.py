"""Whatever comes through the door: never a 5xx, never a call left running, and no effect without a signature.

Everything is sent to one open salon; every request uses a call of its own.
"""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from simulator.caller import SIGNATURE_HEADER, Caller, encode, sign
from starter.webhook import BODY_LIMIT
from tests.databases import Databases
from tests.end_to_end.salon import RETELL_KEY, SALON, Salon, eventually, open_salon

FUNCTIONS = "/retell/functions"
WISH = {"datum": "16.10.2025", "uhrzeit": "10:00", "name": "Hansi Schmidt"}
INJECTION = "'; DROP TABLE booking; --"
MARKUP = "<script>alert(1)</script>${jndi:ldap://x}\\x00"


@pytest.fixture(scope="module")
async def salon(client: Client, databases: Databases) -> AsyncIterator[Salon]:
    with databases.new("catalog") as database_url:
        async with open_salon(client, database_url) as salon:
            yield salon


@pytest.fixture
def caller(salon: Salon) -> Caller:
    return salon.rings()


async def nothing_is_left_over(salon: Salon, caller: Caller) -> None:
    """A call that began is a call like any other: it ends when the caller hangs up."""
    assert (await caller.hang_up()).status_code == 200
    ended = await eventually(
        lambda: salon.state_of(caller.call_id), lambda state: state is not WorkflowExecutionStatus.RUNNING
    )
    assert ended in (None, WorkflowExecutionStatus.COMPLETED)
    assert await salon.live_holds() == []


ARGUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "missing_required_fields"),
    "nulls": ({"datum": None, "uhrzeit": None, "name": None, "dienstleistung": None}, "missing_required_fields"),
    "empty strings": ({"datum": "", "uhrzeit": " ", "name": ""}, "missing_required_fields"),
    "words for nothing": ({"datum": "null", "uhrzeit": "undefined", "name": "None"}, "missing_required_fields"),
    "placeholders": ({"datum": "{{current_date}}", "uhrzeit": "{{time}}", "name": "{{n}}"}, "missing_required_fields"),
    "a date as a list": (WISH | {"datum": ["16.10.2025"]}, "error"),
    "a date as an object": (WISH | {"datum": {"day": 16}}, "error"),
    "a date as a number": (WISH | {"datum": 16}, "error"),
    "a date as a fraction": (WISH | {"datum": 16.10}, "error"),
    "a date as a truth": (WISH | {"datum": True}, "error"),
    "a time as an object": (WISH | {"uhrzeit": {"h": 9}}, "error"),
    "a huge number": (WISH | {"uhrzeit": 10**300}, "error"),
    "a negative hour": (WISH | {"uhrzeit": -9}, "error"),
    "the 25th hour": (WISH | {"uhrzeit": "25:00"}, "error"),
    "the 60th minute": (WISH | {"uhrzeit": "09:60"}, "error"),
    "31 February": (WISH | {"datum": "31.02.2026"}, "error"),
    "29 February of no leap year": (WISH | {"datum": "29.02.2026"}, "error"),
    "a day zero": (WISH | {"datum": "0.0.2025"}, "error"),
    "the year 1": (WISH | {"datum": "0001-01-01"}, "past_time"),
    "the year 0": (WISH | {"datum": "0000-01-01"}, "error"),
    "the year 9999": (WISH | {"datum": "9999-12-31"}, "error"),
    "a year beyond time": (WISH | {"datetime": "99999-01-01T10:00"}, "error"),
    "a moment before time": (WISH | {"datetime": "0001-01-01T00:00+14:00"}, "error"),
    "an offset beyond the earth": (WISH | {"datetime": "2025-10-16T10:00+99:99"}, "error"),
    "a past year": (WISH | {"datum": "2023-06-13"}, "past_time"),
    "a wrong weekday": (WISH | {"datum": "Mittwoch, 16.10.2025"}, "error"),
    "a word that is no date": (WISH | {"datum": "demnächst"}, "error"),
    "digits of another script": (WISH | {"datum": "١٦.١٠.٢٠٢٥"}, "error"),
    "a date too long": (WISH | {"datum": "1" * 31}, "error"),
    "a name too long": (WISH | {"name": "x" * 151}, "error"),
    "an address that is none": (WISH | {"email": "hansi at example"}, "error"),
    "a name as a list": (WISH | {"name": ["Hansi"]}, "error"),
    "an unknown service": (WISH | {"dienstleistung": "Zahnreinigung"}, "error"),
    "a service as an injection": (WISH | {"dienstleistung": INJECTION}, "error"),
    "a service as an object": (WISH | {"dienstleistung": {"$ne": None}}, "error"),
    "an alternative as an object": (WISH | {"alternative_id": {"id": "a1"}}, "error"),
    "an alternative too long": (WISH | {"alternative_id": "a" * 21}, "error"),
    "a date as an injection": (WISH | {"datum": INJECTION}, "error"),
    "a date as markup": (WISH | {"datum": MARKUP}, "error"),
    "a date as a template": (WISH | {"datum": "{{7*7}}"}, "missing_required_fields"),
    "a lone surrogate": (WISH | {"datum": "\ud800"}, "missing_required_fields"),
}


@pytest.mark.parametrize("function", ["book_appointment", "check_availability"])
@pytest.mark.parametrize(("arguments", "status"), ARGUMENTS.values(), ids=ARGUMENTS.keys())
async def test_arguments_that_mean_nothing_are_asked_back(
    salon: Salon, caller: Caller, function: str, arguments: dict[str, Any], status: str
) -> None:
    body = {"name": function, "call": caller.call(), "args": arguments}
    raw = json.dumps(body).encode()

    reply = await post(salon, raw)

    assert reply.status_code == 200
    assert (reply.json()["status"], reply.json()["success"]) == (status, False)
    assert reply.json()["message"]
    assert salon.bookings == []
    await nothing_is_left_over(salon, caller)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (INJECTION, INJECTION),
        ("Hansi <b>Schmidt</b>{{x", "Hansi Schmidtx"),
        ("Ünal Çelik-O'Brien 李", "Ünal Çelik-O'Brien 李"),
        ("Hansi\u202eSchmidt\u0000", "HansiSchmidt"),
    ],
)
async def test_a_name_is_only_ever_a_name(salon: Salon, caller: Caller, name: str, written: str) -> None:
    booked = await caller.say("book_appointment", **(WISH | {"name": name}))

    assert booked.status == "booked"
    [booking] = salon.bookings
    assert booking.attendees[0].name == written
    await caller.hang_up()
    await salon.recorded(caller)
    salon.calendar.cancel(booking.uid, reason="test", by=None)
    await salon.holds.release(caller.call_id)


ENVELOPES: dict[str, dict[str, Any]] = {
    "an unknown number": {"to_number": "+493099999999"},
    "no number": {"to_number": None},
    "a number as an object": {"to_number": {"n": SALON}},
    "a number that is none": {"to_number": "Salon"},
    "a number as a query": {"to_number": "' OR '1'='1"},
    "no call id": {"call_id": None},
    "an empty call id": {"call_id": ""},
    "a call id as a number": {"call_id": 7},
    "a call id as a list": {"call_id": ["call_1"]},
    "a call id as a path": {"call_id": "../../etc/passwd"},
    "a call id as a query": {"call_id": "x' OR '1'='1"},
    "a call id too long": {"call_id": "c" * 10_000},
    "an outbound call from nowhere": {"direction": "outbound"},
}


@pytest.mark.parametrize("changes", ENVELOPES.values(), ids=ENVELOPES.keys())
async def test_an_envelope_without_a_call_of_ours_has_no_effect(
    salon: Salon, caller: Caller, changes: dict[str, Any]
) -> None:
    call = caller.call(**changes)

    for name in ("book_appointment", "check_availability", "check_customer"):
        reply = await post(salon, encode({"name": name, "call": call, "args": WISH}))
        assert (reply.status_code, reply.json()["status"]) == (200, "error")
    for event in ("call_started", "call_ended", "call_analyzed"):
        assert (await post(salon, encode({"event": event, "call": call}), "/retell/events")).status_code == 200

    assert salon.bookings == []
    assert await salon.state_of(caller.call_id) is None


@pytest.mark.parametrize("call", [None, [], "call", 7, {}])
async def test_a_body_without_a_call_has_no_effect(salon: Salon, call: object) -> None:
    before = len(salon.calendar.traffic.lines)

    reply = await post(salon, encode({"name": "book_appointment", "call": call, "args": WISH}))
    noted = await post(salon, encode({"event": "call_ended", "call": call}), "/retell/events")
    ringing = await post(salon, encode({"event": "call_inbound", "call_inbound": call}), "/retell/inbound")

    assert (reply.status_code, reply.json()["status"]) == (200, "error")
    assert noted.status_code == 200
    assert (ringing.status_code, ringing.json()) == (200, {"call_inbound": {}})
    assert len(salon.calendar.traffic.lines) == before


@pytest.mark.parametrize("args", [None, [], "text", 7, True])
async def test_arguments_that_are_no_object_are_no_arguments(salon: Salon, caller: Caller, args: object) -> None:
    reply = await post(salon, encode({"name": "book_appointment", "call": caller.call(), "args": args}))

    assert (reply.status_code, reply.json()["status"]) == (200, "missing_required_fields")
    await nothing_is_left_over(salon, caller)


@pytest.mark.parametrize(
    "name", ["transfer_money", "", None, 7, "book_appointment; rm -rf /", "x" * 5_000, "__class__"]
)
async def test_an_unknown_function_is_answered_and_does_nothing(salon: Salon, caller: Caller, name: object) -> None:
    reply = await post(salon, encode({"name": name, "call": caller.call(), "args": WISH}))

    assert (reply.status_code, reply.json()["status"]) == (200, "error")
    assert await salon.state_of(caller.call_id) is None


@pytest.mark.parametrize("event", ["call_transferred", "", None, 7, ["call_started"]])
async def test_an_unknown_event_does_nothing(salon: Salon, caller: Caller, event: object) -> None:
    reply = await post(salon, encode({"event": event, "call": caller.call()}), "/retell/events")

    assert reply.status_code == 200
    assert await salon.state_of(caller.call_id) is None


@pytest.mark.parametrize("path", [FUNCTIONS, f"{FUNCTIONS}/book_appointment", "/retell/events", "/retell/inbound"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"\xff\xfe\x00",
        b'{"call": NaN}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"{'name': 'single quotes'}",
        b'{"call": ' + b"9" * 5_000 + b"}",
    ],
    ids=lambda body: body[:12].decode(errors="replace") if isinstance(body, bytes) else None,
)
async def test_a_body_that_is_no_json_object_is_refused(salon: Salon, path: str, body: bytes) -> None:
    reply = await post(salon, body, path)

    assert reply.status_code == 400


async def test_a_body_up_to_the_limit_is_answered_and_a_larger_one_refused(salon: Salon, caller: Caller) -> None:
    envelope = {"name": "check_customer", "call": caller.call(), "args": {}, "padding": ""}
    envelope["padding"] = "x" * (BODY_LIMIT - len(encode(envelope)))

    largest = encode(envelope)
    assert len(largest) == BODY_LIMIT
    assert (await post(salon, largest)).json()["status"] == "new_customer"

    assert (await post(salon, largest + b" ")).status_code == 413
    await nothing_is_left_over(salon, caller)


async def test_an_argument_of_a_megabyte_is_asked_back(salon: Salon, caller: Caller) -> None:
    reply = await caller.say("book_appointment", **(WISH | {"name": "x" * 450_000}))

    assert (reply.status_code, reply.status) == (200, "error")
    assert len(reply.text) < 1_000
    await nothing_is_left_over(salon, caller)


def signed_at(body: bytes, age: timedelta) -> str:
    return sign(body, RETELL_KEY, datetime.now(UTC) - age)


@pytest.mark.parametrize("path", [FUNCTIONS, f"{FUNCTIONS}/book_appointment", "/retell/events", "/retell/inbound"])
@pytest.mark.parametrize(
    "signature",
    [
        lambda _: None,
        lambda _: "",
        lambda _: "v=1,d=0",
        lambda body: sign(body, "key_of_somebody_else", datetime.now(UTC)),
        lambda body: sign(body + b" ", RETELL_KEY, datetime.now(UTC)),
        lambda body: signed_at(body, timedelta(minutes=6)),
        lambda body: signed_at(body, -timedelta(minutes=6)),
        lambda body: signed_at(body, timedelta()).upper(),
        lambda body: signed_at(body, timedelta()) + ",d=0",
        lambda body: RETELL_KEY,
    ],
    ids=["missing", "empty", "made up", "other key", "other body", "old", "future", "capitals", "longer", "the key"],
)
async def test_without_a_valid_signature_nothing_happens(
    salon: Salon, caller: Caller, path: str, signature: Any
) -> None:
    before = len(salon.calendar.traffic.lines)
    body = encode({"name": "book_appointment", "event": "call_started", "call": caller.call(), "args": WISH})
    given = signature(body)

    reply = await salon.http.post(path, content=body, headers={SIGNATURE_HEADER: given} if given is not None else {})

    assert reply.status_code == 401
    assert RETELL_KEY not in reply.text
    assert await salon.state_of(caller.call_id) is None
    assert len(salon.calendar.traffic.lines) == before
    assert salon.bookings == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(salon: Salon, method: str) -> None:
    assert (await salon.http.request(method, FUNCTIONS)).status_code == 405


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/metrics", "/console", "/retell", "/retell/functions/a/b"])
async def test_nothing_else_is_served_in_public(salon: Salon, path: str) -> None:
    assert (await salon.http.get(path)).status_code in (404, 405)
    assert (await post(salon, b"{}", path)).status_code == 404


async def post(salon: Salon, body: bytes, path: str = FUNCTIONS) -> Any:
    headers = {"Content-Type": "application/json", SIGNATURE_HEADER: sign(body, RETELL_KEY, datetime.now(UTC))}
    return await salon.http.post(path, content=body, headers=headers)
