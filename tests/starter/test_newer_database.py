"""A program that is older than its database says so in one line, and leaves the database alone."""

import asyncio

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from starter.cli import app
from store.engine import close, create_engine
from tests.databases import DatabaseWith
from tests.starter.conftest import CATALOG

runner = CliRunner()


async def become_newer(url: str) -> None:
    engine = create_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await close(engine)


@pytest.mark.parametrize(
    ("command", "status"),
    [(["webhook"], 1), (["catalog", "apply", str(CATALOG)], 1), (["console", "--port", "0"], 1), (["calls"], 3)],
)
def test_a_newer_database_is_named_in_one_line(
    database_with: DatabaseWith, monkeypatch: pytest.MonkeyPatch, command: list[str], status: int
) -> None:
    url = database_with("catalog")
    asyncio.run(become_newer(url))
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("RETELL_API_KEY", "key_0123456789abcdef0123456789abcdef")

    result = runner.invoke(app, command)

    assert result.exit_code == status
    assert result.stderr == "DATABASE_URL: the database is newer than this program; update the program\n"
