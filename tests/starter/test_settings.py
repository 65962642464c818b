import os
from pathlib import Path

import pytest
from argon2 import PasswordHasher, Type

from starter.settings import Settings, SettingsError, exit_on_bad_settings, load_settings, open_database


def test_without_anything_set_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings.calcom_base_url == "https://api.cal.com"
    assert settings.database_url == "sqlite:///.data/slotkeeper.db"
    waits = (settings.answer_budget_seconds, settings.hold_seconds, settings.confirmation_window_seconds)
    assert waits == (8, 120, 900)
    assert (settings.retell_api_key, settings.calcom_api_key, settings.catalog_file) == (None, None, None)


def test_the_environment_goes_before_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text('RETELL_API_KEY="key_from_file_0123"\nHOLD_SECONDS=60\n')
    monkeypatch.setenv("HOLD_SECONDS", "90")
    settings = load_settings("RETELL_API_KEY")
    assert settings.retell_api_key is not None
    assert settings.retell_api_key.get_secret_value() == "key_from_file_0123"
    assert settings.hold_seconds == 90


def test_the_env_file_serves_names_that_are_not_settings_too() -> None:
    Path(".env").write_text("SECOND_BRANCH_KEY=cal_second\n")
    load_settings()
    assert os.environ["SECOND_BRANCH_KEY"] == "cal_second"


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("ANSWER_BUDGET_SECONDS", "soon", "valid number"),
        ("ANSWER_BUDGET_SECONDS", "0", "greater than 0"),
        ("HOLD_SECONDS", "-1", "greater than 0"),
        ("CONFIRMATION_WINDOW_SECONDS", "inf", "finite"),
        ("CALCOM_BASE_URL", "api.cal.com", "http://"),
        ("METRICS_BIND", "9090", "like 127.0.0.1:9464"),
        ("METRICS_BIND", "127.0.0.1:99999", "up to 65535"),
        ("METRICS_BIND", "127.0.0.1:-1", "up to 65535"),
        ("METRICS_BIND", "nohost:9090", "IP address"),
        ("TEMPORAL_UI_URL", "localhost:8233", "http://"),
        ("TRY_IT_WEBHOOK_URL", "localhost:8080", "http://"),
        ("EMBEDDED_STACK", "perhaps", "valid boolean"),
        ("KEEP_CALLS_DAYS", "0", "greater than or equal to 1"),
        ("KEEP_CALLS_DAYS", "1000000", "less than or equal to 36500"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).startswith(f"{name}: ")
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_setting_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is not None:
        monkeypatch.setenv("RETELL_API_KEY", value)
    with pytest.raises(SettingsError, match=r"RETELL_API_KEY: is not set; set it in the environment or in \.env"):
        load_settings("RETELL_API_KEY")


def test_a_database_we_do_not_know_is_refused_without_its_password() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL") as refused:
        open_database(Settings(database_url="mysql://me:secret@host/db"))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("bind", ["127.0.0.1:9464", "0.0.0.0:0", "[::1]:65535"])
def test_an_address_for_the_metrics_is_taken(monkeypatch: pytest.MonkeyPatch, bind: str) -> None:
    monkeypatch.setenv("METRICS_BIND", bind)
    assert load_settings().metrics_bind == bind


@pytest.mark.parametrize("folder", ["/proc/nowhere", "{tmp_path}/file", "{tmp_path}/file/below"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()
    folder = folder.format(tmp_path=tmp_path)
    with pytest.raises(SettingsError, match=f"DATABASE_URL: the folder {folder} cannot be made: "):
        open_database(Settings(database_url=f"sqlite:///{folder}/kept.db"))


def test_bad_settings_end_the_process_with_two_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, exit_on_bad_settings():
        load_settings("RETELL_API_KEY")
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_root_of_the_calendar_is_taken_with_or_without_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALCOM_BASE_URL", "http://localhost:5555/v2/")
    assert load_settings().calcom_base_url == "http://localhost:5555"


HASH = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash("correct horse battery staple")


def test_a_login_is_a_user_and_an_argon2_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_USER", "operator")
    monkeypatch.setenv("CONSOLE_PASSWORD_HASH", HASH)
    settings = load_settings()
    assert settings.console_user == "operator"
    assert settings.console_password_hash is not None
    assert settings.console_password_hash.get_secret_value() == HASH
    assert HASH not in repr(settings)


def test_the_env_file_keeps_the_dollar_signs_of_a_hash() -> None:
    Path(".env").write_text(f"CONSOLE_USER=operator\nCONSOLE_PASSWORD_HASH={HASH}\n")
    settings = load_settings()
    assert settings.console_password_hash is not None
    assert settings.console_password_hash.get_secret_value() == HASH


@pytest.mark.parametrize(
    "password",
    ["correct horse", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$", pytest.param(f"x{HASH}", id="a hash and more")],
)
def test_a_password_that_is_no_argon2_hash_is_refused_with_the_command_that_makes_one(
    monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("CONSOLE_USER", "operator")
    monkeypatch.setenv("CONSOLE_PASSWORD_HASH", password)
    with pytest.raises(SettingsError, match=r"^CONSOLE_PASSWORD_HASH: .*`slotkeeper console-password`") as refused:
        load_settings()
    assert password not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "missing"),
    [(("CONSOLE_USER", "operator"), "CONSOLE_PASSWORD_HASH"), (("CONSOLE_PASSWORD_HASH", HASH), "CONSOLE_USER")],
)
def test_half_a_login_is_refused(monkeypatch: pytest.MonkeyPatch, given: tuple[str, str], missing: str) -> None:
    monkeypatch.setenv(*given)
    with pytest.raises(SettingsError, match=f"^{missing}: is not set") as refused:
        load_settings()
    assert HASH not in str(refused.value)
    assert "\n" not in str(refused.value)


RETELLS = "key_" + "0f1e2d3c4b5a69788796a5b4c3d2"
WEAK_SECRETS = {
    "k": "fewer than 16 characters",
    "key_0123456789a": "fewer than 16 characters",
    "aaaaaaaaaaaaaaaaaaaaaaaa": "fewer than 8 different characters",
    "1212121212121212121212": "fewer than 8 different characters",
    "your-retell-api-key-here": "stand-in",
    "CHANGE-ME-please-0123456": "stand-in",
    "key_xxxxxxxxxxxx01234567": "stand-in",
    "TODO_set_a_key_0123456789": "stand-in",
}
SECRETS = (
    "RETELL_API_KEY",
    "CALCOM_API_KEY",
    "VAPI_SECRET",
    "ELEVENLABS_TOOL_SECRET",
    "ELEVENLABS_WEBHOOK_SECRET",
)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(("secret", "why"), WEAK_SECRETS.items())
def test_a_weak_secret_is_refused_with_a_remedy_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, secret: str, why: str
) -> None:
    monkeypatch.setenv(name, secret)
    with pytest.raises(SystemExit) as ended, exit_on_bad_settings():
        load_settings()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith(f"{name}: ")
    assert why in said or "at least 16 characters" in said
    assert said.count("\n") == 1
    assert len(secret) < 2 or secret not in said


@pytest.mark.parametrize("name", ["RETELL_API_KEY", "CALCOM_API_KEY"])
def test_in_the_embedded_stack_any_key_will_do(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "k")
    monkeypatch.setenv("EMBEDDED_STACK", "true")
    assert load_settings().embedded_stack


@pytest.mark.parametrize(
    "key",
    [
        RETELLS,
        "cal_live_" + "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "cal_" + "09af" * 8 + "bcde",
        "key_3fToDo9aKq81Bz7w",
        "q9yOuRx7Lm2Vt4Jk",
    ],
)
def test_keys_as_they_are_issued_are_taken(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, key)
    assert key not in repr(load_settings())


@pytest.mark.parametrize(
    ("hasher", "why"),
    [
        (PasswordHasher(time_cost=1, memory_cost=64, parallelism=1), r"memory \(64 KiB\) times its passes \(1\)"),
        (PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.I), "not argon2id"),
    ],
)
def test_a_hash_that_is_cheap_to_guess_is_refused_with_the_command_that_makes_a_better_one(
    monkeypatch: pytest.MonkeyPatch, hasher: PasswordHasher, why: str
) -> None:
    monkeypatch.setenv("CONSOLE_USER", "operator")
    monkeypatch.setenv("CONSOLE_PASSWORD_HASH", hasher.hash("correct horse"))
    with pytest.raises(
        SettingsError, match=f"^CONSOLE_PASSWORD_HASH: is too weak: .*{why}.*slotkeeper console-password$"
    ):
        load_settings()


@pytest.mark.parametrize(("passes", "kibibytes"), [(1, 47_104), (2, 19_456), (3, 12_288), (4, 9_216), (5, 7_168)])
def test_every_way_of_hashing_that_is_recommended_is_taken(
    monkeypatch: pytest.MonkeyPatch, passes: int, kibibytes: int
) -> None:
    monkeypatch.setenv("CONSOLE_USER", "operator")
    hasher = PasswordHasher(time_cost=passes, memory_cost=kibibytes, parallelism=1)
    monkeypatch.setenv("CONSOLE_PASSWORD_HASH", hasher.hash("correct horse"))
    assert load_settings().console_user == "operator"
