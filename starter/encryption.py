"""Payloads in Temporal that only whoever has the keys can read: AES-256 in Galois/counter mode.

Everything a workflow is told, asked and answered, every summary, header and message of an error is such a payload.
Never encrypted are ids (of workflows, updates, groups of steps), search attributes and the types of steps and errors:
they name no caller.
"""

import base64
import binascii
import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

SETTING = "PAYLOAD_ENCRYPTION_KEYS"

ENCODING: Final = b"binary/encrypted"
"""Temporal's name for a payload that was encrypted by its user."""

KEY_ID: Final = "encryption-key-id"
"""The entry of a payload's metadata that makes it one of ours, and says which key deciphers it."""

KEY_BYTES, NONCE_BYTES = 32, 12

logger = logging.getLogger(__name__)

Keys = Mapping[str, AESGCM]
"""The keys by their ids; the first encrypts, all decipher."""


class Undecipherable(RuntimeError):
    """A payload cannot be read with the keys there are; the text names the key's id and the setting."""


def read_keys(text: str) -> Keys:
    """Read keys written as ``id:key,id:key``, each key 32 bytes in base64.

    Raises:
        ValueError: They are not; the text says what is wrong with which, and repeats no key.
    """
    keys: dict[str, AESGCM] = {}
    for place, entry in enumerate(text.split(","), 1):
        id_, colon, written = entry.strip().partition(":")
        # What stands in the place of an id may be a key.
        if not colon:
            raise ValueError(f"entry {place} has no id; it must be id:key")
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", id_):
            raise ValueError(f"entry {place} must be id:key, the id up to 40 letters, digits, dots, dashes")
        if id_ in keys:
            raise ValueError(f"the id {id_} stands there twice")
        keys[id_] = AESGCM(_secret(id_, written))
    return keys


def _secret(id_: str, written: str) -> bytes:
    try:
        secret = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the key {id_} is no base64; `openssl rand -base64 32` makes one") from None
    if len(secret) != KEY_BYTES:
        raise ValueError(f"the key {id_} has {len(secret)} bytes, not 32; `openssl rand -base64 32` makes one")
    if secret.isascii():
        # Words, or zeros: one random key in four thousand million has no byte above 127.
        raise ValueError(f"the key {id_} is not random; `openssl rand -base64 32` makes one")
    return secret


def data_converter(keys: SecretStr | None) -> DataConverter:
    """Return how values travel through Temporal with this setting: as JSON, encrypted where there are keys.

    Every client and whoever replays a history needs it. Without keys it still tells an encrypted payload from a broken
    one.

    Raises:
        ValueError: These are no keys.
    """
    if keys is None:
        return replace(pydantic_data_converter, payload_codec=Encryption({}))
    return replace(
        pydantic_data_converter,
        payload_codec=Encryption(read_keys(keys.get_secret_value())),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


class Encryption(PayloadCodec):
    """Encrypts payloads as a whole, with their metadata; those that are not ours to decipher stay as they are."""

    def __init__(self, keys: Keys) -> None:
        """Encrypt with the first key; without keys nothing."""
        self._keys = keys
        self._first = next(iter(keys), None)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt."""
        first = self._first
        return list(payloads) if first is None else [self._encrypted(payload, first) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decipher what was encrypted here.

        Raises:
            Undecipherable: One of them was encrypted with a key that is not there, or altered since.
        """
        return [self._deciphered(payload) if _is_ours(payload) else payload for payload in payloads]

    def _encrypted(self, payload: Payload, id_: str) -> Payload:
        key, name, nonce = self._keys[id_], id_.encode(), os.urandom(NONCE_BYTES)
        sealed = key.encrypt(nonce, payload.SerializeToString(), name)
        return Payload(metadata={"encoding": ENCODING, KEY_ID: name}, data=nonce + sealed)

    def _deciphered(self, payload: Payload) -> Payload:
        name = payload.metadata[KEY_ID]
        id_ = name[:40].decode(errors="replace")
        key = self._keys.get(id_)
        if key is None:
            raise _said(f"a payload was encrypted with the key {id_!r}, which {SETTING} does not have")
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            return Payload.FromString(key.decrypt(nonce, sealed, name))
        except (InvalidTag, ValueError):
            raise _said(
                f"a payload encrypted with the key {id_!r} was altered, or {SETTING} has another key by that id"
            ) from None


def _said(complaint: str) -> Undecipherable:
    # Whoever catches it says its kind and no more, since messages of other errors quote callers.
    logger.error(complaint)
    return Undecipherable(complaint)


def _is_ours(payload: Payload) -> bool:
    return payload.metadata.get("encoding") == ENCODING and KEY_ID in payload.metadata
