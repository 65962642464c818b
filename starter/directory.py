"""What the web process knows of the businesses it answers for: the catalog in memory, and who their customers are."""

import asyncio
import logging
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from starter.replies.language import languages
from store.calls import find_customer
from store.catalog import Catalog, CatalogBranch, CatalogError, CatalogService, load_catalog, load_catalog_file
from store.errors import StoreUnavailable
from workflows.messages import Branch, Opening, Service

REFRESH_SECONDS = 10.0
"""How long a catalog applied by another process may go unnoticed."""

logger = logging.getLogger(__name__)


class Directory:
    """The catalog as last read from the database; the copy in memory stays while the database is down."""

    def __init__(self, engine: AsyncEngine, catalog: Catalog) -> None:
        """Begin with this catalog; ``engine`` is where newer ones come from.

        Raises:
            CatalogError: A company speaks a language nobody here does.
        """
        self._engine = engine
        self._catalog = _spoken(catalog, "database")

    @property
    def catalog(self) -> Catalog:
        """The catalog as last read."""
        return self._catalog

    def branch_for(self, number: str | None) -> CatalogBranch | None:
        """Return the branch with this phone number, or ``None``."""
        return self._catalog.branch_for(number) if number else None

    async def customer_name(self, branch: CatalogBranch, number: str | None, now: datetime) -> str | None:
        """Return the name of the customer with this number; ``None`` for a stranger and while the database is down."""
        if number is None:
            return None
        try:
            customer = await find_customer(self._engine, branch.company.key, number, now=now)
        except StoreUnavailable:
            logger.warning("a caller was not looked up: the database did not answer")
            return None
        return customer.name if customer else None

    async def refresh(self) -> bool:
        """Read the catalog again; return whether the database answered with one.

        Nothing that can be wrong with a database ends the reading for good: a table that is missing, a row that cannot
        be read.
        """
        try:
            self._catalog = _spoken(await load_catalog(self._engine), "database")
        except (StoreUnavailable, CatalogError, SQLAlchemyError, ValueError) as error:
            logger.warning("the catalog was not refreshed: %s", type(error).__name__)
            return False
        return True

    async def keep_fresh(self) -> None:
        """Refresh for ever."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await self.refresh()


def read_catalog(path: Path) -> Catalog:
    """Read a catalog file whose companies we can answer for.

    Raises:
        CatalogError: Everything that is wrong with it, or every language in it that nobody here speaks.
    """
    return _spoken(load_catalog_file(path), str(path))


def _spoken(catalog: Catalog, source: str) -> Catalog:
    """Return the catalog if there are sentences in each company's language; raise ``CatalogError`` if not."""
    known = languages()
    refusals = [
        f'{source}: company[{index}] "{company.key}": language: is not spoken here; write one of {", ".join(known)}'
        for index, company in enumerate(catalog.companies)
        if company.language not in known
    ]
    if refusals:
        raise CatalogError(refusals)
    return catalog


def as_branch(branch: CatalogBranch) -> Branch:
    """Return the branch as the conversation knows it."""
    return Branch(
        company=branch.company.key,
        key=branch.key,
        timezone=branch.company.timezone,
        language=branch.company.language,
        opening_hours=tuple(
            Opening(weekday=weekday, opens=span.opens, closes=span.closes) for weekday, span in branch.openings
        ),
        minimum_notice_minutes=branch.minimum_notice_minutes,
        calcom_api_key_env=branch.calcom_api_key_env,
        recheck=branch.recheck,
        default_service=as_service(branch.default_service) if branch.default_service else None,
    )


def as_service(service: CatalogService) -> Service:
    """Return the service as the conversation knows it."""
    return Service(
        key=service.key,
        name=service.name,
        event_type_id=service.calcom_event_type_id,
        duration_minutes=service.duration_minutes,
        calendar=service.calendar,
        capacity=service.capacity,
    )
