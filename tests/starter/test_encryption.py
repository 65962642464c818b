"""Keys as they are set, and what becomes of a payload with them."""

import base64
import os
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError
from typer.testing import CliRunner

from starter.cli import app
from starter.connect import read_connection
from starter.encryption import Undecipherable, data_converter, read_keys
from starter.settings import Settings, SettingsError, load_settings

SECRET = "Zebedee Plantagenet, +4915550177777"
PLAIN = Payload(metadata={"encoding": b"json/plain", "messageType": b"secret"}, data=SECRET.encode())


def a_key(id_: str) -> str:
    return f"{id_}:{base64.b64encode(os.urandom(32)).decode()}"


OLD, NEW = a_key("2025-10"), a_key("2025-11")


def with_keys(*keys: str) -> DataConverter:
    return data_converter(SecretStr(",".join(keys)) if keys else None)


async def encoded(converter: DataConverter, payload: Payload = PLAIN) -> Payload:
    assert converter.payload_codec is not None
    [sealed] = await converter.payload_codec.encode([payload])
    return sealed


async def decoded(converter: DataConverter, payload: Payload) -> Payload:
    assert converter.payload_codec is not None
    [opened] = await converter.payload_codec.decode([payload])
    return opened


async def test_an_encrypted_payload_shows_its_key_id_and_nothing_else() -> None:
    sealed = await encoded(with_keys(OLD))
    assert dict(sealed.metadata) == {"encoding": b"binary/encrypted", "encryption-key-id": b"2025-10"}
    for part in (SECRET.encode(), b"Zebedee", b"secret", b"json/plain"):
        assert part not in sealed.SerializeToString()
    assert await decoded(with_keys(OLD), sealed) == PLAIN


async def test_the_same_payload_never_looks_the_same() -> None:
    converter = with_keys(OLD)
    assert len({(await encoded(converter)).data for _ in range(100)}) == 100


async def test_the_first_key_encrypts_and_all_of_them_decipher() -> None:
    before = await encoded(with_keys(OLD, NEW))
    after = await encoded(with_keys(NEW, OLD))
    assert (before.metadata["encryption-key-id"], after.metadata["encryption-key-id"]) == (b"2025-10", b"2025-11")
    for converter in (with_keys(OLD, NEW), with_keys(NEW, OLD)):
        assert [await decoded(converter, sealed) for sealed in (before, after)] == [PLAIN, PLAIN]


@pytest.mark.parametrize("foreign", [PLAIN, Payload(), Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x")])
async def test_what_was_not_encrypted_here_stays_as_it_is(foreign: Payload) -> None:
    assert await decoded(with_keys(OLD), foreign) == foreign
    assert await decoded(with_keys(), foreign) == foreign


async def test_without_keys_nothing_is_encrypted() -> None:
    assert await encoded(with_keys()) == PLAIN


@pytest.mark.parametrize("keys", [(), (NEW,)])
async def test_a_key_that_is_missing_is_named_with_the_setting_and_no_key(keys: tuple[str, ...]) -> None:
    sealed = await encoded(with_keys(OLD))
    with pytest.raises(Undecipherable, match=r"'2025-10', which PAYLOAD_ENCRYPTION_KEYS does not have") as refused:
        await decoded(with_keys(*keys), sealed)
    assert NEW.split(":")[1] not in str(refused.value)


async def test_a_hostile_key_id_is_repeated_short_and_on_one_line() -> None:
    sealed = Payload(metadata={"encoding": b"binary/encrypted", "encryption-key-id": b"\xff\n\x1b[31m" * 1000})
    with pytest.raises(Undecipherable) as refused:
        await decoded(with_keys(OLD), sealed)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("place", [0, 11, 12, -1])
async def test_a_payload_that_was_altered_is_refused(place: int) -> None:
    sealed = await encoded(with_keys(OLD))
    altered = bytearray(sealed.data)
    altered[place] ^= 1
    with pytest.raises(Undecipherable, match=r"'2025-10' was altered"):
        await decoded(with_keys(OLD), Payload(metadata=sealed.metadata, data=bytes(altered)))


@pytest.mark.parametrize("length", [0, 5, 12, 27])
async def test_a_payload_that_was_cut_short_is_refused(length: int) -> None:
    sealed = await encoded(with_keys(OLD))
    with pytest.raises(Undecipherable):
        await decoded(with_keys(OLD), Payload(metadata=sealed.metadata, data=sealed.data[:length]))


async def test_the_key_id_is_part_of_what_is_authenticated() -> None:
    same_secret = OLD.split(":")[1]
    sealed = await encoded(with_keys(OLD))
    sealed.metadata["encryption-key-id"] = b"renamed"
    with pytest.raises(Undecipherable):
        await decoded(with_keys(f"renamed:{same_secret}"), sealed)


async def test_messages_of_errors_are_encrypted_with_their_stack_and_details() -> None:
    converter = with_keys(OLD)
    failure = Failure()
    try:
        raise ApplicationError(f"no slot for {SECRET}", SECRET, type="SlotUnavailable")
    except ApplicationError as error:
        await converter.encode_failure(error, failure)
    assert SECRET.encode() not in failure.SerializeToString()
    assert b"test_encryption" not in failure.SerializeToString()
    read = await converter.decode_failure(failure)
    assert isinstance(read, ApplicationError)
    assert (read.message, read.type, list(read.details)) == (f"no slot for {SECRET}", "SlotUnavailable", [SECRET])


KEY = OLD.split(":")[1]
SHORT = base64.b64encode(os.urandom(16)).decode()
WRONG = [
    ("", "entry 1 has no id"),
    (",", "entry 1 has no id"),
    (KEY, "entry 1 has no id"),
    (SHORT.rstrip("="), "entry 1 has no id"),
    (f"{NEW},{'0f' * 16}", "entry 2 has no id"),
    (f"{OLD},", "entry 2 has no id"),
    (f":{KEY}", "entry 1 must be id:key"),
    (f"two words:{KEY}", "entry 1 must be id:key"),
    (f"{'a' * 41}:{KEY}", "entry 1 must be id:key"),
    (f"{KEY}:k1", "entry 1 must be id:key"),
    (f"k1:{KEY},k1:{NEW.split(':')[1]}", "the id k1 stands there twice"),
    ("k1:", "the key k1 has 0 bytes, not 32"),
    ("k1", "entry 1 has no id"),
    (f"k1:{SHORT}", "the key k1 has 16 bytes, not 32"),
    (f"k1:{KEY[:-1]}", "the key k1 is no base64"),
    (f"k1:ß{KEY}", "the key k1 is no base64"),
    (f"k1:{base64.b64encode(bytes(32)).decode()}", "the key k1 is not random"),
    (f"k1:{base64.b64encode(b'correct horse battery staple 123').decode()}", "the key k1 is not random"),
]


@pytest.mark.parametrize(("keys", "complaint"), WRONG, ids=[complaint for _, complaint in WRONG])
def test_wrong_keys_are_refused_in_one_line_that_says_which_and_repeats_none(
    monkeypatch: pytest.MonkeyPatch, keys: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_keys(keys)
    if not keys:
        return
    monkeypatch.setenv("PAYLOAD_ENCRYPTION_KEYS", keys)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    line = str(refused.value)
    assert line.startswith(f"PAYLOAD_ENCRYPTION_KEYS: {complaint}")
    assert "\n" not in line
    assert not [secret for secret in (KEY, NEW.split(":")[1], SHORT, "0f" * 16) if secret[:8] in line]


def test_a_process_with_wrong_keys_ends_with_two_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYLOAD_ENCRYPTION_KEYS", f"{OLD},{NEW},second:{SHORT}")
    ended = CliRunner().invoke(app, ["console", "--port", "0"])
    assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("PAYLOAD_ENCRYPTION_KEYS: the key second has 16 bytes")


def test_keys_may_stand_apart_and_an_empty_setting_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(read_keys(f" {NEW} , {OLD} ")) == ["2025-11", "2025-10"]
    monkeypatch.setenv("PAYLOAD_ENCRYPTION_KEYS", "")
    assert load_settings().payload_encryption_keys is None


def test_keys_are_shown_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "nowhere.toml"))
    settings = Settings(payload_encryption_keys=SecretStr(f"{OLD},{NEW}"))
    connection = read_connection(settings)
    shown = f"{settings!r} {settings} {settings.model_dump_json()} {connection!r} {vars(connection.converter)!r}"
    shown += repr(vars(connection.converter.payload_codec))
    for key in (OLD, NEW):
        assert key.split(":")[1] not in shown
