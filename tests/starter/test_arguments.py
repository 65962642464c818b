"""What functions are called with: any name an argument goes by, cleaned, understood or asked back."""

from datetime import date, time

import pytest

from tests.starter.fakes import FakeConversation, Retell, envelope
from workflows.messages import Aim, DayPart, Shift

DAY_AND_TIME = {"datum": "16.10.", "uhrzeit": "9 Uhr"}


@pytest.mark.parametrize(
    "args",
    [
        {"datum": "16.10.", "uhrzeit": "09:00", "name": "Erika Muster", "dienstleistung": "Haarschnitt"},
        {"date": "2025-10-16", "time": "9am", "customer_name": "Erika Muster", "service": "Haarschnitt"},
        {
            "appointment_date": "übermorgen",
            "appointment_time": 9,
            "name": "Erika Muster",
            "service_type": "haarschnitt",
        },
        {"datetime": "2025-10-16T09:00:00+02:00", "customer_name": "Erika Muster", "service_name": "Haarschnitt"},
        {"datum": "16.10.2025 09:00", "name": " <b>Erika</b>  Muster\u0000 ", "dienstleistung": "Haarschnitt"},
        {"datum": None, "date": "16.10.", "uhrzeit": "", "time": "9", "name": "{Erika} Muster", "service": "Schneiden"},
    ],
)
async def test_german_and_english_arguments_mean_the_same(
    retell: Retell, conversation: FakeConversation, args: dict[str, object]
) -> None:
    await retell.function("book_appointment", args | {"execution_message": "Einen Moment", "call_id": "call_1"})
    ((call, said),) = conversation.confirmations
    assert call.call_id == "call_0001"
    assert (said.wish.day, said.wish.time_of_day) == (date(2025, 10, 16), time(9))
    assert said.wish.name == "Erika Muster"
    assert said.wish.service is not None
    assert said.wish.service.key == "haarschnitt"


@pytest.mark.parametrize("nothing", [None, "", "   ", "None", "null", "undefined", "{{current_date}}", "am {{datum}}"])
async def test_what_says_nothing_is_missing_and_left_to_the_conversation(
    retell: Retell, conversation: FakeConversation, nothing: object
) -> None:
    names = ("datum", "uhrzeit", "name", "dienstleistung", "email", "telefonnummer", "alternative_id")
    await retell.function("book_appointment", dict.fromkeys(names, nothing))
    ((_, said),) = conversation.confirmations
    wish = said.wish
    spoken = (wish.day, wish.time_of_day, wish.day_words, wish.name, wish.service, wish.email, wish.phone)
    assert (*spoken, said.alternative_id) == (None,) * 8


@pytest.mark.parametrize("args", [[], None, "datum", 7, {}])
async def test_arguments_that_are_no_object_are_no_arguments(
    retell: Retell, conversation: FakeConversation, args: object
) -> None:
    payload = envelope("confirm_booking", {}) | {"args": args}
    assert (await retell.post(payload)).status_code == 200
    assert len(conversation.confirmations) == 1


@pytest.mark.parametrize("name", ["Unbekannt", "anonym", "ANONYMOUS", "Unknown", "Kunde", "Frau", "n/a", "4711"])
async def test_a_placeholder_is_no_name(retell: Retell, conversation: FakeConversation, name: str) -> None:
    await retell.function("book_appointment", {"name": name})
    assert conversation.confirmations[0][1].wish.name is None


async def test_contact_details_are_written_as_they_are_used(retell: Retell, conversation: FakeConversation) -> None:
    contact = {"email": "Erika . Muster @ Example.DE", "telefonnummer": "0151 / 2345 6789", "alternative_id": "A2"}
    await retell.function("book_appointment", contact)
    said = conversation.confirmations[0][1]
    assert said.wish.email == "erika.muster@example.de"
    assert said.wish.phone == "+4915123456789"
    assert said.alternative_id == "a2"


@pytest.mark.parametrize(
    "email",
    [
        "erika..muster@example.de",
        ".erika@example.de",
        "erika.@example.de",
        "erika@example",
        "erika@example..de",
        "erika@.example.de",
        "erika@-example.de",
        "erika@example.de.",
        "erika@example.d",
        "erika@127.0.0.1",
        "erikaconsole.example.de",
        "@example.de",
        "er!ka@example.de",
        "erika@münchen.de",
        f"{'x' * 244}@example.de",
    ],
)
async def test_an_address_the_calendar_would_not_take_is_refused_before_a_mail_is_promised(
    retell: Retell, conversation: FakeConversation, email: str
) -> None:
    body = await retell.function("book_appointment", DAY_AND_TIME | {"email": email})
    assert body["message"] == "Ungültige Eingabedaten: E-Mail-Adresse ist nicht lesbar."
    assert not conversation.touched


@pytest.mark.parametrize("email", ["o'neil+salon_1@mail.example.co.uk", "e@a.de", f"{'x' * 243}@example.de"])
async def test_an_unusual_address_is_taken(retell: Retell, conversation: FakeConversation, email: str) -> None:
    await retell.function("book_appointment", {"email": email})
    assert conversation.confirmations[0][1].wish.email == email


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"datum": "x" * 201}, "Ungültige Eingabedaten: Datum ist zu lang (höchstens 30 Zeichen)."),
        ({"alternative_id": "x" * 21}, "Ungültige Eingabedaten: Alternative ist zu lang (höchstens 20 Zeichen)."),
        ({"search_days": "bald"}, "Ungültige Eingabedaten: Suchzeitraum ist nicht lesbar."),
        ({"datum": "x" * 31}, "Ungültige Eingabedaten: Datum ist zu lang (höchstens 30 Zeichen)."),
        ({"uhrzeit": "x" * 21}, "Ungültige Eingabedaten: Uhrzeit ist zu lang (höchstens 20 Zeichen)."),
        ({"name": "x" * 151}, "Ungültige Eingabedaten: Name ist zu lang (höchstens 150 Zeichen)."),
        ({"service": "x" * 251}, "Ungültige Eingabedaten: Dienstleistung ist zu lang (höchstens 250 Zeichen)."),
        ({"email": f"{'x' * 251}@a.de"}, "Ungültige Eingabedaten: E-Mail-Adresse ist zu lang (höchstens 255 Zeichen)."),
        ({"email": "erika at example"}, "Ungültige Eingabedaten: E-Mail-Adresse ist nicht lesbar."),
        ({"datum": {"tag": 16}}, "Ungültige Eingabedaten: Datum ist nicht lesbar."),
        ({"datum": 16.1}, "Ungültige Eingabedaten: Datum ist nicht lesbar."),
        (
            {"uhrzeit": [9], "name": True},
            "Ungültige Eingabedaten: Uhrzeit ist nicht lesbar, Name ist nicht lesbar.",
        ),
    ],
)
async def test_input_of_no_use_is_named_and_not_repeated(
    retell: Retell, conversation: FakeConversation, args: dict[str, object], message: str
) -> None:
    body = await retell.function("collect_appointment_data", args)
    assert body == {"success": False, "status": "error", "message": message}
    assert not conversation.touched


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"datum": "bei Vollmond"}, {"status": "error"}),
        ({"datum": "16.10.", "uhrzeit": "zur Geisterstunde"}, {"status": "error"}),
        ({"datum": "Montag oder Dienstag"}, {"status": "error"}),
        ({"datum": "Freitag, 16.10."}, {"status": "error", "reason": "weekday_mismatch"}),
        ({"datum": "29.03.2026", "uhrzeit": "02:30"}, {"status": "error"}),
        ({"datum": "04.10.2023", "uhrzeit": "9"}, {"status": "past_time", "reason": "past_time"}),
        ({"dienstleistung": "Zahnreinigung"}, {"status": "error", "reason": "unknown_service"}),
    ],
)
@pytest.mark.parametrize("function", ["check_availability", "book_appointment"])
async def test_what_cannot_be_meant_is_asked_back_without_a_workflow(
    retell: Retell,
    conversation: FakeConversation,
    function: str,
    args: dict[str, object],
    expected: dict[str, str],
) -> None:
    body = await retell.function(function, args)
    assert ({"success": False} | expected).items() <= body.items()
    assert not conversation.touched


async def test_words_longer_than_their_limit_count_where_they_are_understood(
    retell: Retell, conversation: FakeConversation
) -> None:
    await retell.function("check_availability", {"datum": "Donnerstag, den 16. Oktober um Viertel nach neun"})
    ((_, wish),) = conversation.wishes
    assert (wish.day, wish.time_of_day) == (date(2025, 10, 16), time(9, 15))


async def test_words_are_passed_on_with_all_they_say(retell: Retell, conversation: FakeConversation) -> None:
    for args in (
        {"datum": "übermorgen", "uhrzeit": "so gegen drei"},
        {"datum": "Donnerstag Vormittag"},
        {"uhrzeit": "eine Stunde später"},
        {"datum": "der zweite bitte"},
        {"datum": "nächste Woche"},
        {"datum": "so bald wie möglich"},
    ):
        await retell.function("check_availability", args)
    about, window, shift, choice, week, soonest = (wish for _, wish in conversation.wishes)
    assert (about.day, about.time_of_day, about.about) == (date(2025, 10, 16), time(15), True)
    assert (window.day, window.weekday_alone) == (date(2025, 10, 16), True)
    assert window.window is not None
    assert window.window.part is DayPart.FORENOON
    assert shift.shift == Shift(minutes=60)
    assert choice.choice == 2
    assert (week.day, week.week) == (None, date(2025, 10, 20))
    assert soonest.aim is Aim.FIRST_FREE


@pytest.mark.parametrize("words", ["2", "2.", "Nummer 2", "der zweite", "den zweiten bitte"])
async def test_an_alternative_may_be_named_in_words(retell: Retell, conversation: FakeConversation, words: str) -> None:
    await retell.function("book_appointment", {"alternative_id": words})
    ((_, said),) = conversation.confirmations
    assert (said.alternative_id, said.wish.choice) == (None, 2)


async def test_an_alternative_may_be_named_by_its_moment(retell: Retell, conversation: FakeConversation) -> None:
    await retell.function("book_appointment", {"alternative_id": "2025-10-16T10:00:00+02:00"})
    ((_, said),) = conversation.confirmations
    assert (said.alternative_id, said.wish.day, said.wish.time_of_day) == (None, date(2025, 10, 16), time(10))


@pytest.mark.parametrize(
    "args", [{"alternative_id": "irgendeine"}, DAY_AND_TIME | {"alternative_id": "17.10.2025 10:00"}]
)
async def test_an_alternative_that_cannot_be_meant_is_asked_back(
    retell: Retell, conversation: FakeConversation, args: dict[str, object]
) -> None:
    body = await retell.function("book_appointment", args)
    assert body["message"] == "Entschuldigung, welchen der genannten Termine möchten Sie?"
    assert not conversation.touched
