"""The connection to Temporal, the same for every process."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

LOCAL_SERVER = "localhost:7233"


async def connect(*, lazy: bool = False, metrics_bind: str | None = None) -> Client:
    """Connect to Temporal as its environment configuration says (``TEMPORAL_ADDRESS``, ``TEMPORAL_PROFILE``, ...).

    Args:
        lazy: Connect with the first call only: a web process may start before Temporal does. A worker may not.
        metrics_bind: ``host:port`` for the Prometheus endpoint of this process; ``None`` opens none.

    Raises:
        RuntimeError: The server cannot be reached (unless ``lazy``), or the metrics address is taken.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", LOCAL_SERVER)
    runtime = None
    if metrics_bind is not None:
        metrics = PrometheusConfig(bind_address=metrics_bind, durations_as_seconds=True)
        runtime = Runtime(telemetry=TelemetryConfig(metrics=metrics))
    return await Client.connect(**config, data_converter=pydantic_data_converter, lazy=lazy, runtime=runtime)
