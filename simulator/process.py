"""A child process: started with a log of its own, waited for, stopped, never left behind."""

import asyncio
import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import httpx

LOG_LINES = 15
"""How much of a log a failure quotes."""

_LOOK_EVERY = 0.05
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ProcessFailed(Exception):
    """A process ended by itself, or did not become ready; the text names its log and quotes the last lines."""


class Process:
    """One command, which may be started again after it has ended."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        """`folder` is where the command works; what it prints is added to `logs/{name}.log` there."""
        self.name = name
        self.log = folder / "logs" / f"{name.lower().replace(' ', '-')}.log"
        self._command = list(command)
        self._environment = dict(environment)
        self._folder = folder
        self._running: subprocess.Popen[bytes] | None = None
        self._started = time.monotonic()

    @property
    def age_seconds(self) -> float:
        """The time since the command was last started."""
        return time.monotonic() - self._started

    @property
    def pid(self) -> int | None:
        """The id of the process, `None` while none is meant to run."""
        return self._running.pid if self._running else None

    @property
    def exit_status(self) -> int | None:
        """How it ended by itself, minus the signal that killed it; `None` while all is as it should be."""
        return self._running.poll() if self._running else None

    def start(self) -> None:
        """Run the command. A terminal's Ctrl-C does not reach it: whoever started it stops it, in good order."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._started = time.monotonic()
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(  # noqa: S603 - our own commands
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=_die_with_parent,
            )

    async def until(self, ready: Callable[[], Awaitable[str | None]], limit_seconds: float) -> str:
        """Wait until `ready` says where the process works, and return it; nobody answering yet says nothing.

        Raises:
            ProcessFailed: The process ended instead, or the limit passed.
        """
        deadline = time.monotonic() + limit_seconds
        while True:
            self.check()
            try:
                if where := await ready():
                    return where
            except httpx.TransportError:
                pass  # not listening yet
            if time.monotonic() > deadline:
                raise self._failed(f"was not ready after {limit_seconds:g} s")
            await asyncio.sleep(_LOOK_EVERY)

    def check(self) -> None:
        """Raise `ProcessFailed` if the process has ended by itself."""
        status = self.exit_status
        if status is not None:
            how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"with exit status {status}"
            raise self._failed(f"has ended, {how}")

    async def stop(self, grace_seconds: float) -> None:
        """Ask the process to end, and kill it when the grace is over."""
        if self._running:
            self._running.terminate()
            deadline = time.monotonic() + grace_seconds
            while self._running.poll() is None and time.monotonic() < deadline:  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(_LOOK_EVERY)
            self.kill()

    def kill(self) -> None:
        """End the process at once; nothing happens if it has ended."""
        if self._running:
            self._running.kill()
            self._running.wait()
            self._running = None

    def _failed(self, what: str) -> ProcessFailed:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
        quoted = "".join(f"\n  {line}" for line in lines) or "\n  (it said nothing)"
        return ProcessFailed(f"{self.name} {what}. The end of {self.log}:{quoted}")


def _prctl() -> Callable[[int, int], object] | None:
    return ctypes.CDLL(None).prctl if sys.platform == "linux" else None


_set_in_child = _prctl()


def _die_with_parent() -> None:
    """Runs in the child: should the parent be killed outright, the kernel ends the child too (Linux)."""
    if _set_in_child:
        _set_in_child(_PR_SET_PDEATHSIG, signal.SIGKILL)
