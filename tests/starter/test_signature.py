"""The signature, held against vectors computed with the platform's own library."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from starter.retell import TOLERANCE, is_signed

KEY = SecretStr("key_test_0123456789")
SIGNED_AT = datetime.fromtimestamp(1760475991, UTC)
VECTORS = {
    '{"name":"check_customer","call":{"call_id":"call_0001"},"args":{}}': (
        "802ac17de20da15cc133d65de02ead02746f2ae83b4826885a4c47064429971b"
    ),
    '{"datum":"2025-10-16","name":"Jürgen Müller"}': "e7f9fc868058d25c60b004e411a2b9eba7de3fbb09411c72b0191b46a733fa4b",
    "": "01899ed9b0770e2e8112590e53e2c50ce5ad86f5758a5a5e8ee0aec0f9669a3f",
}
BODY, DIGEST = next(iter(VECTORS.items()))
SIGNATURE = f"v=1760475991000,d={DIGEST}"


@pytest.mark.parametrize(("body", "digest"), VECTORS.items())
def test_known_signatures_are_accepted(body: str, digest: str) -> None:
    assert is_signed(body.encode(), f"v=1760475991000,d={digest}", KEY, SIGNED_AT)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        DIGEST,
        f"v=1760475991000,d={DIGEST.upper()}",
        f"v=1760475991000,d={DIGEST[:-1]}",
        f"v=1760475991001,d={DIGEST}",
        f"d={DIGEST},v=1760475991000",
        f" {SIGNATURE}",
        f"{SIGNATURE}\n",
        f"{SIGNATURE},d={DIGEST}",
        f"v=-1760475991000,d={DIGEST}",
        f"v=١٧٦٠٤٧٥٩٩١٠٠٠,d={DIGEST}",
        f"v={'9' * 5000},d={DIGEST}",
        f"t=1760475991,v1={DIGEST}",
    ],
)
def test_any_other_signature_is_refused(signature: str | None) -> None:
    assert not is_signed(BODY.encode(), signature, KEY, SIGNED_AT)


def test_the_body_must_be_the_very_bytes_that_were_signed() -> None:
    assert not is_signed(BODY.replace(":", ": ").encode(), SIGNATURE, KEY, SIGNED_AT)


def test_another_key_does_not_sign_for_us() -> None:
    assert not is_signed(BODY.encode(), SIGNATURE, SecretStr("key_test_9876543210"), SIGNED_AT)


@pytest.mark.parametrize("direction", [-1, 1])
def test_a_signature_is_good_for_five_minutes_either_way(direction: int) -> None:
    assert is_signed(BODY.encode(), SIGNATURE, KEY, SIGNED_AT + direction * TOLERANCE)
    just_too_far = TOLERANCE + timedelta(milliseconds=1)
    assert not is_signed(BODY.encode(), SIGNATURE, KEY, SIGNED_AT + direction * just_too_far)
