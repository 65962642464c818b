"""The whole agent, in the form its dashboard exports and imports."""

from dataclasses import dataclass, replace
from enum import StrEnum

from starter.agent.flow import flow
from starter.agent.tools import tool
from starter.functions import OFFERED
from starter.replies.bodies import Body
from starter.replies.language import AgentTexts, language

INBOUND_VARIABLES = ("customer_name", "today", "weekday", "current_date")
"""What the inbound webhook tells before the agent picks up; one that is not set is spoken as ``{{customer_name}}``."""

VOICE = "11labs-Adrian"
"""A voice every account has: one must be named. Which one speaks best is for the business to choose."""

LONGEST_CALL_MS = 900_000


class AgentFormat(StrEnum):
    """How the agent is led: by one prompt that calls tools, or by a flow of nodes."""

    LLM = "llm"
    FLOW = "flow"


@dataclass(frozen=True)
class Business:
    """Whom the agent answers for: its language, its time zone (IANA), and its name if it has one."""

    language: str
    timezone: str
    name: str | None = None


def agent_config(business: Business, form: AgentFormat, url: str, answer_budget_seconds: float) -> Body:
    """Return an agent for ``business`` that calls the webhook at ``url`` (no slash at its end).

    The response engine stands under ``retellLlmData`` or ``conversationFlow``; each is the body of the API's create
    call as well.
    """
    texts = language(business.language).agent
    texts = replace(texts, begin_message=texts.begin_message.format(business=business.name or texts.nobody))
    variables: Body = {"default_dynamic_variables": dict.fromkeys(INBOUND_VARIABLES, "")}
    engine: Body
    if form is AgentFormat.LLM:
        engine = {
            "response_engine": {"type": "retell-llm", "llm_id": "", "version": 0},
            "retellLlmData": _llm(texts, url, answer_budget_seconds) | variables,
        }
    else:
        engine = {
            "response_engine": {"type": "conversation-flow", "conversation_flow_id": "", "version": 0},
            "conversationFlow": flow(texts, url, answer_budget_seconds) | variables,
        }
    return {
        "agent_name": business.name or "Slotkeeper",
        "channel": "voice",
        "voice_id": VOICE,
        "language": texts.locale,
        "timezone": business.timezone,
        "webhook_url": f"{url}/retell/events",
        "webhook_timeout_ms": 5000,
        "webhook_events": ["call_started", "call_ended", "call_analyzed"],
        "max_call_duration_ms": LONGEST_CALL_MS,
        **engine,
    }


def _llm(texts: AgentTexts, url: str, answer_budget_seconds: float) -> Body:
    return {
        "start_speaker": "agent",
        "model": "gpt-4.1",
        "model_temperature": 0.2,
        "general_prompt": f"{texts.rules}\n{texts.steps}",
        "begin_message": texts.begin_message,
        "general_tools": [
            *(tool(function, texts, url, answer_budget_seconds) for function in OFFERED),
            {"type": "end_call", "name": "end_call", "description": texts.end_call},
        ],
    }
