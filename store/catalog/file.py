"""The catalog file: read, and refused line by line where it cannot be right."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from store.catalog.model import Catalog, CatalogBranch, CatalogCompany

_TABLES = ("company", "branch", "service")

_REASONS = {
    "extra_forbidden": "is not known; remove it or correct its spelling",
    "missing": "is missing; add it",
    "string_too_short": "is empty; write a text",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "dict_type": "must be a table",
}


class CatalogError(Exception):
    """A catalog that is refused; ``lines`` say one by one which file, which table, and why."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Refuse a catalog for the reasons in ``lines``."""
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


def load_catalog_file(path: Path) -> Catalog:
    """Read a catalog file (TOML). Raises ``CatalogError`` with everything that is wrong with it."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise CatalogError([f"{path}: is not UTF-8 text"]) from error
    except tomllib.TOMLDecodeError as error:
        raise CatalogError([f"{path}: is not TOML: {error}"]) from error
    return parse_catalog(data, str(path))


def parse_catalog(data: Mapping[str, Any], source: str) -> Catalog:
    """Turn the tables of a catalog into a ``Catalog``. Raises ``CatalogError``, naming ``source`` in every line.

    What two tables say against each other is looked for once every table is right by itself.
    """
    try:
        catalog = Catalog.model_validate(data)
    except ValidationError as error:
        raise CatalogError(f"{source}: {_refusal(data, fault)}" for fault in error.errors()) from error
    conflicts = [f"{source}: {conflict}" for conflict in _conflicts(catalog)]
    if conflicts:
        raise CatalogError(conflicts)
    return catalog


def _refusal(data: Mapping[str, Any], fault: ErrorDetails) -> str:
    """Say which table, which of its keys, and why; never what was written there: it may be an API key."""
    place, field = _split(fault["loc"])
    reason = _REASONS.get(fault["type"]) or fault["msg"].replace("Input should be", "must be")
    return ": ".join(filter(None, [_named(data, place), field, reason]))


def _split(loc: Sequence[str | int]) -> tuple[list[tuple[str, int]], str]:
    """Part ``company, 0, branch, 1, phone_numbers, 2`` into its tables and the key within the last of them."""
    place: list[tuple[str, int]] = []
    rest = list(loc)
    for table in _TABLES:
        match rest:
            case [str(name), int(index), *inner] if name == table:
                place.append((name, index))
                rest = inner
            case _:
                break
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest if part != "[key]")
    return place, field.removeprefix(".")


def _named(data: Mapping[str, Any], place: Sequence[tuple[str, int]]) -> str:
    """Write ``company[0].branch[1]`` with the key of the last table, where it has one."""
    table: Any = data
    for name, index in place:
        table = table[name][index]
    path = ".".join(f"{name}[{index}]" for name, index in place)
    key = table.get("key") if isinstance(table, Mapping) and place else None
    return f'{path} "{key}"' if isinstance(key, str) else path


def _conflicts(catalog: Catalog) -> Iterator[str]:
    numbers: dict[str, str] = {}
    companies: dict[str, str] = {}
    for index, company in enumerate(catalog.companies):
        path = f"company[{index}]"
        yield from _repeated(companies, company.key, f'{path} "{company.key}": key')
        yield from _company_conflicts(company, path, numbers)


def _company_conflicts(company: CatalogCompany, path: str, numbers: dict[str, str]) -> Iterator[str]:
    branches: dict[str, str] = {}
    capacities: dict[str, tuple[int, str]] = {}
    for index, branch in enumerate(company.branches):
        here = f'{path}.branch[{index}] "{branch.key}"'
        yield from _repeated(branches, branch.key, f"{here}: key")
        for position, number in enumerate(branch.phone_numbers):
            yield from _repeated(numbers, number, f"{here}: phone_numbers[{position}]")
        yield from _service_conflicts(branch, f"{path}.branch[{index}]", capacities)


def _service_conflicts(branch: CatalogBranch, path: str, capacities: dict[str, tuple[int, str]]) -> Iterator[str]:
    services: dict[str, str] = {}
    default: str | None = None
    for index, service in enumerate(branch.services):
        here = f'{path}.service[{index}] "{service.key}"'
        yield from _repeated(services, service.key, f"{here}: key")
        if service.default and default:
            yield f"{here}: default: {default} is the default already; a branch has at most one"
        if service.default:
            default = default or here
        capacity, elsewhere = capacities.setdefault(service.calendar, (service.capacity, here))
        if capacity != service.capacity:
            yield f"{here}: capacity: must be {capacity} as in {elsewhere}: they share a calendar"


def _repeated(seen: dict[str, str], value: str, here: str) -> Iterator[str]:
    elsewhere = seen.setdefault(value, here)
    if elsewhere != here:
        yield f"{here}: is used already by {elsewhere}; use each once"
