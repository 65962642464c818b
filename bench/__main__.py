"""``make bench``: the measurements, as tables and as JSON beside them."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench import phrases

app = typer.Typer(add_completion=False)


@app.command()
def run(
    output: Annotated[Path, typer.Option(help="Where the figures go as JSON.")] = Path("bench.json"),
) -> None:
    """Measure, and print what came of it."""
    console = Console()
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
    output.write_text(json.dumps({"spoken": figures}, indent=2) + "\n", encoding="utf-8")
    console.print(f"Figures: {output}")


if __name__ == "__main__":
    app()
