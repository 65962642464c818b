"""Call events and the inbound webhook."""

from datetime import UTC, datetime

import pytest

from starter.directory import Directory
from tests.starter.conftest import NOW
from tests.starter.fakes import CALLER, ENGLISH_OFFICE, SALON, FakeConversation, Retell


async def test_a_call_that_starts_begins_its_conversation(retell: Retell, conversation: FakeConversation) -> None:
    assert (await retell.event("call_started", call_status="registered")).status_code == 200
    (call,) = conversation.begun
    assert (call.call_id, call.caller_number, call.branch.company) == ("call_0001", CALLER, "salon-beispiel")


@pytest.mark.parametrize("event", ["call_ended", "call_analyzed"])
async def test_a_call_that_is_over_hangs_up(retell: Retell, conversation: FakeConversation, event: str) -> None:
    ended = {"end_timestamp": 1761297706005, "disconnection_reason": "user_hangup"}
    assert (await retell.event(event, **ended)).status_code == 200
    ((call_id, hang_up),) = conversation.hang_ups
    assert (call_id, hang_up.reason) == ("call_0001", "user_hangup")
    assert hang_up.at == datetime.fromtimestamp(1761297706.005, UTC)


@pytest.mark.parametrize("ended_at", [None, "1761297706005", -1, 0, 10**18, True, 1.5])
async def test_without_a_time_of_its_end_a_call_ended_now(
    retell: Retell, conversation: FakeConversation, ended_at: object
) -> None:
    await retell.event("call_ended", end_timestamp=ended_at, to_number=None)
    ((_, hang_up),) = conversation.hang_ups
    assert hang_up.at == NOW


@pytest.mark.parametrize("event", ["transcript_updated", "transfer_started", "something_new"])
async def test_other_events_are_accepted_and_ignored(
    retell: Retell, conversation: FakeConversation, event: str
) -> None:
    assert (await retell.event(event)).status_code == 200
    assert not conversation.touched


@pytest.mark.parametrize("event", ["call_started", "call_ended"])
@pytest.mark.parametrize("call", [{"call_id": None}, {"call_id": "{{call_id}}"}])
async def test_an_event_of_no_call_is_accepted_and_ignored(
    retell: Retell, conversation: FakeConversation, event: str, call: dict[str, object]
) -> None:
    assert (await retell.event(event, **call)).status_code == 200
    assert not conversation.touched


async def test_a_call_to_a_number_nobody_has_begins_nothing(retell: Retell, conversation: FakeConversation) -> None:
    assert (await retell.event("call_started", to_number="+493055599999")).status_code == 200
    assert not conversation.touched


async def ring(retell: Retell, **call: object) -> dict[str, dict[str, dict[str, str]]]:
    response = await retell.post({"event": "call_inbound", "call_inbound": call}, "/retell/inbound")
    assert response.status_code == 200
    answer: dict[str, dict[str, dict[str, str]]] = response.json()
    return answer


async def test_a_ringing_call_is_told_the_day_in_strings(retell: Retell, conversation: FakeConversation) -> None:
    answer = await ring(retell, from_number=CALLER, to_number=SALON)
    assert answer["call_inbound"]["dynamic_variables"] == {
        "customer_name": "",
        "today": "Dienstag, 14.10.2025",
        "weekday": "Dienstag",
        "current_date": "2025-10-14",
    }
    assert not conversation.touched


async def test_an_english_branch_is_told_the_day_in_english(retell: Retell) -> None:
    answer = await ring(retell, from_number="anonymous", to_number=ENGLISH_OFFICE)
    assert answer["call_inbound"]["dynamic_variables"]["weekday"] == "Tuesday"


async def test_a_ringing_customer_is_known_by_name(
    retell: Retell, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def known(*_: object) -> str:
        return "Erika Muster"

    monkeypatch.setattr(directory, "customer_name", known)
    answer = await ring(retell, from_number=CALLER, to_number=SALON)
    assert answer["call_inbound"]["dynamic_variables"]["customer_name"] == "Erika Muster"


async def test_a_call_to_a_number_nobody_has_is_left_to_its_own_agent(retell: Retell) -> None:
    assert await ring(retell, from_number=CALLER, to_number="+493055599999") == {"call_inbound": {}}
