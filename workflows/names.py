"""People's names: what is one, and what may be said aloud."""

_PLACEHOLDERS = frozenset(
    {
        *("unbekannt", "unbekannter anrufer", "unbekannter kunde", "anonym", "anonymer anrufer", "niemand"),
        *("unbekannter name", "unbekannte person", "anonymus", "gast", "der herr", "die frau", "die dame", "der name"),
        *("kein name", "kein name genannt", "weiß nicht", "weiss nicht", "noch nicht genannt", "kundenname"),
        *("anrufer", "anruferin", "der anrufer", "die anruferin", "kunde", "kundin", "der kunde", "die kundin"),
        *("neuer kunde", "neue kundin", "neukunde", "neukundin", "name", "vorname nachname"),
        *("keine angabe", "ohne angabe", "nicht angegeben", "nicht genannt", "nicht bekannt", "ka", "nn", "n n"),
        *("unknown", "unknown caller", "unknown customer", "anonymous", "anonymous caller", "nobody"),
        *("caller", "the caller", "customer", "the customer", "new customer", "client", "user", "first name last name"),
        *("unknown user", "unknown name", "unknown person", "guest", "customer_name", "customername", "caller name"),
        *("no name", "not provided", "not given", "not available", "not specified", "na"),
    }
)
"""What voice models write for a name they were not told. With anything more, a letter or a number, it may be one."""

_ANSWERS = frozenset({"ja", "nein", "bitte", "genau", "gern", "gerne", "okay", "ok", "yes", "no", "please", "sure"})
"""Words that answer a question, and not the one for the name."""

_INTRODUCTIONS = tuple(
    f"{words} "
    for words in (
        *(
            "ja hier ist",
            "hier ist",
            "hier spricht",
            "ich heiße",
            "ich heisse",
            "ich bin",
            "mein name ist",
            "mein name",
        ),
        *("auf den namen", "auf", "this is", "my name is", "i am", "i'm", "it is", "it's"),
    )
)
"""How people give their name; it is not part of it."""

_TITLES = frozenset(
    {
        *("herr", "herrn", "frau", "fräulein", "mr", "mrs", "ms", "miss", "mister", "sir", "madam"),
        *("dr", "doktor", "doctor", "prof", "professor"),
    }
)

_BETWEEN_LETTERS = " .'’-"

_LONGEST_SPOKEN = 60


def told(text: str) -> str | None:
    """Return the name in what somebody gave as one, without how it was introduced; ``None`` if it names nobody."""
    said = f"{text.strip(' .,!')} "
    introduction = next((words for words in _INTRODUCTIONS if said.lower().startswith(words)), "")
    name = said[len(introduction) :].strip(" ,")
    return name if is_name(name) else None


def is_name(text: str) -> bool:
    """Whether this names somebody: not a placeholder, not digits or signs alone, not a title alone."""
    signs = "".join(char if char.isalnum() else " " if char.isspace() or char == "-" else "" for char in text)
    said = " ".join(word for word in signs.casefold().split() if word not in _TITLES)
    answers_only = all(word in _ANSWERS for word in signs.casefold().split())
    return any(char.isalpha() for char in said) and not answers_only and said not in _PLACEHOLDERS


def speakable(name: str | None) -> str | None:
    """Return the name as it may be said to its bearer, ``None`` where there is none or it is unfit to be said.

    Fit are letters, spaces and ``. ' -``, at most 60 characters. Nothing is added: a title is said where one was given
    and a name follows.
    """
    name = " ".join((name or "").split())
    fits = len(name) <= _LONGEST_SPOKEN and all(char.isalpha() or char in _BETWEEN_LETTERS for char in name)
    return name if fits and name[:1].isalpha() and is_name(name) else None


def first_and_last(name: str) -> tuple[str | None, str | None]:
    """Part a name into first names and surname, leaving titles out; a single word is a surname."""
    words = [word for word in name.split() if word.casefold().rstrip(".") not in _TITLES]
    return " ".join(words[:-1]) or None, words[-1] if words else None
