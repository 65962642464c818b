"""The incident's manual cases, at its own date: what was wrong on that evening, and must not be again."""

import asyncio

from simulator.caller import Caller, Reply
from tests.end_to_end.conftest import OpenSalon
from tests.end_to_end.salon import Salon, berlin

THURSDAY = {"datum": "16.10.2025", "uhrzeit": "09:00"}
NINE = berlin("2025-10-16T09:00")
ALTERNATIVES = "Der Termin um 09:00 Uhr wurde gerade vergeben. Ich habe Alternativen gefunden: "


async def asks(caller: Caller, **words: object) -> Reply:
    return await caller.say(
        "collect_appointment_data", **words, name=caller.name, dienstleistung="Herrenhaarschnitt", bestaetigung=False
    )


async def says_yes(caller: Caller, **words: object) -> Reply:
    return await caller.say("collect_appointment_data", **words, name=caller.name, bestaetigung=True)


async def test_a_slot_taken_while_the_caller_thinks_leads_to_alternatives(open_with: OpenSalon) -> None:
    salon = await open_with(slot_interval=60)
    caller = salon.rings(name="Hansi Schmidt")
    offer = await asks(caller, **THURSDAY)
    assert (offer.status_code, offer.status) == (200, "available")
    assert offer.message == (
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist noch frei. Soll ich den Termin für Sie buchen?"
    )

    await caller.think(14)
    await salon.stranger_books(NINE)
    taken = await says_yes(caller, **THURSDAY)

    assert taken.status_code == 200
    assert taken.body == {
        "success": False,
        "status": "slot_taken",
        "message": ALTERNATIVES + "am gleichen Tag, 10:00 Uhr oder 11:00 Uhr.",
        "alternatives": [
            {
                "id": f"a{number}",
                "time": f"{hour}:00",
                "date": "16.10.2025",
                "description": f"am gleichen Tag, {hour}:00 Uhr",
                "start": f"2025-10-16T{hour}:00:00+02:00",
            }
            for number, hour in ((1, 10), (2, 11))
        ],
        "reason": "race_condition_detected",
        "requested_start": "2025-10-16T09:00:00+02:00",
    }
    assert salon.calendar.traffic.counts()["bookings.create"] == 0

    booked = await says_yes(caller, datum="16.10.2025", uhrzeit="10:00")
    assert booked.status == "booked"
    assert salon.booked_starts == [NINE, berlin("2025-10-16T10:00")]
    assert [booking.made_by for booking in salon.bookings] == ["stranger", "api"]


async def test_a_race_in_the_words_of_the_document(salon: Salon) -> None:
    caller = salon.rings(name="Hansi Schmidt")
    offer = await asks(caller, datum="Morgen", uhrzeit="9:00 Uhr")
    assert offer.message.startswith("Der Termin am Mittwoch, 15. Oktober um 09:00 Uhr ist noch frei.")

    await caller.think(14)
    await salon.stranger_books(berlin("2025-10-15T09:00"))
    taken = await says_yes(caller, datum="Morgen", uhrzeit="9:00 Uhr")

    assert (taken.status, taken.body["reason"]) == ("slot_taken", "race_condition_detected")
    assert taken.message.startswith(ALTERNATIVES)
    assert len(taken.body["alternatives"]) == 2


async def test_an_offered_slot_is_booked_after_the_yes(salon: Salon) -> None:
    caller = salon.rings(name="Hansi Hinterseer")
    offer = await asks(caller, datum="Morgen", uhrzeit="14:00 Uhr")
    assert offer.status == "available"
    await caller.think(14)

    booked = await says_yes(caller, datum="Morgen", uhrzeit="14:00 Uhr")

    [booking] = salon.bookings
    assert booked.body == {
        "success": True,
        "status": "booked",
        "message": "Perfekt! Ihr Termin am Mittwoch, 15. Oktober um 14:00 Uhr wurde erfolgreich gebucht.",
        "requested_start": "2025-10-15T14:00:00+02:00",
        "booking_uid": booking.uid,
        "appointment_id": booking.uid,
        "start": "2025-10-15T14:00:00+02:00",
        "confirmation_email_sent": False,
    }
    assert booking.start == berlin("2025-10-15T14:00")
    assert booking.attendees[0].name == "Hansi Hinterseer"


async def test_of_five_callers_one_gets_the_slot_and_the_others_what_is_free(salon: Salon) -> None:
    callers = [salon.rings(name=f"Anrufer {letter}") for letter in "ABCDE"]

    heard = dict(zip(callers, await asyncio.gather(*(asks(caller, **THURSDAY) for caller in callers)), strict=True))

    [first] = [caller for caller in callers if heard[caller].status == "available"]
    others = [caller for caller in callers if caller is not first]
    for other in others:
        assert (heard[other].status, heard[other].body["reason"]) == ("unavailable", "held_by_another_call")
        assert [a["time"] for a in heard[other].body["alternatives"]] == ["09:30", "10:00"]

    booked, one, two = await asyncio.gather(
        says_yes(first, **THURSDAY),
        says_yes(others[0], alternative_id="a1"),
        says_yes(others[1], alternative_id="a1"),
    )
    assert booked.status == "booked"
    quicker, slower = (one, two) if one.status == "booked" else (two, one)
    assert (quicker.status, quicker.body["start"]) == ("booked", "2025-10-16T09:30:00+02:00")
    assert (slower.status, slower.body["reason"]) == ("slot_taken", "race_condition_detected")
    assert slower.message.startswith("Der Termin um 09:30 Uhr wurde gerade vergeben. Ich habe Alternativen gefunden: ")
    assert [a["time"] for a in slower.body["alternatives"]] == ["10:00", "10:30"]

    loser = others[1] if quicker is one else others[0]
    last = slower.body["alternatives"][0]["id"]
    assert (await says_yes(loser, alternative_id=last)).status == "booked"
    assert salon.booked_starts == [NINE, berlin("2025-10-16T09:30"), berlin("2025-10-16T10:00")]
