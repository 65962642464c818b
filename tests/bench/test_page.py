from pathlib import Path

from rich.table import Table
from rich.text import Text

from bench import transports
from bench.__main__ import MEASUREMENTS, SHORT, Family, publish
from bench.gallery import PICTURES
from bench.page import PAGE, fill, markdown

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


def test_what_was_measured_is_published_with_its_picture_and_where_it_came_from(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(MARKED.replace("turns", "transports"), encoding="utf-8")
    series = transports.Series("ours", transports.Load(4))
    series.add([0.01] * 1000, 1.0, 0.5)
    origin = {"run": "2025-11-23T12:18:00+00:00", "commit": "abc1234", "cores": 2, "python": "3.11.9", "seconds": 9}
    publish({"transports": {**origin, "figures": [series.figure()]}}, page, tmp_path)

    assert "| 4 | kept | ours | 1000 |" in page.read_text(encoding="utf-8")
    assert "Run of 2025-11-23 12:18 UTC, commit abc1234, 2 cores" in page.read_text(encoding="utf-8")
    assert "![Requests a second to a calendar](images/bench-transports.svg)" in page.read_text(encoding="utf-8")
    assert "4 clients" in (tmp_path / "bench-transports.svg").read_text(encoding="utf-8")


def test_what_was_not_measured_stays_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(MARKED, encoding="utf-8")
    publish({}, page, tmp_path)

    assert page.read_text(encoding="utf-8") == MARKED


def test_every_family_can_be_tried_in_a_small_size() -> None:
    for family, sizes in SHORT.items():
        assert all(hasattr(MEASUREMENTS[family], name) for name in sizes), family
    assert set(SHORT) == set(Family)


def test_the_page_has_a_place_for_every_family() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for name in (*Family, "bounds"):
        assert fill(page, name, "a table") != page, name
    assert set(PICTURES) <= set(Family)
