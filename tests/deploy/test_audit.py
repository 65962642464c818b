"""What the audit of the lock files says, and that it never passes for one where there was none."""

import json

import pytest

from deploy.audit import audit, read


def report(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


SOUND: dict[str, object] = {"name": "sound", "version": "1.0", "vulns": []}
UNKNOWN: dict[str, object] = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}
VULNERABLE: dict[str, object] = {
    "name": "vulnerable",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.1"], "aliases": ["CVE-2026-1"], "description": "..."}],
}
UNFIXED: dict[str, object] = {"name": "unfixed", "version": "3.0", "vulns": [{"id": "GHSA-x", "fix_versions": []}]}


def test_what_is_known_to_be_vulnerable_fails_and_says_what_helps() -> None:
    finding = read(report(SOUND, VULNERABLE, UNFIXED, UNKNOWN))
    assert finding.status == 1
    assert finding.vulnerabilities == [
        "unfixed 3.0: GHSA-x, fixed in no version yet",
        "vulnerable 2.0: PYSEC-2026-1, fixed in 2.1",
    ]
    assert finding.summary == "audited: 3 packages, 2 vulnerabilities; it did not answer for 1 others"


def test_what_is_sound_passes() -> None:
    finding = read(report(SOUND))
    assert (finding.status, finding.summary) == (0, "audited: 1 packages, 0 vulnerabilities")


@pytest.mark.parametrize(
    ("answer", "complaints"),
    [
        ("", "ERROR:pip_audit._cli:Tip: your network may be blocking this service."),
        ("", "requests.exceptions.ConnectionError: Max retries exceeded with url"),
        (report(UNKNOWN, UNKNOWN), ""),
        (report(), ""),
    ],
)
def test_where_nothing_could_be_asked_it_says_so_and_fails_nobody(answer: str, complaints: str) -> None:
    finding = read(answer, complaints)
    assert finding.status == 0
    assert finding.summary.startswith("not audited: the vulnerability service ")


@pytest.mark.parametrize(("answer", "complaints"), [("", ""), ("[]", ""), ("", "No module named pip_audit")])
def test_an_audit_that_breaks_fails_and_says_why(answer: str, complaints: str) -> None:
    finding = read(answer, complaints)
    assert finding.status == 1
    assert complaints in finding.summary


def test_pip_audit_understands_what_it_is_asked() -> None:
    finding = audit(("there-is-none.lock",))
    assert (finding.status, "there-is-none.lock" in finding.summary) == (1, True)
