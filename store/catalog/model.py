"""The catalog: which number leads to which business, and what can be booked there.

The models mirror the tables of the file, whose lists of tables are written in the singular there; what one table
alone can say is checked here.
"""

import re
from collections.abc import Sized
from dataclasses import dataclass
from datetime import time
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    StrictBool,
    StrictInt,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from store.numbers import e164

T = TypeVar("T", bound=Sized)
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


@dataclass(frozen=True)
class OpeningSpan:
    """From ``opens`` until ``closes`` on one day, wall-clock in the company's time zone."""

    opens: time
    closes: time

    def __str__(self) -> str:
        """Return the span as the catalog file has it: ``09:00-18:00``."""
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


def _span(value: object) -> OpeningSpan:
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("span", 'is no span of hours; write "09:00-18:00"')
    opens_hour, opens_minute, closes_hour, closes_minute = map(int, found.groups())
    span = OpeningSpan(time(opens_hour, opens_minute), time(closes_hour, closes_minute))
    if span.opens >= span.closes:
        raise PydanticCustomError("span", "closes before it opens; write the earlier time first")
    return span


def _apart(spans: tuple[OpeningSpan, ...]) -> tuple[OpeningSpan, ...]:
    ordered = sorted(spans, key=lambda span: span.opens)
    if any(later.opens < earlier.closes for earlier, later in pairwise(ordered)):
        raise PydanticCustomError("spans", "has spans that overlap; join them into one")
    return tuple(ordered)


def _open(hours: dict[Weekday, tuple[OpeningSpan, ...]]) -> dict[Weekday, tuple[OpeningSpan, ...]]:
    if not any(hours.values()):
        raise PydanticCustomError("closed", "is never open; name the hours of at least one day")
    return hours


def _number(value: object) -> str:
    number = e164(value) if isinstance(value, str) else None
    if number is None:
        raise PydanticCustomError("number", 'is no phone number; write it like "+493055500020"')
    return number


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PydanticCustomError("zone", 'is no known time zone; write one like "Europe/Berlin"') from error
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise PydanticCustomError("language", 'is no language code; write its two letters, like "de"')
    return value


def _some(value: T) -> T:
    # Pydantic's own minimum length also speaks up where there are entries, and all of them are wrong.
    if not value:
        raise PydanticCustomError("empty", "is empty; name at least one")
    return value


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise PydanticCustomError("key", "is no key; write up to 64 letters, digits, dots, hyphens and underscores")
    return value


def _variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        raise PydanticCustomError("variable", 'names no variable; write its name, like "CALCOM_API_KEY", never the key')
    return value


Key = Annotated[str, AfterValidator(_key)]
"""At most 64 characters: a company's key is also a fairness key in Temporal, which takes no more."""

Language = Annotated[str, AfterValidator(_language)]
"""A code like ``de``; which languages there are sentences in is not known here."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Span = Annotated[OpeningSpan, BeforeValidator(_span), PlainSerializer(str)]
Positive = Annotated[StrictInt, Field(gt=0, le=2**31 - 1)]


class CatalogTable(BaseModel):
    """Base of the tables of a catalog: a key nobody knows is a typing error, not a wish for later."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class CompanyProfile(CatalogTable):
    """A tenant, without its branches."""

    key: Key
    name: Text
    language: Language
    timezone: Annotated[str, AfterValidator(_zone)]


class CatalogService(CatalogTable):
    """What can be booked: a Cal.com event type that takes ``duration_minutes`` of ``calendar``."""

    key: Key
    name: Text
    synonyms: tuple[Text, ...] = ()
    calcom_event_type_id: Positive
    duration_minutes: Annotated[StrictInt, Field(gt=0, le=24 * 60)]
    calendar: Key
    capacity: Positive = 1
    default: StrictBool = False


class CatalogBranch(CatalogTable):
    """A business with its own phone numbers (E.164) and rules."""

    key: Key
    name: Text
    phone_numbers: Annotated[tuple[Annotated[str, BeforeValidator(_number)], ...], AfterValidator(_some)]
    calcom_api_key_env: Annotated[str, AfterValidator(_variable)] = "CALCOM_API_KEY"
    opening_hours: Annotated[dict[Weekday, Annotated[tuple[Span, ...], AfterValidator(_apart)]], AfterValidator(_open)]
    minimum_notice_minutes: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] = 15
    recheck: StrictBool = True
    services: Annotated[tuple[CatalogService, ...], Field(alias="service"), AfterValidator(_some)]

    _company: CompanyProfile = PrivateAttr()

    @property
    def company(self) -> CompanyProfile:
        """The company this branch belongs to."""
        return self._company

    @property
    def openings(self) -> tuple[tuple[int, OpeningSpan], ...]:
        """The opening hours in order of the week, each with its weekday: 0 is Monday."""
        return tuple(
            (number, span) for number, day in enumerate(get_args(Weekday)) for span in self.opening_hours.get(day, ())
        )

    @property
    def default_service(self) -> CatalogService | None:
        """What a caller gets who names no service."""
        return next((service for service in self.services if service.default), None)


class CatalogCompany(CompanyProfile):
    """A tenant with its branches."""

    branches: Annotated[tuple[CatalogBranch, ...], Field(alias="branch"), AfterValidator(_some)]

    def model_post_init(self, _: object) -> None:
        """Tell each branch whose it is."""
        company = CompanyProfile(key=self.key, name=self.name, language=self.language, timezone=self.timezone)
        for branch in self.branches:
            branch._company = company


class Catalog(CatalogTable):
    """All companies of an installation."""

    companies: Annotated[tuple[CatalogCompany, ...], Field(alias="company"), AfterValidator(_some)]

    def branch_for(self, number: str) -> CatalogBranch | None:
        """Return the branch with this phone number, or ``None``: there is no company to fall back to."""
        dialled = e164(number)
        return self._branches.get(dialled) if dialled else None

    @cached_property
    def _branches(self) -> dict[str, CatalogBranch]:
        return {
            number: branch
            for company in self.companies
            for branch in company.branches
            for number in branch.phone_numbers
        }
