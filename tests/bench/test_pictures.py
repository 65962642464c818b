from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from bench.pictures import COLOURS, Bar, Group, bars

SVG = "{http://www.w3.org/2000/svg}"

GROUPS = [
    Group("check p50", [Bar("apart", 31.4, 28.0, 40.2), Bar("together", 8.0)]),
    Group("confirm p50", [Bar("apart", 52.6, 50.0, 61.0), Bar("together", -2.0, -3.0, 1.5)]),
]


def drawn() -> Element:
    return ElementTree.fromstring(bars("Added", "10 calls a second", GROUPS, "ms"))  # noqa: S314 our own


def boxes() -> list[tuple[float, float]]:
    """From where to where each bar reaches."""
    found = [box.attrib for box in drawn().iter(f"{SVG}rect") if box.get("class", "").startswith("bar")]
    return [(float(box["x"]), float(box["x"]) + float(box["width"])) for box in found]


def test_every_figure_stands_in_the_picture_with_its_ends() -> None:
    words = [text.text or "" for text in drawn().iter(f"{SVG}text")]

    for word in ("Added", "10 calls a second", "check p50", "confirm p50", "apart", "together"):
        assert word in words
    for figure in ("31.4 ms (28 to 40.2)", "8 ms", "52.6 ms (50 to 61)", "-2 ms (-3 to 1.5)"):
        assert figure in words


def test_a_bar_is_as_long_as_its_figure() -> None:
    apart, together, confirmed, below = boxes()
    zero = apart[0]

    assert together[0] == confirmed[0] == zero
    assert (together[1] - zero) / (apart[1] - zero) == pytest.approx(8 / 31.4, abs=0.01)
    assert (confirmed[1] - zero) / (apart[1] - zero) == pytest.approx(52.6 / 31.4, abs=0.01)
    assert below[1] == pytest.approx(zero, abs=0.1)
    assert below[0] < zero


def test_the_same_figures_make_the_same_picture_in_light_and_in_dark() -> None:
    assert bars("Added", "", GROUPS, "ms") == bars("Added", "", GROUPS, "ms")
    style = drawn().findtext(f"{SVG}style") or ""
    light, _, dark = style.partition("prefers-color-scheme: dark")
    for colour in range(COLOURS):
        assert f".bar{colour} " in light
        assert f".bar{colour} " in dark


def test_nothing_is_not_drawn() -> None:
    with pytest.raises(ValueError, match="no figures for a picture of: Added"):
        bars("Added", "", [Group("all", [])], "ms")


def test_figures_that_are_all_nothing_are_drawn() -> None:
    assert ">0 calls</text>" in bars("Failures", "", [Group("all", [Bar("ours", 0)])], "calls")
