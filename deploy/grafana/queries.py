"""Queries over the list of metrics: of a metric and one of its labels, which must be in the list."""

from dataclasses import dataclass

from workflows.metrics import Counter, Gauge, Histogram, Metric


@dataclass(frozen=True)
class Query:
    """One line, or several, of a panel; ``legend`` names a line by its labels, in Grafana's own way."""

    expr: str
    legend: str = ""


def counted(metric: Counter, by: str | None = None) -> Query:
    """Count what happened per step of the curve, by one label."""
    return Query(f"sum{_by(metric, by)} (increase({metric.name}[$__rate_interval]))", _legend(metric, by))


def counted_over(metric: Counter, window: str) -> Query:
    """Count what happened in a window up to now, such as ``1d``; 0 where there was nothing to count."""
    return Query(f"sum(increase({metric.name}[{window}])) or vector(0)", metric.name)


def current(metric: Gauge) -> Query:
    """Take the number as it is now. Every process of a kind says the same: the greatest is it."""
    return Query(f"max({metric.name})", metric.name)


def quantile(metric: Histogram, q: float, by: str | None = None) -> Query:
    """Take the time that a share ``q`` of all stay below, by one label."""
    grouped = f" by (le, {_known(metric, by)})" if by else " by (le)"
    expr = f"histogram_quantile({q}, sum{grouped} (rate({metric.name}_bucket[$__rate_interval])))"
    return Query(expr, f"p{q * 100:.0f} {_legend(metric, by)}".strip())


def answered(metric: Histogram, by: str) -> Query:
    """Count how many times were taken per step of the curve, by one label."""
    return Query(f"sum{_by(metric, by)} (increase({metric.name}_count[$__rate_interval]))", _legend(metric, by))


def heat(metric: Histogram) -> Query:
    """Count how many times fell into each bucket."""
    return Query(f"sum by (le) (increase({metric.name}_bucket[$__rate_interval]))", "{{le}}")


def recorded(expr: str) -> Query:
    """Take what the rules of ``deploy/prometheus/alerts.yml`` have worked out, as the alerts do."""
    return Query(expr)


def temporal_p95(histogram: str, legend: str) -> Query:
    """Take the time that 95 % of a measurement of Temporal's own stay below."""
    expr = f"histogram_quantile(0.95, sum by (le) (rate({histogram}_bucket[$__rate_interval])))"
    return Query(expr, legend)


def _by(metric: Metric, label: str | None) -> str:
    return f" by ({_known(metric, label)})" if label else ""


def _legend(metric: Metric, label: str | None) -> str:
    return f"{{{{{_known(metric, label)}}}}}" if label else ""


def _known(metric: Metric, label: str) -> str:
    if label not in metric.labels:
        raise ValueError(f"{metric.name} has no label {label}")
    return label
