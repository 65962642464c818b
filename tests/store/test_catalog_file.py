from collections.abc import Callable
from datetime import time
from pathlib import Path

import pytest

from store.catalog import CatalogError, OpeningSpan, load_catalog_file

EXAMPLE = Path(__file__).parents[2] / "catalog.toml"

CATALOG = """
[[company]]
key = "salon"
name = "Salon"
language = "de"
timezone = "Europe/Berlin"

[[company.branch]]
key = "mitte"
name = "Mitte"
phone_numbers = ["+493055500020"]
opening_hours = { mon = ["09:00-12:00", "13:00-18:00"] }

[[company.branch.service]]
key = "schnitt"
name = "Haarschnitt"
calcom_event_type_id = 900003
duration_minutes = 30
calendar = "chair"
default = true
"""

SECOND_BRANCH = """
[[company.branch]]
key = "ost"
name = "Ost"
phone_numbers = ["+493055500021"]
opening_hours = { mon = ["09:00-12:00"] }

[[company.branch.service]]
key = "farbe"
name = "Farbe"
calcom_event_type_id = 900004
duration_minutes = 60
calendar = "chair"
"""

SECOND_SERVICE = """
[[company.branch.service]]
key = "farbe"
name = "Farbe"
calcom_event_type_id = 900004
duration_minutes = 60
calendar = "chair"
"""

Refused = Callable[[str], list[str]]


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Return the lines with which a catalog is refused, without the name of the file they begin with."""

    def lines(text: str) -> list[str]:
        path = tmp_path / "catalog.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(CatalogError) as caught:
            load_catalog_file(path)
        assert str(caught.value) == "\n".join(caught.value.lines)
        assert all(line.startswith(f"{path}: ") and "\n" not in line for line in caught.value.lines)
        return [line.removeprefix(f"{path}: ") for line in caught.value.lines]

    return lines


def test_the_example_has_a_german_and_an_english_business() -> None:
    catalog = load_catalog_file(EXAMPLE)
    german, english = catalog.branch_for("+493055500020"), catalog.branch_for("+493055500021")
    assert german
    assert (german.company.key, german.company.language, german.key) == ("salon-beispiel", "de", "zentrale")
    assert german.default_service
    assert german.default_service.calcom_event_type_id == 900003
    assert {service.calendar for service in german.services} == {"dr-smith"}
    assert english
    assert (english.company.language, english.services[0].calcom_event_type_id) == ("en", 900005)
    assert english.services[0].capacity == 2


def test_the_dialled_number_finds_the_branch_however_it_is_written() -> None:
    catalog = load_catalog_file(EXAMPLE)
    assert catalog.branch_for("030 / 555 000 20") is catalog.branch_for("+493055500020")


@pytest.mark.parametrize("number", ["+493055500099", "anonymous", "", "nonsense"])
def test_an_unknown_number_finds_no_branch(number: str) -> None:
    assert load_catalog_file(EXAMPLE).branch_for(number) is None


def test_what_may_be_left_out_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(CATALOG, encoding="utf-8")
    branch = load_catalog_file(path).companies[0].branches[0]
    assert (branch.calcom_api_key_env, branch.minimum_notice_minutes, branch.recheck) == ("CALCOM_API_KEY", 15, True)
    assert (branch.services[0].capacity, branch.services[0].synonyms) == (1, ())


def test_opening_hours_come_in_order_of_the_week(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    hours = '{ sun = ["10:00-11:00"], mon = ["13:00-18:00", "09:00-13:00"] }'
    path.write_text(CATALOG.replace('{ mon = ["09:00-12:00", "13:00-18:00"] }', hours), encoding="utf-8")
    assert load_catalog_file(path).companies[0].branches[0].openings == (
        (0, OpeningSpan(time(9), time(13))),
        (0, OpeningSpan(time(13), time(18))),
        (6, OpeningSpan(time(10), time(11))),
    )


COMPANY = 'company[0] "salon"'
BRANCH = 'company[0].branch[0] "mitte"'
SERVICE = 'company[0].branch[0].service[0] "schnitt"'
HOURS = '{ mon = ["09:00-12:00", "13:00-18:00"] }'


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        ('language = "de"', 'language = "French"', f"{COMPANY}: language: is no language code"),
        ('language = "de"\n', "", f"{COMPANY}: language: is missing; add it"),
        ('language = "de"', 'language = "de"\ncolour = 1', f"{COMPANY}: colour: is not known"),
        ('name = "Salon"', 'name = "  "', f"{COMPANY}: name: is empty"),
        ('name = "Salon"', "name = 5", f"{COMPANY}: name: must be a valid string"),
        ('"Europe/Berlin"', '"Europe/Bärlin"', f"{COMPANY}: timezone: is no known time zone"),
        ('"Europe/Berlin"', '""', f"{COMPANY}: timezone: is no known time zone"),
        ('"Europe/Berlin"', '"../etc/passwd"', f"{COMPANY}: timezone: is no known time zone"),
        ('"Europe/Berlin"', '"Europe"', f"{COMPANY}: timezone: is no known time zone"),
        ('key = "salon"', 'key = "sa lon"', 'company[0] "sa lon": key: is no key'),
        ('key = "salon"', f'key = "{"a" * 65}"', f'company[0] "{"a" * 65}": key: is no key'),
        ('key = "salon"\n', "", "company[0]: key: is missing"),
        ('["+493055500020"]', "[]", f"{BRANCH}: phone_numbers: is empty"),
        ('["+493055500020"]', '["+493055500020123456"]', f"{BRANCH}: phone_numbers[0]: is no phone number"),
        ('["+493055500020"]', '["anonymous"]', f"{BRANCH}: phone_numbers[0]: is no phone number"),
        ('["+493055500020"]', "[493055500020]", f"{BRANCH}: phone_numbers[0]: is no phone number"),
        ('["+493055500020"]', '"+493055500020"', f"{BRANCH}: phone_numbers: must be a list"),
        (
            '["+493055500020"]',
            '["+493055500020", "030 55500020"]',
            f"{BRANCH}: phone_numbers[1]: is used already by {BRANCH}: phone_numbers[0]",
        ),
        (HOURS, "{}", f"{BRANCH}: opening_hours: is never open"),
        (HOURS, "{ mon = [] }", f"{BRANCH}: opening_hours: is never open"),
        (HOURS, '{ montag = ["09:00-12:00"] }', f"{BRANCH}: opening_hours.montag: must be 'mon'"),
        (HOURS, '{ mon = ["9-12"] }', f"{BRANCH}: opening_hours.mon[0]: is no span of hours"),
        (HOURS, '{ mon = ["09:00-24:00"] }', f"{BRANCH}: opening_hours.mon[0]: is no span of hours"),
        (HOURS, "{ mon = [9] }", f"{BRANCH}: opening_hours.mon[0]: is no span of hours"),
        (HOURS, '{ mon = "09:00-12:00" }', f"{BRANCH}: opening_hours.mon: must be a list"),
        (HOURS, '{ mon = ["12:00-09:00"] }', f"{BRANCH}: opening_hours.mon[0]: closes before it opens"),
        (HOURS, '{ mon = ["09:00-09:00"] }', f"{BRANCH}: opening_hours.mon[0]: closes before it opens"),
        (HOURS, '{ mon = ["13:00-18:00", "09:00-13:01"] }', f"{BRANCH}: opening_hours.mon: has spans that overlap"),
        ('key = "mitte"', 'key = "mitte"\nrecheck = "no"', f"{BRANCH}: recheck: must be a valid boolean"),
        (
            'key = "mitte"',
            'key = "mitte"\nminimum_notice_minutes = -1',
            f"{BRANCH}: minimum_notice_minutes: must be greater than or equal to 0",
        ),
        (
            'key = "mitte"',
            'key = "mitte"\ncalcom_api_key_env = "cal_live_0123"',
            f"{BRANCH}: calcom_api_key_env: names no variable",
        ),
        ("duration_minutes = 30", "duration_minutes = 0", f"{SERVICE}: duration_minutes: must be greater than 0"),
        ("duration_minutes = 30", 'duration_minutes = "30"', f"{SERVICE}: duration_minutes: must be a valid integer"),
        ("duration_minutes = 30", "duration_minutes = true", f"{SERVICE}: duration_minutes: must be a valid integer"),
        ("900003", "0", f"{SERVICE}: calcom_event_type_id: must be greater than 0"),
        ("900003", "99999999999", f"{SERVICE}: calcom_event_type_id: must be less than or equal to"),
        ("default = true", "capacity = 0", f"{SERVICE}: capacity: must be greater than 0"),
        ("default = true", "defautl = true", f"{SERVICE}: defautl: is not known"),
        ('calendar = "chair"', 'calendar = ""', f"{SERVICE}: calendar: is no key"),
    ],
)
def test_a_faulty_value_is_refused_by_table_and_key(refused: Refused, old: str, new: str, refusal: str) -> None:
    assert old in CATALOG
    (line,) = refused(CATALOG.replace(old, new, 1))
    assert line.startswith(refusal)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "company: is missing"),
        ("company = []", "company: is empty"),
        ("company = 5", "company: must be a list"),
        ("company = [5]", "company[0]: must be a table"),
        (CATALOG.partition("[[company.branch]]")[0], f"{COMPANY}: branch: is missing"),
        (CATALOG.partition("[[company.branch.service]]")[0], f"{BRANCH}: service: is missing"),
        ("[[company]\n", "is not TOML"),
        (CATALOG + CATALOG.replace("0020", "0029"), f"{COMPANY.replace('0', '1')}: key: is used already by {COMPANY}"),
        (
            CATALOG + SECOND_BRANCH.replace('"ost"', '"mitte"'),
            f"{BRANCH.replace('[0] ', '[1] ')}: key: is used already by {BRANCH}",
        ),
        (
            CATALOG + SECOND_SERVICE.replace('"farbe"', '"schnitt"'),
            f"{SERVICE.replace('[0] ', '[1] ')}: key: is used already by {SERVICE}",
        ),
        (
            CATALOG + SECOND_BRANCH.replace("+493055500021", "0049 3055500020"),
            f'company[0].branch[1] "ost": phone_numbers[0]: is used already by {BRANCH}: phone_numbers[0]',
        ),
        (
            CATALOG + CATALOG.replace('"salon"', '"barbier"'),
            f'company[1].branch[0] "mitte": phone_numbers[0]: is used already by {BRANCH}: phone_numbers[0]',
        ),
        (
            CATALOG + SECOND_SERVICE + "default = true",
            f'company[0].branch[0].service[1] "farbe": default: {SERVICE} is the default already',
        ),
        (
            CATALOG + SECOND_BRANCH + "capacity = 2",
            f'company[0].branch[1].service[0] "farbe": capacity: must be 1 as in {SERVICE}',
        ),
    ],
)
def test_tables_that_contradict_each_other_are_refused(refused: Refused, text: str, refusal: str) -> None:
    (line,) = refused(text)
    assert line.startswith(refusal)


def test_everything_wrong_is_said_at_once(refused: Refused) -> None:
    lines = refused(CATALOG.replace('"de"', '"French"').replace("duration_minutes = 30", "duration_minutes = 0"))
    assert [line.partition(": ")[0] for line in lines] == [COMPANY, SERVICE]


def test_a_refusal_does_not_repeat_an_api_key(refused: Refused) -> None:
    (line,) = refused(CATALOG.replace('key = "mitte"', 'key = "mitte"\ncalcom_api_key_env = "cal_live_0123"'))
    assert "cal_live_0123" not in line


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"missing\.toml: cannot be read: No such file"):
        load_catalog_file(tmp_path / "missing.toml")
    with pytest.raises(CatalogError, match="cannot be read: Is a directory"):
        load_catalog_file(tmp_path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes('name = "Färben"'.encode("latin-1"))
    with pytest.raises(CatalogError, match="is not UTF-8"):
        load_catalog_file(latin)
