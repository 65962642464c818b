"""A whole call through each of the other voice platforms: from its own envelope to the calendar."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from sqlmodel import col
from temporalio.client import WorkflowExecutionStatus

from starter.conversation import Conversation
from starter.directory import Directory
from store.catalog import load_catalog
from store.tables import Booking, Call
from tests.end_to_end.salon import Salon, berlin, eventually
from tests.starter.fakes import CALLER
from tests.starter.platforms import ElevenLabs, Vapi, app_for_all, client_of

Function = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

NINE = berlin("2025-10-16T09:00")
THURSDAY_NINE = {"datum": "16.10.2025", "uhrzeit": "09:00", "dienstleistung": "Herrenhaarschnitt"}


async def web_process(salon: Salon) -> FastAPI:
    conversation = Conversation(salon.temporal, salon.task_queue)
    return app_for_all(conversation, Directory(salon.engine, await load_catalog(salon.engine)), salon.clock)


async def books_nine_on_thursday(salon: Salon, function: Function, call_id: str) -> None:
    offer = await function("check_availability", THURSDAY_NINE)
    assert offer["status"] == "available"
    assert [hold.call_id for hold in await salon.live_holds()] == [call_id]
    await salon.clock.pass_time(14)
    booked = await function("book_appointment", {"name": "Hansi Hinterseer"})
    assert (booked["status"], booked["start"]) == ("booked", "2025-10-16T09:00:00+02:00")

    [booking] = salon.bookings
    assert (booking.uid, booking.start, booking.made_by) == (booked["booking_uid"], NINE, "api")
    assert booking.attendees[0].name == "Hansi Hinterseer"
    assert booking.metadata["call"] == call_id


async def is_over_and_recorded(salon: Salon, call_id: str) -> None:
    await eventually(lambda: salon.state_of(call_id), lambda state: state is WorkflowExecutionStatus.COMPLETED)
    [call] = await eventually(lambda: salon.rows(Call, col(Call.call_id) == call_id, col(Call.ended_at).is_not(None)))
    assert (call.outcome, call.caller_number) == ("booked", CALLER)
    [booking] = await salon.rows(Booking, col(Booking.call_id) == call_id)
    assert booking.uid == salon.bookings[0].uid


async def test_a_call_through_vapi_is_booked_once_and_recorded(salon: Salon) -> None:
    async with client_of(await web_process(salon)) as http:
        vapi = Vapi(http)
        call_id = f"vapi:{vapi.call_id}"
        await books_nine_on_thursday(salon, vapi.function, call_id)
        assert (await vapi.post(vapi.message("status-update", status="ended"))).status_code == 200
        await is_over_and_recorded(salon, call_id)
        assert (await vapi.post(vapi.message("end-of-call-report"))).status_code == 200


async def test_a_call_through_elevenlabs_is_booked_once_and_recorded(salon: Salon) -> None:
    async with client_of(await web_process(salon)) as http:
        elevenlabs = ElevenLabs(http)
        call_id = f"elevenlabs:{elevenlabs.conversation_id}"
        await books_nine_on_thursday(salon, elevenlabs.function, call_id)
        assert (await elevenlabs.ended()).status_code == 200
        await is_over_and_recorded(salon, call_id)
