"""Vapi: function calls, several at once, and the other messages that come to the same URL."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from starter.directory import Directory
from tests.starter.conftest import NOW
from tests.starter.fakes import CALLER, SALON, FakeConversation, Retell
from tests.starter.platforms import VAPI_SECRET, Vapi, app_for_all, client_of
from workflows.messages import Alternative, Answer, AnswerStatus, Call, Caller, Reason

START = datetime(2025, 10, 16, 7, 0, tzinfo=UTC)
AVAILABLE = Answer(status=AnswerStatus.AVAILABLE, start=START)
BOOKED = Answer(status=AnswerStatus.BOOKED, start=START, booking_uid="uid")
TAKEN = Answer(
    status=AnswerStatus.SLOT_TAKEN,
    reason=Reason.RACE_CONDITION_DETECTED,
    start=START,
    alternatives=(Alternative(id="a1", start=START + timedelta(hours=1)),),
)
DAY_AND_TIME = {"datum": "16.10.", "uhrzeit": "9 Uhr"}
OUR_CALL_ID = "vapi:5c4d030f-43e3-4e65-899e-8148521e660f"
CANNOT_CHECK = "Ich kann die Verfügbarkeit momentan nicht prüfen. Bitte versuchen Sie es später noch einmal."


@pytest.fixture
async def vapi(conversation: FakeConversation, directory: Directory) -> AsyncIterator[Vapi]:
    async with client_of(app_for_all(conversation, directory, lambda: NOW)) as http:
        yield Vapi(http)


async def test_a_call_is_checked_and_booked(vapi: Vapi, conversation: FakeConversation) -> None:
    conversation.answer = AVAILABLE
    offer = await vapi.function("check_availability_v17", DAY_AND_TIME | {"dienstleistung": "Haarschnitt"})
    assert (offer["status"], offer["success"]) == ("available", True)
    assert offer["message"].startswith("Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist noch frei.")
    ((call, wish),) = conversation.wishes
    assert (call.call_id, call.caller_number, call.branch.company) == (OUR_CALL_ID, CALLER, "salon-beispiel")
    assert (wish.day, wish.time_of_day, wish.asked_at) == (date(2025, 10, 16), time(9), NOW)
    assert wish.turn_id == "question/call_0001"

    conversation.answer = BOOKED
    booked = await vapi.function("book_appointment", {"name": "Erika Muster"})
    assert (booked["status"], booked["booking_uid"]) == ("booked", "uid")
    ((call, confirmation),) = conversation.confirmations
    assert (call.call_id, confirmation.wish.name) == (OUR_CALL_ID, "Erika Muster")
    assert confirmation.wish.turn_id == "yes/call_0002"


@pytest.mark.parametrize("answer", [AVAILABLE, BOOKED, TAKEN])
@pytest.mark.parametrize("name", ["check_availability", "book_appointment", "no_such_function"])
async def test_the_model_reads_what_it_would_read_at_retell_on_one_line(
    vapi: Vapi, conversation: FakeConversation, name: str, answer: Answer
) -> None:
    conversation.answer = answer
    [result] = await vapi.results(vapi.tool_call(name, DAY_AND_TIME))
    assert "\n" not in result["result"]
    assert "\\u" not in result["result"]
    assert json.loads(result["result"]) == await Retell(vapi.http).function(name, DAY_AND_TIME)


async def test_several_function_calls_are_carried_out_and_answered_in_their_order(
    vapi: Vapi, conversation: FakeConversation
) -> None:
    conversation.answer = AVAILABLE
    conversation.caller = Caller(found=True, name="Erika Muster")
    nine, ten = DAY_AND_TIME, DAY_AND_TIME | {"uhrzeit": "10 Uhr"}
    asked = [
        vapi.tool_call("check_availability_v2", ten),
        vapi.tool_call("check_customer"),
        vapi.tool_call("check_availability_v2", nine),
    ]
    results = await vapi.results(*asked)
    assert [(result["toolCallId"], result["name"]) for result in results] == [(c["id"], c["name"]) for c in asked]
    statuses = [json.loads(result["result"])["status"] for result in results]
    assert statuses == ["available", "existing_customer", "available"]
    assert [wish.time_of_day for _, wish in conversation.wishes] == [time(10), time(9)]


SHAPES: dict[str, dict[str, Any]] = {
    "an object": {"name": "check_availability", "arguments": DAY_AND_TIME},
    "a text": {"name": "check_availability", "arguments": json.dumps(DAY_AND_TIME)},
    "an object in the function": {"function": {"name": "check_availability", "arguments": DAY_AND_TIME}},
    "a text in the function": {"function": {"name": "check_availability", "arguments": json.dumps(DAY_AND_TIME)}},
    "an object in the function, nothing outside": {
        "name": None,
        "arguments": [],
        "function": {"name": "check_availability", "arguments": DAY_AND_TIME},
    },
    "parameters": {"name": "check_availability", "parameters": DAY_AND_TIME},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("with_tool", [False, True])
async def test_arguments_are_read_wherever_they_stand(
    vapi: Vapi, conversation: FakeConversation, shape: str, with_tool: bool
) -> None:
    conversation.answer = AVAILABLE
    tool_call = {"id": "call_0001", "type": "function"} | SHAPES[shape]
    listed = {"toolWithToolCallList": [{"type": "function", "toolCall": tool_call}]}
    message = vapi.message("tool-calls", **(listed if with_tool else {"toolCallList": [tool_call]}))
    response = await vapi.post(message)
    [result] = response.json()["results"]
    assert (result["toolCallId"], result["name"]) == ("call_0001", "check_availability")
    ((_, wish),) = conversation.wishes
    assert (wish.day, wish.time_of_day) == (date(2025, 10, 16), time(9))


@pytest.mark.parametrize("arguments", [None, "", "null", "{", "[]", [], 7, "[" * 100_000, "\ud800"])
async def test_without_readable_arguments_they_are_asked_for(vapi: Vapi, arguments: object) -> None:
    [result] = await vapi.results({"id": "call_0001", "name": "check_availability", "arguments": arguments})
    assert json.loads(result["result"])["message"]


LINES = {"customer": {"number": CALLER}, "phoneNumber": {"number": SALON}}


@pytest.mark.parametrize(
    "numbers",
    [
        LINES,
        {"call": {"id": "1", **LINES}},
        {"customer": [], "phoneNumber": {"number": 7}, "call": {"id": "1", **LINES}},
    ],
)
async def test_the_numbers_are_the_envelopes(
    vapi: Vapi, conversation: FakeConversation, numbers: dict[str, Any]
) -> None:
    untold = {"customer": None, "phoneNumber": None}
    asked = vapi.tool_call("check_availability", DAY_AND_TIME | {"phoneNumber": "+493055500021", "call_id": "call_1"})
    response = await vapi.post(vapi.message("tool-calls", toolCallList=[asked]) | untold | numbers)
    assert response.status_code == 200
    ((call, _),) = conversation.wishes
    assert (call.caller_number, call.branch.company) == (CALLER, "salon-beispiel")


@pytest.mark.parametrize("call_id", [None, "", "{{call_id}}", "call 1", "call/1", "vapi:1", "x" * 200, 7])
async def test_without_a_usable_call_id_there_is_no_workflow(
    vapi: Vapi, conversation: FakeConversation, call_id: object
) -> None:
    message = vapi.message("tool-calls", call={"id": call_id}, toolCallList=[vapi.tool_call("book_appointment")])
    [result] = (await vapi.post(message)).json()["results"]
    assert json.loads(result["result"])["status"] == "error"
    assert not conversation.touched


async def test_no_call_of_retells_can_pass_for_one_of_vapis(vapi: Vapi, conversation: FakeConversation) -> None:
    body = await Retell(vapi.http).function("check_availability", DAY_AND_TIME, call_id=OUR_CALL_ID)
    assert body["status"] == "error"
    assert not conversation.touched


@pytest.mark.parametrize("invocation_id", [None, "", "call 1", 7, ["call_1"], "\ud800"])
async def test_what_cannot_be_answered_is_not_carried_out(
    vapi: Vapi, conversation: FakeConversation, invocation_id: object
) -> None:
    answerable = vapi.tool_call("check_availability", DAY_AND_TIME)
    unanswerable = {"id": invocation_id, "name": "book_appointment", "arguments": DAY_AND_TIME}
    results = await vapi.results(unanswerable, answerable)
    assert [result["toolCallId"] for result in results] == [answerable["id"]]
    assert not conversation.confirmations


class PrivateError(Exception):
    """Carries what must not be seen."""


class ForgetfulConversation(FakeConversation):
    async def recognise_caller(self, call: Call, answer_by: datetime) -> Caller:
        raise PrivateError(f"Erika Muster, {call.caller_number}")


async def test_an_error_of_ours_is_one_sentence_among_the_results(
    directory: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    conversation = ForgetfulConversation(answer=AVAILABLE)
    async with client_of(app_for_all(conversation, directory, lambda: NOW)) as http:
        vapi = Vapi(http)
        asked = [vapi.tool_call("check_customer"), vapi.tool_call("check_availability", DAY_AND_TIME)]
        with caplog.at_level(logging.DEBUG):
            response = await vapi.post(vapi.message("tool-calls", toolCallList=asked))
    broken, fine = (json.loads(result["result"]) for result in response.json()["results"])
    assert broken == {"success": False, "status": "error", "message": CANNOT_CHECK}
    assert fine["status"] == "available"
    [ours] = [record for record in caplog.records if record.name == "starter.door"]
    assert ours.getMessage().startswith("PrivateError at test_vapi.py:")
    assert response.headers["X-Trace-Id"] in ours.getMessage()
    assert not any(private in caplog.text for private in ("Erika", "4915550100001", VAPI_SECRET, "16.10."))


@pytest.mark.parametrize("kind", ["tool-calls", "status-update", "end-of-call-report", "assistant-request"])
async def test_nothing_of_a_message_goes_into_the_log(vapi: Vapi, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    asked = {"toolCallList": [vapi.tool_call("check_availability", {"name": "Erika Muster"}), {"id": "Erika M."}]}
    with caplog.at_level(logging.DEBUG):
        response = await vapi.post(vapi.message(kind, **asked, status="ended", summary="Erika Muster"))
    assert response.status_code == 200
    assert not any(private in caplog.text for private in ("Erika", "4915550100001", VAPI_SECRET))


TOLD_AT = datetime.fromtimestamp(1760475991, UTC)


@pytest.mark.parametrize(
    ("message", "ended_at"),
    [
        ({"type": "status-update", "status": "ended"}, TOLD_AT),
        ({"endedAt": "2025-10-14T21:08:00.500Z"}, datetime(2025, 10, 14, 21, 8, 0, 500_000, UTC)),
        ({"endedAt": "2025-10-14T23:08:00+02:00"}, datetime(2025, 10, 14, 21, 8, tzinfo=UTC)),
        ({"endedAt": "2025-10-14T21:08:00"}, TOLD_AT),
        ({"endedAt": "0001-01-01T00:00:00+14:00"}, TOLD_AT),
        ({"endedAt": 1760475000000}, TOLD_AT),
        ({"timestamp": "soon"}, NOW),
    ],
)
async def test_a_call_that_is_over_hangs_up(
    vapi: Vapi, conversation: FakeConversation, message: dict[str, Any], ended_at: datetime
) -> None:
    response = await vapi.post(vapi.message("end-of-call-report", endedReason="customer-ended-call") | message)
    assert (response.status_code, response.json()) == (200, {})
    ((call_id, hang_up),) = conversation.hang_ups
    assert (call_id, hang_up.reason, hang_up.at) == (OUR_CALL_ID, "customer-ended-call", ended_at)


async def test_a_call_that_is_answered_begins_its_conversation(vapi: Vapi, conversation: FakeConversation) -> None:
    assert (await vapi.post(vapi.message("status-update", status="in-progress"))).status_code == 200
    (call,) = conversation.begun
    assert (call.call_id, call.caller_number) == (OUR_CALL_ID, CALLER)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("status-update", "ringing"),
        ("status-update", None),
        ("conversation-update", "ended"),
        ("transcript", None),
        ("hang", None),
        ("something-new", "in-progress"),
        (None, None),
    ],
)
async def test_other_messages_are_accepted_and_ignored(
    vapi: Vapi, conversation: FakeConversation, kind: str, status: str | None
) -> None:
    response = await vapi.post(vapi.message(kind, status=status, toolCallList=[vapi.tool_call("book_appointment")]))
    assert (response.status_code, response.json()) == (200, {})
    assert not conversation.touched


async def test_an_end_that_could_not_be_carried_out_is_asked_for_again(
    vapi: Vapi, conversation: FakeConversation
) -> None:
    conversation.broken = PrivateError()
    assert (await vapi.post(vapi.message("status-update", status="ended"))).status_code == 503


async def test_who_asks_for_an_assistant_is_given_a_sentence_for_the_caller(
    vapi: Vapi, conversation: FakeConversation
) -> None:
    response = await vapi.post(vapi.message("assistant-request"))
    assert (response.status_code, response.json()) == (200, {"error": CANNOT_CHECK})
    assert not conversation.touched


HOSTILE: list[object] = [
    None,
    True,
    -1,
    1e308,
    10**4000,
    [],
    [[[]]],
    {},
    {"id": {}},
    "\ud800",
    "\x00",
    "{{x}}",
    "😈" * 99,
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
async def test_hostile_values_anywhere_are_taken_calmly(vapi: Vapi, value: object) -> None:
    for kind in ("tool-calls", "status-update", "end-of-call-report", "assistant-request", value):
        whole = vapi.message("", toolCallList=[vapi.tool_call("check_availability")], endedAt=None, endedReason=None)
        messages = [value, *(whole | {"status": "ended"} | {field: value, "type": kind} for field in whole)]
        for message in messages:
            assert (await vapi.post(message)).status_code == 200
    tool_call = vapi.tool_call("check_availability", DAY_AND_TIME)
    for field in (*tool_call, "function"):
        for changed in (tool_call | {field: value}, {"toolCall": value}, value):
            response = await vapi.post(
                vapi.message("tool-calls", toolCallList=[changed], toolWithToolCallList=[changed, value])
            )
            assert response.status_code == 200


async def test_deeply_nested_arguments_are_no_error(vapi: Vapi) -> None:
    for depth in (500, 900, 950, 990):
        nested = "[" * depth + "]" * depth
        assert (await vapi.function("check_availability", f'{{"datum": {nested}}}'))["message"]
