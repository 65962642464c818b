"""How days and times are said in English."""

from starter.spoken.facts import AFTER_NOON, BEFORE_NOON, NIGHT
from starter.spoken.lexicon import Lexicon, each_word
from workflows.messages import DayPart, Direction

_UP_TO_TWENTY = each_word(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = {20: "twenty", 30: "thirty", 40: "forty", 50: "fifty"}

_NUMBERS = (
    dict(enumerate(_UP_TO_TWENTY))
    | _TENS
    | {ten + one: f"{word} {_UP_TO_TWENTY[one]}" for ten, word in _TENS.items() for one in range(1, 10)}
)
_YEARS = {2000 + n: f"two thousand {word}, two thousand and {word}" for n, word in _NUMBERS.items() if n}

_FIRST = each_word("first second third fourth fifth sixth seventh eighth ninth")
_ORDINALS = (
    dict(enumerate(_FIRST, 1))
    | {n: f"{_UP_TO_TWENTY[n]}th" for n in range(10, 20)}
    | {12: "twelfth", 20: "twentieth", 30: "thirtieth", 31: "thirty first"}
    | {20 + one: f"twenty {word}" for one, word in enumerate(_FIRST, 1)}
)

LEXICON = Lexicon(
    locale="en",
    numbers=_NUMBERS | _YEARS,
    ordinals=_ORDINALS,
    marks={
        "on": "on",
        "at": "at",
        "the": "the",
        "in": "in, during",
        "of": "of",
        "oclock": "oclock, o clock, hours",
        "suffix": "st, nd, rd, th",
        "minutes": "minutes, minute",
        "past": "past, after",
        "to": "to, before, till",
        "after": "after, past",
        "before": "before, by",
        "latest": "at the latest, latest at, no later than, not later than",
        "from": "from, starting, starting at, earliest at, at the earliest at",
        "from_day": "from, starting, starting from, starting on, at the earliest",
        "onwards": "onwards, onward, on",
        "until": "until, till, til, through, up to",
        "between": "between",
        "and": "and",
        "this": "this, this coming",
        "next": "next, coming, the coming",
        "after_next": "week after next",
        "last": "last, latter",
        "free": "available, free, possible, open",
        "option": "one, option, slot, appointment, number, choice, alternative, suggestion",
        "no": "no!, no., nope, nah",
        "either": "or",
        "about": "about, around, roughly, approximately, approx, circa, thereabouts, shortly after, shortly before, "
        "just after, just before, somewhere around, sometime around, around about, some time around",
        "ish": "ish, or so, or thereabouts",
        "up_to": "to",
        "hence": "from now, from today",
        "halved_one": "half",
        "any_time": "any time, anytime, whenever, all day, any time is fine, any time of day, no preference, "
        "any time of the day, at any time",
        "first_free": "first thing, first thing in the morning, as soon as possible, as early as possible, asap, "
        "soonest, soonest possible, earliest, the earliest, the soonest, earliest possible, earliest available, "
        "soonest available, right away, immediately, next appointment, next slot, first slot",
        "filler": "uh, uhm, erm, hm, hmm, ah",
        "noise": "um, er, oh, well, yes, yeah, yep, yup, okay, ok, sure, fine, good, great, perfect, right, so, "
        "then, and, please, thanks, thank you, maybe, perhaps, probably, just, rather, preferably, i, id, ill, "
        "we, wed like, wed like to, wed love, wed love to, wed prefer, you, me, my, us, it, its, thats, that, "
        "is, be, are, would, could, can, may i, do, does, like, want, prefer, like to, want to, need to, "
        "love to, love, have, get, take, make, book, need, come, come in, say, lets, let, lets say, "
        "lets make it, works, work, sounds good, suits, will, how about, what about, for, with, an appointment, "
        "appointment, the appointment, a slot, slot, time, the time, some time, sometime, a bit, bit, a little, "
        "little, also, still, actually, hello, hi, good morning, good afternoon, good evening, if possible, "
        "if you can, a, an, same day, the same day, on the same day, same time, the same time, at the same time",
    },
    values={
        "relative": {
            -2: "day before yesterday, the day before yesterday",
            -1: "yesterday",
            0: "today",
            1: "tomorrow",
            2: "day after tomorrow, the day after tomorrow, overmorrow",
        },
        "weekday": {1: "tues", 2: "weds", 3: "thur, thurs"},
        "month": {9: "sept"},
        "one": {1: "a, an, one"},
        "said": {0: "oh"},
        "beyond": {30: "half"},
        "fraction": {15: "quarter, a quarter", 45: "three quarters"},
        "named": {0: "midnight", 12 * 60: "noon, midday, noontime"},
        "closing": {17 * 60: "work, office hours, business hours"},
        "part": {
            DayPart.FORENOON: "morning, mornings, forenoon",
            DayPart.EARLY: "early morning, early in the morning",
            DayPart.NOON: "lunchtime, lunch time, lunch",
            DayPart.AFTERNOON: "afternoon, afternoons",
            DayPart.EVENING: "evening, evenings, night",
        },
        "edge": {Direction.LATER: "late, later", Direction.EARLIER: "early, earlier"},
        "nights": {NIGHT: "at night"},
        "half": {BEFORE_NOON: "am, a m", AFTER_NOON: "pm, p m"},
        "weeks": {
            0: "this week",
            1: "next week, the coming week, the following week",
            2: "the week after next, week after next",
        },
        "unit": {
            1: "minute, minutes, min, mins",
            60: "hour, hours, hr, hrs",
            24 * 60: "day, days",
            7 * 24 * 60: "week, weeks",
            14 * 24 * 60: "fortnight, fortnights",
        },
        "direction": {
            Direction.LATER: "later, later on",
            Direction.EARLIER: "earlier, sooner",
        },
        "from_there": {Direction.LATER: "afterwards, after that", Direction.EARLIER: "before that"},
        "move": {
            1: "next day, day after, following day, day after that",
            -1: "day before, previous day, day before that",
        },
    },
    twelve_hours=True,
    joined={"tonight": "this evening"} | {f"{word}ish": f"{word} ish" for n, word in _NUMBERS.items() if 0 < n < 13},
)
