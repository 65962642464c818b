"""A process's metrics, read as Prometheus reads them."""

from collections.abc import Callable

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from temporalio.common import MetricMeter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from workflows.metrics import BUCKETS


class Endpoint:
    """The metrics of a Temporal runtime of our own on a free port."""

    def __init__(self, free_port: Callable[[], int]) -> None:
        self._address = f"127.0.0.1:{free_port()}"
        buckets = {name: list(bounds) for name, bounds in BUCKETS.items()}
        prometheus = PrometheusConfig(
            bind_address=self._address, durations_as_seconds=True, histogram_bucket_overrides=buckets
        )
        self.runtime = Runtime(telemetry=TelemetryConfig(metrics=prometheus))

    def text(self) -> str:
        """What is served."""
        return httpx.get(f"http://{self._address}/metrics", trust_env=False).raise_for_status().text

    def samples(self) -> list[Sample]:
        return [sample for family in text_string_to_metric_families(self.text()) for sample in family.samples]


class Metrics:
    """What has been counted since this object was made."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._before = endpoint.samples()

    @property
    def meter(self) -> MetricMeter:
        return self.endpoint.runtime.metric_meter

    def value(self, name: str, **labels: str) -> float:
        """Return how much all series of this name with these labels have grown together."""
        return _sum(self.endpoint.samples(), name, labels) - _sum(self._before, name, labels)


def _sum(samples: list[Sample], name: str, labels: dict[str, str]) -> float:
    return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())
