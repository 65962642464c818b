from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from store.catalog import CatalogError, apply_catalog, load_catalog, load_catalog_file
from store.engine import reading, writing
from store.tables import Branch, Company, PhoneNumber, Service

EXAMPLE = Path(__file__).parents[2] / "catalog.toml"
SECOND_COMPANY = '\n[[company]]\nkey = "riverside-consulting"'


async def test_an_applied_catalog_reads_back_as_the_file(engine: AsyncEngine) -> None:
    catalog = load_catalog_file(EXAMPLE)
    await apply_catalog(engine, catalog)
    await apply_catalog(engine, catalog)
    assert (await load_catalog(engine)).model_dump() == catalog.model_dump()


async def test_without_a_catalog_the_remedy_is_named(engine: AsyncEngine) -> None:
    with pytest.raises(CatalogError, match="slotkeeper catalog apply"):
        await load_catalog(engine)


async def test_what_vanished_from_the_file_is_deactivated_and_can_come_back(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    full = load_catalog_file(EXAMPLE)
    shorter = tmp_path / "shorter.toml"
    shorter.write_text(EXAMPLE.read_text(encoding="utf-8").partition(SECOND_COMPANY)[0], encoding="utf-8")
    await apply_catalog(engine, full)
    await apply_catalog(engine, load_catalog_file(shorter))
    assert (await load_catalog(engine)).branch_for("+493055500021") is None
    async with reading(engine) as session:
        assert (await session.exec(select(Branch.key).where(~col(Branch.active)))).all() == ["main-office"]
        assert (await session.exec(select(Service.key).where(~col(Service.active)))).all() == ["consultation"]
    await apply_catalog(engine, full)
    assert (await load_catalog(engine)).model_dump() == full.model_dump()


async def test_a_number_moves_to_another_branch(engine: AsyncEngine, tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    swapped = tmp_path / "swapped.toml"
    swapped.write_text(
        text.replace("+493055500020", "+493055500029").replace("+493055500021", "+493055500020"), encoding="utf-8"
    )
    await apply_catalog(engine, load_catalog_file(EXAMPLE))
    await apply_catalog(engine, load_catalog_file(swapped))
    branch = (await load_catalog(engine)).branch_for("+493055500020")
    assert branch
    assert branch.company.key == "riverside-consulting"
    async with reading(engine) as session:
        gone = await session.exec(select(PhoneNumber.number).where(~col(PhoneNumber.active)))
        assert gone.all() == ["+493055500021"]


async def test_what_belongs_to_something_inactive_is_inactive_too(engine: AsyncEngine) -> None:
    await apply_catalog(engine, load_catalog_file(EXAMPLE))
    async with writing(engine) as session:
        await session.exec(update(Company).where(col(Company.key) == "riverside-consulting").values(active=False))
    catalog = await load_catalog(engine)
    assert [company.key for company in catalog.companies] == ["salon-beispiel"]
    assert catalog.branch_for("+493055500021") is None


async def test_a_catalog_applied_while_one_is_read_does_not_tear_it(engine: AsyncEngine, tmp_path: Path) -> None:
    await apply_catalog(engine, load_catalog_file(EXAMPLE))
    shorter = tmp_path / "shorter.toml"
    shorter.write_text(EXAMPLE.read_text(encoding="utf-8").partition(SECOND_COMPANY)[0], encoding="utf-8")
    async with reading(engine) as session:
        companies = (await session.exec(select(Company.key).where(Company.active))).all()
        await apply_catalog(engine, load_catalog_file(shorter))
        branches = (await session.exec(select(Branch.company).where(Branch.active))).all()
    assert set(branches) == set(companies)
    assert [company.key for company in (await load_catalog(engine)).companies] == ["salon-beispiel"]
