import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

import store.migrations
from store.call_list import CallFilter, list_calls
from store.engine import close, create_engine
from store.migrate import NotUpToDate, check_there, check_version, migrate
from store.overview import Period, overview
from store.tables import Table
from tests.store.processes import Processes, each_in_a_process, migrate_once, migrate_or_die

MIGRATIONS = Path(str(store.migrations.__file__)).parent
NOW = datetime(2025, 10, 16, 12, tzinfo=UTC)
YES = NOW + timedelta(seconds=14)


def differences(connection: Connection) -> list[object]:
    """What the models describe otherwise than the database has it."""
    return list(compare_metadata(MigrationContext.configure(connection), Table.metadata))


async def test_the_migrations_make_the_tables_the_models_describe(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_processes_that_start_together_migrate_once(url: str, processes: Processes) -> None:
    await processes.run(migrate_once, [(url,)] * processes.count)
    engine = create_engine(url)
    async with engine.connect() as connection:
        versions = (await connection.execute(text("SELECT version_num FROM alembic_version"))).all()
        tables = await connection.run_sync(lambda inner: inspect(inner).get_table_names())
    await close(engine)
    assert len(versions) == 1
    assert set(Table.metadata.tables) <= set(tables)


def alembic(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


REVISIONS = [script.revision for script in ScriptDirectory.from_config(alembic()).walk_revisions()]
"""The newest first."""


def keep_calls_as_they_were_before(connection: Connection) -> None:
    command.upgrade(alembic(connection), "0001")
    then = MetaData()
    then.reflect(connection)
    for call_id, outcome in (("one", "booked"), ("two", "hung_up"), ("three", "hung_up")):
        call = {"call_id": call_id, "revision": 1, "company": "salon", "branch": "mitte", "outcome": outcome}
        connection.execute(then.tables["call"].insert(), call | {"started_at": NOW, "ended_at": YES})
    turn = {"turn_id": "t", "kind": "k", "status": "s", "alternatives": [], "answered_at": YES}
    for values in (
        {"call_id": "one", "position": 0},
        {"call_id": "one", "position": 1, "service": "schnitt", "wished_start": NOW},
        {"call_id": "one", "position": 2, "rechecked": True, "offered_at": NOW, "confirmed_at": YES},
        {"call_id": "two", "position": 0, "service": "farbe", "race_caught_at": "hold"},
        {"call_id": "three", "position": 0, "service": "kur", "rechecked": True, "race_caught_at": "hold"}
        | {"offered_at": NOW, "confirmed_at": YES},
    ):
        connection.execute(then.tables["turn"].insert(), turn | values)


async def calls_as_they_are_now(engine: AsyncEngine) -> None:
    """Those that were kept before are found and counted like any other."""
    period = Period(NOW, NOW + timedelta(hours=1), "salon")
    two, _, one = sorted((await list_calls(engine, CallFilter(period))).lines, key=lambda line: line.service or "")
    assert (one.service, one.wished_start, one.race_caught_at, one.gap_seconds) == ("schnitt", NOW, None, 14)
    assert (two.service, two.wished_start, two.race_caught_at, two.gap_seconds) == ("farbe", None, "hold", None)
    seen = await overview(engine, period, NOW)
    assert (seen.confirmed, seen.booked, seen.races["hold"]) == (2, 1, 2)
    assert seen.rechecks == {"passed": 1, "gone": 1, "failed": 0, "skipped": 0}
    assert sum(gap.count for gap in seen.gaps) == 2


@pytest.mark.parametrize("revision", REVISIONS[1:])
async def test_an_older_database_keeps_its_calls_when_one_of_those_who_migrate_it_is_killed(
    url: str, tmp_path: Path, revision: str
) -> None:
    engine = create_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(keep_calls_as_they_were_before)
        await connection.run_sync(lambda inner: command.upgrade(alembic(inner), revision))

    ended = await each_in_a_process(migrate_or_die, [(url, "UPDATE alembic_version", tmp_path / "killed")] * 3)

    assert Counter(ended) == {0: 2, -signal.SIGKILL: 1}
    await check_version(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await calls_as_they_are_now(engine)
    await close(engine)


async def test_what_only_one_process_had_begun_before_it_was_killed_is_done_by_the_next(
    url: str, tmp_path: Path
) -> None:
    assert await each_in_a_process(migrate_or_die, [(url, "CREATE TABLE reply", tmp_path / "killed")]) == [
        -signal.SIGKILL
    ]
    engine = create_engine(url)
    with pytest.raises(NotUpToDate, match="no tables"):
        await check_version(engine)
    await migrate(engine)
    await check_version(engine)
    await close(engine)


async def test_migrating_again_changes_nothing(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO calendar (company, key) VALUES ('salon', 'chair')"))
    await migrate(engine)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM calendar"))).scalar_one() == 1


async def test_a_database_that_is_up_to_date_passes(url: str, engine: AsyncEngine) -> None:
    check_there(url)
    await check_version(engine)


async def test_a_database_without_tables_is_told_and_left_alone(url: str) -> None:
    engine = create_engine(url)
    with pytest.raises(NotUpToDate, match=r"no tables.*slotkeeper catalog apply"):
        await check_version(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(lambda inner: inspect(inner).get_table_names()) == []
    await close(engine)


@pytest.mark.parametrize(("version", "told"), [("0001", "older.*slotkeeper catalog apply"), ("9999", "newer.*update")])
async def test_a_database_of_another_version_is_told_and_left_alone(
    engine: AsyncEngine, version: str, told: str
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    with pytest.raises(NotUpToDate, match=told):
        await check_version(engine)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == version


async def test_a_newer_database_is_not_migrated_but_told(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NotUpToDate, match=r"newer.*update"):
        await migrate(engine)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == "9999"


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotUpToDate, match="not there"):
        check_there(f"sqlite:///{tmp_path}/nowhere/store.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["postgresql://me@nowhere/db", "mysql://me@host/db", "no url", "sqlite://"])
def test_only_a_file_can_be_missing(url: str) -> None:
    check_there(url)
