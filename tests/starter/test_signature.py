"""What proves who calls: signatures, held against vectors that were computed elsewhere, and secrets."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from starter import elevenlabs, retell, vapi
from starter.credentials import Signature

SIGNED_AT = datetime.fromtimestamp(1760475991, UTC)

KEYS = {retell.SIGNATURE: "key_test_0123456789", elevenlabs.SIGNATURE: "wsec_test_0123456789"}
FORMS = {
    retell.SIGNATURE: "v=1760475991000,d={}",
    elevenlabs.SIGNATURE: "t=1760475991,v0={}",
}
VECTORS = [
    (
        retell.SIGNATURE,
        '{"name":"check_customer","call":{"call_id":"call_0001"},"args":{}}',
        "802ac17de20da15cc133d65de02ead02746f2ae83b4826885a4c47064429971b",
    ),
    (
        retell.SIGNATURE,
        '{"datum":"2025-10-16","name":"Jürgen Müller"}',
        "e7f9fc868058d25c60b004e411a2b9eba7de3fbb09411c72b0191b46a733fa4b",
    ),
    (retell.SIGNATURE, "", "01899ed9b0770e2e8112590e53e2c50ce5ad86f5758a5a5e8ee0aec0f9669a3f"),
    (
        elevenlabs.SIGNATURE,
        '{"type":"post_call_transcription","data":{"conversation_id":"conv_0001"}}',
        "d7af9b2f00e1b6479d6d25e6e54d6c23b1d1e952e253a4c234f2c2a0f8222b42",
    ),
    (
        elevenlabs.SIGNATURE,
        '{"message":"Jürgen Müller"}',
        "81da13161551c66964ceb7aca639bfa24f2d3e92567bb6bb70c01a6883b9f6fc",
    ),
    (elevenlabs.SIGNATURE, "", "080ea7cc0f86005d26d33e9de3183a86ede5206296802062646db20bdd2673aa"),
]
FIRST = {signature: (body, digest) for signature, body, digest in reversed(VECTORS)}


def fits(
    signature: Signature, body: str, header: str | None, *, key: str | None = None, now: datetime = SIGNED_AT
) -> bool:
    headers = {} if header is None else {signature.header: header}
    return signature.fits(headers, body.encode(), SecretStr(key or KEYS[signature]), now)


@pytest.mark.parametrize(("signature", "body", "digest"), VECTORS)
def test_known_signatures_are_accepted(signature: Signature, body: str, digest: str) -> None:
    assert fits(signature, body, FORMS[signature].format(digest))


@pytest.mark.parametrize(("signature", "body", "digest"), VECTORS)
def test_what_is_signed_here_is_signed_as_elsewhere(signature: Signature, body: str, digest: str) -> None:
    signed = signature.sign(body.encode(), SecretStr(KEYS[signature]), SIGNED_AT)
    assert signed == FORMS[signature].format(digest)


@pytest.mark.parametrize("header", [
    None,
    "",
    "{digest}",
    "v=1760475991000,d={upper}",
    "v=1760475991000,d={short}",
    "v=1760475991001,d={digest}",
    "d={digest},v=1760475991000",
    " v=1760475991000,d={digest}",
    "v=1760475991000,d={digest}\n",
    "v=1760475991000,d={digest},d={digest}",
    "v=-1760475991000,d={digest}",
    "v=١٧٦٠٤٧٥٩٩١٠٠٠,d={digest}",
    "v={nines},d={digest}",
    "t=1760475991,v1={digest}",
    "t=1760475991,v0={digest}",
])  # fmt: skip
def test_any_other_signature_than_retells_is_refused(header: str | None) -> None:
    body, digest = FIRST[retell.SIGNATURE]
    parts = {"digest": digest, "upper": digest.upper(), "short": digest[:-1], "nines": "9" * 5000}
    assert not fits(retell.SIGNATURE, body, header and header.format(**parts))


@pytest.mark.parametrize("header", [
    None,
    "",
    "{digest}",
    "t=1760475991,v0={upper}",
    "t=1760475991,v0={short}",
    "t=1760475992,v0={digest}",
    "v0={digest},t=1760475991",
    " t=1760475991,v0={digest}",
    "t=1760475991,v0={digest}\n",
    "t=1760475991,v0={digest},v0={digest}",
    "t=1760475991, v0={digest}",
    "t=-1760475991,v0={digest}",
    "t=١٧٦٠٤٧٥٩٩١,v0={digest}",
    "t={nines},v0={digest}",
    "t=1760475991,v1={digest}",
    "v=1760475991000,d={digest}",
])  # fmt: skip
def test_any_other_signature_than_elevenlabs_is_refused(header: str | None) -> None:
    body, digest = FIRST[elevenlabs.SIGNATURE]
    parts = {"digest": digest, "upper": digest.upper(), "short": digest[:-1], "nines": "9" * 5000}
    assert not fits(elevenlabs.SIGNATURE, body, header and header.format(**parts))


@pytest.mark.parametrize("signature", FIRST)
def test_the_body_must_be_the_very_bytes_that_were_signed(signature: Signature) -> None:
    body, digest = FIRST[signature]
    assert not fits(signature, body.replace(":", ": "), FORMS[signature].format(digest))


@pytest.mark.parametrize("signature", FIRST)
def test_another_key_does_not_sign_for_us(signature: Signature) -> None:
    body, digest = FIRST[signature]
    assert not fits(signature, body, FORMS[signature].format(digest), key="key_test_9876543210")


@pytest.mark.parametrize(
    ("signature", "tolerance"),
    [(retell.SIGNATURE, timedelta(minutes=5)), (elevenlabs.SIGNATURE, timedelta(minutes=30))],
)
@pytest.mark.parametrize("direction", [-1, 1])
def test_a_signature_is_good_for_its_minutes_either_way(
    signature: Signature, tolerance: timedelta, direction: int
) -> None:
    body, digest = FIRST[signature]
    header = FORMS[signature].format(digest)
    assert fits(signature, body, header, now=SIGNED_AT + direction * tolerance)
    just_too_far = tolerance + timedelta(milliseconds=1)
    assert not fits(signature, body, header, now=SIGNED_AT + direction * just_too_far)


SECRET = "secret-0123456789"


@pytest.mark.parametrize("headers", [
    {"Authorization": f"Bearer {SECRET}"},
    {"Authorization": f"bearer {SECRET}"},
    {"Authorization": f"Bearer  {SECRET}"},
])  # fmt: skip
def test_a_bearer_of_the_secret_is_let_in(headers: dict[str, str]) -> None:
    assert vapi.SECRET.fits(headers, b"", SecretStr(SECRET), SIGNED_AT)
    assert elevenlabs.SECRET.fits(headers, b"", SecretStr(SECRET), SIGNED_AT)


def test_the_secret_may_stand_alone_in_the_platforms_own_header() -> None:
    assert vapi.SECRET.fits({"X-Vapi-Secret": SECRET}, b"", SecretStr(SECRET), SIGNED_AT)
    assert not elevenlabs.SECRET.fits({"X-Vapi-Secret": SECRET}, b"", SecretStr(SECRET), SIGNED_AT)
    assert elevenlabs.SECRET.fits({"Authorization": SECRET}, b"", SecretStr(SECRET), SIGNED_AT)


@pytest.mark.parametrize("headers", [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": f"Bearer {SECRET}x"},
    {"Authorization": f"Bearer {SECRET[:-1]}"},
    {"Authorization": f"Bearer {SECRET.upper()}"},
    {"Authorization": f"Basic {SECRET}"},
    {"Authorization": f"Bearer {SECRET} {SECRET}"},
    {"Authorization": "Bearer schlüssel-ü-0123456789"},
    {"X-Vapi-Secret": ""},
    {"X-Vapi-Secret": f"{SECRET}x"},
    {"X-Vapi-Secret": f"Bearer {SECRET}"},
])  # fmt: skip
def test_any_other_secret_is_refused(headers: dict[str, str]) -> None:
    assert not vapi.SECRET.fits(headers, b"", SecretStr(SECRET), SIGNED_AT)
    assert not elevenlabs.SECRET.fits(headers, b"", SecretStr(SECRET), SIGNED_AT)
