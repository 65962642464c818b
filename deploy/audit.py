"""Asks whether what the lock files pin has known vulnerabilities: python -m deploy.audit."""

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

ROOT = Path(__file__).parents[1]
LOCK_FILES = ("requirements.lock", "requirements-dev.lock")

SECONDS = 300
FAILED = 1

_UNREACHABLE = re.compile("your network may be blocking|ConnectionError|ServiceError|HTTPError|Timeout")
"""How pip-audit complains where its service does not answer; any other complaint is a fault of ours, or of its own."""


class _Vulnerability(BaseModel):
    id: str
    fix_versions: tuple[str, ...] = ()


class _Package(BaseModel):
    name: str
    version: str | None = None
    skip_reason: str | None = None
    vulns: tuple[_Vulnerability, ...] = ()


class _Report(BaseModel):
    dependencies: tuple[_Package, ...]


_REPORT = TypeAdapter(_Report)


@dataclass(frozen=True)
class Finding:
    """What came of an audit: a line for each vulnerability, then how much was looked at; both may be shown."""

    vulnerabilities: Sequence[str]
    summary: str
    broken: bool = False

    @property
    def status(self) -> int:
        """The exit status: a service that cannot be reached says nothing about us; an audit that broke fails."""
        return FAILED if self.vulnerabilities or self.broken else 0


def read(report: str, complaints: str = "") -> Finding:
    """Read pip-audit's JSON, and what it complained of where there is none.

    It ends well, too, where its service knows none of the packages, or did not answer for them; that is no audit, and
    said as such.
    """
    try:
        packages = _REPORT.validate_json(report).dependencies
    except ValidationError:
        if _UNREACHABLE.search(complaints):
            return Finding((), "not audited: the vulnerability service could not be reached")
        last = (complaints.strip().splitlines() or ["pip-audit has said nothing"])[-1]
        return Finding((), f"not audited: {last}", broken=True)
    known = [package for package in packages if package.skip_reason is None]
    vulnerabilities = sorted(
        f"{package.name} {package.version}: {found.id}, fixed in {', '.join(found.fix_versions) or 'no version yet'}"
        for package in known
        for found in package.vulns
    )
    if not known:
        return Finding((), f"not audited: the vulnerability service answered for none of {len(packages)} packages")
    unknown = len(packages) - len(known)
    missing = f"; it did not answer for {unknown} others" if unknown else ""
    return Finding(vulnerabilities, f"audited: {len(known)} packages, {len(vulnerabilities)} vulnerabilities{missing}")


def audit(lock_files: Sequence[str] = LOCK_FILES) -> Finding:
    """Ask pip-audit about these files; it installs nothing, since they pin every package with its hashes."""
    files = [option for name in lock_files for option in ("--requirement", str(ROOT / name))]
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format", "json", *files]
    try:
        ended = subprocess.run(  # noqa: S603 - our own command
            [*command, "--progress-spinner", "off"], capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Finding((), f"not audited: the vulnerability service has not answered within {SECONDS} s")
    return read(ended.stdout, ended.stderr)


def main() -> None:
    """Print what was found; exit status 1 where it is a vulnerability."""
    finding = audit()
    for line in finding.vulnerabilities:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{finding.summary}\n")
    raise SystemExit(finding.status)


if __name__ == "__main__":
    main()
