"""The webhook as a process, on a real socket."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from starter.webhook import BODY_LIMIT
from tests.starter.conftest import CATALOG
from tests.starter.fakes import KEY, envelope, signature

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def metrics_bind(unused_tcp_port_factory: Callable[[], int]) -> str:
    return f"127.0.0.1:{unused_tcp_port_factory()}"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory, metrics_bind: str) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {
        "METRICS_BIND": metrics_bind,
        "RETELL_API_KEY": KEY,
        "CATALOG_FILE": str(CATALOG),
        "PYTHONPATH": str(ROOT),
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
    }
    command = [sys.executable, "-c", "from starter.cli import app; app()", "webhook", "--port", "0"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=tmp_path_factory.mktemp("webhook"),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        yield running
        running.kill()


@pytest.fixture(scope="module")
def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("slotkeeper ")
    return line.split()[-1]


def test_it_says_where_it_listens_and_lives(address: str) -> None:
    assert httpx.get(f"{address}/health").json()["status"] == "alive"


def test_it_is_not_ready_without_temporal_but_has_its_database(address: str) -> None:
    response = httpx.get(f"{address}/ready")
    assert response.status_code == 503
    assert response.json() == {"status": "not ready", "temporal": False, "database": True}


def test_the_announced_length_is_enough_to_refuse_a_body(address: str) -> None:
    server = http.client.HTTPConnection(urlsplit(address).netloc)
    server.putrequest("POST", "/retell/functions")
    server.putheader("Content-Length", str(BODY_LIMIT + 1))
    server.endheaders()
    assert server.getresponse().status == 413
    server.close()


def test_a_body_in_chunks_is_refused_where_it_passes_the_limit(address: str) -> None:
    server = http.client.HTTPConnection(urlsplit(address).netloc)
    server.putrequest("POST", "/retell/events")
    server.putheader("Transfer-Encoding", "chunked")
    server.putheader("X-Retell-Signature", signature(b"another body"))
    server.endheaders()
    chunk = b"x" * 65_536
    for _ in range(BODY_LIMIT // len(chunk) + 1):
        server.send(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
    # The last chunk has not been sent: the answer does not wait for the end of the body.
    assert server.getresponse().status == 413
    server.close()


def test_a_body_up_to_the_limit_is_read(address: str) -> None:
    body = b" " * BODY_LIMIT
    response = httpx.post(f"{address}/retell/events", content=body, headers={"X-Retell-Signature": signature(body)})
    assert response.status_code == 400


def test_with_temporal_down_the_caller_still_hears_a_sentence(address: str) -> None:
    body = httpx.Request("POST", address, json=envelope("check_availability", {"datum": "morgen", "uhrzeit": "9"}))
    signed = {"X-Retell-Signature": signature(body.content)}
    response = httpx.post(f"{address}/retell/functions", content=body.content, headers=signed, timeout=30)
    assert response.status_code == 200
    assert response.json()["message"].startswith("Ich kann die Verfügbarkeit momentan nicht prüfen.")


def test_its_metrics_are_on_their_own_address_and_not_on_the_public_one(address: str, metrics_bind: str) -> None:
    served = httpx.get(f"http://{metrics_bind}/metrics").text
    counted = [line for line in served.splitlines() if line.startswith("slotkeeper_answers_total{")]
    assert len(counted) == 1
    assert 'status="error"' in counted[0]
    assert counted[0].endswith(" 1")
    assert httpx.get(f"{address}/metrics").status_code == 404


def test_it_ends_by_itself_when_told_to(process: subprocess.Popen[str], address: str) -> None:
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    events = [json.loads(line) for line in errors.splitlines()]
    assert all(event["process"] == "webhook" for event in events)
    assert [event["status"] for event in events if event["event"] == "answered"] == ["error"]
