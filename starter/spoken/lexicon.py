"""Words -> typed tokens: what every language's words have in common.

A language is one module beside this one, named by its code, with one ``Lexicon`` called ``LEXICON``. Callers and voice
models mix languages, so every language is always read; the branch's own decides where a word has a meaning of the same
kind in two.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from babel import Locale

Readings = Mapping[str, tuple[object, ...]]
"""What a token can be: kind -> its values, none for a word that only marks the way."""


@dataclass(frozen=True)
class Lexicon:
    """The words of one language; words that mean the same are separated by commas.

    ``marks`` are words without a value by their kind; ``values`` are words with one. ``numbers`` and ``ordinals`` are
    written out. A word ending in "!" is meant only before a pause. Names of months and weekdays come from Babel's
    ``locale``, what it lacks stands in ``values``. ``joined`` are words that are written together -> the words they are
    made of. With ``twelve_hours`` "2:30" is on the face of the clock, and only "02:30" is at night.
    """

    locale: str
    numbers: Mapping[int, str]
    ordinals: Mapping[int, str]
    marks: Mapping[str, str]
    values: Mapping[str, Mapping[object, str]]
    joined: Mapping[str, str] = field(default_factory=dict)
    twelve_hours: bool = False


def each_word(text: str) -> Sequence[str]:
    """Return the single words of a text, for languages whose words are put together from others."""
    return text.split()


@dataclass(frozen=True)
class Token:
    """A word, or several that belong together, with everything it can be.

    ``foreign`` are the kinds it has only in another language than the branch's.
    """

    text: str
    readings: Readings
    foreign: frozenset[str] = frozenset()


NOISE = "noise"
"""The kind of words that say nothing; a word of another kind besides may be passed over where it says nothing."""

FILLER = "filler"
"""The kind of sounds people make between any two words."""

_SHAPES = re.compile(
    r"""
      (?P<moment>[0-9]{4}-[0-9]{2}-[0-9]{2}
        (?:t[0-9]{2}:[0-9]{2}(?::00(?:\.0+)?)?(?:z|[+-][0-9]{2}:?[0-9]{2})?
        |\ [0-9]{2}:[0-9]{2}(?::00(?:\.0+)?)?(?:z|\+[0-9]{2}:?[0-9]{2})?)(?![0-9:]))
    | (?P<iso>[0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9])
    | (?P<dated>[0-9]{1,2}\.\ ?[0-9]{1,2}\.(?:\ ?[0-9]{4}|[0-9]{2})?)(?![0-9])
    | (?P<slashed>[0-9]{1,2}/[0-9]{1,2}(?:/(?:[0-9]{4}|[0-9]{2}))?)(?![0-9/])
    | (?P<timed>[0-9]{1,2}:[0-9]{2}(?::00)?)(?![0-9:])
    | (?P<dotted>[0-9]{1,2}\.[0-9]{1,2})(?![0-9])
    | (?P<stopped>[0-9]{1,2}\.)
    | (?P<digits>[0-9]+)
    | (?P<word>[^\W\d_]+)(?P<stop>[.,!]?)
    | (?P<gap>[\s,;!?"()]+|\.+|(?<=[^\W\d_])-(?=[^\W\d_]))
    | (?P<dash>(?<=\w)-(?=\w)|(?<=\ )-(?=\ ))
    | (?P<strange>.)
    """,
    re.VERBOSE | re.DOTALL,
)
"""The written forms. Everything that is no gap becomes a token; a strange sign means nothing."""

_CODE = re.compile("[a-z]{2}")
_DIGITS = re.compile("[0-9]+")
_SPELLINGS = str.maketrans(
    {"’": None, "'": None, "´": None, "`": None, "–": "-", "—": "-", "−": "-", "„": '"', "“": '"'}
)
_UMLAUTS = re.compile("([aou])e")


def folded(words: str) -> str:
    """Return the one spelling that stands for all: lower case, no accents, umlauts however they are written."""
    plain = "".join(map(_plain, words.translate(_SPELLINGS).casefold()))
    kept = (sign for sign in plain if not unicodedata.combining(sign) and unicodedata.category(sign) != "Cf")
    return _UMLAUTS.sub(r"\1", "".join(kept))


def _plain(sign: str) -> str:
    """A digit that is raised or in a circle is a strange sign, not the number it resembles."""
    plain = unicodedata.normalize("NFKD", sign)
    return sign if _DIGITS.search(plain) else plain


class Dictionary:
    """All languages' words, ready to be looked up; where two differ ``language`` is right."""

    def __init__(self, language: str) -> None:
        """Gather the words of every language, those of ``language`` last."""
        self._readings: dict[str, dict[str, tuple[object, ...]]] = {}
        self._foreign: dict[str, set[str]] = {}
        self._joined: dict[str, str] = {}
        self._longest: dict[str, int] = {}
        self._twelve_hours = language in _lexicons() and _lexicons()[language].twelve_hours
        for code, lexicon in sorted(_lexicons().items(), key=lambda named: named[0] == language):
            for words, kind, *values in _entries(lexicon):
                self._put(words, kind, tuple(values), foreign=code != language)
            self._joined |= {folded(word): folded(parts) for word, parts in lexicon.joined.items()}

    def tokens(self, words: str) -> Sequence[Token]:
        """Return the tokens of these words, noise left out."""
        pieces = self._pieces(folded(words))
        tokens: list[Token] = []
        at = 0
        while at < len(pieces):
            shape, text = pieces[at]
            length = 1
            if shape == "word":
                length = next(
                    n for n in range(self._longest.get(text, 1), 0, -1) if n == 1 or self._known(pieces, at, n)
                )
                text = " ".join(piece for _, piece in pieces[at : at + length])
                token = Token(text, self._readings.get(text, {}), frozenset(self._foreign.get(text, ())))
            else:
                if shape == "timed" and self._twelve_hours and not text.startswith("0"):
                    shape = "faced"
                token = Token(text, _written(shape, text, last=at == len(pieces) - 1))
            at += length
            if token.readings.keys() != {NOISE}:
                tokens.append(token)
        return tokens

    def _pieces(self, words: str) -> list[tuple[str, str]]:
        pieces: list[tuple[str, str]] = []
        for match in _SHAPES.finditer(words):
            shape = match.lastgroup or ""
            if shape == "stop":
                word = match["word"]
                stopped = word + match["stop"].replace(",", "!")
                if match["stop"] and stopped in self._readings and words[match.end() :].strip():
                    word = stopped
                if FILLER not in self._readings.get(word, {}):
                    pieces += [("word", part) for part in self._joined.get(word, word).split()]
            elif shape != "gap":
                pieces.append((shape, match.group()))
        return pieces

    def _known(self, pieces: Sequence[tuple[str, str]], at: int, length: int) -> bool:
        return " ".join(text for _, text in pieces[at : at + length]) in self._readings

    def _put(self, words: str, kind: str, values: tuple[object, ...], *, foreign: bool) -> None:
        for phrase in folded(words).split(","):
            text = phrase.strip()
            self._readings.setdefault(text, {})[kind] = values
            if foreign:
                self._foreign.setdefault(text, set()).add(kind)
            else:
                self._own(text, kind)
            first, *others = text.split()
            self._longest[first] = max(self._longest.get(first, 1), 1 + len(others))

    def _own(self, text: str, kind: str) -> None:
        """A word of the branch's language is no other language's noise."""
        foreign = self._foreign.get(text, set())
        foreign.discard(kind)
        if NOISE in foreign:
            foreign.discard(NOISE)
            del self._readings[text][NOISE]


def _entries(lexicon: Lexicon) -> Iterator[tuple[str, str] | tuple[str, str, object]]:
    """Return all words of a language with their kind and value, if any; what the lexicon says itself comes last."""
    locale = Locale.parse(lexicon.locale)
    for width in ("wide", "abbreviated"):
        for month, name in locale.months["stand-alone"][width].items():
            yield name, "month", month
            yield name.rstrip("."), "month", month
        for weekday, name in locale.days["format"][width].items():
            yield name, "weekday", weekday
    yield from ((words, "number", number) for number, words in lexicon.numbers.items())
    yield from ((words, "said", number) for number, words in lexicon.numbers.items())
    yield from ((words, "rank", number) for number, words in lexicon.ordinals.items())
    yield from ((words, kind) for kind, words in lexicon.marks.items())
    for kind, values in lexicon.values.items():
        yield from ((words, kind, value) for value, words in values.items())


dictionary = cache(Dictionary)
"""The dictionary for a language's code; a code without a lexicon has all words and no preference."""


@cache
def _lexicons() -> Mapping[str, Lexicon]:
    modules = {found.name: f"{__package__}.{found.name}" for found in iter_modules(import_module(__package__).__path__)}
    return {code: import_module(modules[code]).LEXICON for code in sorted(modules) if _CODE.fullmatch(code)}


def _written(shape: str, text: str, *, last: bool) -> Readings:
    """Return what a written form can be: numbers in the order they stand in, a moment, or a mark."""
    numbers = tuple(int(digits[:9]) for digits in _DIGITS.findall(text))
    match shape:
        case "digits":
            return _written_number(text)
        case "stopped":
            # A full stop at the end may only end the sentence.
            return {"ordinal": numbers} | (_written_number(text[:-1]) if last else {})
        case "timed" | "faced":
            return {shape: numbers[:2]}
        case "dotted" if len(text.rpartition(".")[2]) == 2:
            return {"dotted": numbers, "pointed": numbers}
        case "dated" | "slashed" if len(numbers) == 3 and numbers[2] < 100:
            return {shape: (*numbers[:2], 2000 + numbers[2])}
        case "moment":
            try:
                return {shape: (datetime.fromisoformat(text.upper()),)}
            except ValueError:
                return {}
        case "dash":
            return {shape: (), NOISE: ()}
        case "strange":
            return {}
        case _:
            return {shape: numbers}


def _written_number(text: str) -> dict[str, tuple[int]]:
    """A leading zero is the written form of a 24-hour clock."""
    number = (int(text[:9]),)
    return {"padded" if text[0] == "0" and len(text) > 1 else "number": number, "digits": number}
