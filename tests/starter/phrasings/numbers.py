"""Numbers in words, German and English."""

from collections.abc import Callable, Mapping

_TO_NINETEEN_DE = (
    "null",
    "eins",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    "dreizehn",
    "vierzehn",
    "fünfzehn",
    "sechzehn",
    "siebzehn",
    "achtzehn",
    "neunzehn",
)
_TENS_DE = ("", "", "zwanzig", "dreißig", "vierzig", "fünfzig")
_ORDINALS_DE = {1: "erst", 3: "dritt", 7: "siebt", 8: "acht"}

_TO_NINETEEN_EN = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS_EN = ("", "", "twenty", "thirty", "forty", "fifty")
_ORDINALS_EN = {1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth", 12: "twelfth"}


def cardinal_de(number: int) -> str:
    """Return a number from 0 to 59: "einundzwanzig"."""
    if number < 20:
        return _TO_NINETEEN_DE[number]
    tens, ones = divmod(number, 10)
    return f"{'ein' if ones == 1 else _TO_NINETEEN_DE[ones]}und{_TENS_DE[tens]}" if ones else _TENS_DE[tens]


def _ordinal_de(number: int) -> str:
    return _ORDINALS_DE.get(number) or f"{cardinal_de(number)}{'t' if number < 20 else 'st'}"


def _cardinal_en(number: int) -> str:
    tens, ones = divmod(number, 10)
    if number < 20:
        return _TO_NINETEEN_EN[number]
    return f"{_TENS_EN[tens]}-{_TO_NINETEEN_EN[ones]}" if ones else _TENS_EN[tens]


def _ordinal_en(number: int) -> str:
    tens, ones = divmod(number, 10)
    if number > 20 and ones:
        return f"{_TENS_EN[tens]}-{_ordinal_en(ones)}"
    return _ORDINALS_EN.get(number) or (f"{_cardinal_en(number)}th" if number < 20 else f"{_TENS_EN[tens][:-1]}ieth")


def with_suffix(number: int) -> str:
    """Return an English ordinal in digits: "16th"."""
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number not in (11, 12, 13) else "th"
    return f"{number}{suffix}"


CARDINAL: Mapping[str, Callable[[int], str]] = {"de": cardinal_de, "en": _cardinal_en}
ORDINAL: Mapping[str, Callable[[int], str]] = {"de": _ordinal_de, "en": _ordinal_en}
"""From 0 to 59, and from 1 to 31; a German ordinal is its stem, without the ending."""
