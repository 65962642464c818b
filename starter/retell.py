"""Retell AI's side of the line: its signature, and its envelopes turned into the neutral shape.

Field names and oddities are those of Retell's custom functions, call events and inbound webhook.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated

from pydantic import BeforeValidator, Field

from starter.credentials import Signature
from starter.envelope import OBJECTS, CallId, InvocationId, Tolerant, Word, from_json, function_name, only, unix_time
from starter.incoming import CallEvent, FunctionCall, PhoneCall

SIGNATURE = Signature(
    header="X-Retell-Signature",
    form="v={at},d={digest}",
    ticks_per_second=1000,
    tolerance=timedelta(minutes=5),
    message=lambda body, at: body + at,
)
"""The tolerance is the value of Retell's own SDKs."""


_OF_ENVELOPES = frozenset({"call", "args", "event"})


def function_call(body: Mapping[str, object], name_in_path: str | None, signature: str | None = None) -> FunctionCall:
    """Read a function call, wrapped (``name``, ``call``, ``args``) or with the arguments at the root.

    Arguments at the root come without a call: no id and no number that could be trusted, whatever a parameter says.
    An argument may be called ``name``, so other fields tell the two forms apart.

    Args:
        body: What was signed.
        name_in_path: Counts for arguments at the root alone: the path is not signed, and an event, or any envelope,
            sent to another path must not become a function call.
        signature: Stands for the invocation where the transcript has none: the same bytes again have the same one, and
            whoever asks the same later has another.
    """
    wrapped = not _OF_ENVELOPES.isdisjoint(body)
    envelope = Envelope.model_validate(body if wrapped else {"args": body})
    name = function_name(envelope.name if wrapped else name_in_path)
    return FunctionCall(
        phone_call=envelope.call.as_phone_call(),
        name=name,
        arguments=envelope.args,
        invocation_id=envelope.call.invocation_id(name, envelope.args)
        or (signature and f"signed-{sha256(signature.encode()).hexdigest()}"),
    )


def call_event(body: Mapping[str, object]) -> CallEvent:
    """Read a call event."""
    envelope = Envelope.model_validate(body)
    call = envelope.call
    return CallEvent(
        phone_call=call.as_phone_call(),
        name=envelope.event,
        reason=call.disconnection_reason,
        ended_at=call.end_timestamp,
    )


def inbound_call(body: Mapping[str, object]) -> PhoneCall:
    """Read the inbound webhook: a call that is still ringing."""
    return Envelope.model_validate(body).call_inbound.as_phone_call()


class _Utterance(Tolerant):
    role: Word = None
    tool_call_id: InvocationId = None
    name: Word = None
    arguments: object = None


class _Call(Tolerant):
    call_id: CallId = None
    direction: Word = None
    from_number: Word = None
    to_number: Word = None
    disconnection_reason: Word = None
    end_timestamp: Annotated[datetime | None, BeforeValidator(lambda value: unix_time(value, 1000))] = None
    transcript_with_tool_calls: Annotated[tuple[_Utterance, ...], OBJECTS] = ()

    def as_phone_call(self) -> PhoneCall:
        ours, theirs = self.to_number, self.from_number
        if self.direction == "outbound":
            ours, theirs = theirs, ours
        return PhoneCall(call_id=self.call_id, our_number=ours, their_number=theirs)

    def invocation_id(self, name: str | None, arguments: Mapping[str, object]) -> str | None:
        """Return the id of the last unanswered invocation of this function with these arguments, if there is one."""
        spoken = self.transcript_with_tool_calls
        answered = {item.tool_call_id for item in spoken if item.role == "tool_call_result"}
        return next(
            (
                item.tool_call_id
                for item in reversed(spoken)
                if item.role == "tool_call_invocation"
                and function_name(item.name) == name
                and item.tool_call_id not in answered
                and from_json(item.arguments) == arguments
            ),
            None,
        )


class Envelope(Tolerant):
    """Any body: which parts it has depends on what it is about."""

    name: Word = None
    event: Word = None
    call: Annotated[_Call, only(dict, dict)] = _Call()
    call_inbound: Annotated[_Call, only(dict, dict)] = _Call()
    args: Annotated[dict[str, object], only(dict, dict)] = Field(default_factory=dict)
