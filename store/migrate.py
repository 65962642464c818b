"""The schema: brought up to date by the processes that write, at their start, and compared by those that only read."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine

from store.engine import create_engine, reading
from store.errors import QUERY_SECONDS, answers_within, translated

MIGRATION_SECONDS = 120.0
"""How long a step of a migration, or waiting for another process that migrates, may take."""

_LOCK = 5_107_433
"""Key of the advisory lock on PostgreSQL; any number that nobody else in this database uses."""

_REMEDY = "start the webhook or the worker, or run `slotkeeper catalog apply`: each brings it up to date"


class NotUpToDate(Exception):
    """The database is of another version than this program, or has no tables; the text says what to do, in one line."""


async def migrate(engine: AsyncEngine) -> None:
    """Bring the database up to date. Processes that start together wait for one another; the first does the work.

    A migration that fails, or whose process is killed, leaves no trace.

    Raises:
        NotUpToDate: The database is of a version newer than this program; it is left alone.
        StoreUnavailable: The database does not answer.
    """
    patient = create_engine(engine.url, patience=MIGRATION_SECONDS)
    try:
        with translated():
            async with patient.begin() as connection:
                if patient.dialect.name == "postgresql":
                    await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
                await connection.run_sync(_upgrade)
    finally:
        await patient.dispose()


def check_there(url: str) -> None:
    """Raise ``NotUpToDate`` where opening the database would make it: an SQLite file that is not there.

    To be asked before an engine is made. What is no URL of a file passes; whoever opens it says what is wrong with it.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        return
    if parsed.get_backend_name() == "sqlite" and parsed.database and not Path(parsed.database).exists():
        raise NotUpToDate(f"the file is not there; {_REMEDY}")


@answers_within(QUERY_SECONDS)
async def check_version(engine: AsyncEngine) -> None:
    """Compare the database's version with this program's; nothing is changed.

    Raises:
        NotUpToDate: They differ, or there are no tables.
        StoreUnavailable: The database does not answer.
    """
    async with reading(engine) as session:
        found = await (await session.connection()).run_sync(_version)
    scripts = ScriptDirectory.from_config(_config())
    if found is None:
        raise NotUpToDate(f"the database has no tables yet; {_REMEDY}")
    _refuse_newer(found, scripts)
    if found != scripts.get_current_head():
        raise NotUpToDate(f"the database is older than this program; {_REMEDY}")


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(found: str, scripts: ScriptDirectory) -> None:
    if found not in {script.revision for script in scripts.walk_revisions()}:
        raise NotUpToDate("the database is newer than this program; update the program")


def _upgrade(connection: Connection) -> None:
    config = _config()
    if found := _version(connection):
        _refuse_newer(found, ScriptDirectory.from_config(config))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
