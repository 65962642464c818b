"""Typed tokens -> what they say, by a table of rules.

A rule makes a symbol of a pattern of kinds and symbols. In a pattern ``a|b`` is either, ``a?`` may be missing, and
``<a`` must stand just before without being part of it. The meaning of a rule is a function of the values its pattern
meets, in their order; words without a value only mark the way. A meaning may refuse with ``None``.

A phrase is a row of ``item``s; of several ways to read it, the one of the fewest items is meant, then the one whose
rules stand first.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from starter.spoken.facts import Fact
from starter.spoken.lexicon import NOISE, Token

PATIENCE = 40
"""Nobody names a day and a time in more words."""


@dataclass(frozen=True)
class Rule:
    """What a pattern means."""

    symbol: str
    pattern: str
    meaning: Callable[..., object]


@dataclass
class _Node:
    """A place in the patterns of a symbol: where each next kind leads, and which rules end here."""

    kinds: dict[str, "_Node"] = field(default_factory=dict)
    symbols: dict[str, "_Node"] = field(default_factory=dict)
    behind: dict[str, "_Node"] = field(default_factory=dict)
    rules: list[tuple[int, Callable[..., object]]] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """A part of a phrase that means something by itself, and its words."""

    facts: Sequence[Fact]
    words: str


_Reading = tuple[int, int, object]
"""Where it ends, the rank of its rules, what it means."""

_Cover = tuple[int, int, tuple[int, object] | None]
"""Items and rank of the best way to read the rest of a phrase, and its first step: where it ends and what it means."""

_OUTER = 1_000
"""The rule of an item decides before the rules within it."""

_FOREIGN = 1_000_000
"""A word is read as another language's only where its own meaning does not fit."""


class Grammar:
    """A table of rules, ready to read phrases."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Lay out the rules so that patterns that begin alike are read once."""
        self._starts = {rule.symbol: _Node() for rule in rules}
        for place, rule in enumerate(rules):
            rank = place * _OUTER if rule.symbol == "item" else place
            for path in _paths(rule.pattern):
                node = self._starts[rule.symbol]
                for step in path:
                    node = self._edges(node, step).setdefault(step.lstrip("<"), _Node())
                node.rules.append((rank, rule.meaning))

    def items(self, tokens: Sequence[Token]) -> Sequence[Item] | None:
        """Return what the phrase says, part by part; ``None`` if a word of it has no meaning there."""
        if len(tokens) > PATIENCE:
            return None
        reading = _Phrase(self._starts, tokens)
        best: list[_Cover | None] = [None] * len(tokens) + [(0, 0, None)]
        for at in range(len(tokens) - 1, -1, -1):
            best[at] = min(_covers(reading, best, at), key=lambda cover: cover[:2], default=None)
        return _items(tokens, best)

    def _edges(self, node: _Node, step: str) -> dict[str, _Node]:
        if step.startswith("<"):
            return node.behind
        return node.symbols if step in self._starts else node.kinds


def _covers(reading: "_Phrase", best: Sequence[_Cover | None], at: int) -> Iterable[_Cover]:
    for end, rank, meaning in reading.of("item", at):
        if rest := best[end]:
            yield rest[0] + 1, rest[1] + rank, (end, meaning)
    if NOISE in reading.tokens[at].readings and (rest := best[at + 1]):
        yield rest[0], rest[1], (at + 1, None)


def _items(tokens: Sequence[Token], best: Sequence[_Cover | None]) -> Sequence[Item] | None:
    items: list[Item] = []
    at = 0
    while cover := best[at]:
        if cover[2] is None:
            return items
        end, meaning = cover[2]
        if meaning is not None:
            facts = meaning if isinstance(meaning, tuple) else (meaning,)
            items.append(Item(facts, " ".join(token.text for token in tokens[at:end])))
        at = end
    return None


class _Phrase:
    """One phrase while it is read: every symbol at every place is read once."""

    def __init__(self, starts: Mapping[str, _Node], tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self._starts = starts
        self._known: dict[tuple[str, int], list[_Reading]] = {}
        self._kinds_behind: dict[int, set[str]] = {}

    def of(self, symbol: str, at: int) -> list[_Reading]:
        """Return every way to read the symbol from here on."""
        known = self._known.get((symbol, at))
        if known is None:
            known = self._known[symbol, at] = []
            self._walk(self._starts[symbol], at, 0, (), known)
        return known

    def _walk(self, node: _Node, at: int, rank: int, values: tuple[object, ...], found: list[_Reading]) -> None:
        for own_rank, meaning in node.rules:
            meant = meaning(*values)
            if meant is not None:
                found.append((at, rank + own_rank, meant))
        if node.behind:
            for kind in self._behind(at) & node.behind.keys():
                self._walk(node.behind[kind], at, rank, values, found)
        if at == len(self.tokens):
            return
        token = self.tokens[at]
        for kind, own_values in token.readings.items():
            if after := node.kinds.get(kind):
                cost = _FOREIGN if kind in token.foreign else 0
                self._walk(after, at + 1, rank + cost, values + own_values, found)
        for symbol, after in node.symbols.items():
            for end, inner, value in self.of(symbol, at):
                self._walk(after, end, rank + inner, (*values, value), found)

    def _behind(self, at: int) -> set[str]:
        """Return the kinds just before this place, words that may be passed over included."""
        kinds = self._kinds_behind.get(at)
        if kinds is None:
            kinds = self._kinds_behind[at] = set()
            for token in reversed(self.tokens[:at]):
                kinds.update(token.readings)
                if NOISE not in token.readings:
                    break
        return kinds


def _paths(pattern: str) -> Iterable[tuple[str, ...]]:
    """Return every way through a pattern: the steps that are not left out."""
    ways = product(*(_choices(step) for step in pattern.split()))
    return (tuple(step for step in way if step) for way in ways)


def _choices(step: str) -> list[str]:
    behind = "<" if step.startswith("<") else ""
    missing = [""] if step.endswith("?") else []
    return [behind + kind for kind in step.strip("<?").split("|")] + missing
