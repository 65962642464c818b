import io
from dataclasses import replace

import pytest
from rich.console import Console

from bench import transports


def test_a_series_comes_to_the_median_of_its_rounds_and_how_far_they_lie_apart() -> None:
    series = transports.Series("ours", transports.Load(2))
    for seconds, cpu_seconds in ((2.0, 0.04), (1.0, 0.02), (4.0, 0.01)):
        series.add([seconds / 100] * 100, seconds, cpu_seconds)

    assert series.figure() == {
        "transport": "ours",
        "clients": 2,
        "connection": "kept",
        "requests_per_second": 50,
        "requests_min_per_second": 25,
        "requests_max_per_second": 100,
        "p50_ms": 20.0,
        "p95_ms": 20.0,
        "cpu_us": 200,
        "cpu_min_us": 100,
        "cpu_max_us": 400,
    }


def test_every_transport_takes_its_turn_under_every_load_and_what_is_left_out_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transports, "CLIENTS", (1, 3))
    monkeypatch.setattr(transports, "ROUNDS", 2)
    monkeypatch.setattr(transports, "SECONDS", 0.02)
    absent = replace(transports.TRANSPORTS[0], name="another", needs="a_package_that_is_nowhere")
    monkeypatch.setattr(transports, "TRANSPORTS", (transports.TRANSPORTS[0], absent, transports.TRANSPORTS[-1]))
    paper = io.StringIO()
    out = Console(file=paper, width=200)

    figures = transports.measure(out)
    out.print(transports.table(figures))

    measured = [(row["connection"], row["clients"], row["transport"]) for row in figures]
    assert measured == [
        (connection, clients, name)
        for connection, clients in (("new", 1), ("kept", 1), ("kept", 3))
        for name in ("httpx", "ours")
    ]
    for row in figures:
        assert 0 < float(row["requests_min_per_second"]) <= float(row["requests_max_per_second"])
        assert 0 < float(row["p50_ms"]) <= float(row["p95_ms"])
        assert 0 < float(row["cpu_min_us"]) <= float(row["cpu_max_us"])
    assert "another is left out: a_package_that_is_nowhere is not installed" in paper.getvalue()
    assert paper.getvalue().count("ours") == 3
