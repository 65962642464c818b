"""Words for a day and a time of day -> what they mean.

Both arguments are read by the same grammar, and what they say is put together. A word that means nothing there, two
different days or times, a weekday that does not fit its date: all are asked back. Nothing is guessed from fragments,
and there is no default.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starter.spoken.days import NAMING_A_DAY, named_day
from starter.spoken.facts import Choice, Either, Fact, FirstFree, Moment, Move, Refusal
from starter.spoken.grammar import GRAMMAR
from starter.spoken.lexicon import NOISE, Token, dictionary
from starter.spoken.meaning import Contradiction, NotUnderstood, Part, PastDay, Reading, SkippedTime, Understood
from starter.spoken.parser import Item
from starter.spoken.said import AskedBack, Said, the_only
from starter.spoken.times import NamedTime, named_time
from workflows.messages import Shift

LONGEST = 400
"""Nobody names a day and a time in more characters."""


_END = Token("", {"end": (), NOISE: ()})
"""A phrase that was cut in two may break off: "morgen um" and "9"."""


@dataclass(frozen=True)
class _Argument:
    """The facts in one argument, and the words that named the day."""

    facts: Sequence[Fact] = ()
    day_words: str = ""


def read(day_words: str | None, time_words: str | None, now: datetime, language: str = "de") -> Reading:
    """Read the words for a day and the words for a time; either may name both.

    ``now`` is the moment the words arrived, in the branch's time zone: it decides what "today" is and which year a
    date without one means (the next such date that is not over). An ISO moment with an offset is converted to that
    zone. ``language`` is the code of the branch's language: it decides between two meanings of one word.
    """
    try:
        arguments = (_heard(day_words, Part.DAY, now, language), _heard(time_words, Part.TIME, now, language))
        return _meaning(arguments, now)
    except AskedBack as asked:
        return asked.reading


def prepare(language: str) -> None:
    """Lay out a language's words, which takes some 50 ms, before the first caller needs them."""
    dictionary(language)


def _heard(words: str | None, part: Part, now: datetime, language: str) -> _Argument:
    if not words:
        return _Argument()
    asked = Token("", {f"asked_{part.value}": (), NOISE: ()})
    tokens = [asked, *dictionary(language).tokens(words), _END] if len(words) <= LONGEST else None
    items = GRAMMAR.items(tokens) if tokens else None
    if items is None:
        raise AskedBack(NotUnderstood(part))
    facts = [fact for item in items for fact in item.facts]
    if any(isinstance(fact, Refusal) for fact in facts) and len(facts) == 1:
        raise AskedBack(NotUnderstood(part))
    named = [_day_words(item, now) for item in items if any(isinstance(fact, NAMING_A_DAY) for fact in item.facts)]
    return _Argument(facts, " ".join(named))


def _day_words(item: Item, now: datetime) -> str:
    """Return the words that name the day; of an ISO moment its day on the branch's clock, not its time."""
    match item.facts:
        case [Moment() as moment]:
            return f"{_local(moment, now):%Y-%m-%d}"
        case _:
            return item.words


def _local(moment: Moment, now: datetime) -> datetime:
    """Return the moment on the branch's clock, which cannot say that the second of two equal times is meant."""
    try:
        local = moment.on_the_clock_of(now)
    except OverflowError:
        raise AskedBack(NotUnderstood(Part.DAY)) from None
    if local.fold:
        raise AskedBack(NotUnderstood(Part.TIME))
    return local


def _meaning(arguments: Sequence[_Argument], now: datetime) -> Reading:
    said = Said(fact for argument in arguments for fact in argument.facts)
    named = named_day(said, now)
    at = named_time(said, now)
    choice = said.only(Choice, Part.TIME)
    if choice and named.day:
        raise AskedBack(NotUnderstood(Part.DAY))
    if said.all(Either):
        raise AskedBack(NotUnderstood(Part.DAY if Either() in arguments[0].facts else Part.TIME))
    if named.day and named.day < now.date():
        return PastDay(named.day, at.time_of_day)
    if named.day and at.time_of_day:
        # Of a time that comes twice when the clocks go back, the first is meant.
        local = datetime.combine(named.day, at.time_of_day, now.tzinfo)
        there_and_back = local.astimezone(UTC).astimezone(now.tzinfo)
        if there_and_back.replace(tzinfo=None) != local.replace(tzinfo=None):
            return SkippedTime(named.day, at.time_of_day)
    words = dict.fromkeys(argument.day_words for argument in arguments if argument.day_words)
    return Understood(
        day=named.day,
        time_of_day=at.time_of_day,
        about=at.about,
        window=at.window,
        shift=_shift(said, at, day_is_named=bool(named.day or named.week)),
        choice=choice.number if choice else None,
        first_free=bool(said.all(FirstFree)),
        week=named.week,
        weekday_alone=named.weekday_alone,
        day_words=" ".join(words) if named.day else None,
    )


def _shift(said: Said, at: NamedTime, *, day_is_named: bool) -> Shift | None:
    """Return the way from the moment spoken of last; a mere direction says nothing beside a time of its own."""
    moves = said.all(Move)
    amounts = [move for move in moves if move.direction is None]
    if not amounts:
        direction = said.only(Move, Part.TIME)
        if direction is None or at.time_of_day or at.window:
            return None
        return Shift(direction=direction.direction)
    days = the_only([move.days for move in amounts if move.days], Part.DAY) or 0
    minutes = the_only([move.minutes for move in amounts if move.minutes], Part.TIME) or 0
    if days and day_is_named:
        raise AskedBack(Contradiction(Part.DAY))
    if minutes and (at.time_of_day or at.window):
        raise AskedBack(Contradiction(Part.TIME))
    return Shift(days=days, minutes=minutes)
