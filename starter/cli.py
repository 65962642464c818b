"""The command ``slotkeeper``."""

import asyncio
import json
import os
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

import httpx
import typer
from rich.console import Console
from rich.text import Text
from rich.tree import Tree
from sqlalchemy.ext.asyncio import AsyncEngine

from starter import figures
from starter.agent import AgentFormat, Business, agent_config
from starter.directory import read_catalog
from starter.eventtypes import check_event_types
from starter.forgetting import forget_person
from starter.health import slotkeeper_version
from starter.logs import configure_logging
from starter.reception import NOBODYS_LANGUAGE, NOBODYS_TIMEZONE
from starter.serving import serve_webhook
from starter.settings import Settings, exit_on_bad_settings, load_settings, open_database
from store.catalog import Catalog, CatalogCompany, CatalogError, apply_catalog
from store.counts import Period
from store.engine import close
from store.errors import StoreUnavailable
from store.figures import Figures, is_known
from store.figures import figures as count_figures
from store.holds import utc_now
from store.migrate import NotUpToDate, check_there, check_version, migrate
from store.numbers import e164

FAILED = 1
BAD_CONFIGURATION = 2
NO_DATABASE = 3
"""Only where 1 says something else already: that a trigger for rolling back fires."""

USUAL_CATALOG = Path("catalog.toml")
NOBODY = Business(NOBODYS_LANGUAGE, NOBODYS_TIMEZONE.key)
"""Whom an agent answers for where there is no catalog."""

app = typer.Typer(help="Phone bookings that keep their promise.", no_args_is_help=True, pretty_exceptions_enable=False)
catalog_app = typer.Typer(help="The businesses, their numbers and what can be booked there.", no_args_is_help=True)
app.add_typer(catalog_app, name="catalog")

CatalogFile = Annotated[Path, typer.Argument(metavar="FILE", help="The catalog, as TOML.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)]
Linger = Annotated[
    float, typer.Option(help="Seconds after SIGTERM in which requests are taken while /ready says no.", min=0)
]


@app.command()
def webhook(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    linger: Linger = 0,
) -> None:
    """Serve the voice platform's function calls and events."""
    configure_logging("webhook")
    with exit_on_bad_settings():
        settings = load_settings("RETELL_API_KEY")
        _run_with_store(serve_webhook(settings, host, port, _say_where, linger))


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    linger: Linger = 0,
) -> None:
    """Serve the voice platform's function calls and events, and carry calls out, in one process."""
    from worker import worker_beside

    configure_logging("serve")
    with exit_on_bad_settings():
        settings = load_settings("RETELL_API_KEY", "CALCOM_API_KEY")
        try:
            _run_with_store(serve_webhook(settings, host, port, _say_where, linger, worker_beside))
        except RuntimeError as error:
            typer.echo(f"the worker could not start or had to stop: {error}", err=True)
            raise typer.Exit(FAILED) from None


@app.command()
def console(
    host: Annotated[str, typer.Option(help="Address to listen on; any but loopback needs a login.")] = "127.0.0.1",
    port: Port = 8090,
) -> None:
    """Serve the operators' pages."""
    from console.serving import serve_console

    configure_logging("console")
    with exit_on_bad_settings():
        _run_with_store(serve_console(load_settings(), host, port, _say_where_to_look))


@app.command(name="console-password")
def console_password() -> None:
    """Ask for a password, and print its hash for CONSOLE_PASSWORD_HASH."""
    from argon2 import PasswordHasher

    typer.echo(PasswordHasher().hash(typer.prompt("Password", hide_input=True, confirmation_prompt=True)))


@app.command()
def calls(
    since: Annotated[str, typer.Option(metavar="SPAN", help="How far back: 30m, 12h, 7d, 4w.")] = "7d",
    company: Annotated[str | None, typer.Option(metavar="KEY", help="Default: all companies.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Print what became of races and bookings.

    Exit status: 0, or 1 when a trigger for rolling back fires, 2 for a wrong option or setting, 3 when the database
    does not answer or is not up to date.
    """
    try:
        span = figures.span_of(since)
    except ValueError as error:
        _bad_option("--since", str(error))
    now = utc_now()
    try:
        with exit_on_bad_settings():
            settings = load_settings()
            check_there(settings.database_url)
            engine = open_database(settings)
        counted = asyncio.run(_count(engine, Period(now - span, now, company)))
    except (StoreUnavailable, NotUpToDate) as error:
        typer.echo(f"DATABASE_URL: {error}", err=True)
        raise typer.Exit(NO_DATABASE) from None
    if counted is None:
        _bad_option("--company", "is neither in the catalog nor in any call; write a company's key")
    if as_json:
        typer.echo(json.dumps(figures.as_json(counted), ensure_ascii=False, indent=2))
    else:
        Console().print(figures.as_table(counted))
    if counted.fires:
        raise typer.Exit(FAILED)


@app.command()
def forget(
    phone: Annotated[str, typer.Option(help="The person's number, in any spelling; without a country code German.")],
    company: Annotated[str | None, typer.Option(metavar="KEY", help="Default: all companies.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
) -> None:
    """Erase a person from the database, and name what else has something of them.

    Exit status: 0 when nothing of them is left in the database, 1 when something is (nobody agreed, or a call is still
    in progress), 2 for a wrong option or setting, 3 when the database does not answer or is not up to date.
    """
    number = e164(phone)
    if number is None:
        _bad_option("--phone", "is no telephone number; write one like +49 30 1234567")
    try:
        with exit_on_bad_settings():
            settings = load_settings()
            check_there(settings.database_url)
            is_erased = asyncio.run(_forget(open_database(settings), settings, number, company, yes=yes))
    except (StoreUnavailable, NotUpToDate) as error:
        typer.echo(f"DATABASE_URL: {error}", err=True)
        raise typer.Exit(NO_DATABASE) from None
    if is_erased is None:
        _bad_option("--company", "is neither in the catalog nor in any call; write a company's key")
    if not is_erased:
        raise typer.Exit(FAILED)


@app.command(name="agent-config")
def print_agent_config(
    url: Annotated[str, typer.Option(help="Where the webhook is reached from outside: https://host.")],
    form: Annotated[
        AgentFormat, typer.Option("--format", help="One prompt that calls tools, or a flow of nodes.")
    ] = AgentFormat.LLM,
    branch: Annotated[str | None, typer.Option(metavar="COMPANY/BRANCH", help="Default: the catalog's first.")] = None,
    catalog: Annotated[Path | None, typer.Option(metavar="FILE", help="Default: CATALOG_FILE, ./catalog.toml.")] = None,
) -> None:
    """Print a voice agent's configuration, to be imported into Retell."""
    address = _webhook_address(url)
    with exit_on_bad_settings():
        settings = load_settings()
    usual = USUAL_CATALOG if USUAL_CATALOG.exists() else None
    file = catalog or settings.catalog_file or usual
    business = _business(_read(file).companies if file else (), branch)
    config = agent_config(business, form, address, settings.answer_budget_seconds)
    typer.echo(json.dumps(config, ensure_ascii=False, indent=2))


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


def _business(companies: Sequence[CatalogCompany], wanted: str | None) -> Business:
    branches = {f"{company.key}/{branch.key}": branch for company in companies for branch in company.branches}
    if wanted is None and not branches:
        return NOBODY
    branch = next(iter(branches.values())) if wanted is None else branches.get(wanted)
    if branch is None:
        _bad_option(
            "--branch", f"is not in the catalog; write one of {', '.join(branches) or 'none: there is no catalog'}"
        )
    return Business(branch.company.language, branch.company.timezone, branch.company.name)


def _webhook_address(url: str) -> str:
    """Return the address without a slash at its end, if the voice platform can and may use it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        _bad_option("--url", "is no address; write one like https://booking.example")
    if not host or parts.query or parts.fragment or parts.username or any(char.isspace() for char in url):
        _bad_option("--url", "is no address; write one like https://booking.example")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1")):
        _bad_option("--url", "must begin with https://: names and phone numbers travel there")
    return url.rstrip("/")


def _bad_option(name: str, why: str) -> NoReturn:
    typer.echo(f"{name}: {why}", err=True)
    raise typer.Exit(BAD_CONFIGURATION)


def _read(file: Path) -> Catalog:
    try:
        return read_catalog(file)
    except CatalogError as error:
        _refuse(error)


def _run_with_store(work: Coroutine[object, object, None]) -> None:
    try:
        asyncio.run(work)
    except CatalogError as error:
        _refuse(error)
    except (StoreUnavailable, NotUpToDate) as error:
        typer.echo(f"DATABASE_URL: {error}", err=True)
        raise typer.Exit(FAILED) from None


def _refuse(error: CatalogError) -> NoReturn:
    for line in error.lines:
        typer.echo(line, err=True)
    raise typer.Exit(BAD_CONFIGURATION) from None


async def _count(engine: AsyncEngine, period: Period) -> Figures | None:
    """Return the figures, or ``None`` where nobody has heard of the company."""
    try:
        await check_version(engine)
        if period.company is not None and not await is_known(engine, period.company):
            return None
        return await count_figures(engine, period)
    finally:
        await close(engine)


async def _forget(
    engine: AsyncEngine, settings: Settings, number: str, company: str | None, *, yes: bool
) -> bool | None:
    """Return whether nothing is left, or ``None`` where nobody has heard of the company."""

    def agreed() -> bool:
        return yes or typer.confirm("Erase it?")

    try:
        await check_version(engine)
        if company is not None and not await is_known(engine, company):
            return None
        return await forget_person(engine, settings, number, company, utc_now(), typer.echo, agreed)
    finally:
        await close(engine)


async def _apply(catalog: Catalog, settings: Settings) -> None:
    engine = open_database(settings)
    try:
        await migrate(engine)
        await apply_catalog(engine, catalog)
    finally:
        await close(engine)


async def _report_event_types(catalog: Catalog, settings: Settings) -> bool:
    """Print what Cal.com says about the catalog; return whether anything stands in the way of bookings."""
    has_fault = False
    async with httpx.AsyncClient(base_url=settings.calcom_base_url) as http:
        async for finding in check_event_types(catalog, http, os.environ):
            typer.echo(finding.line, err=finding.is_fault)
            has_fault = has_fault or finding.is_fault
    return has_fault


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _say_where(host: str, port: int) -> None:
    typer.echo(f"slotkeeper {slotkeeper_version()} answers calls on {_address(host, port)}")


def _say_where_to_look(host: str, port: int) -> None:
    typer.echo(f"slotkeeper {slotkeeper_version()} shows its calls on {_address(host, port)}")


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
