"""What the routes take and answer, as JSON schemas for the OpenAPI description.

Routes take raw bodies, since a signature is one of bytes; the description is not served, but kept true by tests that
send what it allows.
"""

from http import HTTPStatus
from typing import Any, TypeAlias

from pydantic import BaseModel

from starter.replies.bodies import INFORMATION
from workflows.messages import AnswerStatus, Reason

Schema: TypeAlias = dict[str, Any]

ANSWER: Schema = {
    "type": "object",
    "required": ["success", "status", "message"],
    "properties": {
        "success": {"type": "boolean"},
        "status": {"enum": [*(status.value for status in AnswerStatus), INFORMATION]},
        "message": {"type": "string", "minLength": 1},
        "reason": {"enum": [reason.value for reason in Reason]},
        "requested_start": {"type": "string", "format": "date-time"},
    },
}
"""What a function is answered with."""

NOTHING: Schema = {"type": "object", "maxProperties": 0}
"""What an event is answered with."""

VARIABLES: Schema = {"type": "object", "required": ["call_inbound"], "properties": {"call_inbound": {"type": "object"}}}
"""What the agent of a ringing call should know."""

RESULTS: Schema = {
    "type": "object",
    "properties": {
        "results": {"type": "array", "items": {"type": "object", "required": ["toolCallId", "name", "result"]}},
        "error": {"type": "string"},
    },
    "additionalProperties": False,
}
"""What Vapi is answered with: results where functions were called, a sentence for a call without an agent."""

_REFUSALS = {
    HTTPStatus.BAD_REQUEST: "No JSON object, or a body that broke off.",
    HTTPStatus.UNAUTHORIZED: "Not signed, or not by this platform, or too long ago.",
    HTTPStatus.NOT_FOUND: "The platform is not served here.",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not arrive in time.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is over the limit.",
}
_BUSY = "Too much at once; Retry-After says when to come again."


def described(
    header: str, answer: Schema, envelope: type[BaseModel] | None = None, *, name_in_path: bool = False
) -> Schema:
    """Return what a route adds to its description.

    Args:
        header: Where the sender proves who they are.
        answer: The schema of the answer.
        envelope: What is read of the body; any object will do, and what has another type counts as not given. Without
            one the body is a function's arguments.
        name_in_path: Whether the path says which function is called.
    """
    body = _inlined(envelope.model_json_schema()) if envelope else {"type": "object"}
    parameters = [{"name": header, "in": "header", "required": True, "schema": {"type": "string"}}]
    if name_in_path:
        parameters.append({"name": "name", "in": "path", "required": True, "schema": {"type": "string"}})
    refusals = {str(status.value): {"description": text} for status, text in _REFUSALS.items()}
    answers = {"200": _answered("Done.", answer), "503": {"description": _BUSY}}
    return {
        "parameters": parameters,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": refusals | answers,
    }


def _answered(text: str, schema: Schema) -> Schema:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _inlined(schema: Schema) -> Schema:
    """Return the schema with its definitions in place of the references to them; none contains itself."""
    definitions = schema.pop("$defs", {})

    def inline(part: Any) -> Any:
        if isinstance(part, list):
            return [inline(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return inline(definitions[part["$ref"].rpartition("/")[2]])
        return {key: inline(value) for key, value in part.items() if key != "default"}

    inlined: Schema = inline(schema)
    return inlined
