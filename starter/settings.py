"""The installation's settings, from the environment and a ``.env`` file.

Temporal's own settings are read by Temporal's environment configuration, not here; they may stand in ``.env`` too.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from dotenv import load_dotenv
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.ext.asyncio import AsyncEngine

from starter.encryption import read_keys
from starter.strength import weakness_of_hash, weakness_of_secret
from store.engine import create_engine


class SettingsError(Exception):
    """A setting is missing or wrong; the text is one line that names it and says what to do."""


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must be an address that starts with http:// or https://")
    return text.rstrip("/").removesuffix("/v2")


def _readable_keys(keys: SecretStr) -> SecretStr:
    read_keys(keys.get_secret_value())
    return keys


def _bind_address(text: str) -> str:
    host, _, port = text.rpartition(":")
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
        is_address = 0 <= int(port) <= 65535
    except ValueError:
        is_address = False
    if not is_address:
        raise ValueError("must be an IP address and a port up to 65535, like 127.0.0.1:9464")
    return text


def _secret(key: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]{16,}", key.get_secret_value()):
        raise ValueError("must have at least 16 characters, without spaces and umlauts, to go into a header")
    return key


Secret = Annotated[SecretStr, AfterValidator(_secret)]
"""A secret of our own making that a platform sends back in a header."""


def _argon2_hash(hash_: SecretStr) -> SecretStr:
    try:
        extract_parameters(hash_.get_secret_value())
    except InvalidHashError:
        raise ValueError("is no argon2 hash; `slotkeeper console-password` makes one") from None
    return hash_


Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$", max_length=100)]

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Settings(BaseSettings):
    """Every setting has the name of its environment variable, in lower case; an empty variable counts as unset.

    ``calcom_base_url`` is the root of Cal.com's API, without ``/v2``. ``answer_budget_seconds`` is the longest a
    caller waits for an answer of ours, ``hold_seconds`` how long an offered slot is kept for a silent caller,
    ``confirmation_window_seconds`` how long a call may say nothing before its workflow ends. A voice platform whose
    secret is not set is not served. ``payload_encryption_keys`` are those of ``starter.encryption``.

    Of the console: who may log in (``console_password_hash`` is argon2's; set with the user or not at all), where
    people reach the Temporal UI, and where the page *Try it* rings up, which is missing without. ``embedded_stack``
    says that calendar and worker are there to be played with: only `make up` sets it.

    Calls older than ``keep_calls_days`` are deleted; without it none are. ``holds_per_caller`` and ``holds_per_number``
    bound how many slots are kept at once for one calling and through one dialled number, a third of the latter for all
    who withhold theirs; beyond them slots are offered without being kept. ``webhook_concurrency`` bounds how many
    requests the web process serves at once. On ``health_bind`` a worker, alone or in ``serve``, says whether it lives
    and is ready.
    ``worker_deployment`` and ``worker_build_id`` (set both or none) pin every call to the version of the worker it
    began on.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    calcom_base_url: Annotated[str, AfterValidator(_web_address)] = "https://api.cal.com"
    calcom_api_key: SecretStr | None = None
    retell_api_key: SecretStr | None = None
    vapi_secret: Secret | None = None
    elevenlabs_tool_secret: Secret | None = None
    elevenlabs_webhook_secret: Secret | None = None
    database_url: Annotated[str, Field(repr=False)] = "sqlite:///.data/slotkeeper.db"
    catalog_file: Path | None = None
    answer_budget_seconds: Seconds = 8
    hold_seconds: Seconds = 120
    confirmation_window_seconds: Seconds = 900
    payload_encryption_keys: Annotated[SecretStr, AfterValidator(_readable_keys)] | None = None
    metrics_bind: Annotated[str, AfterValidator(_bind_address)] | None = None
    console_user: str | None = None
    console_password_hash: Annotated[SecretStr, AfterValidator(_argon2_hash)] | None = None
    temporal_ui_url: Annotated[str, AfterValidator(_web_address)] = "http://localhost:8233"
    try_it_webhook_url: Annotated[str, AfterValidator(_web_address)] | None = None
    embedded_stack: bool = False
    keep_calls_days: Annotated[float, Field(ge=1, le=36500, allow_inf_nan=False)] | None = None
    holds_per_caller: Annotated[int, Field(ge=1)] = 3
    holds_per_number: Annotated[int, Field(ge=1)] = 30
    webhook_concurrency: Annotated[int, Field(ge=1)] = 200
    health_bind: Annotated[str, AfterValidator(_bind_address)] | None = None
    worker_deployment: Word | None = None
    worker_build_id: Word | None = None

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        if (self.console_user is None) != (self.console_password_hash is None):
            missing = "CONSOLE_USER" if self.console_user is None else "CONSOLE_PASSWORD_HASH"
            raise ValueError(f"{missing}: is not set; a login needs CONSOLE_USER and CONSOLE_PASSWORD_HASH")
        return self

    @model_validator(mode="after")
    def _version_is_whole(self) -> Self:
        if (self.worker_deployment is None) != (self.worker_build_id is None):
            missing = "WORKER_DEPLOYMENT" if self.worker_deployment is None else "WORKER_BUILD_ID"
            raise ValueError(f"{missing}: is not set; a worker's version needs WORKER_DEPLOYMENT and WORKER_BUILD_ID")
        return self


_ISSUED = "use the key as it was issued"
_RANDOM = "make one with: openssl rand -hex 32"
_GUESSABLE = {
    "retell_api_key": (weakness_of_secret, _ISSUED),
    "calcom_api_key": (weakness_of_secret, _ISSUED),
    "vapi_secret": (weakness_of_secret, _RANDOM),
    "elevenlabs_tool_secret": (weakness_of_secret, _RANDOM),
    "elevenlabs_webhook_secret": (weakness_of_secret, _ISSUED),
    "console_password_hash": (weakness_of_hash, "make it anew with: slotkeeper console-password"),
}
"""What makes a secret weak, and where a better one comes from."""


def load_settings(*required: str) -> Settings:
    """Read ``.env`` of the working directory into the environment, where it is not set already, then the settings.

    Args:
        required: Names of environment variables this process cannot do without.

    Raises:
        SettingsError: A setting is wrong, or a required one is missing; or a secret is weak, and this is not the
            embedded stack.
    """
    load_dotenv(Path(".env"))
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False, include_context=False)[0]
        complaint = ": ".join([*(str(name).upper() for name in wrong["loc"][:1]), wrong["msg"]])
        raise SettingsError(complaint.replace("Value error, ", "", 1)) from None
    for name in required:
        if getattr(settings, name.lower()) is None:
            raise SettingsError(f"{name}: is not set; set it in the environment or in .env")
    if not settings.embedded_stack:
        _refuse_weak_secrets(settings)
    return settings


def _refuse_weak_secrets(settings: Settings) -> None:
    for name, (weakness_of, remedy) in _GUESSABLE.items():
        secret: SecretStr | None = getattr(settings, name)
        if secret is not None and (weakness := weakness_of(secret.get_secret_value())):
            raise SettingsError(f"{name.upper()}: is too weak: {weakness}; {remedy}")


def refuse_weak_keys(settings: Settings, issued: Mapping[str, str | None]) -> None:
    """Look at keys that are no settings of ours, by the variables they are in; one that is not set passes.

    Raises:
        SettingsError: One is weak, and this is not the embedded stack.
    """
    for variable, key in issued.items():
        if key and not settings.embedded_stack and (weakness := weakness_of_secret(key.strip())):
            raise SettingsError(f"{variable}: is too weak: {weakness}; {_ISSUED}")


def open_database(settings: Settings) -> AsyncEngine:
    """Return the engine of ``DATABASE_URL``; nothing is connected yet.

    Raises:
        SettingsError: It is no such URL, or the folder of its SQLite file cannot be made.
    """
    try:
        return create_engine(settings.database_url)
    except ValueError as error:
        raise SettingsError(f"DATABASE_URL: {error}") from None
    except OSError as error:
        raise SettingsError(f"DATABASE_URL: the folder {error.filename} cannot be made: {error.strerror}") from None


@contextmanager
def exit_on_bad_settings() -> Iterator[None]:
    """End the process with exit status 2 and one line when a setting is missing or wrong."""
    try:
        yield
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
