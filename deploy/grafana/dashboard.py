"""The dashboard as the JSON that Grafana reads: ``python -m deploy.grafana`` writes it down."""

import json
from collections.abc import Iterator
from typing import TypeAlias

from deploy.grafana.rows import ROWS, Panel

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

DATASOURCE: Json = {"type": "prometheus", "uid": "prometheus"}
"""Where the figures come from: ``provisioning/datasources/prometheus.yml`` gives it this id."""

WIDTH = 24
"""Grafana divides a row into so many columns."""


def text() -> str:
    """Return the dashboard as it is committed."""
    return json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"


def dashboard() -> Json:
    """Return the dashboard as Grafana reads it."""
    return {
        "uid": "slotkeeper",
        "title": "Slotkeeper",
        "description": "Calls, races and what stands behind them. Generated: change deploy/grafana/rows.py.",
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "tags": ["slotkeeper"],
        "panels": list(_panels()),
    }


def _panels() -> Iterator[Json]:
    number, y = 0, 0
    for row in ROWS:
        number += 1
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": _place(0, y, WIDTH, 1)}
        y += 1
        width = WIDTH // len(row.panels)
        for column, panel in enumerate(row.panels):
            number += 1
            yield _panel(panel, number, _place(column * width, y, width, row.height))
        y += row.height


def _panel(panel: Panel, number: int, place: Json) -> Json:
    steps: list[Json] = [{"value": value, "color": color} for value, color in panel.steps]
    targets: list[Json] = [
        {
            "refId": chr(ord("A") + index),
            "datasource": DATASOURCE,
            "expr": query.expr,
            "legendFormat": query.legend or "__auto",
            **({"format": "heatmap"} if panel.kind == "heatmap" else {}),
        }
        for index, query in enumerate(panel.queries)
    ]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": DATASOURCE,
        "gridPos": place,
        "targets": targets,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "options": {"calculate": False, "yAxis": {"unit": panel.unit}} if panel.kind == "heatmap" else {},
    }


def _place(x: int, y: int, width: int, height: int) -> Json:
    return {"x": x, "y": y, "w": width, "h": height}
