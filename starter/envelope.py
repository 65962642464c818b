"""The parts voice platforms' envelopes are read with, tolerantly.

What is missing, null, of the wrong type or ``[]`` for ``{}`` counts as not given; reading never raises.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from starter.words import said

_VERSION_SUFFIX = re.compile(r"_v[0-9]+$")

Wanted = TypeVar("Wanted")


class Tolerant(BaseModel):
    """A part of an envelope; what it does not know is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def only(kind: type[Wanted], otherwise: Callable[[], Wanted]) -> BeforeValidator:
    """Take a value of this type only; any other counts as ``otherwise()``."""
    return BeforeValidator(lambda value: value if isinstance(value, kind) else otherwise())


def _word(value: object) -> str | None:
    return said(value) if isinstance(value, str) else None


def _matching(pattern: str) -> BeforeValidator:
    allowed = re.compile(pattern)
    return BeforeValidator(lambda value: value if isinstance(value, str) and allowed.fullmatch(value) else None)


def _objects(value: object) -> list[object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


Word = Annotated[str | None, BeforeValidator(_word)]
CallId = Annotated[str | None, _matching(r"[A-Za-z0-9_.-]{1,128}")]
"""A platform's own id of a call. It has no colon, which ``of_platform`` keeps to itself."""
InvocationId = Annotated[str | None, _matching(r"[A-Za-z0-9_.:-]{1,128}")]
OBJECTS = BeforeValidator(_objects)
"""The objects of a list."""


def of_platform(platform: str, call_id: str | None) -> str | None:
    """Return the id under which we know a platform's call: no two platforms' calls have the same.

    One platform may leave its ids as they are: without a colon none of them can pass for another's.
    """
    return call_id and f"{platform}:{call_id}"


def function_name(given: str | None) -> str | None:
    """Return a function's name, cleaned and without its version suffix, as in ``_v17``."""
    return _VERSION_SUFFIX.sub("", said(given or "") or "") or None


def from_json(value: object) -> object:
    """Return what a JSON text says, ``None`` if it is none; what is no text stands for itself."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def unix_time(value: object, ticks_per_second: int = 1) -> datetime | None:
    """Return the moment of a whole number of seconds, or of parts of one, since 1970; ``None`` if it is none.

    Moments from the year 2286 on are not believed.
    """
    if type(value) is not int or not 0 < value < 10**10 * ticks_per_second:
        return None
    return datetime.fromtimestamp(value / ticks_per_second, UTC)


def iso_time(value: object) -> datetime | None:
    """Return the moment an ISO 8601 text names; ``None`` if it is none, or says no offset."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
