from pathlib import Path

from rich.table import Table
from rich.text import Text

from bench.__main__ import Family
from bench.gallery import PICTURES
from bench.page import PAGE, fill, markdown, publish

MARKED = "Before.\n\n<!-- begin turns: written by `make bench` -->\nold\n<!-- end turns -->\n\nAfter.\n"


def laid_out() -> Table:
    table = Table(title="Turns", caption="Of five\nrounds.")
    table.add_column("")
    table.add_column("p50", justify="right")
    table.add_row("ours", "12")
    table.add_row(Text("a|b"), "[bold]13[/]")
    return table


def test_a_table_becomes_lines_of_a_page() -> None:
    assert markdown(laid_out()).splitlines() == [
        "|  | p50 |",
        "| --- | ---: |",
        "| ours | 12 |",
        "| a\\|b | 13 |",
        "",
        "Of five rounds.",
    ]


def test_what_is_written_stands_between_its_marks_and_replaces_what_was_there() -> None:
    once = fill(MARKED, "turns", "new")

    assert fill(once, "turns", "newer") == once.replace("new", "newer")
    assert once.startswith("Before.")
    assert once.endswith("After.\n")
    assert "old" not in once
    assert fill(MARKED, "holds", "new") == MARKED


def test_a_family_is_published_with_its_picture(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(MARKED, encoding="utf-8")
    publish("turns", laid_out(), "<svg/>", page, tmp_path)

    assert "| ours | 12 |" in page.read_text(encoding="utf-8")
    assert (tmp_path / "bench-turns.svg").read_text(encoding="utf-8") == "<svg/>"


def test_the_page_has_a_place_for_every_family_and_shows_its_picture() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for family in Family:
        assert fill(page, family, "a table") != page, family
    for drawn in PICTURES:
        assert f"(images/bench-{drawn}.svg)" in page
