"""``make bench``: the measurements, as tables and as JSON beside them; ``python -m bench console``: one of them."""

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench import console as questions
from bench import per_call, phrases

app = typer.Typer(add_completion=False)

Figures = list[dict[str, float | int | str]]


class Family(StrEnum):
    """What can be measured."""

    SPOKEN = "spoken"
    CONSOLE = "console"
    PER_CALL = "per-call"


@app.command()
def run(
    families: Annotated[list[Family] | None, typer.Argument(help="Default: all.")] = None,
    output: Annotated[Path, typer.Option(help="Where the figures go as JSON; others there are kept.")] = Path(
        "bench.json"
    ),
) -> None:
    """Measure, and print what came of it."""
    console = Console()
    figures = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {}
    for family in families or Family:
        figures[family] = _MEASURED[family](console)
        output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    console.print(f"Figures: {output}")


def _spoken(console: Console) -> Figures:
    with console.status("Reading the phrases of the table, in turns …"):
        readers = phrases.measure()
    figures = [reader.summary() for reader in readers]
    table = Table(title="Spoken dates and times", caption=phrases.CAPTION)
    table.add_column("")
    for heading in ("median µs", "p95 µs", "right", "wrong", "not understood", "invented"):
        table.add_column(heading, justify="right")
    for row in figures:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)
    return figures


def _console(console: Console) -> Figures:
    figures = questions.measure(console)
    console.print(questions.table(figures))
    return figures


def _per_call(console: Console) -> Figures:
    figures = per_call.measure(console)
    console.print(per_call.table(figures))
    return figures


_MEASURED: dict[Family, Callable[[Console], Figures]] = {
    Family.SPOKEN: _spoken,
    Family.CONSOLE: _console,
    Family.PER_CALL: _per_call,
}


if __name__ == "__main__":
    app()
