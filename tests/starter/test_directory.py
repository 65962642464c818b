import asyncio
import re
from asyncio import FIRST_COMPLETED
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from starter.directory import Directory, as_branch
from store.catalog import Catalog, apply_catalog, load_catalog, load_catalog_file
from store.engine import close, create_engine, writing
from store.tables import Customer
from tests.databases import StoreWith
from tests.starter.conftest import CATALOG, NOW
from tests.starter.fakes import CALLER, SALON

NOBODY_LISTENS = "postgresql://slotkeeper@127.0.0.1:1/slotkeeper"


async def test_a_catalog_applied_later_is_noticed(store_with: StoreWith, tmp_path: Path) -> None:
    engine = store_with("catalog")
    directory = Directory(engine, await load_catalog(engine))

    changed = tmp_path / "changed.toml"
    changed.write_text(CATALOG.read_text().replace(SALON, "+493055500099"))
    await apply_catalog(engine, load_catalog_file(changed))
    assert await directory.refresh()
    assert directory.branch_for(SALON) is None
    assert directory.branch_for("+493055500099") is not None


async def test_while_the_database_is_down_the_last_catalog_serves(caplog: pytest.LogCaptureFixture) -> None:
    engine = create_engine(NOBODY_LISTENS)
    directory = Directory(engine, load_catalog_file(CATALOG))
    assert not await directory.refresh()
    branch = directory.branch_for(SALON)
    assert branch is not None
    assert await directory.customer_name(branch, CALLER, NOW) is None
    assert CALLER not in caplog.text
    await close(engine)


async def test_a_broken_database_does_not_end_the_reading_of_the_catalog(
    store_with: StoreWith, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine = store_with("catalog")
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE service RENAME TO service_away"))
    mended = asyncio.Event()

    async def mend_once_and_load(engine: AsyncEngine) -> Catalog:
        try:
            catalog = await load_catalog(engine)
        except SQLAlchemyError:
            async with engine.begin() as connection:
                await connection.execute(text("ALTER TABLE service_away RENAME TO service"))
            raise
        mended.set()
        return catalog

    monkeypatch.setattr("starter.directory.load_catalog", mend_once_and_load)
    monkeypatch.setattr("starter.directory.REFRESH_SECONDS", 0)
    keeping_fresh = asyncio.create_task(Directory(engine, load_catalog_file(CATALOG)).keep_fresh())
    async with asyncio.timeout(30):
        await asyncio.wait({keeping_fresh, waiting := asyncio.create_task(mended.wait())}, return_when=FIRST_COMPLETED)
    assert not keeping_fresh.done()
    assert waiting.done()
    # SQLite and PostgreSQL call a missing table by different names.
    assert re.search("the catalog was not refreshed: (Operational|Programming)Error", caplog.text)
    keeping_fresh.cancel()
    await asyncio.wait({keeping_fresh})


async def test_a_customer_is_known_to_the_own_company_only(store_with: StoreWith) -> None:
    engine = store_with("catalog")
    async with writing(engine) as session:
        session.add(Customer(id="c1", company="salon-beispiel", number=CALLER, name="Erika Muster"))
    directory = Directory(engine, await load_catalog(engine))
    salon, office = directory.branch_for(SALON), directory.branch_for("+493055500021")
    assert salon is not None
    assert office is not None
    assert await directory.customer_name(salon, CALLER, NOW) == "Erika Muster"
    assert await directory.customer_name(office, CALLER, NOW) is None
    assert await directory.customer_name(salon, None, NOW) is None


def test_the_conversation_learns_the_branchs_rules() -> None:
    branch = load_catalog_file(CATALOG).branch_for("+493055500021")
    assert branch is not None
    message = as_branch(branch)
    assert (message.timezone, message.language, message.minimum_notice_minutes) == ("Europe/Berlin", "en", 15)
    assert [(o.weekday, f"{o.opens:%H:%M}", f"{o.closes:%H:%M}") for o in message.opening_hours[:2]] == [
        (0, "09:00", "12:00"),
        (0, "13:00", "17:00"),
    ]
    assert message.default_service is not None
    assert (message.default_service.capacity, message.default_service.calendar) == (2, "consultants")
