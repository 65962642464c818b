"""Temporal's own settings, and the metrics of the process."""

import socket
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from temporalio.common import MetricMeter

from starter.connect import LOCAL_SERVER, connect, read_connection
from starter.settings import Settings, SettingsError
from workflows.metrics import GAP_SECONDS, HOLDS, ROWS_LOST


@pytest.fixture(autouse=True)
def without_temporal_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "nowhere.toml"))
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    for name in ("ADDRESS", "NAMESPACE", "PROFILE", "API_KEY", "TLS"):
        monkeypatch.delenv(f"TEMPORAL_{name}", raising=False)


def test_without_anything_set_temporal_is_on_this_machine() -> None:
    assert read_connection(Settings()).config.get("target_host") == LOCAL_SERVER


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"TEMPORAL_PROFILE": "nope"}, "TEMPORAL_PROFILE: Profile 'nope' not found"),
        ({"TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere.pem"}, "TEMPORAL_TLS_...: /nowhere.pem cannot be read"),
        (
            {"TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere.pem", "TEMPORAL_TLS_CLIENT_CERT_DATA": "x"},
            "TEMPORAL_CONFIG_FILE or TEMPORAL_...: Invalid configuration: Cannot specify both",
        ),
    ],
)
def test_a_wrong_setting_of_temporals_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], line: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        read_connection(Settings())
    assert str(refused.value).startswith(line)


def test_a_weak_key_of_temporals_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_API_KEY", "your-temporal-key-0123")
    with pytest.raises(SettingsError, match=r"^TEMPORAL_API_KEY: is too weak: .*stand-in") as refused:
        read_connection(Settings())
    assert "0123" not in str(refused.value)
    assert read_connection(Settings(embedded_stack=True)).config.get("api_key") == "your-temporal-key-0123"


def test_a_broken_configuration_file_is_refused_in_one_line_that_repeats_none_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "temporal.toml"
    broken.write_text('[profile.default]\napi_key = "secret\n')
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(broken))
    with pytest.raises(SettingsError, match="TEMPORAL_CONFIG_FILE") as refused:
        read_connection(Settings())
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


async def test_an_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "two words:7233")
    with pytest.raises(SettingsError, match="TEMPORAL_ADDRESS"):
        await connect(read_connection(Settings()))


def test_a_metrics_address_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = Settings(metrics_bind=f"127.0.0.1:{other.getsockname()[1]}")
        with pytest.raises(SettingsError, match=r"METRICS_BIND: .*in use"):
            read_connection(settings)


def test_without_a_metrics_address_nothing_is_counted() -> None:
    assert read_connection(Settings()).meter is MetricMeter.noop


def test_metrics_of_ours_are_exported_under_their_names_with_their_buckets_and_labels(unused_tcp_port: int) -> None:
    connection = read_connection(Settings(metrics_bind=f"127.0.0.1:{unused_tcp_port}"))
    ROWS_LOST.add(connection.meter, 2, table="reply")
    HOLDS.set(connection.meter, 3)
    GAP_SECONDS.record(connection.meter, 14.0)

    page = httpx.get(f"http://127.0.0.1:{unused_tcp_port}/metrics", trust_env=False).text
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]

    told = {(sample.name, *sample.labels.items()): sample.value for sample in samples}
    assert told[ROWS_LOST.name, ("table", "reply")] == 2
    assert told[(HOLDS.name,)] == 3
    bounds = {float(sample.labels["le"]): sample.value for sample in samples if sample.name.endswith("_bucket")}
    assert bounds == {bound: bound >= 14 for bound in (*GAP_SECONDS.buckets, float("inf"))}


def test_without_a_collector_nothing_is_traced() -> None:
    assert read_connection(Settings()).tracing.plugins == ()
