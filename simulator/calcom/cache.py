"""The answer cache in front of the slot list."""

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any, TypeVar, cast

T = TypeVar("T")


class AnswerCache:
    """Keyed by the query alone, shared by all callers, invalidated by nothing but time."""

    def __init__(self, seconds: float) -> None:
        """Answers are kept for that long; 0 keeps none."""
        self.seconds = seconds
        self._answers: dict[Hashable, tuple[datetime, Any]] = {}

    def ask(self, query: Hashable, now: datetime, answer: Callable[[], T]) -> T:
        """The answer to the query, as old as the cache lets it be."""
        if query in self._answers:
            at, kept = self._answers[query]
            if (now - at).total_seconds() < self.seconds:
                return cast(T, kept)
        fresh = answer()
        self._answers[query] = now, fresh
        return fresh

    def clear(self) -> None:
        """Forgets all answers."""
        self._answers.clear()
