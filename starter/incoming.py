"""What reaches us during a phone call, whatever voice platform it comes through.

Each platform has one module that reads its envelopes into these; behind them nobody knows which platform it was. When
something reached us is the request's, not the platform's to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PhoneCall:
    """One call as the platform's envelope knows it; never what a model filled in.

    ``call_id`` is unique over all platforms. ``our_number`` is the business's side of the line, ``their_number`` the
    other's; both as the carrier wrote them.
    """

    call_id: str | None = None
    our_number: str | None = None
    their_number: str | None = None


@dataclass(frozen=True)
class FunctionCall:
    """The agent calls one of our functions; ``invocation_id`` is the same in every delivery of this one invocation."""

    phone_call: PhoneCall
    name: str | None
    arguments: Mapping[str, object]
    invocation_id: str | None = None


@dataclass(frozen=True)
class CallEvent:
    """Something happened to the call; ``reason`` and ``ended_at`` only where it has ended.

    ``name`` is ``call_started``, ``call_ended`` or ``call_analyzed``; any other is of no interest.
    """

    phone_call: PhoneCall
    name: str | None
    reason: str | None = None
    ended_at: datetime | None = None
