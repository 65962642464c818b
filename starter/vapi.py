"""Vapi's side of the line: its secret, its messages turned into the neutral shape, and results in its wrapping.

Everything comes to one URL as ``{"message": {"type": ...}}``.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from starter.credentials import SharedSecret
from starter.envelope import (
    OBJECTS,
    CallId,
    InvocationId,
    Tolerant,
    Word,
    from_json,
    function_name,
    iso_time,
    of_platform,
    only,
    unix_time,
)
from starter.incoming import CallEvent, FunctionCall, PhoneCall
from starter.replies.bodies import Body

logger = logging.getLogger(__name__)

SECRET = SharedSecret("X-Vapi-Secret")

FUNCTIONS = "tool-calls"
ASSISTANT_WANTED = "assistant-request"
"""Types of messages that want an answer; to any other it is enough that it has arrived."""

_EVENTS = {
    ("status-update", "in-progress"): "call_started",
    ("status-update", "ended"): "call_ended",
    ("end-of-call-report", None): "call_ended",
}


@dataclass(frozen=True)
class ToolCall:
    """One of the function calls in a message; ``id`` and ``name`` go back with its result."""

    id: str
    name: str | None
    function_call: FunctionCall


def read(body: Mapping[str, object]) -> "Message":
    """Read a message."""
    return Envelope.model_validate(body).message


def results(answered: Iterable[tuple[ToolCall, Body]]) -> Body:
    """Wrap answers: each is one line of JSON, which the model reads."""
    return {
        "results": [
            {
                "toolCallId": call.id,
                "name": call.name,
                "result": json.dumps(answer, ensure_ascii=False, separators=(",", ":")),
            }
            for call, answer in answered
        ]
    }


def _arguments(value: object) -> dict[str, object]:
    arguments = from_json(value)
    return arguments if isinstance(arguments, dict) else {}


class _Part(Tolerant):
    model_config = ConfigDict(alias_generator=to_camel)


class _Function(_Part):
    name: Word = None
    arguments: Annotated[dict[str, object], BeforeValidator(_arguments)] = Field(
        default_factory=dict, validation_alias=AliasChoices("arguments", "parameters")
    )


class _ToolCall(_Function):
    """Name and arguments stand here or in ``function``, the arguments as an object or as its JSON text."""

    id: InvocationId = None
    function: Annotated[_Function, only(dict, dict)] = _Function()


class _ToolWithToolCall(_Part):
    tool_call: Annotated[_ToolCall, only(dict, dict)] = _ToolCall()


class _Line(_Part):
    number: Word = None


class _Call(_Part):
    id: CallId = None
    customer: Annotated[_Line, only(dict, dict)] = _Line()
    phone_number: Annotated[_Line, only(dict, dict)] = _Line()


class Message(_Part):
    """What Vapi has to say about one call."""

    type: Word = None
    status: Word = None
    call: Annotated[_Call, only(dict, dict)] = _Call()
    customer: Annotated[_Line, only(dict, dict)] = _Line()
    phone_number: Annotated[_Line, only(dict, dict)] = _Line()
    tool_call_list: Annotated[tuple[_ToolCall, ...], OBJECTS] = ()
    tool_with_tool_call_list: Annotated[tuple[_ToolWithToolCall, ...], OBJECTS] = ()
    ended_reason: Word = None
    ended_at: Annotated[datetime | None, BeforeValidator(iso_time)] = None
    timestamp: Annotated[datetime | None, BeforeValidator(lambda value: unix_time(value, 1000))] = None

    def phone_call(self) -> PhoneCall:
        """Return the call it is about; the customer is the other side of the line, whoever called whom."""
        return PhoneCall(
            call_id=of_platform("vapi", self.call.id),
            our_number=self.phone_number.number or self.call.phone_number.number,
            their_number=self.customer.number or self.call.customer.number,
        )

    def tool_calls(self) -> list[ToolCall]:
        """Return the function calls in their order; one without an id cannot be answered and is left out."""
        phone_call = self.phone_call()
        found: list[ToolCall] = []
        for call in self.tool_call_list or [item.tool_call for item in self.tool_with_tool_call_list]:
            if call.id is None:
                logger.warning("a function call without a usable id cannot be answered")
                continue
            name = call.name or call.function.name
            asked = FunctionCall(
                phone_call=phone_call,
                name=function_name(name),
                arguments=call.arguments or call.function.arguments,
                invocation_id=call.id,
            )
            found.append(ToolCall(call.id, name, asked))
        return found

    def event(self) -> CallEvent:
        """Return what happened to the call; a message of any other type is an event of no name."""
        status = self.status if self.type == "status-update" else None
        return CallEvent(
            phone_call=self.phone_call(),
            name=_EVENTS.get((self.type or "", status)),
            reason=self.ended_reason,
            ended_at=self.ended_at or self.timestamp,
        )


class Envelope(Tolerant):
    """Any body."""

    message: Annotated[Message, only(dict, dict)] = Message()
