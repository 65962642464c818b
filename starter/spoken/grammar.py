"""How days and times are said, in any language: the rules over kinds of words."""

from datetime import datetime, time
from typing import TypeVar

from starter.spoken.facts import (
    About,
    AfterPart,
    Choice,
    Clock,
    Date,
    Either,
    Fact,
    FirstFree,
    FromThere,
    Hours,
    Moment,
    Move,
    PartOfDay,
    Refusal,
    Relative,
    Span,
    Week,
    Weekday,
    moved,
    spoken,
    towards,
    written,
)
from starter.spoken.parser import Grammar, Rule
from workflows.messages import DayPart, Direction

LONGEST_MOVE = 366
"""More days on than this is a slip of the tongue."""

LAST_CHOICE = 3
"""So many alternatives may be counted off; from there on "der vierte" is a day of the month."""

YEARS_IN_PAIRS = frozenset({2025, *(year for year in range(2024, 2100) if year % 5)})
"""Said as "zwanzig sechsundzwanzig" behind a date; with a multiple of five it is rather a time of day."""

_DAY = 24 * 60


Value = TypeVar("Value")


def _same(value: Value) -> Value:
    return value


def _date(day: int, month: int, year: int | None = None) -> Date | None:
    return Date(day, month, year) if 1 <= day <= 31 and 1 <= month <= 12 else None


def _year_in_pairs(century: int, year: int) -> int | None:
    return century * 100 + year if century * 100 + year in YEARS_IN_PAIRS else None


def _day_and_month(first: int, second: int, *year: int) -> Date | None:
    """Day before month, unless only the other order makes a date."""
    return _date(first, second, *year) or _date(second, first, *year)


def _choice(number: int) -> Choice | None:
    return Choice(number) if 1 <= number <= LAST_CHOICE else None


def _at(minutes: int) -> Clock:
    return Clock((time(*divmod(minutes, 60)),))


def _half_day(clock: Clock | None, half: Hours) -> Clock | None:
    """An hour of a.m. or p.m. is one on the face of the clock."""
    if clock is None or len(clock.times) < 2:
        return None
    return Clock(tuple(at for at in clock.times if half.holds(at)))


def _edge(half: Direction, part: DayPart) -> PartOfDay:
    """What is early by its name has no halves."""
    return PartOfDay(part, None if part is DayPart.EARLY else half)


def _until(clock: Clock) -> Span:
    return Span(until=clock)


def _at_the_latest(clock: Clock) -> Span:
    return Span(until=clock, included=True)


def _span_at_the_latest(since: Clock, until: Clock) -> Span:
    return Span(since, until, included=True)


def _span_in_figures(since: Clock, until: Clock) -> Span | None:
    """What cannot be a span is a time of day: "20 to 12"."""
    ends_later = since != until and any(end > since.times[0] for end in until.times)
    return Span(since, until) if ends_later else None


def _from_then_on(start: Fact | tuple[Fact, ...]) -> tuple[Fact, ...]:
    return (*(start if isinstance(start, tuple) else (start,)), FirstFree())


def _from_there(direction: Direction) -> tuple[Fact, ...]:
    return Move(direction=direction), FromThere()


def _moment_of_half_day(at: datetime, half: Hours) -> Moment | None:
    clock = _half_day(written(at.hour, at.minute), half)
    return Moment(datetime.combine(at, clock.times[0], at.tzinfo)) if clock else None


def _amount(count: float, minutes: int) -> Move | None:
    days, rest = divmod(round(count * minutes), _DAY)
    return Move(days, rest) if count and days <= LONGEST_MOVE else None


def _moved(amount: Move, direction: Direction) -> Move:
    sign = 1 if direction is Direction.LATER else -1
    return Move(sign * amount.days, sign * amount.minutes)


RULES = (
    # Behind "morgen" 9.10 is a time, anywhere else it is a date before it is a time.
    Rule("item", "<relative pointed", written),
    # Written days.
    Rule("item", "moment oclock?", Moment),
    Rule("item", "moment half", _moment_of_half_day),
    Rule("item", "on? iso", lambda year, month, day: Date(day, month, year)),
    Rule("year", "said said", _year_in_pairs),
    Rule("date", "dated|dotted", _date),
    Rule("date", "slashed", _day_and_month),
    # Spoken dates.
    Rule("nth", "ordinal|rank", _same),
    Rule("nth", "digits suffix", _same),
    Rule("year", "number", lambda year: year if 1900 <= year < 10_000 else None),
    Rule("date", "nth|number|digits of? the? month year?", _date),
    Rule("date", "month the? nth|number|digits year?", lambda month, day, *year: _date(day, month, *year)),
    Rule("date", "nth nth year?", _date),
    Rule("item", "on? the? date", _same),
    Rule("item", "on? the? weekday on? the? nth", lambda weekday, day: (Weekday(weekday), Date(day))),
    Rule("item", "on the? nth", Date),
    # One of those on offer.
    Rule("item", "the rank option?", _choice),
    Rule("item", "rank option", _choice),
    Rule("item", "option number", _choice),
    Rule("item", "the last option?", lambda: Choice(-1)),
    Rule("item", "last option", lambda: Choice(-1)),
    # Parts of the day.
    Rule("item", "at named", _at),
    Rule("item", "on|in|at? the? part", PartOfDay),
    Rule("item", "on|in? the? edge part", _edge),
    Rule("item", "edge on|in the? part", _edge),
    Rule("item", "this part", lambda part: (Relative(0), PartOfDay(part))),
    Rule("item", "<relative|weekday day_part", PartOfDay),
    Rule("item", "on day_part", PartOfDay),
    Rule("item", "on|in? the? nights", _same),
    # Times of day.
    Rule("mark", "towards number oclock?", towards),
    Rule("mark", "beyond number oclock?", lambda minutes, hour: spoken(hour, minutes)),
    Rule("mark", "named", _at),
    Rule("hour", "mark", _same),
    Rule("hour", "number|one oclock?", spoken),
    Rule("hour", "padded oclock?", written),
    Rule("clock", "mark", _same),
    Rule("clock", "timed oclock?", written),
    Rule("clock", "faced oclock?", spoken),
    Rule("clock", "pointed oclock", written),
    Rule("clock", "number|one oclock number|digits?", spoken),
    Rule("clock", "padded oclock number|digits?", written),
    Rule("clock", "number|one oclock and number minutes", spoken),
    Rule("clock", "beyond|fraction past hour", lambda minutes, hour: moved(hour, minutes)),
    Rule("clock", "fraction to hour", lambda minutes, hour: moved(hour, -minutes)),
    Rule("few", "number", lambda minutes: minutes if minutes % 5 == 0 else None),
    Rule("few", "number minutes", _same),
    Rule("clock", "few past hour", lambda minutes, hour: moved(hour, minutes) if minutes < 60 else None),
    Rule("clock", "few to hour", lambda minutes, hour: moved(hour, -minutes) if minutes < 60 else None),
    Rule("clock", "said said", lambda hour, minute: spoken(hour, minute) if hour and minute >= 10 else None),
    Rule("clock", "said said said", lambda hour, ten, one: spoken(hour, one) if ten == 0 < one < 10 else None),
    Rule("clock", "<asked_time digits digits", spoken),
    Rule("bare", "number", spoken),
    Rule("bare", "padded", written),
    Rule("bare", "pointed", written),
    Rule("halved", "number half", lambda hour, half: _half_day(spoken(hour), half)),
    Rule("halved", "clock half", _half_day),
    Rule("point", "clock|bare|halved", _same),
    Rule("figure", "digits", spoken),
    Rule("item", "figure up_to|until at? point", _span_in_figures),
    Rule("item", "at? clock", _same),
    Rule("item", "at? halved", _same),
    Rule("item", "at bare", _same),
    Rule("item", "the option? at point", _same),
    Rule("item", "at? point ish", lambda clock: (clock, About())),
    Rule("item", "the option? on the? day|date", _same),
    Rule("item", "the option? on the? nth", Date),
    Rule("item", "<about|asked_time|either bare", _same),
    Rule("item", "<relative|part|day_part number", spoken),
    Rule("item", "<weekday|month|ordinal|rank said", spoken),
    Rule("item", "<weekday pointed", written),
    Rule("item", "about", About),
    # Spans.
    Rule("item", "between point and|until|dash point", Span),
    # "Bis zum 20." names a day: behind an article a bare number is no hour.
    Rule("bound", "at? point", _same),
    Rule("bound", "on? the? clock", _same),
    Rule("item", "from bound until|up_to|dash bound", Span),
    Rule("item", "point until|dash|up_to bound", Span),
    Rule("item", "from? bound latest bound", _span_at_the_latest),
    Rule("item", "from|after at? point", Span),
    Rule("item", "until|before bound", _until),
    Rule("item", "latest bound", _at_the_latest),
    Rule("item", "after the? part", AfterPart),
    Rule("item", "after closing", lambda minutes: Span(since=_at(minutes))),
    Rule("item", "any_time", Span),
    # Days from today, and from one another.
    Rule("day", "weekday", lambda number: Weekday(number, alone=True)),
    Rule("day", "this|next weekday", Weekday),
    Rule("day", "after_next weekday", lambda number: Weekday(number, weeks_on=1)),
    Rule("week", "weeks", Week),
    Rule("item", "relative", Relative),
    Rule("item", "on? the? day", _same),
    Rule("item", "in|of? the? week", _same),
    Rule("amount", "number|one|count unit", _amount),
    Rule("amount", "one? halved_one one? unit", lambda *counts: _amount(0.5, counts[-1])),
    Rule("amount", "fraction unit", lambda quarter, unit: _amount(quarter / 60, unit)),
    Rule("amount", "number|one unit and one halved_one", lambda count, unit, _: _amount(count + 0.5, unit)),
    Rule("amount", "one? quarter_hours", lambda *counts: _amount(counts[-1], 1)),
    Rule("days", "amount", lambda amount: None if amount.minutes else amount.days),
    Rule("weeks_on", "days", lambda days: None if days % 7 else days // 7),
    Rule("item", "in days", Relative),
    Rule("item", "relative in days", lambda start, days: Relative(start + days)),
    Rule("item", "days hence", Relative),
    Rule("on_that", "on? the? day|date|week", _same),
    Rule("on_that", "on? the nth", Date),
    Rule("on_that", "on nth", Date),
    Rule("on_that", "relative", Relative),
    Rule("on_that", "in days", Relative),
    Rule("item", "from_day on_that onwards?", _from_then_on),
    Rule("item", "from on_that onwards", _from_then_on),
    Rule("item", "days from relative", lambda days, start: Relative(start + days)),
    Rule("item", "on? weekday in weeks_on", lambda number, weeks: Weekday(number, weeks_on=weeks)),
    Rule("item", "weeks_on from|on weekday", lambda weeks, number: Weekday(number, weeks_on=weeks)),
    Rule("item", "in weeks_on on? weekday", lambda weeks, number: (Week(weeks), Weekday(number))),
    # From the moment spoken of last.
    Rule("item", "at? amount direction|from_there", _moved),
    Rule("item", "direction", lambda direction: Move(direction=direction)),
    Rule("item", "from_there", _from_there),
    Rule("item", "on? the? move", lambda days: Move(days)),
    # The rest.
    Rule("item", "on? first_free", FirstFree),
    Rule("item", "on? the? next free option?", FirstFree),
    Rule("item", "the? rank free option?", lambda number: FirstFree() if number == 1 else None),
    Rule("item", "until|before? bound latest", _at_the_latest),
    Rule("item", "<asked_day|asked_time no", Refusal),
    Rule("item", "either", Either),
    Rule("item", "<relative|weekday|month|dated|dotted|iso|weeks at end", tuple),
    # A day of the month by itself.
    Rule("item", "the? ordinal", Date),
    Rule("item", "the? digits suffix", Date),
    Rule("item", "the? rank", lambda day: Date(day) if day > LAST_CHOICE else None),
)

GRAMMAR = Grammar(RULES)
