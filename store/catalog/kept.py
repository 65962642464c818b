"""The catalog in the database: applied from a file, read back by the processes."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from store.catalog.file import CatalogError, parse_catalog
from store.catalog.model import Catalog
from store.engine import insert, reading, writing
from store.errors import QUERY_SECONDS, answers_within
from store.tables import Branch, Company, PhoneNumber, Service

APPLY_SECONDS = 30.0
"""Applying a catalog is an operator's command: nobody on the phone waits for it."""

_Catalogued = type[Company] | type[Branch] | type[PhoneNumber] | type[Service]
_Row = dict[str, Any]


@answers_within(APPLY_SECONDS)
async def apply_catalog(engine: AsyncEngine, catalog: Catalog) -> None:
    """Make the database say what ``catalog`` says; what is not in it any more is deactivated, never deleted.

    Applying the same catalog again changes nothing. Raises ``StoreUnavailable`` when the database does not answer.
    """
    rows = _rows(catalog)
    async with writing(engine) as session:
        for table in rows:
            await session.exec(update(table).values(active=False))
            await _upsert(session, table, rows[table])


@answers_within(QUERY_SECONDS)
async def load_catalog(engine: AsyncEngine) -> Catalog:
    """Return what is active, in the order of the file it came from.

    Raises ``CatalogError`` where no catalog was applied yet, ``StoreUnavailable`` when the database does not answer.
    """
    async with reading(engine) as session:
        companies = (await session.exec(select(Company).where(Company.active).order_by(col(Company.position)))).all()
        branches = (await session.exec(select(Branch).where(Branch.active).order_by(col(Branch.position)))).all()
        numbers = (
            await session.exec(select(PhoneNumber).where(PhoneNumber.active).order_by(col(PhoneNumber.position)))
        ).all()
        services = (await session.exec(select(Service).where(Service.active).order_by(col(Service.position)))).all()
    if not companies:
        raise CatalogError(["database: holds no catalog; load one with: slotkeeper catalog apply FILE"])
    return parse_catalog(_data(companies, branches, numbers, services), "database")


def _rows(catalog: Catalog) -> Mapping[_Catalogued, list[_Row]]:
    rows: dict[_Catalogued, list[_Row]] = {Company: [], Branch: [], PhoneNumber: [], Service: []}
    for position, company in enumerate(catalog.companies):
        rows[Company].append(company.model_dump(exclude={"branches"}) | {"position": position})
        for number, branch in enumerate(company.branches):
            owner = {"company": company.key, "branch": branch.key}
            rows[Branch].append(
                branch.model_dump(mode="json", exclude={"phone_numbers", "services"})
                | {"company": company.key, "position": number}
            )
            rows[PhoneNumber].extend(
                owner | {"number": phone, "position": place} for place, phone in enumerate(branch.phone_numbers)
            )
            rows[Service].extend(
                owner
                | service.model_dump(mode="json", exclude={"default"})
                | {"is_default": service.default, "position": place}
                for place, service in enumerate(branch.services)
            )
    return rows


async def _upsert(session: AsyncSession, table: _Catalogued, rows: list[_Row]) -> None:
    statement = insert(session.get_bind().dialect.name, table)
    keys = [column.name for column in statement.table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    await session.exec(
        statement.values([row | {"active": True} for row in rows]).on_conflict_do_update(
            index_elements=keys, set_=changed | {"active": True}
        )
    )


def _data(
    companies: Iterable[Company],
    branches: Iterable[Branch],
    numbers: Iterable[PhoneNumber],
    services: Iterable[Service],
) -> Mapping[str, Any]:
    """Nest the rows as the file has them, so that one set of rules reads both.

    What belongs to something inactive is left out with it.
    """
    files: dict[str, _Row] = {
        row.key: row.model_dump(include={"key", "name", "language", "timezone"}) | {"branch": []} for row in companies
    }
    places: dict[tuple[str, str], _Row] = {}
    for row in branches:
        if row.company not in files:
            continue
        place = row.model_dump(exclude={"company", "position", "active"}) | {"phone_numbers": [], "service": []}
        places[row.company, row.key] = place
        files[row.company]["branch"].append(place)
    for phone in numbers:
        if dialled := places.get((phone.company, phone.branch)):
            dialled["phone_numbers"].append(phone.number)
    for service in services:
        if offering := places.get((service.company, service.branch)):
            offering["service"].append(
                service.model_dump(exclude={"company", "branch", "is_default", "position", "active"})
                | {"default": service.is_default}
            )
    return {"company": list(files.values())}
