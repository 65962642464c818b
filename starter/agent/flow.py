"""A conversation flow: which sentence follows which answer, decided by ``status`` and never by a model."""

from collections.abc import Iterable
from itertools import count

from pydantic import JsonValue

from starter.agent.tools import tool, tool_id
from starter.functions import FUNCTIONS, Function
from starter.replies.bodies import Body
from starter.replies.language import AgentTexts, FlowTexts
from workflows.messages import AnswerStatus

CHECK = FUNCTIONS["check_availability"]
FIRST_FREE = FUNCTIONS["find_next_available"]
BOOK = FUNCTIONS["book_appointment"]

_BY_STATUS: tuple[tuple[str, tuple[AnswerStatus, ...]], ...] = (
    ("n_offer", (AnswerStatus.AVAILABLE,)),
    ("n_choose", (AnswerStatus.UNAVAILABLE, AnswerStatus.ALTERNATIVES, AnswerStatus.SLOT_TAKEN)),
    ("n_told", (AnswerStatus.BOOKED,)),
    ("n_name", (AnswerStatus.MISSING_CUSTOMER_NAME,)),
    ("n_wait", (AnswerStatus.PENDING,)),
    ("n_over", (AnswerStatus.EXPIRED, AnswerStatus.CLOSED)),
)
"""Where an answer leads; every other status is asked back at ``n_ask``."""


def flow(texts: AgentTexts, url: str, answer_budget_seconds: float) -> Body:
    """Return greeting, check, offer, booking and end as nodes, with the tools they call."""
    functions = (CHECK, FIRST_FREE, BOOK)
    return {
        "start_speaker": "agent",
        "global_prompt": texts.rules,
        "model_choice": {"type": "cascading", "model": "gpt-4.1"},
        "start_node_id": "n_greet",
        "tools": [
            {"tool_id": tool_id(function), **tool(function, texts, url, answer_budget_seconds)}
            for function in functions
        ],
        "nodes": _numbered(_nodes(texts, texts.flow)),
    }


def _nodes(texts: AgentTexts, say: FlowTexts) -> list[Body]:
    wishes = [(say.wish_named, "n_check"), (say.first_free_wanted, "n_first_free")]
    other = [(say.other_wish, "n_check"), (say.first_free_wanted, "n_first_free"), (say.nothing_more, "n_end")]
    asked = [(say.answered, "n_check"), (say.first_free_wanted, "n_first_free"), (say.nothing_more, "n_end")]
    return [
        _speaks("n_greet", "static_text", texts.begin_message, wishes),
        _calls("n_check", CHECK, texts),
        _calls("n_first_free", FIRST_FREE, texts),
        _speaks("n_offer", "static_text", "{{message}}", [(say.agreed, "n_book"), *other]),
        _speaks("n_choose", "static_text", "{{message}}", [(say.alternative_chosen, "n_book"), *other]),
        _calls("n_book", BOOK, texts),
        _speaks("n_name", "prompt", say.ask_for_name, [(say.name_given, "n_book"), *other]),
        _speaks("n_wait", "static_text", "{{message}}", [(say.said, "n_book")]),
        _speaks("n_ask", "prompt", say.ask_back, asked),
        _speaks("n_told", "static_text", "{{message}}", other),
        _speaks("n_over", "static_text", "{{message}}", [(say.said, "n_end")]),
        {
            "id": "n_end",
            "type": "end",
            "speak_during_execution": True,
            "instruction": {"type": "static_text", "text": texts.goodbye},
        },
    ]


def _speaks(node: str, kind: str, text: str, ways: Iterable[tuple[str, str]]) -> Body:
    return {
        "id": node,
        "type": "conversation",
        "instruction": {"type": kind, "text": text},
        "edges": [_edge(to, {"type": "prompt", "prompt": when}) for when, to in ways],
    }


def _calls(node: str, function: Function, texts: AgentTexts) -> Body:
    return {
        "id": node,
        "type": "function",
        "tool_type": "local",
        "tool_id": tool_id(function),
        "wait_for_result": True,
        "speak_during_execution": True,
        "instruction": {"type": "static_text", "text": texts.while_looking},
        "edges": [_edge(to, _is_one_of(statuses)) for to, statuses in _BY_STATUS],
        "else_edge": _edge("n_ask", {"type": "prompt", "prompt": "Else"}),
    }


def _edge(to: str, condition: Body) -> Body:
    return {"destination_node_id": to, "transition_condition": condition}


def _is_one_of(statuses: Iterable[AnswerStatus]) -> Body:
    equations: list[JsonValue] = [
        {"left": "{{status}}", "operator": "==", "right": status.value} for status in statuses
    ]
    return {"type": "equation", "operator": "||", "equations": equations}


def _numbered(nodes: list[Body]) -> list[JsonValue]:
    """Give every edge an id of its own."""
    number = count(1)

    def named(edge: JsonValue) -> JsonValue:
        return {"id": f"e{next(number)}", **edge} if isinstance(edge, dict) else edge

    for node in nodes:
        if isinstance(edges := node.get("edges"), list):
            node["edges"] = [named(edge) for edge in edges]
        if "else_edge" in node:
            node["else_edge"] = named(node["else_edge"])
    return list(nodes)
