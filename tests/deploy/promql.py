"""The rules of Prometheus, and what a PromQL expression speaks of: series, and the labels it selects by."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NotRequired, TypedDict, cast

import yaml

from workflows.metrics import METRICS, Histogram, Metric

FOLDER = Path(__file__).parents[2] / "deploy/prometheus"

_NAME = re.compile(r"\b(?:slotkeeper|temporal)[_:][a-zA-Z0-9_:]+|\bup\b")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"([^\"]*)\"")

OURS: dict[str, Metric] = {
    name: metric
    for metric in METRICS
    for name in (
        [f"{metric.name}{suffix}" for suffix in ("_bucket", "_sum", "_count")]
        if isinstance(metric, Histogram)
        else [metric.name]
    )
}
"""Every series of ours, by the name Prometheus knows it by."""


class Rule(TypedDict):
    """A rule: one that records, or an alert."""

    expr: str
    record: NotRequired[str]
    alert: NotRequired[str]
    labels: NotRequired[dict[str, str]]
    annotations: NotRequired[dict[str, str]]


def _read_rules() -> list[Rule]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return [cast("Rule", rule) for group in groups for rule in group["rules"]]


RULES = _read_rules()
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}


class Selected(NamedTuple):
    """One label a query selects by, with one of the values it lets through or keeps out."""

    series: str
    label: str
    value: str


def series_in(expr: str) -> set[str]:
    """Return the name of every series an expression reads; recorded ones have a colon in it."""
    return set(_NAME.findall(expr))


def selected_in(expr: str) -> Iterator[Selected]:
    """Return every label value an expression selects by."""
    for series, matchers in _SELECTOR.findall(expr):
        for label, values in _MATCHER.findall(matchers):
            for value in values.split("|"):
                yield Selected(series, label, value)


def values_of(series: str, label: str) -> set[str]:
    """Return what a label of a series of ours can say; a recorded one says what the series behind it do."""
    if series in RECORDED:
        return {value for behind in series_in(RECORDED[series]) for value in values_of(behind, label)}
    return set(OURS[series].labels.get(label, ())) if series in OURS else set()
