"""Text as a voice model passes it on: cleaned, or recognised as nothing said."""

import re
import unicodedata

_TAG = re.compile(r"<[^<>]*>")
_UNSPEAKABLE = re.compile(
    r"[<>{}\\\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb\ud800-\udfff]"
)
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")
_NOTHING = frozenset({"", "none", "null", "undefined"})


def said(text: str) -> str | None:
    """Return the text without tags, braces, control characters and needless space; ``None`` if it says nothing.

    Nothing is said by an empty text, by the words a model writes for "no value", and by a text that still carries an
    unreplaced ``{{placeholder}}``.
    """
    if _PLACEHOLDER.search(text):
        return None
    spaced = " ".join(_TAG.sub("", text).split())
    clean = unicodedata.normalize("NFC", _UNSPEAKABLE.sub("", spaced)).strip()
    return None if clean.casefold() in _NOTHING else clean


def is_lost(text: object) -> bool:
    """Whether something was said of which nothing is left: an unreplaced ``{{placeholder}}``, or unspeakable signs."""
    return isinstance(text, str) and said(text) is None and text.strip().casefold() not in _NOTHING
