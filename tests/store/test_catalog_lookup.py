from pathlib import Path

import pytest

from store.catalog import CatalogBranch, find_service, load_catalog_file

SERVICES = {
    "haarschnitt": ("Herrenhaarschnitt", ["Haarschnitt", "Schneiden"]),
    "faerben": ("Färben mit Schnitt", ["Färben", "Farbe", "Tönung"]),
    "beratung": ("Beratung", []),
    "intensivberatung": ("Intensiv Beratung", []),
    "bart-60": ("Bart & Rasur", ["Rasieren"]),
}


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> CatalogBranch:
    services = "".join(
        f'[[company.branch.service]]\nkey = "{key}"\nname = "{name}"\nsynonyms = {synonyms}\ncalcom_event_type_id = 1\n'
        f'duration_minutes = 30\ncalendar = "chair"\ndefault = {str(key == "haarschnitt").lower()}\n'
        for key, (name, synonyms) in SERVICES.items()
    )
    path: Path = tmp_path_factory.mktemp("catalog") / "catalog.toml"
    path.write_text(
        '[[company]]\nkey = "salon"\nname = "Salon"\nlanguage = "de"\ntimezone = "Europe/Berlin"\n'
        '[[company.branch]]\nkey = "mitte"\nname = "Mitte"\nphone_numbers = ["+493055500020"]\n'
        f'opening_hours = {{ mon = ["09:00-12:00"] }}\n{services}',
        encoding="utf-8",
    )
    return load_catalog_file(path).companies[0].branches[0]


@pytest.mark.parametrize(
    ("spoken", "key"),
    [
        ("haarschnitt", "haarschnitt"),
        ("bart 60", "bart-60"),
        ("Herrenhaarschnitt", "haarschnitt"),
        ("  HERRENHAARSCHNITT ", "haarschnitt"),
        ("einen Herrenhaarschnitt, bitte!", "haarschnitt"),
        ("Herrenhaar", "haarschnitt"),
        ("Schneiden", "haarschnitt"),
        ("ich möchte färben", "faerben"),
        ("Bart, Rasur", "bart-60"),
        ("eine Intensiv Beratung", "intensivberatung"),
        ("eine Beratung", "beratung"),
        ("Herenharschnitt", "haarschnitt"),
        ("Tönunk", "faerben"),
    ],
)
def test_what_is_said_finds_the_service(branch: CatalogBranch, spoken: str, key: str) -> None:
    found = find_service(branch, spoken)
    assert found
    assert found.key == key


@pytest.mark.parametrize(
    "spoken",
    [
        "",
        "   ",
        "?!",
        "Massage",
        "Damenhaarschnitt",
        "Kinderhaarschnitt",
        "Bartschnitt",
        "um",
        "Färben oder Rasieren",
        "{{service}}",
    ],
)
def test_what_is_not_offered_or_ambiguous_finds_none_and_never_the_default(branch: CatalogBranch, spoken: str) -> None:
    assert find_service(branch, spoken) is None
