"""How days and times are said in German."""

from starter.spoken.facts import NIGHT
from starter.spoken.lexicon import Lexicon, each_word
from workflows.messages import DayPart, Direction

_UP_TO_TWENTY = each_word(
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn"
)
_TENS = {20: "zwanzig", 30: "dreißig", 40: "vierzig", 50: "fünfzig"}
_ONES = {number: word.removesuffix("s") if number == 1 else word for number, word in enumerate(_UP_TO_TWENTY[:10])}

_NUMBERS = (
    dict(enumerate(_UP_TO_TWENTY))
    | _TENS
    | {ten + one: f"{_ONES[one]}und{word}" for ten, word in _TENS.items() for one in range(1, 10)}
)
_YEARS = {2000 + n: f"zweitausend{word}, zweitausendund{word}" for n, word in _NUMBERS.items() if n}

_STEMS = {n: f"{word}t" if n < 20 else f"{word}st" for n, word in _NUMBERS.items() if 0 < n < 32} | {
    1: "erst",
    3: "dritt",
    7: "siebt",
    8: "acht",
}


def _declined(*stems: str, endings: str = "e en er es em") -> str:
    return ", ".join(stem + ending for stem in stems for ending in endings.split())


_THIS = _declined("dies")
_NEXT = _declined("nächst", "kommend")
_WEEKDAYS = each_word("montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag")
_PARTS = each_word("morgen morgens früh vormittag vormittags mittag mittags nachmittag nachmittags abend abends")


def _each(adjectives: str, noun: str) -> str:
    return ", ".join(f"{adjective} {noun}" for adjective in adjectives.split(", "))


LEXICON = Lexicon(
    locale="de",
    numbers=_NUMBERS | _YEARS | {2: "zwei, zwo", 2000: "zweitausend"},
    ordinals={n: _declined(stem) for n, stem in _STEMS.items()}
    | {2: _declined("zweit", "zwot"), 7: _declined("siebt", "siebent")},
    marks={
        "on": "am, an dem, an, zum, zur",
        "at": "um",
        "the": "der, die, das, den, dem, des",
        "in": "in, im, innerhalb von",
        "of": "vom, von",
        "oclock": "uhr, h",
        "suffix": "ter, te, ten, tes, tem, ster, ste, sten, stes, stem",
        "minutes": "minuten, minute, min",
        "past": "nach",
        "to": "vor",
        "after": "nach, seit",
        "before": "vor",
        "latest": "spätestens, allerspätestens, bis spätestens, spätestens bis",
        "from": "ab, von, frühestens, frühestens ab, ab frühestens, so ab",
        "from_day": "ab, frühestens, frühestens ab, ab frühestens, so ab",
        "onwards": "an",
        "until": "bis, bis zu, bis maximal, bis höchstens",
        "between": "zwischen",
        "and": "und",
        "this": _THIS,
        "next": _NEXT,
        "after_next": _declined("übernächst"),
        "last": _declined("letzt", "letzter"),
        "free": _declined("frei", "möglich", "verfügbar", "freiwerdend"),
        "option": "option, variante, möglichkeit, vorschlag, terminvorschlag, alternative, angebot, nummer, termin, "
        "zeit, uhrzeit",
        "no": "nein, nee, ne",
        "either": "oder",
        "about": "gegen, ungefähr, circa, zirka, ca, etwa, so um, so gegen, rund um, um die, so ungefähr, kurz nach, "
        "kurz vor, in etwa, so circa, so etwa, oder so, plus minus, um den dreh, um den dreh rum",
        "ish": "rum, herum",
        "halved_one": "halbe, halben, halbes",
        "any_time": "egal wann, egal um wie viel uhr, egal welche uhrzeit, uhrzeit egal, zeit egal, ganz egal wann, "
        "jederzeit, immer, den ganzen tag, ganzen tag, ganztags, ganztägig, irgendwann, zu jeder zeit, "
        "wann immer, uhrzeit ist egal, ist mir egal, ist mir egal wann, mir egal, mir egal wann, ist egal, "
        "ist egal wann, egal",
        "first_free": "so früh es geht, so bald es geht, so schnell es geht, so früh wie es geht, so bald wie es geht, "
        "so schnell wie es geht, so bald wie möglich, sobald wie möglich, so früh wie möglich, so schnell wie möglich, "
        "so zeitnah wie möglich, möglichst bald, möglichst früh, möglichst schnell, möglichst zeitnah, baldmöglichst, "
        "baldigst, schnellstmöglich, frühestmöglich, schnellstens, sofort, ab sofort, asap, "
        + _declined("nächstmöglich", "schnellstmöglich", "frühestmöglich")
        + ", "
        + _each(_declined("nächst", "nächstmöglich", "schnellstmöglich", "frühestmöglich"), "termin"),
        "filler": "äh, ähm, öhm, hm, hmm, mh",
        "noise": "erst, sehr, nochmal, noch mal, ach, oh, ja, jawohl, jo, jap, okay, ok, oke, gut, super, prima, "
        "genau, so, also, na, naja, halt, eben, mal, doch, dann, da, denn, das, bitte, bitte schön, bitteschön, "
        "danke, danke schön, dankeschön, vielen dank, gern, gerne, sehr gern, sehr gerne, lieber, vielleicht, "
        "eventuell, wohl, einfach, am liebsten, am besten, besser, und, auch, noch, schon, es, mir, uns, mich, "
        "ich, wir, sie, ihnen, euch, man, wäre, wär, wärs, ist, sind, würde, würd, würden, hätte, hätt, hätten, "
        "habe, haben, hab, möchte, möchten, will, wollen, wollte, kann, können, könnte, könnten, ginge, geht, "
        "gehts, geht es, passt, passen, passte, nehme, nehmen, nehm, nimm, buchen, reservieren, vereinbaren, "
        "ausmachen, machen, mache, kommen, vorbeikommen, bekommen, sagen, sagen wir, sagen wir mal, wenn, "
        "wenns geht, wenn es geht, wenn möglich, möglich, punkt, exakt, pünktlich, wie, wie wäre, wie wäre es, "
        "wie wärs, wie ist es, wie sieht es, aus, mit, bei, für, auf, einen termin, ein termin, "
        "nen termin, der termin, den termin, termin, uhrzeit, zeit, was, etwas, ein bisschen, bisschen, "
        "ein wenig, frei, hallo, guten tag, guten morgen, guten abend, schönen guten tag, servus, moin, "
        "grüß gott, echt, ganz, gleich, wieder, jetzt, nun, nur, eigentlich, meinetwegen, von mir, richtig, "
        "stimmt, klar, alles klar, in ordnung, perfekt, am selben tag, am gleichen tag, selben tag, selber tag, "
        "gleicher tag, gleichen tag, derselbe tag, am selbigen tag, gleiche uhrzeit, selbe uhrzeit, "
        "dieselbe uhrzeit, die gleiche uhrzeit, zur gleichen uhrzeit, zur selben uhrzeit, zur gleichen zeit, "
        "zur selben zeit, gleiche zeit, selbe zeit, die gleiche zeit, dieselbe zeit, um die gleiche zeit, "
        "um dieselbe zeit, um die gleiche uhrzeit, um dieselbe uhrzeit, bräuchte, bräuchten, brauche, brauchen, "
        "brauch, wie siehts, wie schaut es, wie schauts, zum beispiel, hauptsache, zum termin, "
        "zur zeit, zur uhrzeit",
    },
    values={
        "relative": {-2: "vorgestern", -1: "gestern", 0: "heute", 1: "morgen, morgigen tag", 2: "übermorgen"},
        "weekday": {0: "mo", 1: "di", 2: "mi", 3: "do", 4: "fr", 5: "sa, samstag, sonnabend"},
        "month": {1: "jänner, jenner", 2: "feber", 6: "juno", 7: "julei", 9: "sept"},
        "one": {1: "ein, eine, einer, einem, einen, ne, ner, nem, nen"},
        "towards": {15: "viertel", 30: "halb", 45: "dreiviertel, drei viertel"},
        "fraction": {15: "viertel", 45: "dreiviertel, drei viertel"},
        "named": {0: "mitternacht", 12 * 60: "mittag"},
        "closing": {17 * 60: "feierabend, der arbeit, arbeit, arbeitsschluss, dem feierabend, dienstschluss"},
        "part": {
            DayPart.EARLY: "früh, in der früh, frühmorgens, frühs, früh morgens, früh am morgen, morgens früh, "
            "morgens in der früh",
            DayPart.MORNING: "morgens",
            DayPart.FORENOON: "vormittag, vormittags",
            DayPart.NOON: "mittag, mittags, mittagszeit, mittagessen, mittagspause",
            DayPart.AFTERNOON: "nachmittag, nachmittags",
            DayPart.EVENING: "abend, abends",
        },
        "edge": {Direction.LATER: "spät, " + _declined("spät"), Direction.EARLIER: "früh, " + _declined("früh")},
        "day_part": {DayPart.MORNING: "morgen"},
        "nights": {NIGHT: "nachts, nacht, in der nacht"},
        "weeks": {
            0: _each(_THIS, "woche"),
            1: _each(_NEXT, "woche"),
            2: _each(_declined("übernächst"), "woche"),
        },
        "unit": {
            1: "minute, minuten, min",
            60: "stunde, stunden, std, stündchen",
            24 * 60: "tag, tage, tagen",
            7 * 24 * 60: "woche, wochen",
        },
        "count": {1.5: "anderthalb, eineinhalb, einundeinhalb", 2.5: "zweieinhalb", 3.5: "dreieinhalb"},
        "quarter_hours": {15: "viertelstunde", 30: "halbstunde", 45: "dreiviertelstunde"},
        "direction": {
            Direction.LATER: "später, eher später, nach hinten",
            Direction.EARLIER: "früher, eher, eher früher, nach vorne",
        },
        "from_there": {
            Direction.LATER: "danach, drauf, darauf, im anschluss",
            Direction.EARLIER: "davor, vorher, zuvor",
        },
        "move": {
            1: _each(_declined("nächst", "folgend"), "tag") + ", tag danach, tag darauf, tag drauf",
            -1: "tag davor, tag vorher, vortag",
        },
    },
    joined={f"{day}{part}": f"{day} {part}" for day in _WEEKDAYS for part in _PARTS}
    | {f"{edge}{part}": f"{edge} {part}" for edge in ("früh", "spät") for part in _PARTS[4:]}
    | {f"halb{word}": f"halb {word}" for n, word in _NUMBERS.items() if 0 < n < 13}
    | {f"dreiviertel{word}": f"dreiviertel {word}" for n, word in _NUMBERS.items() if 0 < n < 13}
    | {f"{word}uhr": f"{word} uhr" for n, word in _NUMBERS.items() if n < 24},
)
