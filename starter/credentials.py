"""How a voice platform proves that a request is its own. Every comparison takes the same time, right or wrong."""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import SecretStr


class Credential(Protocol):
    """What a request has to carry."""

    @property
    def header(self) -> str:
        """The header it comes in, as the platform writes it."""

    def may_fit(self, headers: Mapping[str, str], key: SecretStr, now: datetime) -> bool:
        """Whether there can be a body these headers fit: where there is none, none need be read."""

    def fits(self, headers: Mapping[str, str], body: bytes, key: SecretStr, now: datetime) -> bool:
        """Whether these headers and raw bytes can only come from somebody who has the key; ``now`` is aware."""


@dataclass(frozen=True)
class Signature:
    """HMAC-SHA256 over the raw body and the time of signing.

    Attributes:
        header: The header that carries it.
        form: How it is written, with ``{at}`` (decimal digits, at most 15) and ``{digest}`` (lower-case hex) in it.
        ticks_per_second: What ``at`` counts since 1970: 1 for seconds, 1000 for milliseconds.
        tolerance: How far ``at`` may lie from our time, either way.
        message: Body and ``at`` -> the bytes that were signed.
    """

    header: str
    form: str
    ticks_per_second: int
    tolerance: timedelta
    message: Callable[[bytes, bytes], bytes]

    def may_fit(self, headers: Mapping[str, str], key: SecretStr, now: datetime) -> bool:
        """Whether there is a signature, and it is no older or newer than the tolerance."""
        return self._read(headers, now) is not None

    def fits(self, headers: Mapping[str, str], body: bytes, key: SecretStr, now: datetime) -> bool:
        """Whether the signature is that of these bytes and is no older or newer than the tolerance."""
        read = self._read(headers, now)
        return read is not None and hmac.compare_digest(self._digest(body, read["at"], key), read["digest"])

    def sign(self, body: bytes, key: SecretStr, now: datetime) -> str:
        """Return what the header must carry for these bytes, signed now."""
        at = str(round(now.timestamp() * self.ticks_per_second))
        return self.form.format(at=at, digest=self._digest(body, at, key))

    def _read(self, headers: Mapping[str, str], now: datetime) -> re.Match[str] | None:
        written = self.form.format(at="(?P<at>[0-9]{1,15})", digest="(?P<digest>[0-9a-f]{64})")
        match = re.fullmatch(written, headers.get(self.header, ""))
        if match is None:
            return None
        age = abs(now.timestamp() - int(match["at"]) / self.ticks_per_second)
        return match if age <= self.tolerance.total_seconds() else None

    def _digest(self, body: bytes, at: str, key: SecretStr) -> str:
        return hmac.digest(key.get_secret_value().encode(), self.message(body, at.encode()), "sha256").hex()


@dataclass(frozen=True)
class SharedSecret:
    """The key itself: in a header of its own, or as ``Authorization: Bearer``."""

    header: str = "Authorization"

    def may_fit(self, headers: Mapping[str, str], key: SecretStr, now: datetime) -> bool:
        """Whether one of the two headers carries the key."""
        return self.fits(headers, b"", key, now)

    def fits(self, headers: Mapping[str, str], body: bytes, key: SecretStr, now: datetime) -> bool:
        """Whether one of the two headers carries the key; the body does not matter."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        presented = [headers.get(self.header, ""), token if scheme.lower() == "bearer" else ""]
        expected = key.get_secret_value().encode()
        return any([hmac.compare_digest(expected, one.strip().encode()) for one in presented])
