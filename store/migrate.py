"""The schema, brought up to date by every process at its start."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from store.engine import create_engine
from store.errors import translated

MIGRATION_SECONDS = 120.0
"""How long a step of a migration, or waiting for another process that migrates, may take."""

_LOCK = 5_107_433
"""Key of the advisory lock on PostgreSQL; any number that nobody else in this database uses."""


async def migrate(engine: AsyncEngine) -> None:
    """Bring the database up to date. Processes that start together wait for one another; the first does the work.

    A failed migration leaves no trace. Raises ``StoreUnavailable`` when the database does not answer, and Alembic's
    ``CommandError`` when it is of a version newer than this program.
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


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
