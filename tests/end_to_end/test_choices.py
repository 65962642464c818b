"""What a "yes" means: the moment on offer, one of the alternatives, and never a moment nobody has heard."""

import asyncio

import pytest

from simulator.caller import Caller, Reply
from tests.end_to_end.salon import ENGLISH_OFFICE, Salon, berlin

NINE = berlin("2025-10-16T09:00")
TEN = berlin("2025-10-16T10:00")


async def hears_alternatives(salon: Salon, caller: Caller) -> Reply:
    """Ask for a moment that is gone: 09:30 and 10:00 are named instead."""
    salon.occupies(NINE, berlin("2025-10-16T09:30"))
    refused = await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00")
    assert refused.status == "unavailable"
    assert [(a["id"], a["time"]) for a in refused.body["alternatives"]] == [("a1", "09:30"), ("a2", "10:00")]
    return refused


@pytest.mark.parametrize(
    "choice",
    [
        {"alternative_id": "a2"},
        {"alternative": "A2"},
        {"datetime": "2025-10-16T10:00:00+02:00"},
        {"datetime": "2025-10-16T08:00:00Z"},
        {"datum": "2025-10-16", "uhrzeit": "10 Uhr"},
        {"datum": "16.10.2025", "uhrzeit": "10:00"},
        {"uhrzeit": "10:00"},
    ],
)
async def test_an_alternative_is_chosen_by_id_by_moment_or_by_time(salon: Salon, choice: dict[str, str]) -> None:
    caller = salon.rings()
    await hears_alternatives(salon, caller)

    booked = await caller.say("book_appointment", **choice, name="Hansi Schmidt")

    assert (booked.status, booked.body["start"]) == ("booked", "2025-10-16T10:00:00+02:00")
    assert salon.booked_starts == [TEN]


async def test_the_date_word_used_before_goes_with_a_new_time(salon: Salon) -> None:
    """The alternatives are on the day after the one that was named: the word for that day means them all the same."""
    salon.occupies(berlin("2025-10-15T09:00"), berlin("2025-10-15T18:00"))
    caller = salon.rings()
    refused = await caller.say("check_availability", datum="morgen", uhrzeit="09:00")
    first = refused.body["alternatives"][0]
    assert (first["date"], first["time"]) == ("16.10.2025", "09:00")

    booked = await caller.say("book_appointment", datum="morgen", uhrzeit=first["time"], name="Hansi Schmidt")

    # 09:00 is also the time of the second alternative, next week: which one is meant has to be asked back.
    assert booked.status == "unavailable"
    assert salon.bookings == []
    booked = await caller.say(
        "book_appointment", alternative_id=booked.body["alternatives"][0]["id"], name="Hansi Schmidt"
    )
    assert (booked.status, salon.booked_starts) == ("booked", [NINE])


async def test_another_moment_is_asked_back_before_it_is_booked(salon: Salon) -> None:
    caller = salon.rings()
    await hears_alternatives(salon, caller)

    asked_back = await caller.say("book_appointment", datum="16.10.2025", uhrzeit="15:00", name="Hansi Schmidt")
    assert (asked_back.status, asked_back.body["requested_start"]) == ("available", "2025-10-16T15:00:00+02:00")
    assert salon.bookings == []

    booked = await caller.say("book_appointment", datum="16.10.2025", uhrzeit="15:00", name="Hansi Schmidt")
    assert booked.status == "booked"
    assert salon.booked_starts == [berlin("2025-10-16T15:00")]


async def test_an_alternative_nobody_named_is_not_booked(salon: Salon) -> None:
    caller = salon.rings()
    await hears_alternatives(salon, caller)

    answer = await caller.say("book_appointment", alternative_id="a7", name="Hansi Schmidt")

    assert answer.status_code == 200
    assert answer.status != "booked"
    assert salon.bookings == []


async def test_an_explicit_wish_is_booked_exactly_when_nothing_is_on_offer(salon: Salon) -> None:
    booked = await salon.rings().say("book_appointment", datetime="2025-10-16T10:00", name="Hansi Schmidt")

    assert booked.status == "booked"
    assert salon.booked_starts == [TEN]


async def test_a_held_hour_keeps_a_shorter_service_out_of_it(salon: Salon) -> None:
    """Cal.com itself would book the two: they are different event types of one person."""
    long, short = salon.rings(), salon.rings()
    offer = await long.say("check_availability", datum="16.10.2025", uhrzeit="09:00", dienstleistung="Färben")
    assert offer.status == "available"

    refused = await short.say("check_availability", datum="16.10.2025", uhrzeit="09:30", dienstleistung="Haarschnitt")
    assert (refused.status, refused.body["reason"]) == ("unavailable", "held_by_another_call")
    assert [a["time"] for a in refused.body["alternatives"]] == ["10:00", "10:30"]

    assert (await long.say("book_appointment", name="Hansi Schmidt")).status == "booked"
    [booking] = salon.bookings
    assert (booking.start, booking.end) == (NINE, TEN)


async def test_who_asks_for_another_time_gives_the_first_one_back(salon: Salon) -> None:
    undecided, next_caller = salon.rings(), salon.rings()
    for time in ("09:00", "10:00"):
        assert (await undecided.say("check_availability", datum="16.10.2025", uhrzeit=time)).status == "available"

    assert (await next_caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00")).status == "available"
    assert {hold.start for hold in await salon.live_holds()} == {NINE, TEN}

    assert (await undecided.say("book_appointment", name="Hansi Schmidt")).body["start"] == "2025-10-16T10:00:00+02:00"


async def test_a_later_question_need_only_name_what_is_new(salon: Salon) -> None:
    caller = salon.rings()
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00", dienstleistung="Färben")

    offer = await caller.say("check_availability", uhrzeit="14 Uhr")
    assert (offer.status, offer.body["requested_start"]) == ("available", "2025-10-16T14:00:00+02:00")
    assert (await caller.say("book_appointment", name="Hansi Schmidt")).status == "booked"

    [booking] = salon.bookings
    assert (booking.kind.slug, booking.start) == ("faerben-mit-schnitt", berlin("2025-10-16T14:00"))


async def test_nothing_is_booked_without_a_name(salon: Salon) -> None:
    caller = salon.rings()
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="10:00")

    unnamed = await caller.say("book_appointment", name="Unbekannt")
    assert (unnamed.status, salon.bookings) == ("missing_customer_name", [])

    assert (await caller.say("book_appointment", name="Hansi Schmidt")).status == "booked"
    assert salon.booked_starts == [TEN]


async def test_only_true_is_a_yes(salon: Salon) -> None:
    wish = {"datum": "16.10.2025", "uhrzeit": "10:00", "name": "Hansi Schmidt"}
    caller = salon.rings()

    for yes in (None, False, "true", "ja", 1, "{{confirmed}}"):
        assert (await caller.say("collect_appointment_data", **wish, bestaetigung=yes)).status == "available"
    assert (await caller.say("collect_appointment_data", **wish)).status == "available"
    assert salon.bookings == []

    assert (await caller.say("collect_appointment_data", **wish, bestaetigung=True)).status == "booked"


async def test_the_english_branch_speaks_english(salon: Salon) -> None:
    caller = salon.rings(ENGLISH_OFFICE, named_path=True)

    offer = await caller.say("check_availability_v17", date="tomorrow", time="3 pm", service_name="first meeting")
    assert offer.message == (
        "The appointment on Wednesday, October 15 at 3:00 PM is still free. Shall I book it for you?"
    )
    booked = await caller.say(
        "book_appointment_v17",
        appointment_date="2025-10-15",
        appointment_time="15:00",
        customer_name="Ann Lee",
        customer_email="ann @ example.com",
    )

    assert booked.message.startswith("Perfect! Your appointment on Wednesday, October 15 at 3:00 PM has been booked.")
    [booking] = salon.bookings
    assert (booking.start, booking.attendees[0].email) == (berlin("2025-10-15T15:00"), "ann@example.com")
    assert booking.attendees[0].language == "en"


async def test_two_hosts_take_two_callers_at_one_time_and_the_third_hears_alternatives(salon: Salon) -> None:
    callers = [salon.rings(ENGLISH_OFFICE) for _ in range(3)]

    offers = [await caller.say("check_availability", date="16.10.2025", time="10:00") for caller in callers]
    assert [offer.status for offer in offers] == ["available", "available", "unavailable"]

    booked = [await caller.say("book_appointment", name="Ann Lee") for caller in callers[:2]]
    assert [answer.status for answer in booked] == ["booked", "booked"]
    assert salon.booked_starts == [TEN, TEN]
    assert len({booking.host for booking in salon.bookings}) == 2


async def test_the_call_is_the_envelopes_whatever_the_model_says(salon: Salon) -> None:
    victim, caller = salon.rings(), salon.rings()
    await victim.say("check_availability", datum="16.10.2025", uhrzeit="10:00")

    answer = await caller.say("book_appointment", call_id=victim.call_id, name="Hansi Schmidt")

    assert answer.status == "missing_required_fields"
    assert salon.bookings == []
    assert [hold.call_id for hold in await salon.live_holds()] == [victim.call_id]
    unheard = await caller.say("check_availability", datum="16.10.2025", uhrzeit="11:00", call_id="call_of_a_model")
    assert unheard.status == "available"
    assert await salon.state_of("call_of_a_model") is None


async def test_arguments_without_an_envelope_have_no_effect(salon: Salon) -> None:
    caller = salon.rings(args_at_root=True)

    answer = await caller.say(
        "book_appointment", call_id=caller.call_id, datum="16.10.2025", uhrzeit="10:00", name="Hansi Schmidt"
    )

    assert (answer.status_code, answer.status) == (200, "error")
    assert await salon.state_of(caller.call_id) is None
    assert salon.bookings == []


async def test_a_repeated_webhook_books_once_and_hears_the_same(salon: Salon) -> None:
    caller = salon.rings()
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="10:00")
    booked = await caller.say("book_appointment", name="Hansi Schmidt")

    assert (await caller.repeat_last()).body == booked.body
    assert salon.booked_starts == [TEN]


async def test_a_webhook_repeated_while_it_is_answered_books_once(salon: Salon) -> None:
    caller = salon.rings()
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="10:00")
    let_through = salon.line.keep_waiting("POST", "/v2/bookings")
    first = asyncio.create_task(caller.say("book_appointment", name="Hansi Schmidt"))
    await salon.line.waiting("POST", "/v2/bookings")
    second = asyncio.create_task(caller.repeat_last())
    let_through.set()

    replies = await asyncio.gather(first, second)

    assert [reply.status for reply in replies] == ["booked", "booked"]
    assert replies[0].body == replies[1].body
    assert salon.booked_starts == [TEN]


async def test_a_question_repeated_is_one_question(salon: Salon) -> None:
    caller = salon.rings()
    offer = await caller.say("check_availability", datum="16.10.2025", uhrzeit="10:00")

    assert (await caller.repeat_last()).body == offer.body
    assert salon.calendar.traffic.counts()["slots"] == 1


async def test_a_second_yes_hears_that_it_is_booked_already(salon: Salon) -> None:
    caller = salon.rings()
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="10:00")
    await caller.say("book_appointment", name="Hansi Schmidt")

    again = await caller.say("confirm_booking")

    assert again.status == "booked"
    assert again.message == "Perfekt! Ihr Termin am Donnerstag, 16. Oktober um 10:00 Uhr ist bereits gebucht."
    assert salon.booked_starts == [TEN]


ASKED_BACK = [
    {"datum": "Freitag, den 16. Oktober", "uhrzeit": "11 Uhr"},
    {"datum": "16.10.2024"},
    {"uhrzeit": "zur Geisterstunde"},
    {"datum": "morgen", "uhrzeit": "15 Uhr vormittags"},
    {"datum": "am Wochenende"},
    {"dienstleistung": "Zahnreinigung"},
]


@pytest.mark.parametrize("words", ASKED_BACK)
async def test_a_yes_after_words_that_were_asked_back_does_not_book_what_was_offered_before(
    salon: Salon, words: dict[str, str]
) -> None:
    caller = salon.rings()
    assert (await caller.say("check_availability", datum="morgen", uhrzeit="10 Uhr")).status == "available"
    await caller.say("check_availability", **words)

    answer = await caller.say("book_appointment", name="Hansi Schmidt")

    assert answer.status in ("available", "missing_required_fields")
    assert salon.bookings == []


@pytest.mark.parametrize(
    ("asked_back", "answer", "start"),
    [
        ({"datum": "Freitag, den 16. Oktober", "uhrzeit": "10 Uhr"}, {"datum": "Donnerstag"}, "2025-10-16T10:00"),
        ({"datum": "Freitag, den 23. Oktober", "uhrzeit": "10 Uhr"}, {"datum": "Donnerstag"}, "2025-10-23T10:00"),
        ({"datum": "morgen", "uhrzeit": "zur Geisterstunde"}, {"uhrzeit": "10 Uhr"}, "2025-10-15T10:00"),
        ({"datum": "morgen", "uhrzeit": "10 oder 11 Uhr"}, {"uhrzeit": "11"}, "2025-10-15T11:00"),
        ({"datum": "Donnerstag oder Freitag", "uhrzeit": "10 Uhr"}, {"datum": "Freitag"}, "2025-10-17T10:00"),
        ({"datum": "16.10.2024", "uhrzeit": "10 Uhr"}, {"datum": "Donnerstag"}, "2025-10-16T10:00"),
        (
            {"datum": "morgen", "uhrzeit": "10 Uhr", "dienstleistung": "Zahnreinigung"},
            {"dienstleistung": "Haarschnitt"},
            "2025-10-15T10:00",
        ),
    ],
)
async def test_what_was_understood_of_words_asked_back_need_not_be_said_again(
    salon: Salon, asked_back: dict[str, str], answer: dict[str, str], start: str
) -> None:
    caller = salon.rings()
    assert (await caller.say("check_availability", **asked_back)).status in ("error", "past_time")

    offer = await caller.say("check_availability", **answer)

    assert (offer.status, offer.body["requested_start"]) == ("available", f"{start}:00+02:00")


async def test_later_than_the_last_moment_of_the_day_is_said_without_denying_what_is_on_offer(salon: Salon) -> None:
    caller = salon.rings()
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="17:30")

    answer = await caller.say("check_availability", uhrzeit="lieber später")

    assert answer.message.startswith("Am Donnerstag, 16. Oktober gibt es nach 17:30 Uhr leider keine Termine.")


async def test_the_name_asked_for_completes_the_booking_of_the_alternative_that_was_chosen(salon: Salon) -> None:
    salon.occupies(berlin("2025-10-16T09:00"), berlin("2025-10-16T09:30"))
    caller = salon.rings()
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="9 Uhr")
    assert (await caller.say("book_appointment", alternative_id="der zweite")).status == "missing_customer_name"

    assert (await caller.say("book_appointment", name="Hansi Schmidt")).status == "booked"

    assert salon.booked_starts == [berlin("2025-10-16T10:00")]
