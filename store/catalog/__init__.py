"""The catalog: which number leads to which business, and what can be booked there."""

from store.catalog.file import CatalogError, load_catalog_file
from store.catalog.kept import apply_catalog, load_catalog
from store.catalog.lookup import find_service
from store.catalog.model import (
    Catalog,
    CatalogBranch,
    CatalogCompany,
    CatalogService,
    CompanyProfile,
    OpeningSpan,
    Weekday,
)

__all__ = [
    "Catalog",
    "CatalogBranch",
    "CatalogCompany",
    "CatalogError",
    "CatalogService",
    "CompanyProfile",
    "OpeningSpan",
    "Weekday",
    "apply_catalog",
    "find_service",
    "load_catalog",
    "load_catalog_file",
]
