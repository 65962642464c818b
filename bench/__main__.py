"""``make bench``: the measurements, on their page and as JSON; ``python -m bench console``: one of them.

A family is a module that measures and lays out what it has measured; some draw a picture of it as well.
"""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Protocol

import typer
from rich.console import Console
from rich.table import Table

from bench import console as questions
from bench import floor, holds, per_call, phrases, recovery, startup, throughput, transports, turns, waiting
from bench.figures import Figures
from bench.gallery import PICTURES
from bench.page import publish

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
    Family.CONSOLE: questions,
    Family.SPOKEN: phrases,
}


@app.command()
def run(
    families: Annotated[list[Family] | None, typer.Argument(help="Default: all.")] = None,
    output: Annotated[Path, typer.Option(help="Where the figures go as JSON; others there are kept.")] = Path(
        "bench.json"
    ),
) -> None:
    """Measure, print what came of it, and write it onto the page."""
    console = Console()
    kept = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {}
    for family in families or Family:
        measured_at = datetime.now(UTC)
        figures = MEASUREMENTS[family].measure(console)
        table = MEASUREMENTS[family].table(figures)
        console.print(table)
        kept[family] = {"measured_at": measured_at.isoformat(timespec="seconds"), **_machine(), "figures": figures}
        output.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        draw = PICTURES.get(family)
        publish(family, table, draw(figures) if draw else None)
    console.print(f"Figures: {output}")


def _machine() -> dict[str, int | str]:
    return {"cores": os.cpu_count() or 0, "python": platform.python_version()}


if __name__ == "__main__":
    app()
