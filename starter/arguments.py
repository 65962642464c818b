"""What a function was called with: one meaning per field, whatever the voice model called it."""

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, field_validator, model_validator

from starter.words import is_lost, said
from store.numbers import e164
from workflows.names import told

NAMES: Mapping[str, tuple[str, ...]] = {
    "moment": ("datetime",),
    "day": ("datum", "date", "appointment_date", "preferred_date", "date_string", "after"),
    "time_of_day": ("uhrzeit", "time", "appointment_time", "preferred_time"),
    "service": ("dienstleistung", "service", "service_name", "service_type", "service_id"),
    "name": ("name", "customer_name"),
    "email": ("email", "customer_email"),
    "phone": ("telefonnummer", "phone", "customer_phone"),
    "alternative_id": ("alternative_id", "alternative"),
    "confirmed": ("bestaetigung", "confirm_booking"),
    "search_days": ("search_days",),
}
"""What the arguments are called in agents' configurations; the first that says something counts."""

LIMITS: Mapping[str, int] = {"moment": 50, "day": 30, "time_of_day": 20, "alternative_id": 20}
"""Longer words for a moment, in characters, are too long unless they are understood all the same."""

NOTED = ("moment", "day", "time_of_day", "service", "alternative_id")
"""The fields whose words operators may read: they name no person."""

MOST_SEARCH_DAYS = 14

_UNREAD = 200
"""Nobody says that much for a moment: what is longer is refused unread."""

_EMAIL = re.compile(r"(?!\.)(?!.*\.\.)(?!.{255})[a-z0-9_+.'-]*[a-z0-9_+'-]@([a-z0-9][a-z0-9-]*\.)+[a-z]{2,}")
"""An address as Cal.com takes it (its packages/lib/emailSchema.ts): no mail would reach any other."""

_ALTERNATIVE_ID = re.compile(r"[a-z][0-9]{1,3}")


def _written_email(spoken: object) -> object:
    return "".join(spoken.split()).lower() if isinstance(spoken, str) else spoken


def _days(value: object) -> object:
    """Take a number of days for as many as are ever looked at; nobody is told off for asking further."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return min(max(int(value), 1), MOST_SEARCH_DAYS)
    return MOST_SEARCH_DAYS if value is None else value


Moment: TypeAlias = Annotated[str, Field(max_length=_UNREAD)]


class Arguments(BaseModel):
    """A function's arguments, cleaned; ``None`` where nothing was said.

    Raises ``ValidationError`` where a text is too long or no text. ``alternative_id`` is an id of ours or the words
    for one. ``phone`` is E.164; a number that cannot be one is as good as none. ``confirmed`` is the caller's "yes":
    only the boolean ``true`` says it. ``search_days`` is how far ahead to look, 1 to 14. ``day_lost`` says that there
    was a day, of which nothing is left.
    """

    model_config = ConfigDict(frozen=True)

    moment: Moment | None = None
    day: Moment | None = None
    time_of_day: Moment | None = None
    service: Annotated[str, Field(max_length=250)] | None = None
    name: Annotated[str, Field(max_length=150)] | None = None
    email: Annotated[str, Field(max_length=255), BeforeValidator(_written_email)] | None = None
    phone: Annotated[str, Field(max_length=50)] | None = None
    alternative_id: Moment | None = None
    confirmed: Annotated[bool, BeforeValidator(lambda value: value is True)] = False
    day_lost: bool = False
    search_days: Annotated[int, Field(ge=1, le=MOST_SEARCH_DAYS), BeforeValidator(_days)] = MOST_SEARCH_DAYS

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, given: Mapping[str, object]) -> dict[str, object]:
        said_first = {field: _said_first(given, field) for field in NAMES}
        return said_first | {"day_lost": any(is_lost(given.get(name)) for name in NAMES["day"])}

    @field_validator("name")
    @classmethod
    def _only_names(cls, name: str | None) -> str | None:
        return None if name is None else told(name)

    @field_validator("email")
    @classmethod
    def _only_addresses(cls, email: str | None) -> str | None:
        if email is not None and not _EMAIL.fullmatch(email):
            raise ValueError("not an e-mail address")
        return email

    @field_validator("phone")
    @classmethod
    def _only_numbers(cls, phone: str | None) -> str | None:
        return e164(phone)

    @field_validator("alternative_id")
    @classmethod
    def _lower_case(cls, alternative_id: str | None) -> str | None:
        return alternative_id and alternative_id.lower()

    @property
    def too_long(self) -> list[tuple[str, int]]:
        """The fields that are longer than their limit, each with it: no matter as long as they are understood."""
        values = ((field, getattr(self, field), limit) for field, limit in LIMITS.items())
        return [(field, limit) for field, value, limit in values if value is not None and len(value) > limit]

    @property
    def names_alternative(self) -> bool:
        """Whether ``alternative_id`` is written as our ids are, and not in words."""
        return self.alternative_id is not None and _ALTERNATIVE_ID.fullmatch(self.alternative_id) is not None


def field_of(parameter: str) -> str:
    """Return the field that a parameter of this name fills."""
    return next(field for field, names in NAMES.items() if parameter in names)


def words_in(given: Mapping[str, object]) -> dict[str, str]:
    """Return what a function's arguments say of day, time and service: cleaned words by field, cut where too long."""
    words = ((field, _said_first(given, field)) for field in NOTED)
    return {field: said_first[:_UNREAD] for field, said_first in words if isinstance(said_first, str)}


def schema_of(field: str) -> dict[str, JsonValue]:
    """Return the JSON schema of a field's value, as a voice model should give it."""
    schema: dict[str, JsonValue] = Arguments.model_json_schema()["properties"][field]
    kinds = schema.get("anyOf")
    wanted = (
        next((k for k in kinds if isinstance(k, dict) and k["type"] != "null"), {})
        if isinstance(kinds, list)
        else schema
    )
    return {key: value for key, value in wanted.items() if key in ("type", "maxLength", "minimum", "maximum")}


def _said_first(given: Mapping[str, object], field: str) -> object:
    return next((value for name in NAMES[field] if (value := _as_said(given.get(name))) is not None), None)


def _as_said(value: object) -> object:
    """Read a number as its digits; a fraction stays one and is refused: 16.10 has lost its last digit on the way."""
    if isinstance(value, str):
        return said(value)
    return str(value) if type(value) is int else value
