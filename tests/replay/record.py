"""Records the golden histories, one of every main path a call can take, and the commands of each."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date, time
from pathlib import Path
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from starter.conversation import Conversation
from starter.ending import rest_before_exit
from tests.end_to_end.salon import eventually
from tests.replay.commands import FILE, as_text, commands
from tests.temporal import TemporalServer, dev_server
from tests.workflows.fakes import (
    THURSDAY,
    UNREACHABLE,
    FakeCalendar,
    Phone,
    berlin,
    new_call,
    rate_limited,
    worker_with,
)
from workflows.appointment import AppointmentWorkflow
from workflows.messages import Aim, Answer, Caller, CallResult, TimeWindow
from workflows.steps import CALENDAR_UNREACHABLE

HISTORIES = Path(__file__).with_name("histories")

NINE = berlin("2025-10-16T09:00")
FORENOON = TimeWindow(since=time(9), until=time(12), anchor=time(10))

CallPath = Callable[[Phone, FakeCalendar], Awaitable[None]]


async def booked(phone: Phone, _calendar: FakeCalendar) -> None:
    """The caller is recognised, asks, thinks, says yes."""
    await phone.conversation.begin(phone.call)
    await phone.recognised()
    await phone.asks(THURSDAY, "09:00")
    await phone.thinks(14)
    await phone.says_yes()
    await phone.hangs_up()


async def taken_at_recheck(phone: Phone, calendar: FakeCalendar) -> None:
    """Somebody books while the caller thinks; an alternative is taken."""
    await phone.asks(THURSDAY, "09:00")
    calendar.free.discard(NINE)
    await phone.says_yes()
    await phone.says_yes(alternative_id="a2")
    await phone.hangs_up()


async def taken_at_booking(phone: Phone, calendar: FakeCalendar) -> None:
    """Somebody books between the re-check and the booking."""
    await phone.asks(THURSDAY, "09:00")
    calendar.before["book_slot"] = lambda: calendar.free.discard(NINE)
    await phone.says_yes()
    await phone.hangs_up()


async def held_by_another_call(phone: Phone, calendar: FakeCalendar) -> None:
    """Another call holds the slot at the check."""
    calendar.held_by_others = {NINE}
    await phone.asks(THURSDAY, "09:00")
    await phone.hangs_up()


async def confirmation_first(phone: Phone, _calendar: FakeCalendar) -> None:
    """The explicit wish comes as a confirmation."""
    await phone.says_yes(THURSDAY, "09:00")
    await phone.says_yes(THURSDAY, "09:00")
    await phone.hangs_up()


async def recheck_fails(phone: Phone, calendar: FakeCalendar) -> None:
    """The calendar does not answer the re-check, and is slow to book."""
    await phone.asks(THURSDAY, "09:00")
    calendar.failures["recheck_slot"] = [UNREACHABLE, UNREACHABLE]
    calendar.failures["book_slot"] = [rate_limited(0.1)]
    await phone.says_yes()
    await phone.hangs_up()


async def calendar_full(phone: Phone, calendar: FakeCalendar) -> None:
    """Nothing is free, near or far."""
    calendar.free.clear()
    await phone.asks(THURSDAY, "09:00")
    await phone.hangs_up()


async def hung_up(phone: Phone, _calendar: FakeCalendar) -> None:
    """The caller hangs up on an offer."""
    await phone.asks(THURSDAY, "09:00")
    await phone.hangs_up()


async def silent(phone: Phone, _calendar: FakeCalendar) -> None:
    """The caller falls silent on an offer."""
    await phone.asks(THURSDAY, "09:00")
    await phone.thinks(phone.call.confirmation_window_seconds + 1)


async def part_of_a_day(phone: Phone, _calendar: FakeCalendar) -> None:
    """The caller names a part of a day, and takes what is offered of it."""
    await phone.asks(THURSDAY, window=FORENOON)
    await phone.says_yes()
    await phone.hangs_up()


async def first_free(phone: Phone, calendar: FakeCalendar) -> None:
    """The caller wants the first free moment; another call holds the very first, and then he wants others."""
    calendar.held_by_others = {NINE}
    await phone.asks(aim=Aim.FIRST_FREE)
    await phone.asks(aim=Aim.ALTERNATIVES)
    await phone.hangs_up()


async def uncertain_then_again(phone: Phone, calendar: FakeCalendar) -> None:
    """Nobody knows whether the calendar has booked; the yes that is said again looks for it first."""
    await phone.asks(THURSDAY, "09:00")
    calendar.failures["book_slot"] = [
        ApplicationError("no answer", True, type=CALENDAR_UNREACHABLE, non_retryable=True)
    ]
    await phone.says_yes()
    await phone.says_yes(THURSDAY, "09:00")
    await phone.hangs_up()


async def overheard(phone: Phone, _calendar: FakeCalendar) -> None:
    """Words are asked back while a slot is on offer: a bare yes after them books nothing."""
    await phone.asks(THURSDAY, "09:00")
    await phone.conversation.overhear(phone.call, phone.wish())
    await phone.says_yes()
    await phone.hangs_up()


PATHS: dict[str, CallPath] = {
    path.__name__: path
    for path in (
        booked,
        taken_at_recheck,
        taken_at_booking,
        held_by_another_call,
        confirmation_first,
        recheck_fails,
        calendar_full,
        hung_up,
        silent,
        part_of_a_day,
        first_free,
        uncertain_then_again,
        overheard,
    )
}


class UnhurriedPhone(Phone):
    """Says nothing before all that was said has been carried out: what is done then is the same every time."""

    async def recognised(self) -> Caller:
        await self._quiet()
        return await super().recognised()

    async def asks(self, day: date | None = None, at: str | None = None, **more: Any) -> Answer:
        await self._quiet()
        return await super().asks(day, at, **more)

    async def says_yes(
        self, day: date | None = None, at: str | None = None, *, alternative_id: str | None = None, **more: Any
    ) -> Answer:
        await self._quiet()
        return await super().says_yes(day, at, alternative_id=alternative_id, **more)

    async def hangs_up(self) -> None:
        await self._quiet()
        await super().hangs_up()

    async def thinks(self, seconds: float) -> None:
        await self._quiet()
        await super().thinks(seconds)

    async def _quiet(self) -> None:
        await eventually(self._rests, within=30)

    async def _rests(self) -> bool:
        try:
            seen = (await self.handle.describe()).raw_description
        except RPCError as error:
            return error.status is RPCStatusCode.NOT_FOUND
        return not seen.pending_activities and not seen.HasField("pending_workflow_task")


async def play(path: CallPath, server: TemporalServer) -> WorkflowHandle[AppointmentWorkflow, CallResult]:
    """Play a path to its end."""
    calendar = FakeCalendar()
    task_queue = f"appointments-{uuid4().hex}"
    async with worker_with(server.client, calendar, task_queue):
        phone = UnhurriedPhone(server, Conversation(server.client, task_queue), new_call())
        await path(phone, calendar)
        await phone.ends()
        return phone.handle


def without_traces_of_the_machine(recorded: Any) -> Any:
    """Leave out where it was recorded: host names and the paths in stack traces, which replay does not look at."""
    if isinstance(recorded, list):
        return [without_traces_of_the_machine(part) for part in recorded]
    if isinstance(recorded, dict):
        return {
            name: without_traces_of_the_machine(part)
            for name, part in recorded.items()
            if name not in ("identity", "stackTrace")
        }
    return recorded


async def main() -> None:
    """Write every path's history and commands."""
    rest_before_exit()
    commanded: dict[str, list[str]] = {}
    async with dev_server() as server:
        for name, path in PATHS.items():
            handle = await play(path, server)
            history = await handle.fetch_history()
            recorded = without_traces_of_the_machine(history.to_json_dict())
            (HISTORIES / f"{name}.json").write_text(json.dumps(recorded, indent=1) + "\n")
            commanded[name] = commands(history.events)
    FILE.write_text(as_text(commanded))


if __name__ == "__main__":
    asyncio.run(main())
