"""The rules of the conversation, as pure functions: what a wish means, what a "yes" may book, what else to offer.

Slots are compared as instants. Wall-clock time appears only where people's rules are wall-clock: opening hours, "same
time", "same day".
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from workflows.messages import (
    Alternative,
    Answer,
    AnswerStatus,
    Branch,
    Missing,
    Reason,
    Service,
    SlotWish,
)

MOST_ALTERNATIVES = 2
"""More than two moments in one sentence are not remembered on the phone."""

NEAR = timedelta(hours=2)
"""A slot this close to the wish is "another time on the same day"."""

USUAL_HOURS = (time(9), time(18))
"""Working hours of a branch that names none, Monday to Friday."""


class Slot(NamedTuple):
    """A moment of a service."""

    service: Service
    start: datetime

    @property
    def end(self) -> datetime:
        """When the appointment is over."""
        return self.start.astimezone(UTC) + self.service.duration


class Choice(NamedTuple):
    """An alternative named by its id: the moment that id has stood for in this call; ``None`` for an unknown id."""

    start: datetime | None


class OnOffer(NamedTuple):
    """What the caller has heard and may say yes to: one moment, or alternatives to the moment wished."""

    service: Service
    start: datetime | None
    alternatives: tuple[Alternative, ...]
    day_words: str | None

    @property
    def starts(self) -> list[datetime]:
        """Every moment on offer."""
        return [self.start] if self.start else [alternative.start for alternative in self.alternatives]


def moment(day: date, time_of_day: time, timezone: str) -> datetime | None:
    """Return the instant of a wall-clock time, in the branch's zone; ``None`` where a clock change skips it.

    A time that occurs twice (the night clocks go back) means its first occurrence.
    """
    zone = ZoneInfo(timezone)
    local = datetime.combine(day, time_of_day, zone)
    instant = local.astimezone(UTC)
    exists = instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
    return instant if exists else None


def complete(wish: SlotWish, earlier: SlotWish, default_service: Service | None) -> SlotWish:
    """Fill what this wish leaves out with what the call said before; the delivery stays the wish's own.

    A service once chosen stays chosen; the branch's default is taken only where nobody ever named one.
    """
    left_out = [name for name in ("service", "time_of_day", "name", "email", "phone") if getattr(wish, name) is None]
    if wish.day is None:
        left_out += ["day", "day_words"]
    complete = wish.model_copy(update={name: getattr(earlier, name) for name in left_out})
    return complete if complete.service else complete.model_copy(update={"service": default_service})


def named_moment(wish: SlotWish, timezone: str) -> datetime | None:
    """Return the moment a wish names, if it names both day and time of day."""
    if wish.day is None or wish.time_of_day is None:
        return None
    return moment(wish.day, wish.time_of_day, timezone)


def wished_slot(wish: SlotWish, timezone: str) -> Slot | None:
    """Return the slot a complete wish asks for; ``None`` if it lacks a part, or names a time a clock change skips."""
    start = named_moment(wish, timezone)
    return Slot(wish.service, start) if wish.service is not None and start is not None else None


def missing_parts(wish: SlotWish) -> tuple[Missing, ...]:
    """Name what a wish lacks; a wish that names a time which a clock change skips lacks the time."""
    lacking = ((Missing.SERVICE, wish.service), (Missing.DATE, wish.day), (Missing.TIME, wish.time_of_day))
    return tuple(part for part, value in lacking if value is None) or (Missing.TIME,)


def agreed_slot(
    wish: SlotWish, chosen: Choice | None, on_offer: OnOffer | None, service: Service | None, timezone: str
) -> Slot | None:
    """Return what a confirmation books, or ``None`` where its wish must be checked and asked back first.

    It books the moment on offer (an only alternative is one); or one of the alternatives on offer, named by id, by
    moment, or by time of day while the words for the day are the ones used before; or, with nothing on offer, the
    explicit wish it carries, exactly. An id and words that name different ones contradict each other.
    ``service`` is the one the call has settled on.
    """
    named = named_moment(wish, timezone)
    if on_offer is None:
        return Slot(service, named) if service is not None and named is not None else None
    if wish.service is not None and wish.service.key != on_offer.service.key:
        return None
    meant = [named] if named in on_offer.starts else _meant(wish, on_offer, ZoneInfo(timezone))
    if chosen is not None:
        by_id = [start for start in on_offer.starts if start == chosen.start]
        meant = by_id if meant in ([], by_id) else []
    return Slot(on_offer.service, meant[0]) if len(meant) == 1 and meant[0] is not None else None


def _meant(wish: SlotWish, on_offer: OnOffer, zone: ZoneInfo) -> list[datetime]:
    """Return the moments on offer that fit words which name none of them outright."""
    same_day_words = wish.day is None or (wish.day_words is not None and wish.day_words == on_offer.day_words)
    if wish.time_of_day is not None:
        fitting = (start for start in on_offer.starts if start.astimezone(zone).time() == wish.time_of_day)
        return list(fitting) if same_day_words else []
    only = on_offer.starts if len(on_offer.starts) == 1 else []
    return [start for start in only if same_day_words or start.astimezone(zone).date() == wish.day]


def offer_in(answer: Answer, day_words: str | None) -> OnOffer | None:
    """Return what an answer puts on offer, if anything."""
    if answer.service is None:
        return None
    if answer.status is AnswerStatus.AVAILABLE:
        return OnOffer(answer.service, answer.start, (), day_words)
    return OnOffer(answer.service, None, answer.alternatives, day_words) if answer.alternatives else None


def objection(slot: Slot, now: datetime, branch: Branch) -> Answer | None:
    """Say what stands against a moment before any calendar is asked: past, too soon, or outside opening hours."""
    if slot.start <= now:
        return Answer(status=AnswerStatus.PAST_TIME, reason=Reason.PAST_TIME, start=slot.start, service=slot.service)
    earliest = now + timedelta(minutes=branch.minimum_notice_minutes)
    if slot.start < earliest:
        return too_soon(slot, now, branch)
    if not is_open(slot, branch):
        return Answer(
            status=AnswerStatus.UNAVAILABLE, reason=Reason.OUTSIDE_HOURS, start=slot.start, service=slot.service
        )
    return None


def past(slot: Slot) -> Answer:
    """Answer that a moment has gone by."""
    return Answer(status=AnswerStatus.PAST_TIME, reason=Reason.PAST_TIME, start=slot.start, service=slot.service)


def too_soon(slot: Slot, now: datetime, branch: Branch) -> Answer:
    """Answer that a moment is inside the branch's minimum notice."""
    return Answer(
        status=AnswerStatus.UNAVAILABLE,
        reason=Reason.BOOKING_NOTICE_VIOLATION,
        start=slot.start,
        service=slot.service,
        minimum_notice_minutes=branch.minimum_notice_minutes,
        earliest_bookable=now + timedelta(minutes=branch.minimum_notice_minutes),
    )


def is_open(slot: Slot, branch: Branch) -> bool:
    """Whether the whole appointment lies in one span of opening hours; a branch that names none is always open."""
    if not branch.opening_hours:
        return True
    zone = ZoneInfo(branch.timezone)
    start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
    return start.date() == end.date() and any(
        opens <= start.time() and end.time() <= closes for opens, closes in _hours(start.date(), branch)
    )


def search_from(start: datetime, now: datetime, timezone: str) -> datetime:
    """Return where a look at the calendar begins: the wished day's midnight, but never in the past."""
    midnight = datetime.combine(start.astimezone(ZoneInfo(timezone)).date(), time(), ZoneInfo(timezone))
    return max(midnight, now)


def alternatives(
    wished: Slot, free: Iterable[datetime], now: datetime, branch: Branch, *, numbered_from: int = 1
) -> tuple[Alternative, ...]:
    """Choose at most two free slots to offer instead of the wished one, best first.

    Candidates are collected in the order people think (another time that day, the same time on the next workday, the
    same day next week, the next workdays, anything) until there are enough, and ranked by nearness to the wish; a
    wish before noon leans to earlier, one after noon to later.
    """
    zone = ZoneInfo(branch.timezone)
    earliest = now + timedelta(minutes=branch.minimum_notice_minutes)
    bookable = sorted(
        {
            start.astimezone(zone)
            for start in free
            if start != wished.start and start >= earliest and is_open(Slot(wished.service, start), branch)
        }
    )
    wish = _within_hours(wished.start.astimezone(zone), branch)
    chosen = enumerate(_ranked(bookable, wish, branch)[:MOST_ALTERNATIVES], start=numbered_from)
    return tuple(Alternative(id=f"a{number}", start=start.astimezone(UTC)) for number, start in chosen)


def _ranked(bookable: Sequence[datetime], wish: datetime, branch: Branch) -> list[datetime]:
    workday = _next_workday(wish.date(), branch)
    morning = wish.time() < time(12)
    same_day = [start for start in bookable if start.date() == wish.date()]
    following = [start for start in bookable if wish.date() < start.date() <= wish.date() + timedelta(days=7)]
    stages: list[list[tuple[datetime, int]]] = [
        [
            (start, (300 if morning else 500) if start > wish else (500 if morning else 300))
            for start in same_day
            if _distance(start, wish) <= NEAR
        ],
        [(start, 250) for start in following if start.date() == workday and start.time() == wish.time()],
        [
            (start, 150)
            for start in following
            if start.date() == wish.date() + timedelta(days=7) and start.time() == wish.time()
        ],
        [
            (min((s for s in following if s.date() == day), key=lambda s: _apart(s, wish)), 100)
            for day in sorted({start.date() for start in following})
        ],
        [(start, 0) for start in bookable],
    ]
    collected: dict[datetime, float] = {}
    for stage in stages:
        for start, bonus in stage:
            minutes = _distance(start, wish).total_seconds() / 60
            collected.setdefault(start, 10_000 - minutes + bonus)
        if len(collected) >= MOST_ALTERNATIVES:
            break
    return sorted(collected, key=lambda start: (-collected[start], start))


def _distance(start: datetime, wish: datetime) -> timedelta:
    """Return the time between two moments; in UTC, since datetimes of one zone subtract as wall-clock times."""
    return abs(start.astimezone(UTC) - wish.astimezone(UTC))


def _apart(start: datetime, wish: datetime) -> timedelta:
    """Return how far two times of day lie apart, whatever their days."""
    return abs(datetime.combine(wish.date(), start.time()) - datetime.combine(wish.date(), wish.time()))


def _hours(day: date, branch: Branch) -> list[tuple[time, time]]:
    if not branch.opening_hours:
        return [USUAL_HOURS] if day.weekday() < 5 else []
    return sorted((o.opens, o.closes) for o in branch.opening_hours if o.weekday == day.weekday())


def _next_workday(day: date, branch: Branch) -> date:
    following = (day + timedelta(days=ahead) for ahead in range(1, 8))
    return next((candidate for candidate in following if _hours(candidate, branch)), day + timedelta(days=1))


def _within_hours(wish: datetime, branch: Branch) -> datetime:
    """Move a wish before opening to the opening, and one after closing to the next workday's opening."""
    hours = _hours(wish.date(), branch)
    if hours and wish.time() < hours[0][0]:
        return wish.replace(hour=hours[0][0].hour, minute=hours[0][0].minute)
    if hours and wish.time() < hours[-1][1]:
        return wish
    workday = _next_workday(wish.date(), branch)
    opens = (_hours(workday, branch) or [USUAL_HOURS])[0][0]
    return datetime.combine(workday, opens, wish.tzinfo)
