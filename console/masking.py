"""Names, numbers and addresses made unreadable, for screens that others can see."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

MASK = "•••"
"""What stands in place of what is masked: always as long, so that it does not tell how long that was."""

_EMAIL = re.compile(r"[^\s@<>(),;]+\s?@\s?[^\s@<>(),;]+")
_NUMBER = re.compile(r"\+?\(?\d(?:[\s()/-]*\d){5,}")
_DATE = re.compile(r"(?<![\d/-])(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d|[\s/-]*\d{3})")
_WORD = re.compile(r"\w+")

_SHORTEST_WITHIN_WORDS = 3
"""Shorter names are masked where they stand alone: every other word would have them in it."""


def mask(text: str, secrets: Iterable[str]) -> str:
    """Return the text without the secrets, without e-mail addresses, and without anything that looks like a number.

    A secret is found in any case, with or without accents, with other spaces and hyphens, and within other words; so is
    each of its words, for a name is not always said in full. A number is six digits or more with what people write
    between them; dates like ``2025-10-16`` stay.
    """
    spans = [*_secrets_in(text, secrets), *(found.span() for found in _EMAIL.finditer(text)), *_numbers_in(text)]
    masked, done = [], 0
    for start, end in sorted(spans):
        if start >= done:
            masked += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*masked, text[done:]])


def _secrets_in(text: str, secrets: Iterable[str]) -> Iterator[tuple[int, int]]:
    letters, places = _spelled(text)
    for sought in {sought for secret in secrets for sought in _parts(secret)}:
        if len(sought) < _SHORTEST_WITHIN_WORDS:
            yield from (word.span() for word in _WORD.finditer(text) if _spelled(word[0])[0] == sought)
            continue
        at = letters.find(sought)
        while at >= 0:
            yield places[at], places[at + len(sought) - 1] + 1
            at = letters.find(sought, at + 1)


def _parts(secret: str) -> set[str]:
    """Return the secret and each of its words, as letters and digits alone."""
    return {letters for part in (secret, *_WORD.findall(secret)) if (letters := _spelled(part)[0])}


def _spelled(text: str) -> tuple[str, list[int]]:
    """Return the letters and digits of a text, without case and accents, and where in the text each stands."""
    spelled = [
        (letter, place)
        for place, sign in enumerate(text)
        for letter in unicodedata.normalize("NFKD", sign.casefold()).casefold()
        if letter.isalnum()
    ]
    return "".join(letter for letter, _ in spelled), [place for _, place in spelled]


def _numbers_in(text: str) -> Iterator[tuple[int, int]]:
    # A date is blotted out with signs no number has in it, so that all that stands around it is still looked at.
    without_dates = _DATE.sub(lambda date: "." * len(date[0]), text)
    return (found.span() for found in _NUMBER.finditer(without_dates))
