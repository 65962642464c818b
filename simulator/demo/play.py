"""The demo from the first line to the verdict."""

import asyncio
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulator.business import BUSINESSES, SALON, workdays
from simulator.demo.scenes import SCENES, Scene
from simulator.demo.stage import PromiseBroken, Stage, broken_at_the_end
from simulator.desk import Booked, Desk
from simulator.process import ProcessFailed
from simulator.stack import Stack, running_stack, writable

WIDTH = 110
"""Columns where no terminal says otherwise, and at most."""


def demo_console(*, picture: bool) -> Console:
    """The console a demo is printed on; `picture` keeps what is printed, for `save_picture`."""
    measured = Console()
    width = min(measured.width, WIDTH) if measured.is_terminal and not picture else WIDTH
    return Console(width=width, record=picture, highlight=False)


def save_picture(console: Console, file: Path, title: str = "make demo") -> None:
    """Write what was printed as an SVG that loads nothing from elsewhere."""
    svg = console.export_svg(title=title)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")


async def perform(console: Console, scenes: Sequence[Scene], data: Path, *, linger: bool = False) -> list[str]:
    """Play the scenes against a stack of their own; return the promises that were broken.

    The stack's state is in a new folder under `data`, which stays only if something went wrong. With `linger` the
    stack stays up after the last scene until the task is cancelled.

    Raises:
        DataUnwritable: The folder cannot be written.
        ProcessFailed: A process of the stack did not come up, or ended.
    """
    console.print(Text("Starting Temporal, a Cal.com double, a worker and the webhook …", "bold"))
    folder = _new_folder(data)
    keep = False
    try:
        async with running_stack(folder, say=lambda line: console.print(Text(f"  {line}", "dim"))) as stack:
            broken = await stack.run(play(console, stack, scenes))
            keep = bool(broken)
            if linger:
                console.print("Everything stays up until Ctrl-C.")
                await stack.run(asyncio.Event().wait())
            return broken
    except ProcessFailed:
        keep = True
        raise
    finally:
        if keep:
            console.print(Text(f"Logs and state stay in {folder}"), soft_wrap=True)
        else:
            shutil.rmtree(folder)


async def play(console: Console, stack: Stack, scenes: Sequence[Scene] = SCENES) -> list[str]:
    """Play the scenes against a running stack; return the promises that were broken."""
    began = time.monotonic()
    broken: list[str] = []
    days = workdays(datetime.now(SALON.zone).date())
    async with (
        httpx.AsyncClient(base_url=stack.webhook_url, trust_env=False, timeout=20) as webhook,
        httpx.AsyncClient(base_url=stack.calendar_url, trust_env=False, timeout=20) as calendar,
    ):
        stage = Stage(console, stack, webhook, Desk(calendar))
        for scene in scenes:
            stage.opens(f"{SCENES.index(scene) + 1}  {scene.title}", scene.remark)
            reason = None
            try:
                await scene.play(stage, days)
            except PromiseBroken as error:
                reason = str(error)
            except httpx.HTTPError as error:
                reason = f"everything is answered ({error!r})"
            stage.closes(reason)
            broken += [f"{scene.title}: {reason}"] if reason else []
        ledger = await stage.desk.ledger()
    replies = [reply for call in stage.calls for reply in call.replies]
    at_the_end = broken_at_the_end(ledger, stage.expected, replies)
    _show_ledger(console, ledger)
    _show_calls(console, stage)
    console.print()
    seconds = time.monotonic() - began
    if not broken and not at_the_end:
        counted = f" {_counted(len(stage.calls), ledger)}, no two overlap, no error heard."
        console.print(Text.assemble(("Every promise kept.", "bold green"), counted, (f" {seconds:.0f} s", "dim")))
    broken += [f"All scenes: {promise}" for promise in at_the_end]
    for promise in broken:
        console.print(Text(f"Broken promise: {promise}", "bold red"))
    return broken


def _new_folder(data: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix="demo-", dir=writable(data)))


def _counted(calls: int, ledger: list[Booked]) -> str:
    strangers = sum(booked.by_stranger for booked in ledger)
    by_phone = len(ledger) - strangers
    return f"{calls} call{'s' * (calls != 1)}, {by_phone} booked by phone, {strangers} by a stranger"


def _show_ledger(console: Console, ledger: list[Booked]) -> None:
    services = {business.event_type_id: business.service for business in BUSINESSES}
    table = Table(box=None, pad_edge=False)
    for column in ("Day", "Time", "Service", "Host", "For", "By"):
        table.add_column(column, header_style="dim")
    for booked in ledger:
        start, end = booked.start.astimezone(SALON.zone), booked.end.astimezone(SALON.zone)
        table.add_row(
            f"{start:%a %d %b}",
            f"{start:%H:%M} – {end:%H:%M}",
            services[booked.event_type_id],
            booked.host,
            booked.name,
            Text("stranger", "magenta") if booked.by_stranger else Text("phone", "green"),
        )
    _heading(console, "What the calendar holds now")
    console.print(table)


def _show_calls(console: Console, stage: Stage) -> None:
    _heading(console, "The calls in Temporal's web UI (it ends with this program; `make up` keeps it)")
    for call in stage.calls:
        # A link must stay in one line, however long it is.
        console.print(Text(f"{call.name:<14}{stage.stack.ui_url(call.call_id)}"), soft_wrap=True)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Rule(Text(text, "bold"), align="left", style="dim"))
    console.print()
