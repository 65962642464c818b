"""A caller who does not know what he wants, and does not believe a word he hears before he has checked it."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import islice
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names

from simulator.calcom import Calendar
from simulator.calcom.intervals import of_minutes
from simulator.calcom.problems import Refused
from simulator.calcom.slots import SlotQuery, free_slots
from simulator.caller import Caller, Reply
from tests.end_to_end.salon import BERLIN, Salon
from tests.starter.phrasings import Phrase, choices, first_free, only_a_day, only_a_time, phrasings, shifts, windows
from workflows.messages import Direction, Shift

Said = TypeVar("Said")

ANSWERS = {
    "available",
    "alternatives",
    "unavailable",
    "no_availability",
    "booked",
    "slot_taken",
    "past_time",
    "missing_required_fields",
    "missing_customer_name",
}
"""What a caller may hear; nobody hears an error."""

REFUSALS = {"slot_taken", "no_availability", "unavailable", "past_time"}
"""What may become of a yes: others are quicker, or the time goes by while everybody thinks."""

MOST_QUESTIONS = 3
HALF_AN_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Office:
    """What a caller knows of the business."""

    number: str
    event_type_id: int
    language: str
    zone: ZoneInfo = BERLIN


@dataclass
class RandomCaller:
    """One call: some questions, partial and changed, and perhaps a yes."""

    salon: Salon
    office: Office
    random: Random
    name: str
    heard: list[datetime] = field(default_factory=list)
    booked: list[datetime] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.named = False
        self.caller: Caller = self.salon.rings(self.office.number)
        self.offered: datetime | None = None
        self.alternatives: list[tuple[str, datetime]] = []
        self.spoken_of: datetime | None = None
        self.wished: datetime | None = None

    async def talks(self) -> None:
        """Make the whole call. Raises ``AssertionError`` for the first untrue word."""
        if self.random.random() < 0.3:
            await self.caller.started()
        for _ in range(self.random.randint(1, MOST_QUESTIONS)):
            await self.asks_something()
            if (self.offered or self.alternatives) and self.random.random() < 0.6:
                await self.agrees()
                if self.booked or self.random.random() < 0.5:
                    break
        await self.caller.hang_up()

    async def asks_something(self) -> None:
        """Ask a question of a kind that makes sense by now."""
        kinds: list[Callable[[], object]] = [self.asks_a_moment, self.asks_a_part_of_a_day, self.asks_the_first_free]
        if self.spoken_of:
            kinds += [self.asks_another_time, self.asks_another_way, self.asks_another_way]
        if self.wished and not self.alternatives:
            kinds += [self.asks_another_day]
        if self.alternatives:
            kinds += [self.asks_for_one_of_them] * 2
        await self.random.choice(kinds)()  # type: ignore[misc]

    async def asks_a_moment(self) -> None:
        """Name day and time."""
        day, at = self.some_day(), self.some_time()
        await self.asks(phrasings(day, at, self.now, self.language), self.moment(day, at))

    async def asks_another_time(self) -> None:
        """Name a time alone: the day is known."""
        assert self.spoken_of
        at = self.some_time()
        day = self.spoken_of.astimezone(self.office.zone).date()
        await self.asks(only_a_time(at, self.language), self.moment(day, at))

    async def asks_another_day(self) -> None:
        """Name a day alone: the time is known."""
        assert self.wished
        day = self.some_day()
        at = self.wished.astimezone(self.office.zone).time()
        await self.asks(only_a_day(day, self.now, self.language), self.moment(day, at))

    async def asks_another_way(self) -> None:
        """Ask for a moment by its distance from the one spoken of."""
        assert self.spoken_of
        before = self.spoken_of
        phrase, shift = self.one_of(shifts(self.language))
        if shift.direction is None:
            await self.asks([phrase], self.shifted(before, shift) if self.wished else None)
            return
        await self.asks([phrase], None)
        if self.offered:
            assert self.offered.astimezone(self.office.zone).date() == before.astimezone(self.office.zone).date()
            assert (self.offered > before) == (shift.direction is Direction.LATER), "in the direction that was named"

    async def asks_a_part_of_a_day(self) -> None:
        """Name a day and a window."""
        day = self.some_day()
        phrase, span = self.one_of(windows(day, self.now, self.language))
        await self.asks([phrase], None)
        if self.offered:
            local = self.offered.astimezone(self.office.zone)
            assert local.date() == day
            assert (span.since or time.min) <= local.time() < (span.until or time.max), "inside the window"

    async def asks_the_first_free(self) -> None:
        """Ask for any moment, the sooner the better."""
        await self.asks(first_free(self.language), None)

    async def asks_for_one_of_them(self) -> None:
        """Ask about one of the alternatives by its place."""
        phrase, choice = self.one_of(choices(self.language))
        starts = [start for _, start in self.alternatives]
        place = choice - 1 if choice > 0 else choice
        await self.asks([phrase], starts[place] if place < len(starts) else None)

    async def asks(self, phrases: Iterable[Phrase], meant: datetime | None) -> None:
        """Ask in one of these ways, and check the answer; ``meant`` is the one moment it can mean."""
        phrase = self.one_of(phrases)
        args = {"datum": phrase.datum, "uhrzeit": phrase.uhrzeit}
        function = self.random.choice(("check_availability", "collect_appointment_data"))
        reply = await self.says(function, args)
        self.wished = meant
        if meant and reply.status not in ("missing_required_fields",):
            assert self.instant(reply.body["requested_start"]) == meant, "it was understood as something else"

    async def agrees(self) -> None:
        """Say yes to the moment on offer, or to one of the alternatives; what is booked must be what was heard."""
        heard = self.offered
        args: dict[str, str | None] = {}
        if heard is None:
            place = self.random.randrange(len(self.alternatives))
            alternative_id, heard = self.alternatives[place]
            ordinals = [phrase for phrase, choice in choices(self.language) if choice == place + 1]
            by_id: dict[str, str | None] = {"alternative_id": alternative_id}
            ways = [by_id, self.as_args(self.one_of(ordinals)), self.names(heard)]
            args = self.random.choice(ways)
        elif self.random.random() < 0.5:
            args = self.names(heard)
        elif self.random.random() < 0.2:
            await self.is_asked_back()
            return
        await self.caller.think(self.random.uniform(1, 20))
        if not self.named and self.random.random() < 0.3:
            # The agent passes on the yes and forgets to ask who it is for.
            reply = await self.says("book_appointment", args)
            if reply.status != "missing_customer_name":
                assert reply.status in REFUSALS, "nobody has said a name"
                return
            self.offered = heard
            args = {}
        self.named = True
        reply = await self.says("book_appointment", {**args, "name": self.name})
        assert reply.status in {"booked", *REFUSALS}, "a yes was not understood"
        if reply.status == "booked":
            assert self.instant(reply.body["start"]) == heard, "booked is what was heard last"
            self.booked.append(heard)
            self.offered, self.alternatives = None, []

    async def is_asked_back(self) -> None:
        """Name a day that is none, and say yes all the same: nothing may be booked by that."""
        past = self.now.date() - timedelta(days=400)
        reply = await self.caller.say("check_availability", datum=f"{past:%d.%m.%Y}")
        assert reply.status == "past_time"
        reply = await self.says("book_appointment", {"name": self.name})
        self.named = True
        assert reply.status != "booked", "a yes to nothing"

    async def says(self, function: str, args: dict[str, str | None]) -> Reply:
        """Say something, and hold the answer to the calendar as it was when it was said, and to the almanac."""
        before = self.salon.calendar.frozen()
        before.clock = partial(lambda now: now, self.salon.clock())
        reply = await self.caller.say(function, **{name: said for name, said in args.items() if said is not None})
        self.story += [f"{self.now:%a %Y-%m-%d %H:%M} {function} {args}", f"  {reply.status}: {reply.message}"]
        assert reply.status_code == 200
        assert reply.status in ANSWERS
        self.check_weekdays(reply.message)
        body = reply.body
        if "requested_start" in body:
            self.spoken_of = self.instant(body["requested_start"])
        self.offered = None
        self.alternatives = [(item["id"], self.instant(item["start"])) for item in body.get("alternatives", [])]
        for item in body.get("alternatives", []):
            assert self.is_free(before, self.instant(item["start"])), "an alternative that was not free"
            same_day = item["start"][:10] == body["requested_start"][:10]
            assert ("gleichen Tag" in item["description"] or "same day" in item["description"]) == same_day
        if reply.status == "available":
            self.offered = self.instant(body["requested_start"])
            assert self.is_free(before, self.offered), "told free, and not in the list"
            assert self.spoken_moment(reply.message) == self.offered, "the sentence names another moment"
        elif reply.status == "unavailable" and "reason" not in body and self.wished == self.spoken_of:
            start = self.instant(body["requested_start"])
            if f"{start.astimezone(self.office.zone):%H:%M}" in reply.message:
                assert not (self.is_free(before, start) and self.is_free(self.salon.calendar, start)), "told taken"
        return reply

    def check_weekdays(self, message: str) -> None:
        """Every weekday that is said must be that of the date said with it."""
        for weekday, day, month in self.spoken_dates(message):
            wanted = self.next_date(day, month)
            assert get_day_names("wide", locale=self.language)[wanted.weekday()] == weekday, message
        assert not re.search(r"\b20[0-9]{2}\b", message), "a year is never said"

    def spoken_dates(self, message: str) -> list[tuple[str, int, int]]:
        """Return weekday, day and month of every date in a sentence."""
        months = {name: number for number, name in get_month_names("wide", locale=self.language).items()}
        names = "|".join(months)
        if self.language == "de":
            found = re.findall(rf"(\w+), (\d+)\. ({names})", message)
            return [(weekday, int(day), months[month]) for weekday, day, month in found]
        found = re.findall(rf"(\w+), ({names}) (\d+)", message)
        return [(weekday, int(day), months[month]) for weekday, month, day in found]

    def spoken_moment(self, message: str) -> datetime:
        """Return the moment a sentence names."""
        ((_, day, month),) = self.spoken_dates(message)
        clock = re.search(r"(\d+):(\d\d)[\s\u202f]*([AP]M)?", message)
        assert clock
        hour = int(clock[1]) if clock[3] is None else int(clock[1]) % 12 + (12 if clock[3] == "PM" else 0)
        return self.moment(self.next_date(day, month), time(hour, int(clock[2])))

    def next_date(self, day: int, month: int) -> date:
        """Return the next date of this name that is not over."""
        today = self.now.date()
        for year in range(today.year, today.year + 9):
            with suppress(ValueError):
                if (candidate := date(year, month, day)) >= today:
                    return candidate
        raise AssertionError(f"no such date: {day}. {month}.")

    def is_free(self, calendar: Calendar, start: datetime) -> bool:
        """Whether the calendar lists the moment."""
        kind = calendar.known_event_type(self.office.event_type_id)
        return bool(free_slots(calendar, SlotQuery(kind, of_minutes(start.astimezone(UTC), kind.length))))

    def some_day(self) -> date:
        """Choose a day, rather a near one."""
        return self.now.date() + timedelta(days=self.random.choice((0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 10, 13, 20, 60)))

    def some_time(self) -> time:
        """Choose a time of day, rather one at which somebody works."""
        minute = self.random.choice((0, 0, 0, 30, 30, 15, 45, 20))
        return time(self.random.choice((7, 9, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)), minute)

    def shifted(self, before: datetime, shift: Shift) -> datetime:
        """Return the moment that lies so far from another: minutes are real ones, days those of the calendar."""
        if shift.minutes:
            return before + timedelta(minutes=shift.minutes)
        local = before.astimezone(self.office.zone)
        return self.moment(local.date() + timedelta(days=shift.days), local.time())

    def names(self, start: datetime) -> dict[str, str | None]:
        """Name a moment in any way."""
        local = start.astimezone(self.office.zone)
        return self.as_args(self.one_of(phrasings(local.date(), local.time(), self.now, self.language)))

    def as_args(self, phrase: Phrase) -> dict[str, str | None]:
        """Return a phrase as arguments."""
        return {"datum": phrase.datum, "uhrzeit": phrase.uhrzeit}

    def one_of(self, many: Iterable[Said]) -> Said:
        """Choose one of the first few hundred."""
        return self.random.choice(list(islice(many, 400)))

    @property
    def language(self) -> str:
        """The language spoken here."""
        return self.office.language

    @property
    def now(self) -> datetime:
        """The business's clock."""
        return self.salon.clock().astimezone(self.office.zone)

    def moment(self, day: date, at: time) -> datetime:
        """Return the instant of a wall-clock time here."""
        return datetime.combine(day, at, self.office.zone).astimezone(UTC)

    @staticmethod
    def instant(text: str) -> datetime:
        """Read a moment of an answer."""
        return datetime.fromisoformat(text).astimezone(UTC)


async def stranger_somewhere(salon: Salon, random: Random) -> None:
    """Somebody books some slot of the next days past us, if it is free."""
    day = salon.clock().astimezone(BERLIN).date() + timedelta(days=random.randint(1, 7))
    start = datetime.combine(day, time(random.randint(9, 17), random.choice((0, 30))), BERLIN)
    with suppress(Refused):
        await salon.stranger_books(start)
