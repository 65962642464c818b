"""The configuration an agent is imported with, held to what the webhook answers."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from starter.agent import AgentFormat, Business, agent_config
from starter.arguments import NAMES, Arguments
from starter.directory import Directory
from starter.functions import FUNCTIONS, OFFERED, Kind
from starter.replies.bodies import INFORMATION
from starter.replies.language import language, languages
from tests.starter.fakes import CALLER, SALON, FakeConversation, Retell, envelope
from workflows.messages import Answer, AnswerStatus

URL = "https://booking.example"

SAID: Mapping[str, object] = {
    "datum": "16.10.",
    "uhrzeit": "9 Uhr",
    "dienstleistung": "Haarschnitt",
    "alternative_id": "a1",
    "name": "Erika Muster",
    "email": "erika.muster@example.de",
    "telefonnummer": "0151 23456789",
    "bestaetigung": True,
    "service_name": "Haarschnitt",
    "preferred_date": "16.10.",
    "preferred_time": "9 Uhr",
    "after": "16.10.",
    "search_days": 7,
    "date_string": "übermorgen",
}
"""Arguments as a voice model gives them."""


def config(form: AgentFormat, code: str = "de", budget: float = 8) -> dict[str, Any]:
    return dict(agent_config(Business(code, "Europe/Berlin", "Salon Beispiel"), form, URL, budget))


def tools(form: AgentFormat, code: str = "de") -> list[dict[str, Any]]:
    whole = config(form, code)
    if form is AgentFormat.LLM:
        return [tool for tool in whole["retellLlmData"]["general_tools"] if tool["type"] == "custom"]
    return list(whole["conversationFlow"]["tools"])


def nodes(code: str = "de") -> dict[str, dict[str, Any]]:
    listed = config(AgentFormat.FLOW, code)["conversationFlow"]["nodes"]
    assert len({node["id"] for node in listed}) == len(listed)
    return {node["id"]: node for node in listed}


def edges(node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from node.get("edges", ())
    if "else_edge" in node:
        yield node["else_edge"]


EVERY_KIND = [(form, code) for form in AgentFormat for code in languages()]


@pytest.mark.parametrize(("form", "code"), EVERY_KIND)
def test_an_agent_knows_language_zone_and_where_to_report(form: AgentFormat, code: str) -> None:
    agent = config(form, code)
    assert agent["language"] == {"de": "de-DE", "en": "en-US"}[code]
    assert agent["timezone"] == "Europe/Berlin"
    assert agent["voice_id"]
    assert agent["webhook_url"] == f"{URL}/retell/events"
    assert agent["webhook_events"] == ["call_started", "call_ended", "call_analyzed"]
    assert json.loads(json.dumps(agent)) == agent


@pytest.mark.parametrize(("form", "code"), EVERY_KIND)
def test_a_tool_is_called_once_in_our_time_with_the_whole_envelope_and_speaks_before_and_after(
    form: AgentFormat, code: str
) -> None:
    names = [tool["name"] for tool in tools(form, code)]
    assert len(set(names)) == len(names)
    for tool in tools(form, code):
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool["name"])
        assert tool["url"] == f"{URL}/retell/functions/{tool['name']}"
        assert (tool["method"], tool["args_at_root"], tool["max_retry"]) == ("POST", False, 0)
        assert tool["timeout_ms"] == 10_000
        assert (tool["speak_during_execution"], tool["execution_message_type"]) == (True, "static_text")
        assert tool["execution_message_description"]
        assert tool["speak_after_execution"] is True
        assert tool["description"] == language(code).agent.functions[tool["name"]]


@pytest.mark.parametrize(("budget", "timeout"), [(0.5, 2_500), (8, 10_000), (900, 600_000)])
def test_the_platform_waits_a_little_longer_than_we_take(budget: float, timeout: int) -> None:
    tool = config(AgentFormat.LLM, budget=budget)["retellLlmData"]["general_tools"][0]
    assert tool["timeout_ms"] == timeout


def test_one_prompt_may_call_every_function_that_is_offered_and_hang_up() -> None:
    assert {tool["name"] for tool in tools(AgentFormat.LLM)} == {
        "check_availability",
        "book_appointment",
        "get_alternatives",
        "find_next_available",
        "get_available_services",
        "check_customer",
        "get_current_context",
        "current_time_berlin",
        "parse_date",
    }
    assert config(AgentFormat.LLM)["retellLlmData"]["general_tools"][-1]["type"] == "end_call"


@pytest.mark.parametrize("code", languages())
def test_the_prompt_decides_by_status_and_knows_every_one(code: str) -> None:
    prompt = config(AgentFormat.LLM, code)["retellLlmData"]["general_prompt"]
    for status in [*AnswerStatus, INFORMATION]:
        assert re.search(rf"\b{status}\b", prompt), status
    for rule in {"de": ["Wort für Wort", "Rechne niemals selbst"], "en": ["word for word", "Never work out a date"]}[
        code
    ]:
        assert rule in prompt


@pytest.mark.parametrize("code", languages())
def test_what_is_said_to_the_agent_can_be_told_from_what_is_said_to_the_caller(code: str) -> None:
    words = language(code)
    orders = {
        "de": ("Bitte fragen Sie nach", "Bitte erfragen Sie"),
        "en": ("Please ask for",),
    }[code]
    assert all(f"{order}" in words.agent.rules for order in orders)
    sentences = {f.name: text for f in fields(words) if isinstance(text := getattr(words, f.name), str)}
    to_the_agent = {name for name, text in sentences.items() if any(order in text for order in orders)}
    assert to_the_agent == {"missing", "missing_customer_name", "new_customer", "customers_unknowable"}


@pytest.mark.parametrize(("form", "code"), EVERY_KIND)
def test_no_variable_is_ever_spoken_by_its_name(form: AgentFormat, code: str) -> None:
    agent = config(form, code)
    engine = agent["retellLlmData" if form is AgentFormat.LLM else "conversationFlow"]
    given = engine["default_dynamic_variables"]
    assert given == {"customer_name": "", "today": "", "weekday": "", "current_date": ""}
    from_answers = {name for tool in tools(form, code) for name in tool["response_variables"]}
    used = set(re.findall(r"\{\{([^{}]*)\}\}", json.dumps(agent)))
    assert used <= given.keys() | (from_answers if form is AgentFormat.FLOW else set())


@pytest.mark.parametrize("code", languages())
def test_the_greeting_needs_no_name(code: str) -> None:
    begin = config(AgentFormat.LLM, code)["retellLlmData"]["begin_message"]
    assert "Salon Beispiel" in begin
    assert "{" not in begin
    nobody = agent_config(Business(code, "Europe/Berlin"), AgentFormat.FLOW, URL, 8)
    assert language(code).agent.nobody in json.dumps(nobody, ensure_ascii=False)


async def test_the_inbound_webhook_gives_every_variable_the_agent_expects(retell: Retell) -> None:
    ringing = {"event": "call_inbound", "call_inbound": {"from_number": CALLER, "to_number": SALON}}
    response = await retell.post(ringing, "/retell/inbound")
    variables = response.json()["call_inbound"]["dynamic_variables"]
    assert variables.keys() == config(AgentFormat.LLM)["retellLlmData"]["default_dynamic_variables"].keys()
    assert variables == {
        "customer_name": "",
        "today": "Dienstag, 14.10.2025",
        "weekday": "Dienstag",
        "current_date": "2025-10-14",
    }


@pytest.mark.parametrize(
    ("stored", "given"),
    [("Erika Muster", "Erika Muster"), ("Frau Muster", "Frau Muster"), ("Unbekannt", ""), ("Frau", ""), ("4711", "")],
)
async def test_a_ringing_callers_name_is_given_where_it_can_be_said(
    retell: Retell, monkeypatch: pytest.MonkeyPatch, stored: str, given: str
) -> None:
    async def known(*_: object) -> str:
        return stored

    monkeypatch.setattr(Directory, "customer_name", known)
    ringing = {"event": "call_inbound", "call_inbound": {"from_number": CALLER, "to_number": SALON}}
    response = await retell.post(ringing, "/retell/inbound")
    assert response.json()["call_inbound"]["dynamic_variables"]["customer_name"] == given


@pytest.mark.parametrize(("form", "code"), EVERY_KIND)
def test_every_schema_is_one_and_takes_what_is_said(form: AgentFormat, code: str) -> None:
    for tool in tools(form, code):
        schema = tool["parameters"]
        Draft202012Validator.check_schema(schema)
        assert set(schema["required"]) <= schema["properties"].keys()
        assert all(parameter["description"] for parameter in schema["properties"].values())
        said = {name: SAID[name] for name in schema["properties"]}
        validator = Draft202012Validator(schema)
        validator.validate(said)
        validator.validate({name: said[name] for name in schema["required"]})
        assert not validator.is_valid({name: [] for name in schema["properties"]}) or not schema["properties"]


def test_every_parameter_is_one_we_understand() -> None:
    for function in FUNCTIONS.values():
        for name in function.takes:
            field = next(field for field, names in NAMES.items() if name in names)
            read = Arguments.model_validate({name: SAID[name]})
            assert getattr(read, field) != getattr(Arguments.model_validate({}), field), name


@pytest.mark.parametrize("function", OFFERED, ids=lambda function: function.name)
@pytest.mark.parametrize("how_much", ["everything", "only what is required"])
async def test_a_tool_called_as_its_schema_says_is_answered(
    retell: Retell, conversation: FakeConversation, function: Any, how_much: str
) -> None:
    conversation.answer = Answer(status=AnswerStatus.PENDING)
    (tool,) = (tool for tool in tools(AgentFormat.LLM) if tool["name"] == function.name)
    names = tool["parameters"]["properties" if how_much == "everything" else "required"]
    body = envelope(tool["name"], {name: SAID[name] for name in names})
    response = await retell.post(body, tool["url"].removeprefix(URL))
    answer = response.json()
    assert response.status_code == 200
    assert answer["status"] in {*AnswerStatus, INFORMATION} - {"error"}
    assert answer["message"]
    asked = function.kind in (Kind.QUESTION, Kind.CONFIRMATION)
    assert (len(conversation.wishes) + len(conversation.confirmations)) == (1 if asked else 0)


@pytest.mark.parametrize("code", languages())
def test_every_edge_leads_to_a_node_and_has_an_id_of_its_own(code: str) -> None:
    found = nodes(code)
    every = [edge for node in found.values() for edge in edges(node)]
    assert len({edge["id"] for edge in every}) == len(every)
    assert {edge["destination_node_id"] for edge in every} <= found.keys()
    assert config(AgentFormat.FLOW, code)["conversationFlow"]["start_node_id"] in found


def test_every_node_can_be_reached_and_leads_on_to_the_end() -> None:
    found = nodes()
    reached, ahead = set(), {"n_greet"}
    while ahead:
        reached |= ahead
        ahead = {edge["destination_node_id"] for name in ahead for edge in edges(found[name])} - reached
    assert reached == found.keys()
    assert all(list(edges(node)) for node in found.values() if node["type"] != "end")
    assert [node["id"] for node in found.values() if node["type"] == "end"] == ["n_end"]


def test_every_function_node_calls_a_tool_and_knows_where_every_status_leads() -> None:
    by_id = {tool["tool_id"]: tool for tool in tools(AgentFormat.FLOW)}
    calling = [node for node in nodes().values() if node["type"] == "function"]
    assert {node["tool_id"] for node in calling} == by_id.keys()
    for node in calling:
        assert (node["tool_type"], node["wait_for_result"]) == ("local", True)
        assert node["else_edge"]["destination_node_id"] == "n_ask"
        compared = [equation for edge in node["edges"] for equation in edge["transition_condition"]["equations"]]
        assert len({equation["right"] for equation in compared}) == len(compared)
        for equation in compared:
            assert equation["left"].strip("{}") in by_id[node["tool_id"]]["response_variables"]
            assert equation["operator"] == "=="
            assert equation["right"] in set(AnswerStatus)


@pytest.mark.parametrize(
    ("status", "node"),
    [
        ("available", "n_offer"),
        ("unavailable", "n_choose"),
        ("alternatives", "n_choose"),
        ("slot_taken", "n_choose"),
        ("booked", "n_told"),
        ("missing_customer_name", "n_name"),
        ("pending", "n_wait"),
        ("expired", "n_over"),
        ("closed", "n_over"),
        ("error", "n_ask"),
        ("past_time", "n_ask"),
        ("no_availability", "n_ask"),
        ("missing_required_fields", "n_ask"),
    ],
)
def test_an_answer_leads_to_the_node_of_its_status(status: str, node: str) -> None:
    book = nodes()["n_book"]
    matching = [
        edge
        for edge in book["edges"]
        if any(equation["right"] == status for equation in edge["transition_condition"]["equations"])
    ]
    assert (matching or [book["else_edge"]])[0]["destination_node_id"] == node


def test_what_was_found_out_is_spoken_word_for_word_by_no_model() -> None:
    for name in ("n_offer", "n_choose", "n_told", "n_wait", "n_over"):
        assert nodes()[name]["instruction"] == {"type": "static_text", "text": "{{message}}"}
