"""The dashboard: committed as it is generated, and made of metrics that exist."""

import json
from itertools import combinations

import pytest
import yaml

from deploy.grafana.__main__ import FILE
from deploy.grafana.dashboard import DATASOURCE, text
from deploy.grafana.queries import counted
from deploy.grafana.rows import ROWS
from tests.deploy.promql import OURS, RECORDED, RULES, series_in
from workflows.metrics import METRICS, RACES

PROVISIONING = FILE.parents[1] / "provisioning"

QUERIES = [query.expr for row in ROWS for panel in row.panels for query in panel.queries]

READ_BY_RULES = {name for rule in RULES for name in series_in(rule["expr"])}
"""These are held against a real endpoint where the rules are tested."""


def test_the_committed_dashboard_is_the_generated_one() -> None:
    assert FILE.read_text() == text(), "run `python -m deploy.grafana`"


@pytest.mark.parametrize("expr", QUERIES)
def test_a_query_reads_series_that_exist(expr: str) -> None:
    read = series_in(expr)
    assert read
    assert read <= OURS.keys() | RECORDED.keys() | READ_BY_RULES


def test_every_metric_is_on_the_dashboard() -> None:
    read = {name for expr in QUERIES for name in series_in(expr)}
    while behind := {name for rule in read & RECORDED.keys() for name in series_in(RECORDED[rule])} - read:
        read |= behind
    shown = {OURS[name].name for name in read & OURS.keys()}
    assert [metric.name for metric in METRICS if metric.name not in shown] == []


def test_a_label_a_metric_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="slotkeeper_races_total has no label company"):
        counted(RACES, "company")


def test_no_two_panels_cover_each_other() -> None:
    covered = []
    for panel in json.loads(text())["panels"]:
        place = panel["gridPos"]
        across = range(place["x"], place["x"] + place["w"])
        assert across.stop <= 24
        covered.append({(x, y) for x in across for y in range(place["y"], place["y"] + place["h"])})
    assert all(one.isdisjoint(other) for one, other in combinations(covered, 2))


def test_the_panels_ask_the_data_source_that_is_provided() -> None:
    [source] = yaml.safe_load((PROVISIONING / "datasources/prometheus.yml").read_text())["datasources"]
    assert {"type": source["type"], "uid": source["uid"]} == DATASOURCE
