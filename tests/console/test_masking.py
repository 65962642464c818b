import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from console.masking import MASK, mask

LETTERS = st.characters(categories=["L", "N"])
SECRETS = st.text(LETTERS, min_size=3, max_size=12)
SURROUNDINGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=15)
ALTERED = st.sampled_from([str, str.upper, str.lower, str.casefold, str.title, str.swapcase])


def plain(text: str) -> str:
    """Return the text as somebody who compares letters reads it; what is masked keeps its place."""
    lower = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).casefold()
    return "".join(sign for sign in lower if sign.isalnum() or sign in MASK)


@given(SECRETS, SURROUNDINGS, SURROUNDINGS, ALTERED, st.sampled_from(["", " ", "-", "\u00a0", "  "]))
def test_no_secret_survives_in_any_case_or_spacing(
    secret: str, before: str, after: str, alter: Callable[[str], str], gap: str
) -> None:
    assume(plain(secret))
    masked = mask(before + gap.join(alter(secret)) + after, [secret])
    assert plain(secret) not in plain(masked)


@given(st.lists(SECRETS, max_size=4), SURROUNDINGS)
def test_what_is_masked_is_all_that_changes(secrets: list[str], text: str) -> None:
    pieces = [re.escape(piece) for piece in mask(text, secrets).split(MASK)]
    assert re.fullmatch(".*".join(pieces), text, re.DOTALL)


@given(st.text("0123456789", min_size=6, max_size=15), st.sampled_from([" ", "/", "-", "", " - ", " / "]))
def test_no_number_survives_however_it_is_written(digits: str, between: str) -> None:
    assert mask(f"Rufen Sie {between.join(digits)} an, bitte", []) == f"Rufen Sie {MASK} an, bitte"


def test_numbers_and_addresses_nobody_told_us_of_are_masked() -> None:
    told = "Mail an hansi.schuster@example.com, oder +49 (30) 5550-020, oder 2025-10-16 0155"
    assert mask(told, []) == f"Mail an {MASK}, oder {MASK}, oder {MASK}"


def test_each_part_of_a_name_is_masked_by_itself() -> None:
    assert mask("Guten Tag, Frau MÜLLER! Anna-Lena, Li?", ["Anna-Lena Müller", "Bo Li"]) == (
        f"Guten Tag, Frau {MASK}! {MASK}-{MASK}, {MASK}?"
    )


def test_a_short_name_is_masked_only_where_it_stands_alone() -> None:
    assert mask("Li liebt Linz", ["Li"]) == f"{MASK} liebt Linz"


@pytest.mark.parametrize(
    "told",
    [
        "Der Termin am Donnerstag, dem 16. Oktober um 09:00 Uhr ist noch frei.",
        "Free are 09:00, 10:00 and 11:30 on 16.10.2025.",
        "2025-10-16 um 9",
        "2025-10-16T09:00:00+02:00",
    ],
)
def test_days_and_times_stay_readable(told: str) -> None:
    assert mask(told, ["Hansi Schuster", "+4915550100001"]) == told
