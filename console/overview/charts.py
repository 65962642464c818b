"""What figures are drawn with; all of it changes in place, and only where a figure has."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from nicegui import ui

from console.look import ACCENT, CHART_LINE, CHART_TEXT, SERIES

Json: TypeAlias = "str | int | float | bool | Mapping[str, Json] | Sequence[Json] | None"

STYLE = """
.sk-rate { position: relative; width: 100%; padding: 4px 0 22px; }
.sk-track { display: flex; width: 100%; height: 14px; border-radius: 7px; overflow: hidden;
  background: var(--sk-line); }
.sk-part { height: 100%; transition: width 0.4s; }
.sk-line { position: absolute; top: 0; height: 22px; border-left: 2px solid var(--sk-ink); }
.sk-line-name { position: absolute; top: 24px; transform: translateX(-85%); white-space: nowrap; font-size: 0.78rem;
  color: var(--sk-soft); }
.sk-line-name:last-child { transform: translateX(-50%); }
.sk-fill-good { background: var(--sk-good); } .sk-fill-warning { background: var(--sk-warning); }
.sk-fill-bad { background: var(--sk-bad); } .sk-fill-soft { background: var(--sk-soft); }
.sk-fill-accent { background: var(--sk-accent); }
.sk-row { display: flex; align-items: center; gap: 10px; width: 100%; color: var(--sk-ink); text-decoration: none;
  border-radius: 6px; }
a.sk-row:hover .sk-row-name { text-decoration: underline; }
a.sk-row:focus-visible { outline: 2px solid var(--sk-accent); outline-offset: 2px; }
.sk-dot { width: 10px; height: 10px; border-radius: 3px; flex: none; }
.sk-row-name { flex: none; width: 185px; font-size: 0.9rem; }
.sk-row-bar { flex: 1; height: 8px; border-radius: 4px; overflow: hidden; background: var(--sk-line); }
.sk-row-figure { flex: none; min-width: 44px; text-align: right; font-weight: 600; font-variant-numeric: tabular-nums; }
.sk-chart { width: 100%; }
@media (max-width: 599px) { .sk-row-name { width: 150px; } .sk-row-bar { min-width: 40px; } }
"""

_TEXT: dict[str, Json] = {"fontFamily": "Roboto, sans-serif", "color": CHART_TEXT}
_TOOLTIP: dict[str, Json] = {"confine": True, "transitionDuration": 0}
_AMOUNTS: dict[str, Json] = {
    "type": "value",
    "min": 0,
    "splitLine": {"lineStyle": {"color": CHART_LINE}},
}
_TOOLTIP_OF_LINES = """(points) => {
  const lines = new Map();
  for (const point of points.filter((point) => point.value != null)) {
    if (!lines.has(point.seriesName)) lines.set(point.seriesName, { marker: point.marker, parts: [] });
    const seconds = point.value.toLocaleString("LANGUAGE", { maximumFractionDigits: 2 });
    lines.get(point.seriesName).parts.push(`${point.seriesId.split(" ").pop()} ${seconds} s`);
  }
  const rows = [...lines].map(([name, { marker, parts }]) => `${marker}${name}: ${parts.join(", ")}`);
  return [points[0].axisValueLabel, ...rows].join("<br>");
}"""


class Rate:
    """A share of 100 %, as a bar with lines it should not fall below."""

    def __init__(self, lines: Mapping[str, float]) -> None:
        """Draw the bar; ``lines`` are shares from 0 to 1 by what they are called."""
        with ui.element("div").classes("sk-rate").props("aria-hidden=true"):
            with ui.element("div").classes("sk-track"):
                self._fill = ui.element("div").classes("sk-part").style("width: 0%")
            for name, share in lines.items():
                ui.element("div").classes("sk-line").style(f"left: {share:.1%}")
                ui.label(name).classes("sk-line-name").style(f"left: {share:.1%}")

    def show(self, share: float | None, tone: str) -> None:
        """Fill it; ``tone`` is ``good``, ``warning``, ``bad`` or ``soft``."""
        self._fill.style(f"width: {share or 0:.1%}").classes(replace=f"sk-part sk-fill-{tone}")


class Shares:
    """A whole, as one bar of coloured parts."""

    def __init__(self, colours: Mapping[str, str]) -> None:
        """Draw the bar; ``colours`` by part, in order."""
        with ui.element("div").classes("sk-track").props("aria-hidden=true"):
            self._parts = {
                name: ui.element("div").classes("sk-part").style(f"background: {colour}; width: 0%")
                for name, colour in colours.items()
            }

    def show(self, counts: Mapping[str, int]) -> None:
        """Give each part its share of the whole."""
        whole = sum(counts.values())
        for name, part in self._parts.items():
            part.style(f"width: {counts[name] / whole if whole else 0:.2%}")


class Row:
    """One figure with its name, leading to what is behind it; with a bar where it is a share of something."""

    def __init__(
        self, name: str, target: str, *, figure: str, colour: str | None = None, bar: str | None = None
    ) -> None:
        """Draw the row.

        Args:
            name: What is counted.
            target: Where it leads.
            figure: What the figure is called in the page (``data-figure``).
            colour: Of a dot before the name.
            bar: The tone of the bar, as in ``Rate``.
        """
        with ui.link(target=target).classes("sk-row") as self._row:
            if colour:
                ui.element("span").classes("sk-dot").style(f"background: {colour}")
            ui.label(name).classes("sk-row-name")
            self._bar = None
            if bar:
                with ui.element("div").classes("sk-row-bar").props("aria-hidden=true"):
                    self._bar = ui.element("div").classes(f"sk-part sk-fill-{bar}").style("width: 0%")
            else:
                ui.space()
            self._figure = ui.label("–").classes("sk-row-figure").props(f'data-figure="{figure}"')

    def show(self, count: int, share: float = 0, *, visible: bool = True) -> None:
        """Show the figure, and its share of something as the length of the bar."""
        self._figure.set_text(str(count))
        self._row.set_visibility(visible)
        if self._bar:
            self._bar.style(f"width: {share:.2%}")


class Chart:
    """A chart that is drawn anew only where its figures have changed."""

    def __init__(self, says: str, height: int) -> None:
        """Draw an empty one; ``says`` what it shows to whoever does not see it, ``height`` is in pixels."""
        self._chart = ui.echart({}, renderer="svg").classes("sk-chart").style(f"height: {height}px")
        self._chart.props["role"] = "img"
        self._chart.props["aria-label"] = says

    def show(self, options: Mapping[str, Json]) -> None:
        """Show these options of ECharts."""
        if self._chart.options != options:
            self._chart.options.update(options)
            self._chart.update()


def histogram(bins: Sequence[tuple[str, int]], name: str, language: str) -> dict[str, Json]:
    """Return a chart of counts, each under the name of its bin; ``name`` is what is counted."""
    return {
        "textStyle": _TEXT,
        "animationDuration": 300,
        "grid": {"left": 40, "right": 8, "top": 12, "bottom": 28},
        "tooltip": {**_TOOLTIP, "trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {
            "type": "category",
            "data": [bin_name for bin_name, _ in bins],
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": CHART_LINE}},
            "axisLabel": {"color": CHART_TEXT},
        },
        "yAxis": {**_AMOUNTS, "minInterval": 1, "axisLabel": _numbers(language)},
        "series": [
            {
                "type": "bar",
                "name": name,
                "data": [count for _, count in bins],
                "itemStyle": {"color": ACCENT, "borderRadius": [3, 3, 0, 0]},
                "barCategoryGap": "18%",
            }
        ],
    }


@dataclass(frozen=True)
class Line:
    """Seconds over time: ``values`` has one for every moment, ``None`` where there is none.

    Lines of one ``name`` belong together and have one colour; ``part`` tells them apart.
    """

    name: str
    part: str
    values: Sequence[float | None]
    dashed: bool = False


def lines_over_time(ticks: Sequence[str], lines: Sequence[Line], language: str) -> dict[str, Json]:
    """Return a chart of lines; ``ticks`` is what each moment is called, in order."""
    names = list(dict.fromkeys(line.name for line in lines))
    return {
        "textStyle": _TEXT,
        "animation": False,
        "grid": {"left": 48, "right": 12, "top": 36, "bottom": 28},
        "legend": {
            "type": "scroll",
            "top": 0,
            "left": 0,
            "data": names,
            "textStyle": _TEXT,
            "icon": "roundRect",
            "itemWidth": 14,
            "itemHeight": 6,
        },
        "tooltip": {**_TOOLTIP, "trigger": "axis", ":formatter": _TOOLTIP_OF_LINES.replace("LANGUAGE", language)},
        "xAxis": {
            "type": "category",
            "boundaryGap": False,
            "data": list(ticks),
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": CHART_LINE}},
            "axisLabel": {**_TEXT, "hideOverlap": True, "alignMinLabel": "left", "alignMaxLabel": "right"},
        },
        "yAxis": {**_AMOUNTS, "axisLabel": _numbers(language, " s")},
        "series": [
            {
                "type": "line",
                "id": f"{line.name} {line.part}",
                "name": line.name,
                "data": list(line.values),
                "color": SERIES[names.index(line.name) % len(SERIES)],
                "lineStyle": {"width": 1.5, "type": "dashed"} if line.dashed else {"width": 2, "type": "solid"},
                "symbol": "circle",
                "symbolSize": 4,
            }
            for line in lines
        ],
    }


def _numbers(language: str, unit: str = "") -> dict[str, Json]:
    """Return labels as the language writes numbers."""
    return {"color": CHART_TEXT, ":formatter": f"(number) => number.toLocaleString('{language}') + '{unit}'"}


def moments(since: datetime, until: datetime, width: timedelta) -> list[datetime]:
    """Return where the points of a chart begin that has some between these moments: at whole multiples of ``width``."""
    seconds = int(width.total_seconds())
    first, end = int(since.timestamp() // seconds), math.ceil(until.timestamp() / seconds)
    return [datetime.fromtimestamp(number * seconds, UTC) for number in range(first, end)]
