"""`python -m simulator.calcom` as a process."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def server(port: int, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "simulator.calcom", "--port", str(port), *options]
    return subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def client(port: int) -> httpx.Client:
    """A client that backs off until the server listens."""
    return httpx.Client(transport=httpx.HTTPTransport(retries=8), base_url=f"http://127.0.0.1:{port}")


def test_the_server_starts_says_nothing_and_stops_at_once() -> None:
    port = free_port()
    with server(port) as process:
        with client(port) as http:
            assert http.get("/_double/ledger").json()["bookings"] == []
            http.post("/_double/faults", json={"endpoint": "me", "kind": "reset"})
            with pytest.raises(httpx.TransportError):
                http.get("/v2/me")
            http.post("/_double/faults", json={"endpoint": "me", "kind": "timeout"})
            with pytest.raises(httpx.TimeoutException):
                http.get("/v2/me", timeout=0.05)
        with socket.create_connection(("127.0.0.1", port)) as hanging:
            hanging.sendall(b"GET /v2/slots HTTP/1.1\r\nHost: double\r\n")
            process.send_signal(signal.SIGTERM)
            out, errors = process.communicate(timeout=10)

    assert (out, errors) == ("", "")
    assert process.returncode in (0, -signal.SIGTERM)


def test_an_answer_is_as_late_as_told_and_its_control_is_not() -> None:
    port = free_port()
    with server(port, "--latency", "3600") as process, client(port) as http:
        assert http.get("/_double/ledger").json()["requests"] == {}
        with pytest.raises(httpx.ReadTimeout):
            http.get("/v2/me", timeout=0.5)
        assert http.get("/_double/ledger").json()["requests"] == {"me": 1}
        process.kill()
