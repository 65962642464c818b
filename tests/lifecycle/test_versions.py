"""Upgrades with pinned versions, by the commands of docs/operations.md: a call ends on the code it began on."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType

from simulator.process import Process
from tests.databases import DatabaseWith
from tests.deploy.test_operations import block
from tests.end_to_end.salon import eventually
from tests.lifecycle.site import UP_WITHIN, WORKER, Site, Talk, completed_tasks, identity, open_site

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]

CHANGED_WORKER = (sys.executable, str(Path(__file__).with_name("changed_worker.py")))

SOON = (
    # By default Temporal looks every few minutes whether a version has drained.
    'matching.wv.VersionDrainageStatusVisibilityGracePeriod="1s"',
    'matching.wv.VersionDrainageStatusRefreshInterval="1s"',
)


@pytest.fixture
async def site(
    tmp_path: Path, database_with: DatabaseWith, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Site]:
    async with open_site(tmp_path, database_with("catalog"), unused_tcp_port_factory, SOON) as opened:
        yield opened


async def worker_of(site: Site, build: str, command: tuple[str, ...] = WORKER) -> Process:
    return await site.worker(f"Worker {build}", command, WORKER_DEPLOYMENT="slotkeeper", WORKER_BUILD_ID=build)


async def types(site: Site, heading: str, build: str, call: str = "") -> str:
    """Run the commands under a heading of docs/operations.md for this build; return what they print."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(site.folder),
        "TEMPORAL_ADDRESS": site.environment["TEMPORAL_ADDRESS"],
        "BUILD": build,
        "CALL": call,
    }
    shell = await asyncio.create_subprocess_exec(
        "sh", "-euc", block(heading), env=environment, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await shell.communicate()
    assert shell.returncode == 0, said.decode()
    return said.decode()


async def leaders(talk: Talk) -> set[str]:
    """Return who has led the call, as identities begin."""
    return {task.identity.partition("@")[0] + "@" for task in completed_tasks(await talk.events())}


async def went_through(talk: Talk) -> bool:
    """Whether no worker has stumbled over the call."""
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    return not any(event.event_type == failed for event in await talk.events())


async def test_calls_end_on_the_version_they_began_on_forward_and_back(site: Site) -> None:
    web = await site.web("Webhook")
    old = await worker_of(site, "1")
    await types(site, "Make a version the current one", "1")
    begun_on_old = site.rings(web)
    assert (await begun_on_old.asks()).status == "available"

    new = await worker_of(site, "2", CHANGED_WORKER)
    before_the_switch = site.rings(web)
    assert (await before_the_switch.asks()).status == "available"
    await types(site, "Make a version the current one", "2")
    begun_on_new = site.rings(web)
    assert (await begun_on_new.asks()).status == "available"
    for talk in (begun_on_old, before_the_switch):
        assert (await talk.says_yes()).status == "booked"
        await talk.hangs_up()
    assert "drain" in await types(site, "See whether a version has drained", "1")

    async def drained() -> bool:
        status = await types(site, "See whether a version has drained", "1")
        return " drained" in status

    await eventually(drained, within=120)

    await types(site, "Make a version the current one", "1")
    after_going_back = site.rings(web)
    assert (await after_going_back.asks()).status == "available"
    for talk in (begun_on_new, after_going_back):
        assert (await talk.says_yes()).status == "booked"
        await talk.hangs_up()

    for talk, led_by in (
        (begun_on_old, old),
        (before_the_switch, old),
        (begun_on_new, new),
        (after_going_back, old),
    ):
        assert await leaders(talk) == {identity(led_by)}
        assert await went_through(talk)


async def test_calls_in_progress_go_over_to_the_first_version_and_back_to_none(site: Site) -> None:
    web = await site.web("Webhook")
    unversioned = await site.worker("Unversioned worker")
    begun_before = site.rings(web)
    assert (await begun_before.asks()).status == "available"

    versioned = await worker_of(site, "1")
    not_yet = site.rings(web)
    assert (await not_yet.asks()).status == "available"
    assert await leaders(not_yet) == {identity(unversioned)}
    await types(site, "Make a version the current one", "1")
    led_by = {identity(unversioned), identity(versioned)}
    await unversioned.stop(UP_WITHIN)
    for talk in (begun_before, not_yet):
        assert (await talk.says_yes()).status == "booked"
        await talk.hangs_up()
        assert await leaders(talk) == led_by
        assert await went_through(talk)

    pinned = site.rings(web)
    assert (await pinned.asks()).status == "available"
    again = await site.worker("Unversioned worker again")
    await types(site, "Do without versions again", "")
    free = site.rings(web)
    assert (await free.asks()).status == "available"
    assert (await pinned.says_yes()).status == "booked"
    assert await leaders(free) == {identity(again)}
    assert await leaders(pinned) == {identity(versioned)}
    for talk in (free, pinned):
        await talk.hangs_up()


async def test_a_share_of_the_new_calls_goes_to_a_version_on_trial(site: Site) -> None:
    web = await site.web("Webhook")
    old = await worker_of(site, "1")
    await types(site, "Make a version the current one", "1")
    new = await worker_of(site, "2", CHANGED_WORKER)
    await types(site, "Give a version a share of the calls", "2")

    seen: set[str] = set()
    for _ in range(60):
        talk = site.rings(web)
        assert (await talk.asks()).status == "available"
        led_by = await leaders(talk)
        await talk.hangs_up()
        assert len(led_by) == 1
        seen |= led_by
        if seen == {identity(old), identity(new)}:
            break
    assert seen == {identity(old), identity(new)}
