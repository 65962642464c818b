import pytest

from store.numbers import e164


@pytest.mark.parametrize(
    "text",
    [
        "+493055500020",
        "03055500020",
        "0049 30 555 000 20",
        "+49 (0)30 / 555000-20",
        " 030/55500020 ",
        "tel:+493055500020",
    ],
)
def test_all_ways_to_write_a_number_are_one_number(text: str) -> None:
    assert e164(text) == "+493055500020"


def test_a_number_without_country_code_belongs_to_the_region() -> None:
    assert e164("020 7946 0018", region="GB") == "+442079460018"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "  ",
        "null",
        "anonymous",
        "Anonymous",
        "unknown",
        "blocked",
        "private",
        "withheld",
        "restricted",
        "unavailable",
        "00000000",
        "+4900000000",
        "0",
        "+49",
        "Guten Tag",
        "{{from_number}}",
        "+49305550002012345678",
    ],
)
def test_a_withheld_or_impossible_number_is_none(text: str | None) -> None:
    assert e164(text) is None
