"""What a function was called with: one meaning per field, whatever the voice model called it."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from starter.words import said
from store.numbers import e164

_NAMES: Mapping[str, tuple[str, ...]] = {
    "moment": ("datetime",),
    "day": ("datum", "date", "appointment_date"),
    "time_of_day": ("uhrzeit", "time", "appointment_time"),
    "service": ("dienstleistung", "service", "service_name", "service_type"),
    "name": ("name", "customer_name"),
    "email": ("email", "customer_email"),
    "phone": ("telefonnummer", "phone", "customer_phone"),
    "alternative_id": ("alternative_id", "alternative"),
    "confirmed": ("bestaetigung", "confirm_booking"),
}
"""What the arguments are called in agents' configurations; the first that says something counts."""

_NO_NAMES = frozenset({"unbekannt", "anonym", "anonymous", "unknown"})

_EMAIL = re.compile(r"(?!\.)(?!.*\.\.)(?!.{255})[a-z0-9_+.'-]*[a-z0-9_+'-]@([a-z0-9][a-z0-9-]*\.)+[a-z]{2,}")
"""An address as Cal.com takes it (its packages/lib/emailSchema.ts): no mail would reach any other."""


def _written_email(spoken: object) -> object:
    return "".join(spoken.split()).lower() if isinstance(spoken, str) else spoken


class Arguments(BaseModel):
    """A function's arguments, cleaned; ``None`` where nothing was said.

    Raises ``ValidationError`` where a text is too long or no text. ``phone`` is E.164; a number that cannot be one is
    as good as none. ``confirmed`` is the caller's "yes": only the boolean ``true`` says it.
    """

    model_config = ConfigDict(frozen=True)

    moment: Annotated[str, Field(max_length=50)] | None = None
    day: Annotated[str, Field(max_length=30)] | None = None
    time_of_day: Annotated[str, Field(max_length=20)] | None = None
    service: Annotated[str, Field(max_length=250)] | None = None
    name: Annotated[str, Field(max_length=150)] | None = None
    email: Annotated[str, Field(max_length=255), BeforeValidator(_written_email)] | None = None
    phone: Annotated[str, Field(max_length=50)] | None = None
    alternative_id: Annotated[str, Field(max_length=20)] | None = None
    confirmed: Annotated[bool, BeforeValidator(lambda value: value is True)] = False

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, given: Mapping[str, object]) -> dict[str, object]:
        values = {field: [_as_said(given.get(name)) for name in names] for field, names in _NAMES.items()}
        return {field: next((v for v in found if v is not None), None) for field, found in values.items()}

    @field_validator("name")
    @classmethod
    def _only_names(cls, name: str | None) -> str | None:
        return None if name is None or name.casefold() in _NO_NAMES else name

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


def _as_said(value: object) -> object:
    """Read a number as its digits; a fraction stays one and is refused: 16.10 has lost its last digit on the way."""
    if isinstance(value, str):
        return said(value)
    return str(value) if type(value) is int else value
