"""Which service a caller means."""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from store.catalog.model import CatalogBranch, CatalogService

SIMILARITY = 0.75
"""Above this ratio (``difflib``) a word may be another one misheard."""

MISHEARD_LETTERS = 3
"""More letters than these are another word: "Damenhaarschnitt" is like "Herrenhaarschnitt" at 0.79."""

SHORTEST_PART = 4
"""Shorter words ("am", "für") occur inside too many names to mean one of them."""

_Named = list[tuple[str, CatalogService]]


def find_service(branch: CatalogBranch, spoken: str) -> CatalogService | None:
    """Return the service that ``spoken`` means, or ``None`` where that is none, or more than one.

    By key, by name, by a part of the name, by synonym, by similarity: the first of these that points to exactly one
    service decides. The branch's default is never guessed at here; it is for callers who name no service.
    """
    words = _plain(spoken)
    if not words:
        return None
    return next((found[0] for found in _steps(branch.services, words) if len(found) == 1), None)


def _steps(services: Iterable[CatalogService], words: str) -> Iterator[list[CatalogService]]:
    by_key = [(_plain(service.key), service) for service in services]
    by_name = [(_plain(service.name), service) for service in services]
    by_synonym = [(_plain(synonym), service) for service in services for synonym in service.synonyms]
    yield _equal(by_key, words)
    yield _equal(by_name, words)
    yield _within(by_name, words)
    yield _around(by_name, words)
    yield _equal(by_synonym, words)
    yield _within(by_synonym, words)
    yield _around(by_synonym, words)
    yield _similar([*by_name, *by_synonym], words)


def _equal(named: _Named, words: str) -> list[CatalogService]:
    return _once(service for name, service in named if name == words)


def _within(named: _Named, words: str) -> list[CatalogService]:
    """Find names said as whole words among others; of a name and a longer one that contains it, the longer."""
    said = [(name, service) for name, service in named if f" {name} " in f" {words} "]
    return _once(service for name, service in said if not any(name != other and name in other for other, _ in said))


def _around(named: _Named, words: str) -> list[CatalogService]:
    """Find names of which a part was said: "Haarschnitt" for "Herrenhaarschnitt"."""
    return _once(service for name, service in named if len(words) >= SHORTEST_PART and words in name)


def _similar(named: _Named, words: str) -> list[CatalogService]:
    # A word misheard begins alike: "Bartschnitt" is no "Haarschnitt".
    matchers = {name: SequenceMatcher(None, words, name) for name, _ in named if name[0] == words[0]}
    close = {
        name: matcher.ratio()
        for name, matcher in matchers.items()
        if matcher.ratio() > SIMILARITY and _misheard(matcher) <= MISHEARD_LETTERS
    }
    best = max(close.values(), default=0.0)
    return _once(service for name, service in named if close.get(name) == best)


def _misheard(matcher: SequenceMatcher[str]) -> int:
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal")


def _once(services: Iterable[CatalogService]) -> list[CatalogService]:
    return list({service.key: service for service in services}.values())


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()
