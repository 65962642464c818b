"""``make bench``: every measurement, as JSON and on its page; ``python -m bench console``: one of them.

A family is a module that measures and lays out what it has measured; some draw a picture of it as well. What is
measured again replaces what was known of its family; the rest of the JSON, and of the page, stays as it was.
"""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Protocol
from unittest.mock import patch

import typer
from rich.console import Console
from rich.table import Table

from bench import (
    bounds,
    floor,
    holds,
    per_call,
    phrases,
    recovery,
    settings,
    startup,
    throughput,
    transports,
    turns,
    waiting,
)
from bench import console as questions
from bench.figures import Figures
from bench.gallery import PICTURES
from bench.page import IMAGES, PAGE, fill, markdown
from bench.pictures import described
from bench.rounds import Condition

app = typer.Typer(add_completion=False)


class Measurement(Protocol):
    """What a module of a family has."""

    def measure(self, console: Console) -> Figures:
        """Return the figures; progress is shown on the console."""

    def table(self, figures: Figures) -> Table:
        """Lay them out."""


class Family(StrEnum):
    """What can be measured, in the order in which it is."""

    TURNS = "turns"
    THROUGHPUT = "throughput"
    FLOOR = "floor"
    PER_CALL = "per-call"
    RECOVERY = "recovery"
    WAITING = "waiting"
    STARTUP = "startup"
    HOLDS = "holds"
    TRANSPORTS = "transports"
    SETTINGS = "settings"
    CONSOLE = "console"
    SPOKEN = "spoken"


MEASUREMENTS: Mapping[Family, Measurement] = {
    Family.TURNS: turns,
    Family.THROUGHPUT: throughput,
    Family.FLOOR: floor,
    Family.PER_CALL: per_call,
    Family.RECOVERY: recovery,
    Family.WAITING: waiting,
    Family.STARTUP: startup,
    Family.HOLDS: holds,
    Family.TRANSPORTS: transports,
    Family.SETTINGS: settings,
    Family.CONSOLE: questions,
    Family.SPOKEN: phrases,
}

_FEW = Condition(calendar_ms=50, seconds=4, calls_a_second=3, companies=10)

SHORT: Mapping[Family, Mapping[str, Any]] = {
    Family.TURNS: {"USUAL": _FEW, "CONDITIONS": (_FEW,)},
    Family.THROUGHPUT: {"FLAT_OUT": Condition(calendar_ms=0, seconds=3, callers=4, companies=10)},
    Family.FLOOR: {"CALLS": 5, "WARMING_UP": 1},
    Family.PER_CALL: {"CALLS": 6, "WARMING_UP": 3},
    Family.RECOVERY: {"ROUNDS": 1},
    Family.WAITING: {"CALLS": (50,), "COMPANIES": 10, "ASKED": 3, "REST_SECONDS": 1.0},
    Family.STARTUP: {"ROUNDS": 1},
    Family.HOLDS: {"ROUNDS": 1},
    Family.TRANSPORTS: {"ROUNDS": 1, "SECONDS": 0.1},
    Family.SETTINGS: {
        "STEADY": _FEW,
        "FLAT_OUT": replace(_FEW, calls_a_second=0, callers=4),
        "SYSTEMS": settings.SYSTEMS[:2],
    },
    Family.CONSOLE: {"CALLS": 1_000, "ROUNDS": 1},
    Family.SPOKEN: {"ROUNDS": 1},
}
"""The smallest sizes: to see that everything runs, for no figure worth keeping."""

Entry = Mapping[str, Any]
"""What is kept of a family: its figures, and where they came from."""


@app.command()
def run(
    families: Annotated[list[Family] | None, typer.Argument(help="Default: all.")] = None,
    output: Annotated[Path, typer.Option(help="Where the figures go; other families' stay there.")] = Path(
        "bench.json"
    ),
    *,
    short: Annotated[
        bool, typer.Option("--short", help="Try everything out in the smallest size; keep nothing.")
    ] = False,
    page_only: Annotated[
        bool, typer.Option("--page", help="Measure nothing: write the page from the figures.")
    ] = False,
) -> None:
    """Measure, print what came of it, and write it onto the page; a family that fails costs no other its figures."""
    console, began, failed = Console(), datetime.now(UTC), []
    kept: dict[str, Entry] = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {}
    for family in () if page_only else families or Family:
        begun = monotonic()
        try:
            figures = _measured(family, console, short=short)
        except Exception:  # noqa: BLE001 whatever it is, the others are measured
            console.print_exception()
            failed.append(family)
            continue
        console.print(MEASUREMENTS[family].table(figures))
        seconds = round(monotonic() - begun)
        console.print(f"{family}: {seconds} s")
        if not short:
            kept[family] = {**_origin(began), "seconds": seconds, "figures": figures}
            output.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    if not short:
        publish(kept)
        console.print(bounds.table(_figures(kept)))
        console.print(f"Figures: {output}; page: {PAGE}")
    if failed:
        console.print(f"Failed: {', '.join(failed)}", style="bold red")
        raise typer.Exit(1)


def publish(kept: Mapping[str, Entry], page: Path = PAGE, images: Path = IMAGES) -> None:
    """Write every family's table and picture, and the bounds, onto the page; what was not measured stays as it was."""
    text = page.read_text(encoding="utf-8")
    for family in Family:
        if entry := kept.get(family):
            parts = [markdown(MEASUREMENTS[family].table(entry["figures"])), _credit(entry)]
            if draw := PICTURES.get(family):
                picture = draw(entry["figures"])
                (images / f"bench-{family}.svg").write_text(picture, encoding="utf-8")
                parts.insert(0, f"![{described(picture)}](images/bench-{family}.svg)")
            text = fill(text, family, "\n\n".join(parts))
    page.write_text(fill(text, "bounds", markdown(bounds.table(_figures(kept)))), encoding="utf-8")


def _figures(kept: Mapping[str, Entry]) -> Mapping[str, Figures]:
    return {family: entry["figures"] for family, entry in kept.items()}


def _measured(family: Family, console: Console, *, short: bool) -> Figures:
    module = MEASUREMENTS[family]
    with ExitStack() as sizes:
        if short:
            sizes.enter_context(patch.multiple(module, **SHORT[family]))
        return module.measure(console)


def _origin(began: datetime) -> Entry:
    """Say which run of what measures."""
    return {
        "run": began.isoformat(timespec="seconds"),
        "commit": _commit(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
    }


def _commit() -> str:
    git = shutil.which("git")
    describe = [git or "git", "describe", "--always", "--dirty", "--exclude=*"]
    if git is None:
        return "unknown"
    told = subprocess.run(describe, cwd=PAGE.parent, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    return told.stdout.strip() or "unknown"


def _credit(entry: Entry) -> str:
    run = datetime.fromisoformat(entry["run"])
    return (
        f"Run of {run:%Y-%m-%d %H:%M} UTC, commit {entry['commit']}, {entry['cores']} cores, "
        f"Python {entry['python']}; {entry['seconds']} s."
    )


if __name__ == "__main__":
    app()
