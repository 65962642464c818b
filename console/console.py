"""What every page of the console works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from starter.directory import Directory
from starter.settings import Settings
from store.catalog import CatalogCompany
from workflows.messages import workflow_id

NOBODYS_ZONE = ZoneInfo("UTC")
"""Where no company is known."""


@dataclass(frozen=True)
class Console:
    """The process's connections and settings; pages only read through them.

    ``directory`` is the catalog as the database has it, kept fresh. ``client`` connects to Temporal with its first use.
    """

    settings: Settings
    engine: AsyncEngine
    client: Client
    directory: Directory
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def companies(self) -> Mapping[str, CatalogCompany]:
        """The companies of the catalog by key, in its order."""
        return {company.key: company for company in self.directory.catalog.companies}

    def zone_of(self, company: str | None) -> ZoneInfo:
        """Return whose clock the moments of a company are shown by; without one, that of the catalog's first."""
        known = self.companies
        found = known.get(company) if company else next(iter(known.values()), None)
        return ZoneInfo(found.timezone) if found else NOBODYS_ZONE

    def workflow_url(self, call_id: str) -> str:
        """Return the page of a call in the Temporal UI."""
        path = f"namespaces/{quote(self.client.namespace, safe='')}/workflows/{quote(workflow_id(call_id), safe='')}"
        return f"{self.settings.temporal_ui_url}/{path}"
