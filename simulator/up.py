"""The embedded stack, staying up."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from dotenv import dotenv_values
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.business import BUSINESSES, SALON, workdays
from simulator.desk import LOST_ANSWER
from simulator.ports import Ports
from simulator.stack import SETTINGS, Stack, running_stack


class Running(BaseModel):
    """What a telephone needs to know of the stack that is up; `desk_url` is missing where the calendar is real."""

    webhook_url: str
    retell_api_key: str
    desk_url: str | None

    @classmethod
    def find(cls, data: Path) -> "Running | None":
        """The stack whose state is in the folder, if one is up."""
        try:
            return cls.model_validate_json(_note(data).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None


async def stay_up(console: Console, data: Path) -> None:
    """Run the stack on the folder `data` until the task is cancelled, and say what to do with it.

    Raises:
        DataUnwritable: The folder cannot be written.
        ProcessFailed: A process did not come up, or ended by itself.
        StackInUse: Another stack runs on the folder.
    """
    console.print(Text("Starting …", "bold"))

    def say(line: str) -> None:
        console.print(Text(f"  {line}", "dim"))

    try:
        async with running_stack(data, Ports(), _chosen_settings(), say, with_console=True) as stack:
            try:
                with _noted(stack):
                    _introduce(console, stack)
                    await stack.run(asyncio.Event().wait())
            finally:
                console.print("Stopping …")
    except asyncio.CancelledError:
        console.print("Stopped.")
        raise


def _chosen_settings() -> Mapping[str, str]:
    """What the environment and `.env` set, as far as it concerns the embedded stack."""
    given = {**dotenv_values(".env"), **os.environ}
    chosen = {name: value for name in SETTINGS if (value := given.get(name))}
    if catalog := chosen.get("CATALOG_FILE"):
        chosen["CATALOG_FILE"] = str(Path(catalog).resolve())
    return chosen


@contextmanager
def _noted(stack: Stack) -> Iterator[None]:
    running = Running(
        webhook_url=stack.webhook_url,
        retell_api_key=stack.retell_api_key,
        desk_url=stack.calendar_url if stack.has_double else None,
    )
    note = _note(stack.data)
    note.touch(mode=0o600)
    note.write_text(running.model_dump_json(), encoding="utf-8")
    try:
        yield
    finally:
        note.unlink()


def _note(data: Path) -> Path:
    return data / "running.json"


def _introduce(console: Console, stack: Stack) -> None:
    addresses = Table.grid(padding=(0, 2))
    addresses.add_column(style="bold", no_wrap=True)
    addresses.add_column(overflow="fold")
    calendar = [("Calendar", f"{stack.calendar_url} (the real one)")]
    if stack.has_double:
        remark = stack.remark(stack.calendar_url)
        calendar = [
            ("Calendar", f"{stack.calendar_url}/bookings (a Cal.com double: empty at every start){remark}"),
            ("Its control", f"{stack.calendar_url}/_double/ book, busy, faults, ledger, reset"),
        ]
    for name, where in (
        ("Console", stack.console_url + stack.remark(stack.console_url)),
        ("Temporal UI", stack.temporal_ui_url + stack.remark(stack.temporal_ui_url)),
        *calendar,
        ("Webhook", f"{stack.webhook_url}/retell/ functions, events, inbound{stack.remark(stack.webhook_url)}"),
        ("Signature key", f"{stack.retell_api_key} (RETELL_API_KEY)"),
        ("Numbers", ", ".join(business.number for business in BUSINESSES)),
        ("State and logs", os.path.relpath(stack.data)),
    ):
        addresses.add_row(name, where)
    console.print()
    console.print(Text.assemble(("Open this: ", "bold"), f"{stack.console_url}/try"), soft_wrap=True)
    console.print()
    console.print(addresses)
    console.print(Text("\nOr, in another terminal:\n", "bold"))
    for what, command in _things_to_try(stack):
        # To be copied: a line must stay one, however long it is.
        console.print(Text(f"  # {what}", "dim"), soft_wrap=True)
        console.print(Text(f"  {command}\n"), soft_wrap=True)
    console.print("Ctrl-C stops everything.")


def _things_to_try(stack: Stack) -> Iterator[tuple[str, str]]:
    python = Path(sys.executable)
    with_dots = os.path.relpath(python)
    phone = f"{python if with_dots.startswith('..') else with_dots} -m simulator phone"
    yield "ring up, and book an appointment", phone
    if stack.has_double:
        nine = SALON.at(next(workdays(datetime.now(SALON.zone).date())), 9)
        body = f'{{"eventTypeId": {SALON.event_type_id}, "start": "{nine.astimezone(SALON.zone).isoformat()}"}}'
        words = f"{nine.astimezone(SALON.zone):%d.%m. um %H:%M}"
        yield (
            f'a stranger is faster: ask for "{words}", run this (or type "/stranger") while you think, then say "ja"',
            f"curl {stack.calendar_url}/_double/book -d '{body}'",
        )
        yield (
            'the answer to a booking is lost: run this (or type "/lose") before you say "ja"',
            f"curl {stack.calendar_url}/_double/faults -d '{json.dumps(LOST_ANSWER)}'",
        )
    yield 'the worker dies between offer and "ja"; another one takes over', f"kill -9 {stack.worker_pid}"
