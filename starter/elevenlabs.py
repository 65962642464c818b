"""ElevenLabs' side of the line: secret and signature, and its webhooks turned into the neutral shape.

A webhook tool's body is only what the model filled in, so the call is told in headers, which the tool's configuration
fills from ElevenLabs' own variables:

    X-Conversation-Id: {{system__conversation_id}}
    X-Caller-Id: {{system__caller_id}}
    X-Called-Number: {{system__called_number}}
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from starter.credentials import SharedSecret, Signature
from starter.envelope import CallId, Tolerant, Word, function_name, of_platform, only, unix_time
from starter.incoming import CallEvent, FunctionCall, PhoneCall

SECRET = SharedSecret()

SIGNATURE = Signature(
    header="ElevenLabs-Signature",
    form="t={at},v0={digest}",
    ticks_per_second=1,
    tolerance=timedelta(minutes=30),
    message=lambda body, at: at + b"." + body,
)

_EVENTS = {"post_call_transcription": "call_ended", "call_initiation_failure": "call_ended"}


def function_call(arguments: Mapping[str, object], headers: Mapping[str, str], name: str) -> FunctionCall:
    """Read a tool's call: who calls is in the headers alone, whatever the arguments say.

    Nothing tells one invocation from another.
    """
    told = _Headers.model_validate(dict(headers))
    phone_call = PhoneCall(
        call_id=of_platform("elevenlabs", told.conversation_id),
        our_number=told.called_number,
        their_number=told.caller_id,
    )
    return FunctionCall(phone_call=phone_call, name=function_name(name), arguments=arguments)


def call_event(body: Mapping[str, object]) -> CallEvent:
    """Read a post-call webhook.

    Why a call ended is told in free words, which may be the model's: only why one never began is passed on.
    """
    envelope = Envelope.model_validate(body)
    return CallEvent(
        phone_call=PhoneCall(call_id=of_platform("elevenlabs", envelope.data.conversation_id)),
        name=_EVENTS.get(envelope.type or ""),
        reason=envelope.data.failure_reason,
        ended_at=envelope.data.metadata.ended_at() or envelope.event_timestamp,
    )


def _duration(value: object) -> timedelta | None:
    return timedelta(seconds=value) if isinstance(value, int) and 0 <= value <= _LONGEST_CALL else None


_LONGEST_CALL = 24 * 3600
"""Seconds; a call is not believed to have taken longer."""

_Moment = Annotated[datetime | None, BeforeValidator(unix_time)]
_Duration = Annotated[timedelta | None, BeforeValidator(_duration)]


class _Headers(Tolerant):
    conversation_id: Annotated[CallId, Field(alias="x-conversation-id")] = None
    caller_id: Annotated[Word, Field(alias="x-caller-id")] = None
    called_number: Annotated[Word, Field(alias="x-called-number")] = None


class _Metadata(Tolerant):
    start_time_unix_secs: _Moment = None
    call_duration_secs: _Duration = None

    def ended_at(self) -> datetime | None:
        began, lasted = self.start_time_unix_secs, self.call_duration_secs
        return None if began is None or lasted is None else began + lasted


class _Data(Tolerant):
    conversation_id: CallId = None
    failure_reason: Word = None
    metadata: Annotated[_Metadata, only(dict, dict)] = _Metadata()


class Envelope(Tolerant):
    """A post-call webhook's body."""

    type: Word = None
    event_timestamp: _Moment = None
    data: Annotated[_Data, only(dict, dict)] = _Data()
