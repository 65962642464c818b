"""What a caller's sentence comes to: a voice model would take from it what matters, here rules do."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby, product

from starter import spoken
from starter.arguments import LIMITS
from starter.spoken.lexicon import dictionary
from workflows.names import told

_LONGEST_PHRASE = 6
"""No fixed phrase for a moment has more words: "so bald wie es geht"."""

_NAME = r"(?:(?:dr|prof|mr|mrs|ms|st|[a-z])\.|[^\W\d_][\w'’-]*)"


@dataclass(frozen=True)
class _Phrases:
    """Patterns of what is said in one language; ``not_a_name`` ends one, ``denied`` turns a moment around."""

    yes: str
    no: str
    goodbye: str
    polite: str
    something_else: str
    but: str
    denied: str
    name_is: str
    not_a_name: str

    @cached_property
    def name(self) -> re.Pattern[str]:
        """How people give their name; it is the only group."""
        word = rf"(?!(?:{self.not_a_name})\b){_NAME}"
        return re.compile(rf"\b(?:{self.name_is})\s+({word}(?:\s+{word}){{0,4}})", re.IGNORECASE)


_PHRASES: Mapping[str, _Phrases] = {
    "de": _Phrases(
        yes=r"ja|jawohl|gern|gerne|genau|einverstanden|okay|ok|in ordnung|das passt",
        no=r"nein|nee|nö",
        goodbye=r"tschüss|auf wiederhören|auf wiedersehen|das war alles",
        polite=r"bitte|danke|vielen dank|sehr",
        something_else=r"was gibt es (?:sonst|noch)|was haben sie (?:sonst|noch)|(?:et)?was anderes|sonst noch"
        r"|andere[nrs]? (?:termin|zeit|uhrzeit|tag)e?n?|alternativen?",
        but=r"aber|lieber|sondern|nicht|kein\w*",
        denied=r"nicht|kein\w*|außer",
        name_is=r"auf (?:den|meinen) namen|mein name ist|ich hei(?:ß|ss)e",
        not_a_name=r"und|um|am|bitte|danke|gern|gerne|ich|für|heute|morgen",
    ),
    "en": _Phrases(
        yes=r"yes|yeah|yep|sure|okay|ok|that's fine",
        no=r"no|nope",
        goodbye=r"bye|bye bye|goodbye|that's all|that is all",
        polite=r"please|thanks|thank you",
        something_else=r"what else|(?:some|any)thing else|(?:an)?other (?:time|slot|day|appointment|option)s?"
        r"|alternatives?",
        but=r"but|rather|instead|not|\w+n't|cannot",
        denied=r"not|\w+n't|cannot|except",
        name_is=r"(?:in|under) the name(?: of)?|(?:my|the) name(?: is|'s)",
        not_a_name=r"and|at|on|for|please|thanks|thank|i|today|tomorrow",
    ),
}


@dataclass(frozen=True)
class Heard:
    """What is in a sentence.

    ``name`` is how the caller calls himself. ``moment`` are the words that mean a day, a time or a choice; ``words``
    are all others but the name, cut to what may be passed on for a day. ``agrees`` and ``declines`` tell how a sentence
    begins that names no moment, ``declines`` also that it asks for something else.
    """

    name: str | None = None
    moment: str | None = None
    words: str = ""
    begins_with_yes: bool = False
    agrees: bool = False
    declines: bool = False


def hear(words: str, now: datetime, language: str) -> Heard:
    """Take from a sentence what matters; ``now`` is on the branch's clock."""
    phrases = _phrases(language)
    plain = words.replace("’", "'")
    introduced = phrases.name.search(plain)
    name = told(introduced[1]) if introduced else None
    rest = plain[: introduced.start()].rstrip(" ,") + plain[introduced.end() :] if introduced and name else plain
    moment = _moment(rest, now, language)
    wants_else, yes = _has(phrases.something_else, rest), _begins(phrases.yes, rest)
    return Heard(
        name=name,
        moment=moment,
        words=_cut(rest, phrases.denied),
        begins_with_yes=yes,
        agrees=moment is None and yes and not wants_else and not _has(phrases.but, rest),
        declines=moment is None and (wants_else or _begins(phrases.no, rest)),
    )


def ends_the_call(words: str, language: str, *, is_asked: bool) -> bool:
    """Whether the caller says goodbye; where he ``is_asked`` nothing, a mere "no" is one."""
    phrases = _phrases(language)
    if _has(phrases.goodbye, words):
        return True
    either = f"(?:{phrases.no}|{phrases.polite})"
    mere_no = re.fullmatch(rf"{either}(?:[ ,.!]+{either})*[ .!]*", words.strip().casefold())
    return not is_asked and mere_no is not None and _has(phrases.no, words)


def names_a_day(words: str, now: datetime, language: str) -> bool:
    """Whether the words are passed on for a day; a bare "9" means something as a time of day only."""
    as_day = spoken.read(words, None, now, language)
    as_time = spoken.read(None, words, now, language)
    return isinstance(as_day, spoken.Understood) or not isinstance(as_time, spoken.Understood)


def _phrases(language: str) -> _Phrases:
    return _PHRASES.get(language, _PHRASES["en"])


def _begins(pattern: str, words: str) -> bool:
    return re.match(rf"\W*(?:{pattern})\b", words, re.IGNORECASE) is not None


def _has(pattern: str, words: str) -> bool:
    return re.search(rf"\b(?:{pattern})\b", words, re.IGNORECASE) is not None


def _cut(words: str, denied: str) -> str:
    """Return as many words as are taken for a day, those that turn the sentence around among them."""
    turned = re.search(rf"\b(?:{denied})\b", words, re.IGNORECASE)
    limit = LIMITS["day"]
    told_first = (words if len(words) <= limit or not turned else words[turned.start() :]).strip(" ,;.!?")
    return textwrap.shorten(told_first, limit, placeholder="") or told_first[:limit]


def _moment(sentence: str, now: datetime, language: str) -> str | None:
    """Return the words that mean a moment or a choice, without those around them that say nothing."""

    def meaning(words: str) -> spoken.Reading | None:
        read = spoken.read(words, None, now, language)
        return None if isinstance(read, spoken.NotUnderstood) or read == spoken.Understood() else read

    def says_nothing(word: str) -> bool:
        return spoken.read(None, word, now, language) == spoken.Understood()

    whole = sentence.strip(" ,;!?")
    if meaning(whole) is not None:
        if len(whole) <= LIMITS["day"]:
            return whole
        rows = [whole.split()]
    else:
        as_time = spoken.read(None, whole, now, language)
        if isinstance(as_time, spoken.Understood):
            # "9" or "the second": a time or a choice; "that one" is neither.
            return whole if as_time.choice or (as_time.time_of_day and re.search(r"\d", whole)) else None
        if _has(_phrases(language).denied, whole):
            return None
        rows = _known_rows(whole.split(), language)

    def spans(words: list[str]) -> list[str]:
        for length in range(len(words), 0, -1):
            for at in range(len(words) - length + 1):
                meant = meaning(" ".join(words[at : at + length]))
                if meant is not None:
                    span = words[at : at + length]
                    while meaning(" ".join(span[1:])) == meant:
                        del span[0]
                    while says_nothing(span[-1]) and meaning(" ".join(span[:-1])) == meant:
                        del span[-1]
                    return [*spans(words[:at]), " ".join(span), *spans(words[at + length :])]
        return []

    found = [span for row in rows for span in spans(row)]
    together = " ".join(found)
    best = together if meaning(together) is not None else next(iter(found), "")
    return best.strip(" ,;!?") or None


def _known_rows(words: Sequence[str], language: str) -> list[list[str]]:
    """Part a sentence at the words that can mean nothing, neither alone nor with their neighbours."""
    known: set[int] = set()
    for at, length in product(range(len(words)), range(1, _LONGEST_PHRASE + 1)):
        if all(token.readings for token in dictionary(language).tokens(" ".join(words[at : at + length]))):
            known.update(range(at, at + length))
    parted = groupby(range(len(words)), key=known.__contains__)
    return [[words[place] for place in row] for is_known, row in parted if is_known]
