"""Function calls through the signed webhook."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.starter.conftest import NOW
from tests.starter.fakes import CALLER, ENGLISH_OFFICE, SALON, FakeConversation, Retell, envelope, signature
from workflows.messages import Aim, Alternative, Answer, AnswerStatus, Caller, Missing, Reason

START = datetime(2025, 10, 16, 7, 0, tzinfo=UTC)

AVAILABLE = Answer(status=AnswerStatus.AVAILABLE, start=START)

BOOKED = Answer(status=AnswerStatus.BOOKED, start=START, booking_uid="uid")

DAY_AND_TIME = {"datum": "16.10.", "uhrzeit": "9 Uhr"}


async def test_a_question_reaches_the_conversation_and_its_answer_is_spoken(
    retell: Retell, conversation: FakeConversation
) -> None:
    conversation.answer = AVAILABLE
    before = datetime.now(UTC)
    body = await retell.function("check_availability_v17", DAY_AND_TIME | {"dienstleistung": "Haarschnitt"})

    assert (body["success"], body["status"]) == (True, "available")
    assert body["message"].startswith("Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist noch frei.")
    ((call, wish),) = conversation.wishes
    assert (call.call_id, call.caller_number) == ("call_0001", CALLER)
    assert (call.branch.company, call.branch.key, call.branch.language) == ("salon-beispiel", "zentrale", "de")
    assert (call.answer_budget_seconds, call.hold_seconds, call.confirmation_window_seconds) == (8, 120, 900)
    assert (call.dialled_number, call.holds_per_caller, call.holds_per_number) == (SALON, 3, 30)
    assert call.branch.default_service is not None
    assert call.branch.default_service.key == "haarschnitt"
    assert (wish.day, wish.time_of_day, wish.day_words) == (date(2025, 10, 16), time(9), "16.10.")
    assert wish.service is not None
    assert (wish.service.key, wish.service.event_type_id) == ("haarschnitt", 900003)
    assert wish.asked_at == NOW
    assert wish.answer_by is not None
    assert before < wish.answer_by - timedelta(seconds=8) < datetime.now(UTC)


async def test_a_race_is_answered_as_the_incident_demands(retell: Retell, conversation: FakeConversation) -> None:
    conversation.answer = Answer(
        status=AnswerStatus.SLOT_TAKEN,
        reason=Reason.RACE_CONDITION_DETECTED,
        start=START,
        alternatives=(Alternative(id="a1", start=START + timedelta(hours=1)),),
    )
    body = await retell.function("book_appointment", DAY_AND_TIME)
    assert body["message"] == (
        "Der Termin um 09:00 Uhr wurde gerade vergeben. Ich habe eine Alternative gefunden: am gleichen Tag, 10:00 Uhr."
    )
    assert body["reason"] == "race_condition_detected"
    assert [offer["id"] for offer in body["alternatives"]] == ["a1"]


@pytest.mark.parametrize(
    ("name", "args", "is_yes"),
    [
        ("check_availability", {"bestaetigung": True}, False),
        ("book_appointment_v17", {}, True),
        ("start_booking", {}, True),
        ("confirm_booking", {}, True),
        ("collect_appointment_data", {"bestaetigung": True}, True),
        ("collect_appointment_data", {"confirm_booking": True}, True),
        ("collect_appointment_data", {}, False),
        ("collect_appointment_data", {"bestaetigung": False, "confirm_booking": True}, False),
        ("collect_appointment_data", {"bestaetigung": None}, False),
        ("collect_appointment_data", {"bestaetigung": "true"}, False),
        ("collect_appointment_data", {"bestaetigung": "false"}, False),
        ("collect_appointment_data", {"bestaetigung": 1}, False),
        ("collect_appointment_data", {"bestaetigung": [True]}, False),
        ("collect_appointment_data", {"bestaetigung": "{{ja}}"}, False),
    ],
)
async def test_only_a_booking_function_or_a_boolean_true_is_a_yes(
    retell: Retell, conversation: FakeConversation, name: str, args: dict[str, object], is_yes: bool
) -> None:
    await retell.function(name, args)
    assert (len(conversation.confirmations), len(conversation.wishes)) == ((1, 0) if is_yes else (0, 1))


async def test_an_unknown_service_is_answered_with_what_there_is(retell: Retell) -> None:
    body = await retell.function("check_availability", {"dienstleistung": "Zahnreinigung"})
    assert body["services"] == ["Herrenhaarschnitt", "Färben mit Schnitt"]
    assert "Wir bieten an: Herrenhaarschnitt und Färben mit Schnitt." in body["message"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=AnswerStatus.PENDING),
        Answer(status=AnswerStatus.EXPIRED),
        Answer(status=AnswerStatus.CLOSED),
        Answer(status=AnswerStatus.ERROR, reason=Reason.CALENDAR_UNREACHABLE),
        Answer(status=AnswerStatus.ERROR, reason=Reason.CALENDAR_UNREACHABLE, uncertain=True),
        Answer(status=AnswerStatus.MISSING_REQUIRED_FIELDS, missing=(Missing.SERVICE,)),
    ],
    ids=lambda answer: f"{answer.status}{'_uncertain' if answer.uncertain else ''}",
)
@pytest.mark.parametrize("function", ["check_availability", "book_appointment"])
async def test_a_moment_that_was_understood_is_told_whatever_came_of_it(
    retell: Retell, conversation: FakeConversation, function: str, answer: Answer
) -> None:
    conversation.answer = answer
    body = await retell.function(function, DAY_AND_TIME)
    assert body["requested_start"] == "2025-10-16T09:00:00+02:00"
    assert "requested_start" not in await retell.function(function, {"datum": "16.10."})


async def test_a_moment_the_answer_names_itself_goes_before_the_words(
    retell: Retell, conversation: FakeConversation
) -> None:
    conversation.answer = BOOKED
    body = await retell.function("book_appointment", {"datum": "17.10.", "uhrzeit": "10", "alternative_id": "a1"})
    assert body["requested_start"] == "2025-10-16T09:00:00+02:00"


async def test_a_moment_is_told_beside_a_service_that_is_unknown(retell: Retell) -> None:
    body = await retell.function("check_availability", DAY_AND_TIME | {"dienstleistung": "Zahnreinigung"})
    assert (body["reason"], body["requested_start"]) == ("unknown_service", "2025-10-16T09:00:00+02:00")


async def test_an_english_branch_speaks_english(retell: Retell, conversation: FakeConversation) -> None:
    conversation.answer = AVAILABLE
    body = await retell.function("check_availability", {"date": "tomorrow", "time": "9am"}, to=ENGLISH_OFFICE)
    assert body["message"].startswith("The appointment on Thursday, October 16 at 9:00 AM is still free.")
    assert conversation.wishes[0][0].branch.company == "riverside-consulting"


@pytest.mark.parametrize("number", [None, "", "anonymous", "+493055599999", 493055500020, [], "x" * 1000])
async def test_a_number_nobody_has_is_answered_in_german_without_a_workflow(
    retell: Retell, conversation: FakeConversation, number: object
) -> None:
    body = await retell.function("check_availability", DAY_AND_TIME, to=number)
    assert (body["status"], body["reason"]) == ("error", "unknown_number")
    assert body["message"].startswith("Unter dieser Rufnummer")
    assert not conversation.touched


async def test_the_dialled_number_is_found_however_it_is_written(
    retell: Retell, conversation: FakeConversation
) -> None:
    await retell.function("check_availability", DAY_AND_TIME, to="030 / 555 000 20")
    assert conversation.wishes[0][0].branch.company == "salon-beispiel"


async def test_of_an_outgoing_call_our_number_is_the_one_it_came_from(
    retell: Retell, conversation: FakeConversation
) -> None:
    outgoing = {"from_number": "+493055500020", "to_number": CALLER, "direction": "outbound"}
    payload = envelope("check_availability", DAY_AND_TIME)
    payload["call"] |= outgoing
    await retell.post(payload)
    assert conversation.wishes[0][0].caller_number == CALLER


@pytest.mark.parametrize("caller", [None, "", "anonymous", "unknown", "+4900000000", 42])
async def test_a_withheld_number_is_no_number(retell: Retell, conversation: FakeConversation, caller: object) -> None:
    await retell.function("check_availability", DAY_AND_TIME, caller=caller)
    assert conversation.wishes[0][0].caller_number is None


@pytest.mark.parametrize("call_id", [None, "", "{{call_id}}", "call 1", "call/1", "x" * 200, 7])
async def test_without_a_usable_call_id_there_is_no_workflow(
    retell: Retell, conversation: FakeConversation, call_id: object
) -> None:
    body = await retell.function("check_availability", DAY_AND_TIME, call_id=call_id)
    assert body["message"].startswith("Ich kann die Verfügbarkeit momentan nicht prüfen.")
    assert not conversation.touched


async def test_a_web_call_has_no_number_and_finds_no_business(retell: Retell, conversation: FakeConversation) -> None:
    call = {"call_id": "call_web", "call_type": "web_call", "access_token": "t"}
    response = await retell.post({"name": "check_availability", "call": call, "args": DAY_AND_TIME})
    assert response.json()["reason"] == "unknown_number"
    assert not conversation.touched


@pytest.mark.parametrize("name", ["cancel_everything", "", "__class__", "check_availability_v", None, 7, {}])
async def test_an_unknown_function_is_answered_with_a_sentence(
    retell: Retell, conversation: FakeConversation, name: object
) -> None:
    response = await retell.post(envelope("x", DAY_AND_TIME) | {"name": name})
    assert response.status_code == 200
    assert response.json() == {
        "success": False,
        "status": "error",
        "message": "Das kann ich hier leider nicht für Sie erledigen.",
    }
    assert not conversation.touched


async def test_the_name_in_the_path_does_not_count_for_an_envelope_since_nobody_signs_it(
    retell: Retell, conversation: FakeConversation
) -> None:
    await retell.post(envelope("confirm_booking", {}), "/retell/functions/check_availability")
    assert (len(conversation.wishes), len(conversation.confirmations)) == (0, 1)


@pytest.mark.parametrize(
    "signed_for_another_purpose",
    [
        {"event": "call_started", "call": envelope("x", {})["call"]},
        {"event": "call_ended", "name": 7, "call": envelope("x", {})["call"]},
        {"event": "call_inbound", "call_inbound": {"to_number": SALON, "from_number": CALLER}},
        envelope("x", {}) | {"name": None},
    ],
)
async def test_what_names_no_function_is_no_yes_whatever_the_path_says(
    retell: Retell, conversation: FakeConversation, signed_for_another_purpose: object
) -> None:
    response = await retell.post(signed_for_another_purpose, "/retell/functions/book_appointment")
    assert response.status_code == 200
    assert not conversation.touched


async def test_arguments_at_the_root_carry_no_call_that_could_be_trusted(
    retell: Retell, conversation: FakeConversation
) -> None:
    args = DAY_AND_TIME | {"name": "Erika Muster", "call_id": "call_0001", "to_number": "+493055500020"}
    response = await retell.post(args, "/retell/functions/book_appointment")
    assert response.status_code == 200
    assert response.json()["reason"] == "unknown_number"
    assert not conversation.touched


def transcript(
    *, tool_call_id: str = "tool_call_ab12", name: str = "check_availability", arguments: object
) -> list[object]:
    return [
        {"role": "agent", "content": "Guten Tag", "words": []},
        {"role": "tool_call_invocation", "tool_call_id": tool_call_id, "name": name, "arguments": arguments},
    ]


async def test_a_repeated_delivery_has_the_same_turn_id(retell: Retell, conversation: FakeConversation) -> None:
    spoken = transcript(arguments=json.dumps(DAY_AND_TIME))
    for _ in range(2):
        await retell.function("check_availability", DAY_AND_TIME, transcript_with_tool_calls=spoken)
    assert [wish.turn_id for _, wish in conversation.wishes] == ["question/tool_call_ab12"] * 2


@pytest.mark.parametrize(
    "spoken",
    [
        None,
        [],
        {},
        "transcript",
        [None, 7, "x", {"role": "tool_call_invocation"}],
        transcript(name="check_customer", arguments=json.dumps(DAY_AND_TIME)),
        transcript(arguments=json.dumps({"datum": "17.10."})),
        transcript(arguments="{"),
        transcript(arguments="[" * 100_000),
        transcript(tool_call_id="x" * 1000, arguments=json.dumps(DAY_AND_TIME)),
        [
            *transcript(arguments=json.dumps(DAY_AND_TIME)),
            {"role": "tool_call_result", "tool_call_id": "tool_call_ab12", "content": "{}", "successful": True},
        ],
    ],
)
async def test_without_its_own_invocation_what_was_signed_at_once_is_a_turn_and_the_same_bytes_again_are_no_other(
    retell: Retell, conversation: FakeConversation, spoken: object
) -> None:
    body = json.dumps(envelope("check_availability", DAY_AND_TIME, transcript_with_tool_calls=spoken)).encode()
    for age in (timedelta(seconds=9), timedelta()):
        signed_then = {"X-Retell-Signature": signature(body, age=age)}
        for _ in range(2):
            await retell.post_raw(body, **signed_then)
    first, again, second, second_again = (wish.turn_id for _, wish in conversation.wishes)
    assert (first, second) == (again, second_again)
    assert first != second
    assert first.startswith("question/")


async def test_a_question_and_a_yes_of_one_invocation_are_two_turns(
    retell: Retell, conversation: FakeConversation
) -> None:
    for args in (DAY_AND_TIME, DAY_AND_TIME | {"bestaetigung": True}):
        spoken = transcript(name="collect_appointment_data", arguments=args)
        await retell.function("collect_appointment_data", args, transcript_with_tool_calls=spoken)
    assert conversation.wishes[0][1].turn_id == "question/tool_call_ab12"
    assert conversation.confirmations[0][1].wish.turn_id == "yes/tool_call_ab12"


async def test_a_known_caller_is_recognised_in_time(retell: Retell, conversation: FakeConversation) -> None:
    conversation.caller = Caller(found=True, customer_id="c1", name="Erika Muster")
    body = await retell.function("check_customer")
    assert (body["status"], body["name"]) == ("existing_customer", "Erika Muster")
    assert CALLER not in json.dumps(body)
    ((_, answer_by),) = conversation.recognitions
    assert timedelta() < answer_by - datetime.now(UTC) <= timedelta(seconds=8)


async def test_a_booking_is_told_with_its_uid(retell: Retell, conversation: FakeConversation) -> None:
    conversation.answer = BOOKED
    body = await retell.function("confirm_booking")
    assert (body["success"], body["status"], body["booking_uid"]) == (True, "booked", "uid")


@pytest.mark.parametrize(
    ("name", "args", "aim", "search_days"),
    [
        ("get_alternatives", {"preferred_date": "16.10.", "preferred_time": "9 Uhr"}, Aim.ALTERNATIVES, 14),
        ("find_next_available", {"after": "16.10."}, Aim.FIRST_FREE, 14),
        ("find_next_available", {"after": "16.10.", "search_days": 3}, Aim.FIRST_FREE, 3),
        ("find_next_available", {"after": "16.10.", "search_days": "3"}, Aim.FIRST_FREE, 3),
        ("find_next_available_v2", {"after": "16.10.", "search_days": 90}, Aim.FIRST_FREE, 14),
        ("find_next_available", {"after": "16.10.", "search_days": 0}, Aim.FIRST_FREE, 1),
    ],
)
async def test_a_question_says_what_it_aims_at(
    retell: Retell, conversation: FakeConversation, name: str, args: dict[str, object], aim: Aim, search_days: int
) -> None:
    await retell.function(name, args | {"service_name": "Haarschnitt"})
    ((_, wish),) = conversation.wishes
    assert (wish.aim, wish.search_days, wish.day) == (aim, search_days, date(2025, 10, 16))
    assert wish.service is not None
    assert wish.service.key == "haarschnitt"


async def test_alternatives_that_were_asked_for_are_a_wish_met(retell: Retell, conversation: FakeConversation) -> None:
    offer = Alternative(id="a1", start=START + timedelta(hours=1))
    conversation.answer = Answer(status=AnswerStatus.ALTERNATIVES, start=START, alternatives=(offer,))
    body = await retell.function("get_alternatives", {"preferred_date": "16.10.", "preferred_time": "9 Uhr"})
    assert (body["success"], body["status"]) == (True, "alternatives")
    assert body["message"] == (
        "Ich kann Ihnen folgende Alternative anbieten: am gleichen Tag, 10:00 Uhr. Würde Ihnen das passen?"
    )


async def test_nothing_free_is_said_of_the_days_that_were_asked_for(
    retell: Retell, conversation: FakeConversation
) -> None:
    conversation.answer = Answer(status=AnswerStatus.NO_AVAILABILITY, reason=Reason.NO_SLOTS)
    body = await retell.function("find_next_available", {"search_days": 5})
    assert body["message"] == "Leider habe ich in den nächsten 5 Tagen keine freien Termine gefunden."


async def test_a_caller_who_is_known_is_asked_by_name(retell: Retell, conversation: FakeConversation) -> None:
    conversation.answer = AVAILABLE.model_copy(update={"customer_name": "Erika Muster"})
    body = await retell.function("check_availability", DAY_AND_TIME)
    assert str(body["message"]).endswith("Darf ich den Termin auf Ihren Namen, Erika Muster, buchen?")
    assert body["customer_name"] == "Erika Muster"
