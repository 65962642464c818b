"""The command ``slotkeeper``."""

import asyncio
import logging
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import typer
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from starter.eventtypes import check_event_types
from starter.serving import serve_webhook
from starter.settings import Settings, exit_on_bad_settings, load_settings, open_database
from starter.webhook import slotkeeper_version
from store.catalog import Catalog, CatalogError, apply_catalog, load_catalog_file
from store.errors import StoreUnavailable
from store.migrate import migrate

BAD_CONFIGURATION = 2
FAILED = 1

app = typer.Typer(help="Phone bookings that keep their promise.", no_args_is_help=True, pretty_exceptions_enable=False)
catalog_app = typer.Typer(help="The businesses, their numbers and what can be booked there.", no_args_is_help=True)
app.add_typer(catalog_app, name="catalog")

CatalogFile = Annotated[Path, typer.Argument(metavar="FILE", help="The catalog, as TOML.")]


@app.command()
def webhook(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8080,
) -> None:
    """Serve the voice platform's function calls and events."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with exit_on_bad_settings():
        settings = load_settings("RETELL_API_KEY")
        _run_with_store(serve_webhook(settings, host, port, _say_where))


@catalog_app.command()
def check(file: CatalogFile) -> None:
    """Validate a catalog file; with a Cal.com key set, also ask Cal.com for every event type."""
    with exit_on_bad_settings():
        settings = load_settings()
    catalog = _read(file)
    Console().print(_overview(catalog))
    if asyncio.run(_report_event_types(catalog, settings)):
        raise typer.Exit(BAD_CONFIGURATION)


@catalog_app.command()
def apply(file: CatalogFile) -> None:
    """Load a catalog file into the database; running processes notice within seconds."""
    with exit_on_bad_settings():
        settings = load_settings()
        catalog = _read(file)
        _run_with_store(_apply(catalog, settings))
    Console().print(_overview(catalog))


def _read(file: Path) -> Catalog:
    try:
        return load_catalog_file(file)
    except CatalogError as error:
        _refuse(error)


def _run_with_store(work: Coroutine[object, object, None]) -> None:
    try:
        asyncio.run(work)
    except CatalogError as error:
        _refuse(error)
    except StoreUnavailable as error:
        typer.echo(f"DATABASE_URL: {error}", err=True)
        raise typer.Exit(FAILED) from None


def _refuse(error: CatalogError) -> NoReturn:
    for line in error.lines:
        typer.echo(line, err=True)
    raise typer.Exit(BAD_CONFIGURATION) from None


async def _apply(catalog: Catalog, settings: Settings) -> None:
    engine = open_database(settings)
    try:
        await migrate(engine)
        await apply_catalog(engine, catalog)
    finally:
        await engine.dispose()


async def _report_event_types(catalog: Catalog, settings: Settings) -> bool:
    """Print what Cal.com says about the catalog; return whether anything stands in the way of bookings."""
    has_fault = False
    async with httpx.AsyncClient(base_url=settings.calcom_base_url) as http:
        async for finding in check_event_types(catalog, http, os.environ):
            typer.echo(finding.line, err=finding.is_fault)
            has_fault = has_fault or finding.is_fault
    return has_fault


def _say_where(host: str, port: int) -> None:
    typer.echo(f"slotkeeper {slotkeeper_version()} answers calls on http://{host}:{port}")


def _overview(catalog: Catalog) -> Tree:
    tree = Tree("catalog", hide_root=True)
    for company in catalog.companies:
        of_company = tree.add(Text(f"{company.name} ({company.language}, {company.timezone})"))
        for branch in company.branches:
            of_branch = of_company.add(Text(f"{branch.name}: {', '.join(branch.phone_numbers)}"))
            for service in branch.services:
                takes = f"{service.duration_minutes} min of {service.calendar}"
                default = ", default" if service.default else ""
                of_branch.add(Text(f"{service.name}: {takes}, event type {service.calcom_event_type_id}{default}"))
    return tree


if __name__ == "__main__":
    app()
