"""The page of the figures: the command writes its tables between their marks, and its pictures beside it."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"


def fill(page: str, name: str, text: str) -> str:
    """Return the page with this text between the marks of that name; one that has no such marks stays as it is."""
    begin, end = f"<!-- begin {name}: written by `make bench` -->", f"<!-- end {name} -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    return f"{before}{begin}\n\n{text}\n\n{end}{after}" if found and ended else page


def markdown(table: Table) -> str:
    """Write a table as Markdown, its caption below it."""
    cells = [[_plain(column.header), *map(_plain, column.cells)] for column in table.columns]
    head, *rows = zip(*cells, strict=True)
    rules = ["---:" if column.justify == "right" else "---" for column in table.columns]
    lines = "\n".join(_line(line) for line in [head, rules, *rows])
    return f"{lines}\n\n{_plain(table.caption)}" if table.caption else lines


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(shown: object) -> str:
    text = Text.from_markup(shown).plain if isinstance(shown, str) else str(shown)
    return " ".join(text.replace("|", "\\|").split())
