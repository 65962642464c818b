"""The demo: played once as a user sees it, and its checks held to what they must notice."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

import simulator.__main__ as commands
from simulator.business import CONSULTANTS, SALON, workdays
from simulator.caller import Reply
from simulator.demo.play import demo_console, play, save_picture
from simulator.demo.scenes import SCENES
from simulator.demo.stage import STRANGER, Expected, PromiseBroken, Stage, broken_at_the_end, holds
from simulator.desk import Booked, Desk
from simulator.stack import Stack, running_stack

ROOT = Path(__file__).parents[2]

NINE = datetime(2026, 12, 8, 8, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)

STRANGERS = Booked(NINE, NINE + HALF_AN_HOUR, "drsmith", 900003, STRANGER, "accepted", by_stranger=True)
OURS = Booked(NINE + HALF_AN_HOUR, NINE + 2 * HALF_AN_HOUR, "drsmith", 900003, "Ann", "accepted", by_stranger=False)
LEDGER = [STRANGERS, OURS]
EXPECTED = [Expected(STRANGERS.start, STRANGER), Expected(OURS.start, "Ann")]

CLOSING = "Every promise kept. 11 calls, 10 booked by phone, 1 by a stranger, no two overlap, no error heard."

BOOKED = Reply(200, '{"status": "booked", "message": "Perfekt!"}', 0.1)


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.mark.timeout(120)
def test_the_demo_keeps_every_promise_and_shows_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "demo", "--picture", "demo.svg"]
    # A setting of some other installation must not matter.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CALCOM_API_KEY": "cal_live_0", "HOLD_SECONDS": "0.001"}
    played = subprocess.run(  # noqa: S603 - our own command
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stderr == ""
    assert "FAILED" not in played.stdout
    for number, scene in enumerate(SCENES, 1):
        assert f"\n{number}  {scene.title} ─" in played.stdout
    ledger = played.stdout.partition("What the calendar holds now")[2]
    for name in (STRANGER, "Jürgen Müller", "Grace Miller", "Anna Beck", "Klaus Ufer", "Maria Vogel"):
        assert name in ledger
    assert ledger.count("/namespaces/default/workflows/call%2Fcall_") == 11
    assert CLOSING in " ".join(played.stdout.split())
    assert list((tmp_path / ".data").iterdir()) == []
    picture = (tmp_path / "demo.svg").read_text(encoding="utf-8")
    assert "race" in picture
    assert "@font-face" not in picture


@pytest.mark.timeout(120)
async def test_a_scene_that_goes_wrong_ends_and_is_named(stack: Stack) -> None:
    console = demo_console(picture=True)
    two = CONSULTANTS.at(next(workdays(datetime.now(SALON.zone).date())), 14)
    async with httpx.AsyncClient(base_url=stack.calendar_url) as http:
        await Desk(http).block(CONSULTANTS.event_type_id, two, HALF_AN_HOUR)

    broken = await play(console, stack, [SCENES[1]])

    assert len(broken) == 1
    assert broken[0].startswith("The normal case: 14:00 is offered (was: unavailable: ")
    shown = console.export_text()
    assert "FAILED 14:00 is offered" in shown
    assert "Every promise kept" not in shown


@pytest.mark.timeout(120)
@pytest.mark.parametrize("month", [1, 7], ids=["winter time", "summer time"])
async def test_the_false_race_is_none_at_any_time_of_the_year(stack: Stack, month: int) -> None:
    false_race = SCENES[3]
    days = workdays(date(datetime.now(SALON.zone).year + 1, month, 10))
    async with (
        httpx.AsyncClient(base_url=stack.webhook_url, timeout=20) as webhook,
        httpx.AsyncClient(base_url=stack.calendar_url) as calendar,
    ):
        stage = Stage(Console(), stack, webhook, Desk(calendar))
        await false_race.play(stage, days)

    assert stage.kept[0] == "the trap is set: 09:00Z listed, 09:00 in Berlin not"
    assert stage.kept[-1] == "the calendar holds 09:00 in Berlin"


@pytest.mark.parametrize(
    ("outcome", "status"), [([], 0), (["The race: the alternative he takes is booked"], 1), (None, 130)]
)
def test_the_exit_status_tells_whether_a_promise_was_broken(
    monkeypatch: pytest.MonkeyPatch, outcome: list[str] | None, status: int
) -> None:
    monkeypatch.setattr(commands, "_run", lambda work: (work.close(), outcome)[1])

    assert CliRunner().invoke(commands.app, ["demo"]).exit_code == status


def test_the_calendar_must_hold_just_what_was_expected() -> None:
    assert holds(LEDGER, EXPECTED)
    elsewhen = replace(OURS, start=OURS.start + timedelta(days=1), end=OURS.end + timedelta(days=1))
    assert holds([*LEDGER, elsewhen], EXPECTED)


@pytest.mark.parametrize(
    "ledger",
    [
        [STRANGERS],
        [*LEDGER, OURS],
        [STRANGERS, replace(OURS, name="Bob")],
        [STRANGERS, replace(OURS, status="cancelled")],
        [STRANGERS, replace(OURS, start=OURS.start + HALF_AN_HOUR)],
    ],
    ids=["ours missing", "ours twice", "another name", "cancelled", "another time"],
)
def test_a_doctored_calendar_is_noticed(ledger: list[Booked]) -> None:
    assert not holds(ledger, EXPECTED)


def test_a_good_performance_has_nothing_broken_at_the_end() -> None:
    assert broken_at_the_end(LEDGER, EXPECTED, [BOOKED]) == []


@pytest.mark.parametrize(
    ("extra", "replies", "broken"),
    [
        ([replace(OURS, start=NINE + timedelta(minutes=15))], [BOOKED], ["no two bookings overlap", "nothing else"]),
        ([replace(OURS, start=NINE + timedelta(days=1), end=NINE + timedelta(days=2))], [BOOKED], ["nothing else"]),
        ([], [Reply(500, "Internal Server Error", 0.1)], ["nobody hears an error"]),
        ([], [Reply(200, '{"status": "error", "message": "Leider …"}', 0.1)], ["nobody hears an error"]),
        ([], [Reply(200, '{"status": "booked"}', 0.1)], ["nobody hears an error"]),
    ],
    ids=["overlap", "surplus", "HTTP 500", "error", "silence"],
)
def test_what_nobody_may_see_is_noticed_at_the_end(
    extra: list[Booked], replies: list[Reply], broken: list[str]
) -> None:
    found = broken_at_the_end([*LEDGER, *extra], EXPECTED, replies)

    assert len(found) == len(broken)
    assert all(promise.endswith(end) for promise, end in zip(found, broken, strict=True))


class _FullCalendar:
    """A desk whose calendar lists all but one of the slots asked for."""

    def __init__(self, taken: datetime | None) -> None:
        self.taken = taken

    async def lists(self, _event_type_id: int, start: datetime) -> bool:
        return start != self.taken


@pytest.mark.parametrize(
    ("offered", "taken"), [([NINE], None), ([], None), ([NINE, NINE + HALF_AN_HOUR], NINE + HALF_AN_HOUR)]
)
async def test_alternatives_must_be_two_and_free(offered: list[datetime], taken: datetime | None) -> None:
    stage = Stage(Console(), cast(Stack, None), cast(httpx.AsyncClient, None), cast(Desk, _FullCalendar(taken)))
    starts = ", ".join(f'{{"start": "{start.isoformat()}"}}' for start in offered)

    with pytest.raises(PromiseBroken, match="both free"):
        await stage.promise_free("both free", SALON, Reply(200, f'{{"alternatives": [{starts}]}}', 0.1))


async def test_an_alternative_that_another_caller_took_in_the_same_breath_was_free_when_it_was_heard() -> None:
    stage = Stage(Console(), cast(Stack, None), cast(httpx.AsyncClient, None), cast(Desk, _FullCalendar(NINE)))
    starts = f'{{"start": "{NINE.isoformat()}"}}, {{"start": "{(NINE + HALF_AN_HOUR).isoformat()}"}}'
    reply = Reply(200, f'{{"alternatives": [{starts}]}}', 0.1)

    await stage.promise_free("both free", SALON, reply, taken_since=[NINE])

    assert stage.kept == ["both free"]


def test_workdays_leave_the_weekend_out() -> None:
    days: Iterator[object] = workdays(date(2026, 11, 26))

    assert [str(next(days)) for _ in range(3)] == ["2026-11-27", "2026-11-30", "2026-12-01"]


def test_a_picture_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    console = Console(record=True, file=(tmp_path / "nowhere").open("w"))
    console.print("[bold]1  The race[/bold]")
    console.file.close()

    save_picture(console, tmp_path / "images" / "demo.svg", "make demo, scene 1")

    svg = (tmp_path / "images" / "demo.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "make&#160;demo,&#160;scene&#160;1" in svg
    assert "url(http" not in svg.replace('"', "")
