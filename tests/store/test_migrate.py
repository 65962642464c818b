from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from store.engine import create_engine
from store.migrate import migrate
from store.tables import Table
from tests.store.processes import Processes, migrate_once


async def test_the_migrations_make_the_tables_the_models_describe(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Table.metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_processes_that_start_together_migrate_once(url: str, processes: Processes) -> None:
    await processes.run(migrate_once, [(url,)] * processes.count)
    engine = create_engine(url)
    async with engine.connect() as connection:
        versions = (await connection.execute(text("SELECT version_num FROM alembic_version"))).all()
        tables = await connection.run_sync(lambda inner: inspect(inner).get_table_names())
    await engine.dispose()
    assert len(versions) == 1
    assert set(Table.metadata.tables) <= set(tables)


async def test_migrating_again_changes_nothing(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO calendar (company, key) VALUES ('salon', 'chair')"))
    await migrate(engine)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM calendar"))).scalar_one() == 1
