"""Our functions as tools of a voice agent."""

from starter.arguments import field_of, schema_of
from starter.functions import Function
from starter.replies.bodies import Body
from starter.replies.language import AgentTexts

ON_THE_WAY_SECONDS = 2
"""How much longer than our own limit the platform waits: the way there and back."""

LONGEST_TIMEOUT_MS = 600_000
"""More is refused by Retell."""

RESPONSE_VARIABLES: Body = {"status": "status", "message": "message"}
"""What of an answer a flow's edges and sentences use: variable -> place in the body."""


def parameters(function: Function, texts: AgentTexts) -> Body:
    """Return the JSON schema of a function's arguments."""
    fields = {name: field_of(name) for name in function.takes}
    return {
        "type": "object",
        "properties": {
            name: {**schema_of(field), "description": texts.parameters[field]} for name, field in fields.items()
        },
        "required": list(function.required),
    }


def tool(function: Function, texts: AgentTexts, url: str, answer_budget_seconds: float) -> Body:
    """Return the tool that calls a function of the webhook at ``url``.

    It is not called again when it fails: what came of a call is ours to say, and a second one within the same turn
    would wait for the first.
    """
    return {
        "type": "custom",
        "name": function.name,
        "description": texts.functions[function.name],
        "url": f"{url}/retell/functions/{function.name}",
        "method": "POST",
        "headers": {},
        "query_params": {},
        "args_at_root": False,
        "timeout_ms": min(round((answer_budget_seconds + ON_THE_WAY_SECONDS) * 1000), LONGEST_TIMEOUT_MS),
        "max_retry": 0,
        "speak_during_execution": True,
        "execution_message_type": "static_text",
        "execution_message_description": texts.while_looking,
        "speak_after_execution": True,
        "enable_typing_sound": False,
        "parameter_type": "json",
        "parameters": parameters(function, texts),
        "response_variables": RESPONSE_VARIABLES,
    }


def tool_id(function: Function) -> str:
    """Return what the nodes of a flow call a function's tool."""
    return f"tool-{function.name.replace('_', '-')}"
