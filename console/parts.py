"""Parts of a page that are drawn anew only where something has changed: nothing flickers, nobody loses their place."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

from nicegui import ui

T = TypeVar("T")

Tick: TypeAlias = Callable[[datetime], None]
"""Brings what depends on the time up to date: how long something lasts still."""


class Part(Generic[T]):
    """A part of a page that shows a value, and is left alone while that stays the same."""

    def __init__(self, draw: Callable[[T], Tick | None], classes: str = "w-full") -> None:
        """Take its place on the page; ``draw`` draws a value, and returns what it does with time."""
        self._draw = draw
        self._place = ui.element("div").classes(classes)
        self._shown: list[T] = []
        self._tick: Tick | None = None

    def show(self, value: T, now: datetime) -> None:
        """Draw the value, unless it is there already."""
        if self._shown != [value]:
            self._shown = [value]
            self._place.clear()
            with self._place:
                self._tick = self._draw(value)
        if self._tick is not None:
            self._tick(now)

    def remove(self) -> None:
        """Leave the page."""
        self._place.delete()


class Parts(Generic[T]):
    """A list on a page: entries that stay the same are left alone while others change, come and go."""

    def __init__(self, draw: Callable[[T], Tick | None], classes: str = "w-full") -> None:
        """Take its place on the page; ``draw`` draws one entry."""
        self._draw = draw
        self._place = ui.element("div").classes(classes)
        self._parts: list[Part[T]] = []

    def show(self, values: Sequence[T], now: datetime) -> None:
        """Draw these entries, in this order."""
        with self._place:
            self._parts += [Part(self._draw) for _ in values[len(self._parts) :]]
        for part in self._parts[len(values) :]:
            part.remove()
        del self._parts[len(values) :]
        for part, value in zip(self._parts, values, strict=True):
            part.show(value, now)
