"""What operators see of a call in the Temporal UI, asked from the server as the UI asks it."""

import json
import re

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowExecutionDescription, WorkflowHandle

from simulator.caller import Caller
from tests.end_to_end.conftest import OpenSalon
from tests.end_to_end.salon import Salon, berlin
from tests.test_architecture import STEPS
from workflows.messages import workflow_id
from workflows.visibility import CALL_OUTCOME, COMPANY, RACE_DETECTED, SLOT_START

NINE, HALF_PAST = berlin("2025-10-16T09:00"), berlin("2025-10-16T09:30")

WITH_A_SUMMARY = (
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_MARKER_RECORDED,
    EventType.EVENT_TYPE_TIMER_STARTED,
)


async def page_of(salon: Salon, caller: Caller) -> str:
    """The details page, as the UI asks a worker for it."""
    handle = salon.temporal.get_workflow_handle(workflow_id(caller.call_id))
    metadata: WorkflowMetadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return metadata.current_details


def told(page: str, what: str) -> str:
    return next(line.removeprefix(f"- {what}: ") for line in page.splitlines() if line.startswith(f"- {what}: "))


async def events(salon: Salon, caller: Caller) -> list[HistoryEvent]:
    handle: WorkflowHandle[object, object] = salon.temporal.get_workflow_handle(workflow_id(caller.call_id))
    return list((await handle.fetch_history()).events)


async def listed(salon: Salon, caller: Caller) -> WorkflowExecutionDescription:
    return await salon.workflow(caller).describe()


def summary(event: HistoryEvent) -> str:
    return event.user_metadata.summary.data.decode().strip('"')


@pytest.fixture
async def caller(salon: Salon) -> Caller:
    """A call that takes every step there is: an offer, a race, an alternative booked, a window held, closed hours."""
    caller = salon.rings()
    await caller.started()
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00", dienstleistung="Haarschnitt")
    await caller.think(14)
    await salon.stranger_books(NINE)
    await caller.say("book_appointment", name="Hansi Schmidt")
    booked = await caller.say("book_appointment", alternative_id="a1", name="Hansi Schmidt")
    assert booked.status == "booked"
    await caller.say("check_availability", datum="17.10.2025", uhrzeit="vormittags")
    await caller.say("check_availability", datum="17.10.2025", uhrzeit="20:00")
    await caller.hang_up()
    await salon.recorded(caller)
    return caller


async def test_every_activity_and_timer_says_what_it_is_for(salon: Salon, caller: Caller) -> None:
    begun = [event for event in await events(salon, caller) if event.event_type in WITH_A_SUMMARY]
    activities = {
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in begun
        if event.HasField("activity_task_scheduled_event_attributes")
    }

    within_a_task = {
        json.loads(event.marker_recorded_event_attributes.details["data"].payloads[0].data)["activity_type"]
        for event in begun
        if event.HasField("marker_recorded_event_attributes")
    }

    assert within_a_task == {"find_customer", "record_call"}
    assert activities | within_a_task == STEPS.keys()
    assert [event for event in begun if not summary(event)] == []
    assert {summary(event) for event in begun} == {
        "who is calling?",
        "check Thu 16 Oct 2025 09:00, hold it if free",
        "is Thu 16 Oct 2025 09:00 still free?",
        "what is free near Thu 16 Oct 2025 09:00?",
        "is Thu 16 Oct 2025 09:30 still free?",
        "book Thu 16 Oct 2025 09:30",
        "what is free near Fri 17 Oct 2025 10:00?",
        "hold Fri 17 Oct 2025 10:00",
        "what is free near Fri 17 Oct 2025 20:00?",
        "keep our copy of the call",
        "let the hold go",
        "the call ends after 900 s without a word",
    }


async def test_the_steps_of_a_turn_are_grouped_under_what_was_said(salon: Salon, caller: Caller) -> None:
    groups: dict[str, str] = {}
    for event in await events(salon, caller):
        for marker in event.event_group_markers:
            groups[marker.label.id] = marker.label.label.data.decode().strip('"')

    assert groups == {
        "turn-1": "question: Thu 16 Oct 2025 09:00",
        "turn-2": "yes: Thu 16 Oct 2025 09:00",
        "turn-3": "yes: Thu 16 Oct 2025 09:30",
        "turn-4": "question: Fri 17 Oct 2025 10:00",
        "turn-5": "question: Fri 17 Oct 2025 20:00",
    }


async def test_the_details_page_of_a_call_in_progress_says_what_is_on_offer_and_until_when_it_is_held(
    salon: Salon,
) -> None:
    caller = salon.rings()
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00")

    page = await page_of(salon, caller)

    assert page.startswith("**waiting for yes** at salon-beispiel / zentrale. All times are Europe/Berlin.")
    assert told(page, "on offer") == "Thu 16 Oct 2025 09:00"
    assert re.fullmatch(r"Thu 16 Oct 2025 09:00 held until \d\d:\d\d:\d\d", told(page, "hold"))


async def test_the_details_page_tells_the_whole_call(salon: Salon, caller: Caller) -> None:
    page = await page_of(salon, caller)
    [booking] = [booking for booking in salon.bookings if booking.made_by == "api"]
    turns = [[cell.strip() for cell in line.split("|")[2:-2]] for line in page.splitlines() if line.startswith("| ")]

    assert page.startswith("**booked** at salon-beispiel / zentrale.")
    assert told(page, "booked") == f"Thu 16 Oct 2025 09:30 as `{booking.uid}`"
    instead = "instead Thu 16 Oct 2025 09:30 or Thu 16 Oct 2025 10:00"
    closed = "instead Mon 20 Oct 2025 09:00 or Mon 20 Oct 2025 09:30"
    assert [turn[:-1] for turn in turns[2:]] == [
        ["question", "Thu 16 Oct 2025 09:00", "available", "", ""],
        ["yes", "Thu 16 Oct 2025 09:00", f"slot_taken: race_condition_detected; {instead}", "gone", "recheck"],
        ["yes", "Thu 16 Oct 2025 09:30", "booked", "passed", ""],
        ["question", "Fri 17 Oct 2025 10:00", "available", "", ""],
        ["question", "Fri 17 Oct 2025 20:00", f"unavailable: outside_hours; {closed}", "", ""],
    ]
    time = r"\d\d:\d\d:\d\d"
    assert re.fullmatch(
        rf"Thu 16 Oct 2025 09:00 held until {time}, renewed until {time}, "
        rf"Thu 16 Oct 2025 09:30 kept for the booking, Fri 17 Oct 2025 10:00 held until {time}, let go",
        told(page, "hold"),
    )


async def test_the_details_page_shows_the_steps_with_their_attempts(open_with: OpenSalon) -> None:
    salon = await open_with()
    caller = salon.rings()
    salon.fails("slots", "status", status=503, times=1)
    answer = await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00")
    assert answer.status == "available"

    assert re.search(r"`check_slot` \d+\.\d s, 2 attempts", await page_of(salon, caller))


async def test_the_one_who_was_slower_is_told_apart_from_the_one_who_holds(salon: Salon) -> None:
    first, second = salon.rings(), salon.rings()
    for caller in (first, second):
        await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00")

    page = await page_of(salon, second)

    assert told(page, "hold") == "Thu 16 Oct 2025 09:00 held by another call"
    assert "| unavailable: held_by_another_call; instead " in page


async def test_the_list_shows_company_outcome_moment_and_race(salon: Salon, caller: Caller) -> None:
    shown = (await listed(salon, caller)).typed_search_attributes

    assert (shown[COMPANY], shown[CALL_OUTCOME], shown[RACE_DETECTED]) == ("salon-beispiel", "booked", True)
    assert shown[SLOT_START] == HALF_PAST


async def test_the_list_names_the_business_of_a_call(salon: Salon, caller: Caller) -> None:
    assert await (await listed(salon, caller)).static_summary() == "salon-beispiel / zentrale"
