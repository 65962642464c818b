"""docker-compose.yml as Compose reads it: merged, with what the environment puts into it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeGuard, cast

import yaml
from argon2 import PasswordHasher

Yaml: TypeAlias = "dict[str, Yaml] | list[Yaml] | str | int | float | bool | None"

ROOT = Path(__file__).parents[2]

FILE = ROOT / "docker-compose.yml"

SECRETS = {
    "POSTGRES_PASSWORD": "pg-0123456789",
    "CALCOM_API_KEY": "cal_test_0123456789",
    "RETELL_API_KEY": "key_test_0123456789",
    "CONSOLE_USER": "operator",
    "CONSOLE_PASSWORD_HASH": PasswordHasher(time_cost=1, memory_cost=35_000).hash("open sesame"),
    "GRAFANA_PASSWORD": "gf-0123456789",
}
"""What has to be set."""

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<how>[-?+])(?P<rest>[^${}]*))?\}")
"""One with no other in it: from the inside out all of them are found."""


class NotSet(Exception):
    """A variable that has to be set is not; the text is its name."""


def resolved(value: Yaml, environment: Mapping[str, str]) -> Yaml:
    """Return a value with its variables filled in: ``${A:-default}``, ``${A:?why}``, ``${A:+instead}``, ``$$``."""
    if isinstance(value, dict):
        return {name: resolved(part, environment) for name, part in value.items()}
    if isinstance(value, list):
        return [resolved(part, environment) for part in value]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        given, rest = environment.get(match["name"], ""), match["rest"] or ""
        if not given and match["how"] == "?":
            raise NotSet(match["name"])
        if match["how"] == "+":
            return rest if given else ""
        return given or (rest if match["how"] == "-" else "")

    parts = value.split("$$")
    while any(map(_VARIABLE.search, parts)):
        parts = [_VARIABLE.sub(fill, part) for part in parts]
    return "$".join(parts)


@dataclass(frozen=True)
class Service:
    """One service: what it runs, with which environment."""

    name: str
    fields: dict[str, Yaml]

    @property
    def runs_on(self) -> bool:
        """Whether it is meant to stay up; the others do their work once."""
        return self.fields.get("restart") == "unless-stopped"

    @property
    def command(self) -> list[str]:
        return _texts(self.fields.get("command"))

    @property
    def environment(self) -> dict[str, str]:
        given = self.fields.get("environment", {})
        assert isinstance(given, dict)
        return {name: str(value) for name, value in given.items()}

    @property
    def health_check(self) -> list[str]:
        """The command that looks whether it is well; empty if there is none."""
        check = self.fields.get("healthcheck", {})
        assert isinstance(check, dict)
        kind, *command = _texts(check.get("test")) or [""]
        return ["sh", "-c", *command] if kind == "CMD-SHELL" else command

    @property
    def ports(self) -> list[str]:
        return _texts(self.fields.get("ports"))

    @property
    def volumes(self) -> list[str]:
        return _texts(self.fields.get("volumes"))

    @property
    def image(self) -> str:
        return str(self.fields["image"])


def services(environment: Mapping[str, str] = SECRETS) -> dict[str, Service]:
    """Return every service, by name.

    Raises:
        NotSet: Something that has to be set is not in the environment.
    """
    read = resolved(cast("Yaml", yaml.safe_load(FILE.read_text())), environment)
    assert isinstance(read, dict)
    found = read["services"]
    assert isinstance(found, dict)
    return {name: Service(name, fields) for name, fields in found.items() if isinstance(fields, dict)}


def _texts(value: Yaml) -> list[str]:
    if value is None:
        return []
    assert _is_texts(value), value
    return value


def _is_texts(value: Yaml) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)
