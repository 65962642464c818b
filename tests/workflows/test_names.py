import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.names import first_and_last, is_name, speakable, told


@pytest.mark.parametrize(
    "text",
    [
        "Unbekannt",
        "anonym",
        "ANONYMOUS",
        "Unknown",
        "Kunde",
        "neuer Kunde",
        "der Anrufer",
        "Unbekannter Anrufer",
        "the caller",
        "Unknown Customer",
        "n/a",
        "N/A",
        "k.A.",
        "N. N.",
        "keine Angabe",
        "nicht angegeben",
        "not provided",
        "-",
        "...",
        "?",
        "Frau",
        "Herr",
        "Herr Dr.",
        "Herr Unbekannt",
        "4711",
        "0151 23456789",
        "😀",
        "",
    ],
)
def test_what_names_nobody_is_no_name(text: str) -> None:
    assert not is_name(text)
    assert speakable(text) is None


@pytest.mark.parametrize(
    "name",
    [
        "Erika Muster",
        "Frau Muster",
        "Herr Neuer",
        "Ünal Çelik-O'Brien",
        "Dr. No",
        "Kundera",
        "李",
        "Anna von der Heide",
    ],
)
def test_a_name_is_said_as_it_was_given(name: str) -> None:
    assert is_name(name)
    assert speakable(name) == name
    assert speakable(f"  {name.replace(' ', '   ')} ") == name


@pytest.mark.parametrize(
    "name",
    ["Robert'); DROP TABLE booking; --", "Erika 2", "Erika 😀", "x" * 61, "a@b", "'Erika", "Erika\u202eretsuM", "E_M"],
)
def test_a_name_that_is_unfit_to_be_said_stays_a_name(name: str) -> None:
    assert is_name(name)
    assert speakable(name) is None


def test_no_name_is_none() -> None:
    assert speakable(None) is None


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Erika Anna Muster", ("Erika Anna", "Muster")),
        ("Muster", (None, "Muster")),
        ("Frau Muster", (None, "Muster")),
        ("Prof. Dr. Max Muster", ("Max", "Muster")),
        ("", (None, None)),
    ],
)
def test_titles_are_neither_first_nor_last_name(name: str, parts: tuple[str | None, str | None]) -> None:
    assert first_and_last(name) == parts


@given(st.text())
def test_whatever_is_said_of_a_name_is_letters_and_little_else(text: str) -> None:
    said = speakable(text)
    assert said is None or (len(said) <= 60 and all(char.isalpha() or char in " .'’-" for char in said))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Ich heiße Thomas Schmidt", "Thomas Schmidt"),
        ("mein Name ist Petra Schmidt.", "Petra Schmidt"),
        ("Hier ist Frau Dr. Meyer", "Frau Dr. Meyer"),
        ("auf Müller", "Müller"),
        ("My name is Grace Miller", "Grace Miller"),
        ("Aufhauser", "Aufhauser"),
        ("Ja", None),
        ("ja bitte", None),
        ("Nein", None),
        ("Ich heiße", None),
        ("mein Name ist ja", None),
        ("Jan Okay", "Jan Okay"),
    ],
)
def test_a_name_is_taken_without_its_introduction(said: str, name: str | None) -> None:
    assert told(said) == name
