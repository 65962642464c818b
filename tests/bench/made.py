"""Runs as if they had been played."""

from bench.load import Played
from bench.play import Run


def played(check: float, confirm: float, said: str = "booked") -> Played:
    """Return a call, booked or not, whose answers took so many milliseconds."""
    return Played(
        check="available", check_seconds=check / 1000, confirm=said, confirm_seconds=confirm / 1000, ended_at=2
    )


def run(*calls: Played, seconds: float = 4.0, unheld: int = 0, **cpu_ms: float) -> Run:
    """Return a run of these calls, in which each process computed for so many milliseconds."""
    return Run(calls=calls, seconds=seconds, cpu_ms=cpu_ms, requests=3 * len(calls), unheld=unheld)
