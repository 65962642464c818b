"""What a change of the workflow changes is seen, with what it means for calls in progress."""

import re
from collections.abc import Sequence
from datetime import timedelta
from difflib import unified_diff

import pytest

import workflows.options as options
from tests.replay.commands import commands, kept
from tests.replay.record import PATHS, play
from tests.replay.test_golden_histories import replayed
from tests.temporal import TemporalServer
from workflows.calendar import Calendar

BREAKS = """\
Calls in progress would BREAK on it: {error}
  Not meant: undo it.
  Meant: keep the old order for them with workflow.patched(), or let them end on the old workers, with pinned versions
  (docs/operations.md, "Upgrades"), or end them first. Then run `make histories` and commit what it writes."""

SURVIVES = """\
Calls in progress survive it: the recorded call replays on the code as it is.
  Not meant: undo it.
  Meant: run `make histories`, read what has changed in tests/replay/commands.txt, and commit it."""


async def verdict(name: str, was: Sequence[str], now: Sequence[str]) -> str:
    """Say what has changed on a path, what that means for calls in progress, and what to do."""
    changes = "\n".join(unified_diff(was, now, "recorded", "now", lineterm="", n=2))
    error = await replayed(name)
    means = SURVIVES if error is None else BREAKS.format(error=_in_short(error))
    return f"the path `{name}` tells Temporal something else than before:\n{changes}\n\n{means}"


def _in_short(error: Exception) -> str:
    found = re.search(r'Nondeterminism error: ([^"]+)', str(error))
    return found[1] if found else str(error)


async def commanded(name: str, server: TemporalServer) -> list[str]:
    """Play a path on the code as it is."""
    return commands((await (await play(PATHS[name], server)).fetch_history()).events)


def test_every_path_is_in_the_file() -> None:
    assert list(kept()) == list(PATHS), "run `make histories`"


@pytest.mark.parametrize("name", PATHS)
async def test_every_path_commands_what_it_did_when_it_was_recorded(name: str, temporal: TemporalServer) -> None:
    was, now = kept()[name], await commanded(name, temporal)
    if was != now:
        pytest.fail(await verdict(name, was, now), pytrace=False)


async def test_a_step_left_out_is_said_to_break_calls_in_progress(
    temporal: TemporalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def keep_holding(_calendar: Calendar) -> None:
        """Forget to release the hold."""

    monkeypatch.setattr(Calendar, "let_go", keep_holding)
    said = await verdict("hung_up", kept()["hung_up"], await commanded("hung_up", temporal))
    assert "\n-release_hold: " in said
    assert re.search(r"would BREAK on it: .*ActivityTaskScheduled", said)


async def test_another_time_limit_is_said_to_leave_calls_in_progress_alone(
    temporal: TemporalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(options.RELEASE, "start_to_close_timeout", timedelta(seconds=7))
    said = await verdict("hung_up", kept()["hung_up"], await commanded("hung_up", temporal))
    assert "\n+release_hold: 7 s for a try" in said
    assert "survive it" in said
