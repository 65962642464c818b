"""Retell AI's side of the line: its signature, and its envelopes turned into the neutral shape.

Field names and oddities are those of Retell's custom functions, call events and inbound webhook. Envelopes are read
tolerantly: what is missing, null, of the wrong type or ``[]`` for ``{}`` counts as not given.
"""

import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr

from starter.incoming import CallEvent, FunctionCall, PhoneCall
from starter.words import said

TOLERANCE = timedelta(minutes=5)
"""How far a signature's time may lie from ours, either way: the value of Retell's own SDKs."""

_SIGNATURE = re.compile(r"v=([0-9]{1,15}),d=([0-9a-f]{64})")
_VERSION_SUFFIX = re.compile(r"_v[0-9]+$")
_CALL_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


def is_signed(body: bytes, signature: str | None, key: SecretStr, now: datetime) -> bool:
    """Whether ``X-Retell-Signature`` fits these raw bytes and is no older or newer than the tolerance.

    The digest is HMAC-SHA256 over the body followed by the digits of ``v``, the time in Unix milliseconds.
    """
    match = _SIGNATURE.fullmatch(signature or "")
    if match is None:
        return False
    signed_at, digest = match.groups()
    expected = hmac.digest(key.get_secret_value().encode(), body + signed_at.encode(), "sha256").hex()
    age = abs(now.timestamp() - int(signed_at) / 1000)
    return hmac.compare_digest(expected, digest) and age <= TOLERANCE.total_seconds()


def function_call(body: Mapping[str, object], name_in_path: str | None) -> FunctionCall:
    """Read a function call, wrapped (``name``, ``call``, ``args``) or with the arguments at the root.

    Arguments at the root come without a call: no id and no number that could be trusted, whatever a parameter says.
    An argument may be called ``name``, so ``call`` and ``args`` tell the two forms apart.
    """
    wrapped = "call" in body or "args" in body
    envelope = _Envelope.model_validate(body if wrapped else {"args": body})
    name = _VERSION_SUFFIX.sub("", (envelope.name if wrapped else None) or name_in_path or "") or None
    return FunctionCall(
        phone_call=envelope.call.as_phone_call(),
        name=name,
        arguments=envelope.args,
        invocation_id=envelope.call.invocation_id(name, envelope.args),
    )


def call_event(body: Mapping[str, object]) -> CallEvent:
    """Read a call event."""
    envelope = _Envelope.model_validate(body)
    call = envelope.call
    return CallEvent(
        phone_call=call.as_phone_call(),
        name=envelope.event,
        reason=call.disconnection_reason,
        ended_at=call.end_timestamp,
    )


def inbound_call(body: Mapping[str, object]) -> PhoneCall:
    """Read the inbound webhook: a call that is still ringing."""
    return _Envelope.model_validate(body).call_inbound.as_phone_call()


Wanted = TypeVar("Wanted")


def _only(kind: type[Wanted], otherwise: Callable[[], Wanted]) -> BeforeValidator:
    return BeforeValidator(lambda value: value if isinstance(value, kind) else otherwise())


def _word(value: object) -> str | None:
    return said(value) if isinstance(value, str) else None


def _call_id(value: object) -> str | None:
    return value if isinstance(value, str) and _CALL_ID.fullmatch(value) else None


def _unix_milliseconds(value: object) -> datetime | None:
    is_plausible = type(value) is int and 0 < value < 10**13
    return datetime.fromtimestamp(value / 1000, UTC) if is_plausible and isinstance(value, int) else None


Word = Annotated[str | None, BeforeValidator(_word)]
Id = Annotated[str | None, BeforeValidator(_call_id)]


class _Tolerant(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Utterance(_Tolerant):
    role: Word = None
    tool_call_id: Id = None
    name: Word = None
    arguments: object = None


def _utterances(value: object) -> list[object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class _Call(_Tolerant):
    call_id: Id = None
    direction: Word = None
    from_number: Word = None
    to_number: Word = None
    disconnection_reason: Word = None
    end_timestamp: Annotated[datetime | None, BeforeValidator(_unix_milliseconds)] = None
    transcript_with_tool_calls: Annotated[list[_Utterance], BeforeValidator(_utterances)] = []

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
                and _VERSION_SUFFIX.sub("", item.name or "") == name
                and item.tool_call_id not in answered
                and _parsed(item.arguments) == arguments
            ),
            None,
        )


class _Envelope(_Tolerant):
    name: Word = None
    event: Word = None
    call: Annotated[_Call, _only(dict, dict)] = _Call()
    call_inbound: Annotated[_Call, _only(dict, dict)] = _Call()
    args: Annotated[dict[str, object], _only(dict, dict)] = {}


def _parsed(arguments: object) -> object:
    if not isinstance(arguments, str):
        return arguments
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return None
