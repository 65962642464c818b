"""The connection to Temporal, the same for every process."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import HeaderCodecBehavior, MetricMeter
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode

from starter.encryption import data_converter
from starter.ending import rest_before_exit
from starter.settings import Settings, SettingsError, refuse_weak_keys
from starter.tracing import Tracing, read_tracing
from workflows.metrics import BUCKETS

LOCAL_SERVER = "localhost:7233"

CONNECT_LIMIT = timedelta(seconds=5)
"""How long a server may take to be connected, and then to describe the namespace."""


@dataclass(frozen=True)
class Connection:
    """How this process reaches Temporal: read once, however often connecting is tried."""

    config: ClientConnectConfig
    runtime: Runtime | None
    tracing: Tracing
    converter: DataConverter

    @property
    def meter(self) -> MetricMeter:
        """What this process counts with, for the Prometheus endpoint on ``METRICS_BIND``; without one, into nothing."""
        return MetricMeter.noop if self.runtime is None else self.runtime.metric_meter


def read_connection(settings: Settings, process: str = "slotkeeper") -> Connection:
    """Read Temporal's environment configuration (``TEMPORAL_ADDRESS``, ``TEMPORAL_PROFILE``, ...) and open the metrics.

    Args:
        settings: Where the metrics are, and the keys of payloads.
        process: What this process is called in traces.

    Raises:
        SettingsError: The configuration cannot be used, its API key is weak, ``METRICS_BIND`` is taken, or traces
            cannot be made.
    """
    rest_before_exit()
    converter, config = data_converter(settings.payload_encryption_keys), _client_config()
    refuse_weak_keys(settings, {"TEMPORAL_API_KEY": config.get("api_key")})
    return Connection(config, _runtime(settings.metrics_bind), read_tracing(process), converter)


async def connect(connection: Connection, *, lazy: bool = False) -> Client:
    """Connect to Temporal.

    Args:
        connection: How Temporal is reached.
        lazy: Connect with the first call only: a web process may start before Temporal does. A worker may not.

    Raises:
        RuntimeError: The server cannot be reached, or does not let us in (unless ``lazy``).
        SettingsError: The address, a part of TLS or the namespace is none that Temporal knows (unless ``lazy``).
    """
    try:
        async with asyncio.timeout(CONNECT_LIMIT.total_seconds()):
            client = await Client.connect(
                **connection.config,
                data_converter=connection.converter,
                header_codec_behavior=HeaderCodecBehavior.CODEC,
                plugins=connection.tracing.plugins,
                lazy=lazy,
                runtime=connection.runtime,
            )
    except TimeoutError:
        raise RuntimeError(f"it has not answered within {CONNECT_LIMIT.total_seconds():g} s") from None
    except ValueError as error:
        raise SettingsError(f"TEMPORAL_ADDRESS or TEMPORAL_TLS_...: {error}") from None
    if not lazy:
        await _find_namespace(client)
    return client


async def _find_namespace(client: Client) -> None:
    request = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        await client.workflow_service.describe_namespace(request, timeout=CONNECT_LIMIT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise SettingsError(f"TEMPORAL_NAMESPACE: Temporal has no namespace {client.namespace!r}") from None
        raise RuntimeError(f"the namespace was not described: {error.status.name}") from error


def _client_config() -> ClientConnectConfig:
    try:
        config = ClientConfig.load_client_connect_config()
    except OSError as error:
        raise SettingsError(f"TEMPORAL_TLS_...: {error.filename} cannot be read: {error.strerror}") from None
    except (RuntimeError, ValueError) as error:
        # What follows the first line quotes the configuration file, which may hold a key.
        complaint = str(error).partition("\n")[0]
        name = "TEMPORAL_PROFILE" if complaint.startswith("Profile ") else "TEMPORAL_CONFIG_FILE or TEMPORAL_..."
        raise SettingsError(f"{name}: {complaint}") from None
    config.setdefault("target_host", LOCAL_SERVER)
    return config


def _runtime(metrics_bind: str | None) -> Runtime | None:
    if metrics_bind is None:
        return None
    metrics = PrometheusConfig(bind_address=metrics_bind, durations_as_seconds=True, histogram_bucket_overrides=BUCKETS)
    try:
        # The name Temporal would attach is its own SDK's; who exports is known to whoever scrapes.
        return Runtime(telemetry=TelemetryConfig(metrics=metrics, attach_service_name=False))
    except (RuntimeError, ValueError) as error:
        raise SettingsError(f"METRICS_BIND: {error}") from None
