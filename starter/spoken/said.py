"""All facts of one reading, and the way out where they do not go together."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from starter.spoken.facts import Fact
from starter.spoken.meaning import Contradiction, NotUnderstood, Part, PastDay, SkippedTime, WeekdayMismatch

Wanted = TypeVar("Wanted", bound=Hashable)


class AskedBack(Exception):
    """Ends the reading of words that cannot be taken as they are; never leaves this package."""

    def __init__(self, reading: NotUnderstood | Contradiction | WeekdayMismatch | PastDay | SkippedTime) -> None:
        """``reading`` is what the words come to."""
        super().__init__()
        self.reading = reading


class Said:
    """What was said, in the order of the words."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        """Take the facts of all arguments."""
        self._facts: Sequence[Fact] = tuple(facts)

    def all(self, kind: type[Wanted]) -> Sequence[Wanted]:
        """Return the different facts of a kind; what is said twice is said once."""
        return tuple(dict.fromkeys(fact for fact in self._facts if isinstance(fact, kind)))

    def only(self, kind: type[Wanted], part: Part) -> Wanted | None:
        """Return the one fact of a kind, if there is one; two that differ contradict each other."""
        return the_only(self.all(kind), part)


def the_only(found: Sequence[Wanted], part: Part) -> Wanted | None:
    """Return the one that was found, if any; two that differ contradict each other."""
    if len(set(found)) > 1:
        raise AskedBack(Contradiction(part))
    return found[0] if found else None
