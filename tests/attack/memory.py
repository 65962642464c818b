"""How much memory a process has."""

from pathlib import Path

MEBIBYTE = 1024


def resident(pid: int) -> int:
    """Return how much memory it holds now, in KiB."""
    return _status(pid, "VmRSS")


def peak(pid: int) -> int:
    """Return the most it has held since ``forget_peak``, in KiB."""
    return _status(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
