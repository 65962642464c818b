"""Figures as pictures: bars with whiskers from the least to the most, in SVG that is readable in light and in dark.

Own writing, as pygal 3.1 puts the day into every file and styles that browsers drop, and the others are heavy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from bench.figures import short

WIDTH = 960
LEFT, RIGHT = 260, 190
TOP = 76
BAR, HEADING, GAP = 20, 20, 12
WHISKER = 4
STEPS = 5
"""At most so many lines are drawn to read lengths from."""

STYLE = """
.ground { fill: #ffffff } text { fill: #1d2733 } .small { font-size: 12px; fill: #5a6676 }
.title { font-size: 17px; font-weight: 600 } .grid { stroke: #dde3ea } .axis, .whisker { stroke: #5a6676 }
.bar0 { fill: #3056d3 } .bar1 { fill: #2f855a } .bar2 { fill: #b7791f } .bar3 { fill: #c05621 } .bar4 { fill: #805ad5 }
@media (prefers-color-scheme: dark) {
.ground { fill: #12161c } text { fill: #e7ecf3 } .small { fill: #a9b4c3 } .grid { stroke: #2a323d }
.axis, .whisker { stroke: #97a3b4 } .bar0 { fill: #7d9bff } .bar1 { fill: #68c78f } .bar2 { fill: #e0b34f }
.bar3 { fill: #f0a27a } .bar4 { fill: #b794f4 } }
"""
"""As in the other pictures of docs/images."""

COLOURS = 5


@dataclass(frozen=True)
class Bar:
    """One figure of a series; without ``least`` and ``most`` it has no whiskers."""

    series: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def reach(self) -> tuple[float, float]:
        """From where to where it is drawn."""
        ends = [0.0, self.value, *(end for end in (self.least, self.most) if end is not None)]
        return min(ends), max(ends)


@dataclass(frozen=True)
class Group:
    """Bars that are compared with one another, below a heading."""

    heading: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """How much room it takes."""
        return HEADING + len(self.bars) * BAR + GAP


def bars(title: str, remark: str, groups: Sequence[Group], unit: str) -> str:
    """Draw the groups below one another, a series in one colour; the same figures give the same picture.

    Raises:
        ValueError: There is nothing to draw.
    """
    drawn = [bar for group in groups for bar in group.bars]
    series = list(dict.fromkeys(bar.series for bar in drawn))
    if not drawn:
        raise ValueError(f"there are no figures for a picture of: {title}")
    height = TOP + sum(group.height for group in groups) + 30
    picture = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {height}",
            "font-family": "ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif",
            "font-size": "14",
            "role": "img",
            "aria-label": f"{title}. {remark}",
        },
    )
    SubElement(picture, "style").text = STYLE
    SubElement(picture, "rect", {"class": "ground", "width": str(WIDTH), "height": str(height), "rx": "8"})
    _text(picture, 24, 32, title, "title")
    _text(picture, 24, 52, remark, "small")
    scale = _Scale.of(drawn)
    for mark in scale.marks:
        x = scale.x(mark)
        _line(picture, (x, TOP - 6), (x, height - 26), "axis" if mark == 0 else "grid")
        _text(picture, x, height - 10, f"{mark:g}", "small", "middle")
    y = float(TOP)
    for group in groups:
        _text(picture, 24, y + HEADING - 5, group.heading)
        for place, bar in enumerate(group.bars):
            _draw(picture, bar, scale, y + HEADING + place * BAR, f"bar{series.index(bar.series) % COLOURS}", unit)
        y += group.height
    ElementTree.indent(picture)
    return ElementTree.tostring(picture, encoding="unicode") + "\n"


@dataclass(frozen=True)
class _Scale:
    """What length stands for what: from ``least`` to ``most``, a line every ``step``."""

    least: float
    most: float
    step: float

    @classmethod
    def of(cls, drawn: Sequence[Bar]) -> "_Scale":
        least, most = min(bar.reach[0] for bar in drawn), max(bar.reach[1] for bar in drawn)
        most = most if most > least else least + 1
        rough = (most - least) / STEPS
        magnitude = 10 ** floor(log10(rough))
        step = next(nice * magnitude for nice in (1, 2, 5, 10) if nice * magnitude >= rough)
        return cls(floor(least / step) * step, ceil(most / step) * step, step)

    @property
    def marks(self) -> Sequence[float]:
        return [self.least + self.step * place for place in range(round((self.most - self.least) / self.step) + 1)]

    def x(self, value: float) -> float:
        return LEFT + (value - self.least) / (self.most - self.least) * (WIDTH - LEFT - RIGHT)


def described(picture: str) -> str:
    """Return a picture's title."""
    return ElementTree.fromstring(picture).attrib["aria-label"].partition(". ")[0]  # noqa: S314 - our own


def _draw(picture: Element, bar: Bar, scale: _Scale, y: float, colour: str, unit: str) -> None:
    middle = y + BAR / 2
    _text(picture, LEFT - 10, middle + 4, bar.series, "small", "end")
    zero, end = scale.x(0), scale.x(bar.value)
    size = {"width": f"{abs(end - zero):.1f}", "height": str(BAR - 4), "rx": "2"}
    SubElement(picture, "rect", _at(min(zero, end), y + 2) | {"class": colour} | size)
    said = f"{short(bar.value)} {unit}"
    if bar.least is not None and bar.most is not None:
        low, high = scale.x(bar.least), scale.x(bar.most)
        _line(picture, (low, middle), (high, middle), "whisker")
        for x in (low, high):
            _line(picture, (x, middle - WHISKER), (x, middle + WHISKER), "whisker")
        said += f" ({short(bar.least)} to {short(bar.most)})"
    _text(picture, scale.x(bar.reach[1]) + 8, middle + 4, said, "small")


def _line(picture: Element, begin: tuple[float, float], end: tuple[float, float], style: str) -> None:
    ends = {"x1": begin[0], "y1": begin[1], "x2": end[0], "y2": end[1]}
    SubElement(picture, "line", {name: f"{value:.1f}" for name, value in ends.items()} | {"class": style})


def _text(picture: Element, x: float, y: float, words: str, style: str = "", anchor: str = "start") -> None:
    more = ({"class": style} if style else {}) | ({"text-anchor": anchor} if anchor != "start" else {})
    SubElement(picture, "text", _at(x, y) | more).text = words


def _at(x: float, y: float) -> dict[str, str]:
    return {"x": f"{x:.1f}", "y": f"{y:.1f}"}
