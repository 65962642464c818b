"""A caller wants to be forgotten: `slotkeeper forget`, while the database, Temporal and calls are there."""

import asyncio
import shlex
from functools import partial
from typing import Any

import pytest
from sqlmodel import col
from temporalio.api.enums.v1 import BatchOperationState
from temporalio.api.workflowservice.v1 import DescribeBatchOperationRequest
from temporalio.testing import ActivityEnvironment
from typer.testing import CliRunner, Result

from activities.records import RecordActivities
from simulator.caller import Caller
from starter.cli import app
from store.tables import Booking, Call, Customer, Reply, Turn
from tests.end_to_end.salon import Salon, eventually
from tests.temporal import binary
from workflows.requests import CallRecord

NUMBER, SPELLED = "+4915550177777", "0155 / 501 777 77"
NAME = "Erika Musterfrau"


@pytest.fixture
def forget(salon: Salon, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command beside the salon."""
    monkeypatch.setenv("DATABASE_URL", salon.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TEMPORAL_ADDRESS", salon.temporal.service_client.config.target_host)

    async def run(*arguments: str, phone: str = SPELLED, typed: str = "") -> Result:
        return await asyncio.to_thread(
            lambda: CliRunner().invoke(app, ["forget", "--phone", phone, *arguments], input=typed)
        )

    return run


async def books(salon: Salon, time: str, **more: Any) -> Caller:
    """Let her call and book."""
    caller = salon.rings(from_number=NUMBER, **more)
    await caller.say("check_availability", datum="16.10.2025", uhrzeit=time)
    assert (await caller.say("book_appointment", name=NAME, email="erika@example.com")).status == "booked"
    return caller


async def called(salon: Salon, time: str) -> Caller:
    """Let her call, book and hang up."""
    caller = await books(salon, time)
    await caller.hang_up()
    await salon.recorded(caller)
    await salon.workflow(caller).result()
    return caller


async def named(salon: Salon) -> list[Any]:
    """Return every row that names her."""
    return [
        *await salon.rows(Call, col(Call.caller_number) == NUMBER),
        *await salon.rows(Customer, (col(Customer.number) == NUMBER) | (col(Customer.name) == NAME)),
        *await salon.rows(Booking, col(Booking.name) == NAME),
    ]


async def test_a_person_is_erased_and_the_command_named_deletes_the_history(salon: Salon, forget: Any) -> None:
    caller = await called(salon, "09:00")
    neighbour = salon.rings()
    await neighbour.say("check_availability", datum="16.10.2025", uhrzeit="12:00")
    [booking] = await salon.rows(Booking)

    result = await forget(typed="y\n")

    assert result.exit_code == 0, result.output
    assert await named(salon) == []
    assert await salon.rows(Reply, col(Reply.call_id) == caller.call_id) == []
    assert len(await salon.rows(Turn, col(Turn.call_id) == caller.call_id)) == 2
    assert booking.uid in result.output
    assert not [secret for secret in (NUMBER[3:], SPELLED, "Erika", "erika@") if secret in result.output]

    [command] = [line.strip() for line in result.output.splitlines() if line.strip().startswith("temporal ")]
    assert f"call/{caller.call_id}" in command
    assert await deleted_by(command, salon) == 1


async def deleted_by(command: str, salon: Salon) -> int:
    """Run a command as it is written; return how many workflows the server was made to delete, which takes a while."""
    program, *arguments = shlex.split(command)
    address = ("--address", salon.temporal.service_client.config.target_host)
    running = await asyncio.create_subprocess_exec(
        binary(program), *arguments, *address, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await running.communicate()
    asked = DescribeBatchOperationRequest(namespace=salon.temporal.namespace, job_id=said.decode().split()[-1])
    batch = await eventually(
        partial(salon.temporal.workflow_service.describe_batch_operation, asked),
        lambda batch: batch.state == BatchOperationState.BATCH_OPERATION_STATE_COMPLETED,
    )
    return int(batch.complete_operation_count)


@pytest.mark.parametrize("rings_from", ["anonymous", "+4915550188888"], ids=["withheld", "another telephone"])
async def test_a_person_is_erased_by_the_number_she_gave_in_words(salon: Salon, forget: Any, rings_from: str) -> None:
    caller = salon.rings(from_number=rings_from)
    await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00")
    person = {"name": NAME, "email": "erika@example.com", "telefonnummer": SPELLED}
    assert (await caller.say("book_appointment", **person)).status == "booked"
    await caller.hang_up()
    await salon.recorded(caller)
    await salon.workflow(caller).result()
    [booking] = await salon.rows(Booking)

    result = await forget("--yes")

    assert result.exit_code == 0, result.output
    assert "1 bookings, 1 customers" in result.output
    assert booking.uid in result.output
    [command] = [line for line in result.output.splitlines() if "workflow delete" in line]
    assert f"call/{caller.call_id}" in command
    kept = [row for table in (Call, Customer, Booking, Reply) for row in await salon.rows(table)]
    assert not [secret for secret in (NUMBER, rings_from, "Erika", "erika@", booking.uid) if secret in str(kept)]


async def test_nobody_is_forgotten_unless_somebody_agrees(salon: Salon, forget: Any) -> None:
    await called(salon, "09:00")
    before = await named(salon)
    result = await forget(typed="n\n")
    assert (result.exit_code, result.output.splitlines()[-1]) == (1, "Nothing has been erased.")
    assert await named(salon) == before != []


async def test_a_call_in_progress_is_left_alone_until_it_is_over(salon: Salon, forget: Any) -> None:
    ended = await called(salon, "09:00")
    talking = await books(salon, "11:00")
    await eventually(lambda: salon.rows(Booking), lambda rows: len(rows) == 2)

    result = await forget("--yes")

    assert result.exit_code == 1
    assert f"call/{talking.call_id}" in result.output
    [command] = [line for line in result.output.splitlines() if "workflow delete" in line]
    assert (ended.call_id in command, talking.call_id in command) == (True, False)
    assert [call.call_id for call in await salon.rows(Call, col(Call.caller_number) == NUMBER)] == [talking.call_id]
    assert [booking.call_id for booking in await salon.rows(Booking)] == [talking.call_id]

    await talking.hang_up()
    await salon.recorded(talking)
    await salon.workflow(talking).result()
    assert (await forget("--yes")).exit_code == 0
    assert await named(salon) == []
    assert {call.call_id for call in await salon.rows(Call)} == {ended.call_id, talking.call_id}


async def test_a_record_that_is_retried_after_erasure_changes_nothing(salon: Salon, forget: Any) -> None:
    caller = await called(salon, "09:00")
    history = await salon.workflow(caller).fetch_history()
    assert (await forget("--yes")).exit_code == 0
    scheduled = [event.activity_task_scheduled_event_attributes for event in history.events]
    written = [step.input.payloads for step in scheduled if step.activity_type.name == "record_call"]
    [record] = await salon.temporal.data_converter.decode(written[-1], [CallRecord])
    late = record.model_copy(update={"revision": record.revision + 1})
    await ActivityEnvironment().run(RecordActivities(salon.engine).record_call, late)
    assert await named(salon) == []


async def test_a_temporal_that_is_away_keeps_nobody_from_being_forgotten(
    salon: Salon, forget: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = await called(salon, "09:00")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    result = await forget("--yes")
    assert result.exit_code == 0, result.output
    assert "Temporal does not answer" in result.output
    [command] = [line for line in result.output.splitlines() if "workflow delete" in line]
    assert caller.call_id in command
    assert await named(salon) == []


async def test_who_never_called_is_said_to_be_nobody(salon: Salon, forget: Any) -> None:
    result = await forget("--yes")
    assert (result.exit_code, result.output.startswith("Nobody with this number")) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "phone", "line"),
    [
        ((), "nonsense", "--phone: is no telephone number"),
        ((), "anonymous", "--phone: is no telephone number"),
        (("--company", "nobody's"), SPELLED, "--company: is neither in the catalog nor in any call"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_one_line(
    forget: Any, arguments: tuple[str, ...], phone: str, line: str
) -> None:
    result = await forget(*arguments, phone=phone)
    assert (result.exit_code, result.stdout) == (2, "")
    [said] = result.stderr.splitlines()
    assert said.startswith(line)
    assert phone not in said


async def test_a_database_that_is_not_there_is_said_so(forget: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere/kept.db")
    result = await forget("--yes")
    assert result.exit_code == 3
    assert result.stderr.startswith("DATABASE_URL: ")
