"""What is kept, table by table.

Moments are stored in UTC and read back as aware datetimes. Calls, bookings and customers name their company and
branch by key and not by reference: they are history and must be writable whatever the catalog says today.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

from sqlalchemy import JSON, DateTime, Dialect, ForeignKeyConstraint, Index, MetaData, UniqueConstraint, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class Moment(TypeDecorator[datetime]):
    """An instant: aware in Python on both databases, UTC in the database. A naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware datetime into UTC; raises ``ValueError`` for a naive one."""
        return None if value is None else _in_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give what SQLite returns without a time zone its UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Moments(TypeDecorator[list[datetime]]):
    """Instants in order, as a JSON list of ISO texts in UTC. A naive datetime is refused."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Sequence[datetime] | None, dialect: Dialect) -> list[str] | None:
        """Turn aware datetimes into texts; raises ``ValueError`` for a naive one."""
        return None if value is None else [_in_utc(moment).isoformat() for moment in value]

    def process_result_value(self, value: list[str] | None, dialect: Dialect) -> list[datetime] | None:
        """Turn the texts back into aware datetimes."""
        return None if value is None else [datetime.fromisoformat(moment) for moment in value]


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone; this datetime is naive")
    return moment.astimezone(UTC)


def _partial_index(name: str, present: str, *columns: str) -> Index:
    """Return an index of only those rows in which the column ``present`` is not null."""
    there = text(f"{present} IS NOT NULL")
    return Index(name, *columns, sqlite_where=there, postgresql_where=there)


class Table(SQLModel):
    """Base of all tables: one schema, with constraint names that are the same on every database."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Company(Table, table=True):
    """A tenant. Whatever the catalog no longer names is inactive, never deleted; ``position`` is its place there."""

    key: str = Field(primary_key=True)
    name: str
    language: str
    timezone: str
    position: int
    active: bool = True


class Branch(Table, table=True):
    """A business with its own phone numbers; ``opening_hours`` as in the catalog file."""

    company: str = Field(primary_key=True, foreign_key="company.key")
    key: str = Field(primary_key=True)
    name: str
    calcom_api_key_env: str
    opening_hours: dict[str, list[str]] = Field(sa_type=JSON)
    minimum_notice_minutes: int
    recheck: bool
    position: int
    active: bool = True


class PhoneNumber(Table, table=True):
    """A dialled number (E.164) and the branch it leads to."""

    __tablename__ = "phone_number"
    __table_args__: ClassVar[Any] = (ForeignKeyConstraint(["company", "branch"], ["branch.company", "branch.key"]),)

    number: str = Field(primary_key=True)
    company: str
    branch: str
    position: int
    active: bool = True


class Service(Table, table=True):
    """What a branch offers: a Cal.com event type and the calendar whose time it takes."""

    __table_args__: ClassVar[Any] = (ForeignKeyConstraint(["company", "branch"], ["branch.company", "branch.key"]),)

    company: str = Field(primary_key=True)
    branch: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    name: str
    synonyms: list[str] = Field(sa_type=JSON)
    calcom_event_type_id: int
    duration_minutes: int
    calendar: str
    capacity: int
    is_default: bool
    position: int
    active: bool = True


class Calendar(Table, table=True):
    """A calendar of a company: this row is what a hold locks."""

    company: str = Field(primary_key=True)
    key: str = Field(primary_key=True)


class Hold(Table, table=True):
    """The one half-open interval a call keeps for a while; meaningless once ``expires_at`` has passed.

    ``caller`` is a digest of the number that calls, or of the one that was called where it is withheld; ``dialled`` is
    the number that was called.
    """

    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(["company", "calendar"], ["calendar.company", "calendar.key"]),
        Index(None, "company", "calendar", "starts_at"),
    )

    call_id: str = Field(primary_key=True)
    company: str
    calendar: str
    starts_at: datetime = Field(sa_type=Moment)
    ends_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    caller: str | None = None
    dialled: str | None = None


class CalendarBudget(Table, table=True):
    """How many requests Cal.com still allows an account until ``resets_at``, as it last said to any process.

    ``account`` is a digest of the API key, ``allowed`` how many requests it may make in a window, ``remaining`` how
    many of them were left at ``noted_at``.
    """

    __tablename__ = "calendar_budget"

    account: str = Field(primary_key=True)
    allowed: int
    remaining: int
    resets_at: datetime = Field(sa_type=Moment)
    noted_at: datetime = Field(sa_type=Moment)


class Customer(Table, table=True):
    """A customer of a company, recognised by number (E.164); without a number never recognised."""

    __table_args__: ClassVar[Any] = (UniqueConstraint("company", "number"), Index(None, "number"))

    id: str = Field(primary_key=True, default_factory=lambda: str(uuid4()))
    company: str
    number: str | None = None
    name: str
    email: str | None = None


FORGOTTEN = 2**31 - 1
"""The revision of a call whose caller was forgotten: no record that is still on its way is newer, so none is taken."""


class Call(Table, table=True):
    """One phone call, as of ``revision``; ``caller_number`` is E.164 or null where it was withheld.

    What operators look calls up by is kept with the call, taken from its turns whenever it is saved: ``service``
    and ``wished_start`` as first named, ``booked_start`` as booked last, ``race_caught_at`` of its first race,
    ``gap_seconds`` before its first "yes", and whether it had one (``confirmed``). ``steps`` are those that belong
    to no turn, as in ``Turn``.
    """

    __table_args__: ClassVar[Any] = (
        Index(None, "company", "started_at"),
        Index(None, "started_at"),
        Index(None, "caller_number"),
    )

    call_id: str = Field(primary_key=True)
    revision: int
    company: str
    branch: str
    caller_number: str | None = None
    outcome: str
    started_at: datetime = Field(sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    hang_up_reason: str | None = None
    service: str | None = None
    wished_start: datetime | None = Field(default=None, sa_type=Moment)
    booked_start: datetime | None = Field(default=None, sa_type=Moment)
    race_caught_at: str | None = None
    gap_seconds: float | None = None
    confirmed: bool = False
    steps: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)


class Turn(Table, table=True):
    """One question or confirmation of a call, in order of ``position``.

    ``race_caught_at`` is ``hold``, ``recheck`` or ``booking`` where somebody else was faster. ``alternatives`` are the
    moments offered instead. ``hold`` is ``held``, ``held_by_another_call``, ``store_down``, ``over_limit`` or
    ``not_tried``; ``held_until`` is about when a hold on what was offered runs out. ``recheck`` is ``passed``,
    ``gone``, ``failed``, ``skipped`` or null where nobody looked again. ``gap_seconds`` is how long the caller thought,
    between offer and "yes". ``heard`` is false for an answer that came when nobody listened any more. ``steps`` are the
    activities it took, in order: ``name``, ``began_at`` and ``ended_at`` (ISO texts in UTC), ``attempts`` and
    ``failure``.
    """

    __table_args__: ClassVar[Any] = (
        _partial_index("ix_turn_yes", "confirmed_at", "answered_at", "company", "recheck", "gap_seconds"),
        _partial_index("ix_turn_race", "race_caught_at", "answered_at", "company"),
        Index(None, "company", "wished_start"),
    )

    call_id: str = Field(primary_key=True, foreign_key="call.call_id")
    position: int = Field(primary_key=True)
    company: str
    turn_id: str
    kind: str
    wished_start: datetime | None = Field(default=None, sa_type=Moment)
    service: str | None = None
    status: str
    reason: str | None = None
    race_caught_at: str | None = None
    alternatives: list[datetime] = Field(default_factory=list, sa_type=Moments)
    hold: str | None = None
    held_until: datetime | None = Field(default=None, sa_type=Moment)
    recheck: str | None = None
    received_at: datetime | None = Field(default=None, sa_type=Moment)
    offered_at: datetime | None = Field(default=None, sa_type=Moment)
    confirmed_at: datetime | None = Field(default=None, sa_type=Moment)
    answered_at: datetime = Field(sa_type=Moment)
    gap_seconds: float | None = None
    heard: bool = True
    steps: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)


class Reply(Table, table=True):
    """What a caller was told, as the web process said it: one row for every answer to a function of a branch of ours.

    ``at`` is when it was said and ``seconds`` how long the caller had waited for it. ``turn_id`` is that of the turn it
    answers, null where no turn came of it: words that were asked back, the clock, who is calling. ``words`` are what
    the caller said of day, time and service, as the agent passed them on. ``message`` may name a caller. ``key`` is the
    row's own, so that it can be written again where the database did not answer; null in old rows.
    """

    __table_args__: ClassVar[Any] = (Index(None, "call_id"), Index(None, "key", unique=True))

    id: int | None = Field(default=None, primary_key=True)
    call_id: str
    company: str
    branch: str
    at: datetime = Field(sa_type=Moment)
    function: str
    turn_id: str | None = None
    status: str
    reason: str | None = None
    message: str
    words: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    seconds: float
    key: str | None = Field(default_factory=lambda: uuid4().hex)


class CalendarAnswers(Table, table=True):
    """How many answers of Cal.com to one ``endpoint`` came with this ``result``, this quickly, in a span of time.

    A span begins at ``begins_at`` and lasts ``span_seconds``: 60, and the same answers once more in hours (3600) and
    days of UTC (86400), for long views. ``quickness`` is a step of ``store.quickness``: the time an answer took, to
    about a fifth.
    """

    __tablename__ = "calendar_answers"
    __table_args__: ClassVar[Any] = ({"sqlite_with_rowid": False},)

    span_seconds: int = Field(primary_key=True)
    begins_at: datetime = Field(primary_key=True, sa_type=Moment)
    company: str = Field(primary_key=True)
    endpoint: str = Field(primary_key=True)
    result: str = Field(primary_key=True)
    quickness: int = Field(primary_key=True)
    answers: int


class Booking(Table, table=True):
    """A booking in Cal.com, by its uid; name and e-mail as given in this call. Saving it finds its customer.

    ``phone`` (E.164) is a number that was given in words; null where none was but the one that called.
    """

    __table_args__: ClassVar[Any] = (
        Index(None, "company", "starts_at"),
        Index(None, "customer_id", "starts_at"),
        Index(None, "call_id"),
        Index(None, "phone"),
    )

    uid: str = Field(primary_key=True)
    call_id: str = Field(foreign_key="call.call_id")
    company: str
    customer_id: str | None = Field(default=None, foreign_key="customer.id", nullable=False)
    service: str
    calendar: str
    starts_at: datetime = Field(sa_type=Moment)
    ends_at: datetime = Field(sa_type=Moment)
    name: str
    email: str | None = None
    phone: str | None = None
    recovered: bool = False
