"""ElevenLabs: webhook tools, whose call is told in headers, and the post-call webhook."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from starter.directory import Directory
from tests.starter.conftest import NOW
from tests.starter.fakes import CALLER, SALON, FakeConversation, Retell
from tests.starter.platforms import (
    CONVERSATION_HEADER,
    TOOL_SECRET,
    WEBHOOK_SECRET,
    ElevenLabs,
    app_for_all,
    client_of,
)
from workflows.messages import Alternative, Answer, AnswerStatus, Caller, Reason

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
OUR_CALL_ID = "elevenlabs:conv_8f3d1b9c2e7a4f0b9a4d2c1e6e2f8c01"
CANNOT_CHECK = "Ich kann die Verfügbarkeit momentan nicht prüfen. Bitte versuchen Sie es später noch einmal."


@pytest.fixture
async def elevenlabs(conversation: FakeConversation, directory: Directory) -> AsyncIterator[ElevenLabs]:
    async with client_of(app_for_all(conversation, directory, lambda: NOW)) as http:
        yield ElevenLabs(http)


async def test_a_call_is_checked_and_booked(elevenlabs: ElevenLabs, conversation: FakeConversation) -> None:
    conversation.answer = AVAILABLE
    offer = await elevenlabs.function("check_availability_v17", DAY_AND_TIME | {"dienstleistung": "Haarschnitt"})
    assert (offer["status"], offer["success"]) == ("available", True)
    ((call, wish),) = conversation.wishes
    assert (call.call_id, call.caller_number, call.branch.company) == (OUR_CALL_ID, CALLER, "salon-beispiel")
    assert (wish.day, wish.time_of_day, wish.asked_at) == (date(2025, 10, 16), time(9), NOW)

    conversation.answer = BOOKED
    booked = await elevenlabs.function("book_appointment", {"name": "Erika Muster"})
    assert (booked["status"], booked["booking_uid"]) == ("booked", "uid")
    ((call, confirmation),) = conversation.confirmations
    assert (call.call_id, confirmation.wish.name) == (OUR_CALL_ID, "Erika Muster")


@pytest.mark.parametrize("answer", [AVAILABLE, BOOKED, TAKEN])
@pytest.mark.parametrize("name", ["check_availability", "book_appointment", "no_such_function"])
async def test_the_model_reads_what_it_would_read_at_retell(
    elevenlabs: ElevenLabs, conversation: FakeConversation, name: str, answer: Answer
) -> None:
    conversation.answer = answer
    answered = await elevenlabs.function(name, DAY_AND_TIME)
    assert answered == await Retell(elevenlabs.http).function(name, DAY_AND_TIME)


async def test_a_tool_without_parameters_may_send_no_body(
    elevenlabs: ElevenLabs, conversation: FakeConversation
) -> None:
    conversation.caller = Caller(found=True, name="Erika Muster")
    assert (await elevenlabs.use("check_customer")).json()["status"] == "existing_customer"
    ((call, _),) = conversation.recognitions
    assert call.caller_number == CALLER


async def test_who_calls_is_never_what_the_model_filled_in(
    elevenlabs: ElevenLabs, conversation: FakeConversation
) -> None:
    invented = {
        **dict.fromkeys(("conversation_id", "call_id", "system__conversation_id", CONVERSATION_HEADER), "conv_1"),
        **dict.fromkeys(("caller_id", "system__caller_id", "X-Caller-Id", "from_number"), "+4915550199999"),
        **dict.fromkeys(("called_number", "system__called_number", "X-Called-Number"), "+493055500021"),
        "call": {"call_id": "call_0001", "to_number": "+493055500021"},
        "args": {"datum": "17.10."},
    }
    await elevenlabs.function("check_availability", DAY_AND_TIME | invented)
    ((call, wish),) = conversation.wishes
    assert (call.call_id, call.caller_number, call.branch.company) == (OUR_CALL_ID, CALLER, "salon-beispiel")
    assert wish.day == date(2025, 10, 16)

    for header in (CONVERSATION_HEADER, "X-Called-Number"):
        del elevenlabs.headers[header]
        answered = await elevenlabs.function("book_appointment", DAY_AND_TIME | invented)
        assert answered["status"] == "error"
    assert not conversation.confirmations


@pytest.mark.parametrize("call_id", ["", "{{system__conversation_id}}", "conv 1", "conv/1", "elevenlabs:1", "x" * 200])
async def test_without_a_usable_call_id_there_is_no_workflow(
    elevenlabs: ElevenLabs, conversation: FakeConversation, call_id: str
) -> None:
    response = await elevenlabs.use("check_availability", b"{}", **{CONVERSATION_HEADER: call_id})
    assert (response.status_code, response.json()["status"]) == (200, "error")
    assert not conversation.touched


@pytest.mark.parametrize("number", ["", "anonymous", "{{system__caller_id}}", "None"])
async def test_a_withheld_number_is_nobodys(
    elevenlabs: ElevenLabs, conversation: FakeConversation, number: str
) -> None:
    await elevenlabs.use("check_availability", json.dumps(DAY_AND_TIME).encode(), **{"X-Caller-Id": number})
    ((call, _),) = conversation.wishes
    assert call.caller_number is None


async def test_no_call_of_retells_can_pass_for_one_of_elevenlabs(
    elevenlabs: ElevenLabs, conversation: FakeConversation
) -> None:
    body = await Retell(elevenlabs.http).function("check_availability", DAY_AND_TIME, call_id=OUR_CALL_ID)
    assert body["status"] == "error"
    assert not conversation.touched


class PrivateError(Exception):
    """Carries what must not be seen."""


async def test_an_error_of_ours_is_a_sentence_to_the_caller_and_a_trace_to_us(
    elevenlabs: ElevenLabs, conversation: FakeConversation, caplog: pytest.LogCaptureFixture
) -> None:
    conversation.broken = PrivateError("Erika Muster, +4915550100001")
    with caplog.at_level(logging.DEBUG):
        response = await elevenlabs.use("check_availability", b'{"name": "Erika Muster"}')
    assert response.status_code == 200
    assert response.json() == {"success": False, "status": "error", "message": CANNOT_CHECK}
    [ours] = [record for record in caplog.records if record.name == "starter.door"]
    assert response.headers["X-Trace-Id"] in ours.getMessage()
    private = ("Erika", "4915550100001", TOOL_SECRET, SALON)
    assert not any(one in caplog.text for one in private)


async def test_a_call_that_is_over_hangs_up_when_it_ended(
    elevenlabs: ElevenLabs, conversation: FakeConversation, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = await elevenlabs.ended(transcript=[{"role": "user", "message": "Erika Muster"}])
    assert (response.status_code, response.json()) == (200, {})
    ((call_id, hang_up),) = conversation.hang_ups
    assert (call_id, hang_up.at) == (OUR_CALL_ID, datetime.fromtimestamp(1760475991 + 90, UTC))
    assert hang_up.reason is None, "a platform's free words may hold what a caller said"
    assert not any(private in caplog.text for private in ("Erika", "conv_", WEBHOOK_SECRET))


@pytest.mark.parametrize("metadata", [None, [], {}, {"start_time_unix_secs": 1760475991, "call_duration_secs": "long"}])
async def test_without_a_time_of_its_end_a_call_ended_when_that_was_told(
    elevenlabs: ElevenLabs, conversation: FakeConversation, metadata: object
) -> None:
    await elevenlabs.ended(metadata=metadata)
    ((_, hang_up),) = conversation.hang_ups
    assert hang_up.at == datetime.fromtimestamp(1760476300, UTC)


async def test_a_call_that_never_began_is_over(elevenlabs: ElevenLabs, conversation: FakeConversation) -> None:
    data = {"conversation_id": elevenlabs.conversation_id, "failure_reason": "no-answer"}
    assert (await elevenlabs.event("call_initiation_failure", data)).status_code == 200
    ((call_id, hang_up),) = conversation.hang_ups
    assert (call_id, hang_up.reason) == (OUR_CALL_ID, "no-answer")


@pytest.mark.parametrize("kind", ["post_call_audio", "something_new", "call_ended"])
async def test_other_events_are_accepted_and_ignored(
    elevenlabs: ElevenLabs, conversation: FakeConversation, kind: str
) -> None:
    response = await elevenlabs.event(kind, {"conversation_id": elevenlabs.conversation_id})
    assert (response.status_code, response.json()) == (200, {})
    assert not conversation.touched


async def test_an_end_that_could_not_be_carried_out_is_asked_for_again(
    elevenlabs: ElevenLabs, conversation: FakeConversation
) -> None:
    conversation.broken = PrivateError()
    assert (await elevenlabs.ended()).status_code == 503


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
async def test_hostile_values_anywhere_are_taken_calmly(elevenlabs: ElevenLabs, value: Any) -> None:
    arguments = ("datum", "uhrzeit", "name", "dienstleistung", "email", "alternative_id", "call", "args", "x")
    for tool in ("collect_appointment_data", "book_appointment", "check_customer"):
        for argument in arguments:
            assert (await elevenlabs.function(tool, {argument: value}))["message"]
    for kind in ("post_call_transcription", "call_initiation_failure", value):
        for data in (value, {"conversation_id": value}, {"metadata": value, "failure_reason": value}):
            assert (await elevenlabs.event(kind, data)).status_code == 200
        metadata = {"start_time_unix_secs": value, "call_duration_secs": value}
        assert (await elevenlabs.ended(metadata=metadata)).status_code == 200
