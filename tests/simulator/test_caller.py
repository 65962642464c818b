import json
from datetime import UTC, datetime

import httpx
import pytest

from simulator.caller import ANONYMOUS, Caller, Line, encode, envelope, sign

KEY = "key_test_0123456789"
AT = datetime.fromtimestamp(1760475991, UTC)


class Webhook:
    """Answers everything with one body and keeps what it got."""

    def __init__(self, answer: dict[str, object] | str, status: int = 200) -> None:
        self.answer = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        self.status = status
        self.requests: list[httpx.Request] = []

    def client(self) -> httpx.AsyncClient:
        def handle(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return httpx.Response(self.status, text=self.answer)

        return httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://webhook")

    def body(self, index: int = -1) -> dict[str, object]:
        body: dict[str, object] = json.loads(self.requests[index].content)
        return body


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        (
            b'{"name":"check_customer","call":{"call_id":"call_0001"},"args":{}}',
            "802ac17de20da15cc133d65de02ead02746f2ae83b4826885a4c47064429971b",
        ),
        (
            '{"datum":"2025-10-16","name":"Jürgen Müller"}'.encode(),
            "e7f9fc868058d25c60b004e411a2b9eba7de3fbb09411c72b0191b46a733fa4b",
        ),
        (b"", "01899ed9b0770e2e8112590e53e2c50ce5ad86f5758a5a5e8ee0aec0f9669a3f"),
    ],
)
def test_signature_is_the_platforms(body: bytes, digest: str) -> None:
    assert sign(body, KEY, AT) == f"v=1760475991000,d={digest}"


async def test_a_function_call_carries_the_call_and_its_own_invocation_last() -> None:
    webhook = Webhook({"status": "available", "message": "09:00 Uhr ist frei. Soll ich buchen?"})
    caller = Caller(webhook.client(), KEY, "+493055500010", name="Hansi", call_id="call_0001", clock=lambda: AT)
    caller.speak("Geht übermorgen um neun?")

    reply = await caller.say("check_availability", datum="übermorgen", uhrzeit="9 Uhr")

    request, body = webhook.requests[0], webhook.body()
    assert request.url.path == "/retell/functions"
    assert request.headers["X-Retell-Signature"] == sign(request.content, KEY, AT)
    assert (body["name"], body["args"]) == ("check_availability", {"datum": "übermorgen", "uhrzeit": "9 Uhr"})
    call = body["call"]
    assert isinstance(call, dict)
    assert call["call_id"] == "call_0001"
    assert (call["from_number"], call["to_number"]) == ("+4915550100001", "+493055500010")
    assert call["start_timestamp"] == 1760475991000
    last = call["transcript_with_tool_calls"][-1]
    assert (last["role"], last["name"], last["type"]) == ("tool_call_invocation", "check_availability", "custom")
    assert json.loads(last["arguments"]) == body["args"]
    assert last["tool_call_id"].startswith("tool_call_")
    assert call["transcript"] == "User: Geht übermorgen um neun?\n"
    assert (reply.status_code, reply.status) == (200, "available")
    assert reply.message == "09:00 Uhr ist frei. Soll ich buchen?"


async def test_the_transcript_grows_with_answers() -> None:
    webhook = Webhook({"status": "available", "message": "Frei."})
    caller = Caller(webhook.client(), KEY, "+493055500010", clock=lambda: AT)
    await caller.say("check_availability", uhrzeit="9")
    caller.speak("Ja")
    await caller.say("book_appointment", uhrzeit="9")

    call = webhook.body()["call"]
    assert isinstance(call, dict)
    roles = [turn["role"] for turn in call["transcript_with_tool_calls"]]
    assert roles == ["tool_call_invocation", "tool_call_result", "agent", "user", "tool_call_invocation"]
    assert [turn["content"] for turn in call["transcript_object"]] == ["Frei.", "Ja"]


async def test_a_failed_function_is_recorded_as_unsuccessful() -> None:
    caller = Caller(Webhook("no json", status=500).client(), KEY, "+493055500010")

    reply = await caller.say("check_customer")

    assert (reply.status_code, reply.body, reply.status, reply.message) == (500, {}, None, "")
    assert caller.transcript[-1]["successful"] is False


async def test_a_repeat_sends_the_same_bytes_freshly_signed() -> None:
    webhook, times = Webhook({}), iter([AT, AT, AT, datetime.fromtimestamp(1760475999, UTC)])
    caller = Caller(webhook.client(), KEY, "+493055500010", clock=lambda: next(times))

    await caller.say("check_customer")
    await caller.repeat_last()

    first, second = webhook.requests
    assert first.content == second.content
    assert first.headers["X-Retell-Signature"] != second.headers["X-Retell-Signature"]


async def test_nothing_can_be_repeated_before_anything_was_sent() -> None:
    caller = Caller(Webhook({}).client(), KEY, "+493055500010")

    with pytest.raises(RuntimeError):
        await caller.repeat_last()


async def test_args_at_root_are_the_whole_body() -> None:
    webhook = Webhook({})
    await Caller(webhook.client(), KEY, "+493055500010", args_at_root=True).say("check_customer", call_id="call_1")

    assert webhook.requests[0].url.path == "/retell/functions/check_customer"
    assert webhook.body() == {"call_id": "call_1"}


async def test_the_function_may_be_named_in_the_path_too() -> None:
    webhook = Webhook({})
    await Caller(webhook.client(), KEY, "+493055500010", named_path=True).say("check_customer")

    assert webhook.requests[0].url.path == "/retell/functions/check_customer"
    assert webhook.body()["name"] == "check_customer"


async def test_a_web_call_has_no_numbers() -> None:
    call = Caller(Webhook({}).client(), KEY, "+493055500010", web_call=True).call()

    assert call["call_type"] == "web_call"
    assert "access_token" in call
    assert not {"from_number", "to_number", "direction"} & set(call)


@pytest.mark.parametrize(("number", "sent"), [(ANONYMOUS, "anonymous"), (None, None)])
async def test_a_withheld_number_is_a_word_or_missing(number: str | None, sent: str | None) -> None:
    call = Caller(Webhook({}).client(), KEY, "+493055500010", from_number=number).call()

    assert call.get("from_number") == sent
    assert "metadata" not in call
    assert "retell_llm_dynamic_variables" not in call


async def test_a_call_begins_and_ends_with_events() -> None:
    webhook = Webhook({})
    caller = Caller(webhook.client(), KEY, "+493055500010", clock=lambda: AT)

    await caller.rings()
    await caller.started()
    await caller.hang_up()
    await caller.analyzed("Termin gebucht")

    assert [request.url.path for request in webhook.requests] == ["/retell/inbound", *["/retell/events"] * 3]
    assert [webhook.body(index)["event"] for index in range(4)] == [
        "call_inbound",
        "call_started",
        "call_ended",
        "call_analyzed",
    ]
    inbound, ended = webhook.body(0)["call_inbound"], webhook.body(2)["call"]
    assert isinstance(inbound, dict)
    assert inbound["from_number"] == "+4915550100001"
    assert isinstance(ended, dict)
    assert (ended["call_status"], ended["disconnection_reason"]) == ("ended", "user_hangup")
    assert ended["duration_ms"] == 0


async def test_the_dialogue_tells_who_said_what() -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    webhook = Webhook({"message": "Gebucht."})
    caller = Caller(webhook.client(), KEY, "+493055500010", name="Hansi", clock=lambda: AT, pause=pause)
    await caller.think(14)
    caller.speak("Ja, bitte")
    await caller.say("book_appointment", uhrzeit="9")

    assert pauses == [14]
    assert caller.dialogue == [
        Line("pause", "14 s", AT),
        Line("Hansi", "Ja, bitte", AT),
        Line("function", 'book_appointment {"uhrzeit": "9"}', AT),
        Line("agent", "Gebucht.", AT),
    ]


def test_an_envelope_is_encoded_as_the_platform_does() -> None:
    assert encode(envelope("f", {"name": "Müller"}, {"call_id": "c"})) == (
        '{"name":"f","call":{"call_id":"c"},"args":{"name":"Müller"}}'.encode()
    )
