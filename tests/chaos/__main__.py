"""`python -m tests.chaos --seconds 600 --seed 7`: a storm, and which promises it broke."""

import asyncio
import secrets
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from simulator.process import ProcessFailed
from tests.chaos.evidence import Breach, Evidence
from tests.chaos.promises import judge
from tests.chaos.report import keep_evidence, nobody_booked, print_report, record_run
from tests.chaos.storm import Plan, rage

BROKEN_PROMISE = 1
NOT_UP = 3

KEPT = Path(".data")
"""Where what a broken promise can be understood from is kept."""


def main(
    seconds: Annotated[float, typer.Option(min=1, help="How long the storm rages.")] = 600,
    seed: Annotated[int | None, typer.Option(min=0, help="What it is repeated with; default: any.")] = None,
) -> None:
    """Let a storm rage over the whole stack; exit status 1 if a promise is broken, or nobody booked anything."""
    console = Console(highlight=False)
    plan = Plan.of(secrets.randbelow(100_000) if seed is None else seed, seconds)
    holds, payloads = f"{plan.hold_seconds:g} s", "encrypted" if plan.encryption_keys else "readable"
    console.print(
        f"Seed {plan.seed}, {seconds:g} s, {plan.callers} callers at a time, holds of {holds}, payloads {payloads}"
    )
    try:
        evidence, breaches = asyncio.run(_played(console, plan))
    except (ProcessFailed, ExceptionGroup) as error:
        console.print(str(_failure(error)), markup=False)
        raise typer.Exit(NOT_UP) from None
    print_report(console, evidence, breaches)
    record_run(evidence, breaches)
    if breaches:
        console.print(f"Stories, histories and logs: {keep_evidence(evidence, breaches, KEPT)}")
    if breaches or nobody_booked(evidence):
        raise typer.Exit(BROKEN_PROMISE)


def _failure(error: Exception) -> ProcessFailed:
    """Return what did not come up; raise anything else."""
    first = error
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    if isinstance(first, ProcessFailed):
        return first
    raise error


async def _played(console: Console, plan: Plan) -> tuple[Evidence, list[Breach]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Starting")
        evidence = await rage(plan, lambda line: progress.update(task, description=line.partition("\n")[0]))
        progress.update(task, description="Judging")
        return evidence, await judge(evidence)


if __name__ == "__main__":
    try:
        typer.run(main)
    finally:
        # CPython 3.11 may abort while finalizing right after its last Temporal call; half a second lets the bridge's
        # threads come to rest first.
        time.sleep(0.5)
