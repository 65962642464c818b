"""Phone numbers as they are stored and compared: E.164."""

import phonenumbers

_WITHHELD = frozenset(
    {
        "anonymous",
        "unknown",
        "blocked",
        "private",
        "withheld",
        "restricted",
        "unavailable",
        "null",
        "00000000",
        "+4900000000",
    }
)
"""What carriers and voice platforms send in place of a number that the caller withheld."""


def e164(text: str | None, region: str = "DE") -> str | None:
    """Return the number in E.164, or ``None`` where there is none: withheld, or not a possible number.

    Numbers without a country code are read as numbers of ``region`` (ISO 3166-1). Fictional numbers pass: only the
    length is checked, because the tables of assigned ranges age faster than an installation is updated.
    """
    if text is None or text.strip().casefold() in _WITHHELD:
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not number.national_number or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
