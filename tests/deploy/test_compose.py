"""What docker-compose.yml promises: nothing is left to chance, nothing secret has a default, nothing stands open."""

import os
import re
import shutil
import subprocess
import tomllib

import pytest

from starter.settings import Settings
from tests.deploy.compose import FILE, ROOT, SECRETS, NotSet, services
from workflows.visibility import SEARCH_ATTRIBUTES

SERVICES = services()


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if service.runs_on])
def test_what_stays_up_has_a_health_check(name: str) -> None:
    assert SERVICES[name].health_check


def test_every_service_stays_up_or_is_a_job_that_others_wait_for() -> None:
    waited_for = {
        name
        for service in SERVICES.values()
        if isinstance(needs := service.fields.get("depends_on", {}), dict)
        for name in needs
    }
    assert [name for name, service in SERVICES.items() if not service.runs_on and name not in waited_for] == []


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_has_to_be_set(name: str) -> None:
    with pytest.raises(NotSet, match=name):
        services({**SECRETS, name: ""})


def test_no_secret_has_a_default() -> None:
    variables = re.findall(r"\$\{(\w+)(?::-([^}]*))?", FILE.read_text())
    secret = re.compile("KEY|PASSWORD|SECRET|HASH")
    assert {name for name, default in variables if secret.search(name) and default} == set()


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned_or_built_here(name: str) -> None:
    service = SERVICES[name]
    _, _, version = service.image.partition(":")
    assert "build" in service.fields or re.search(r"\d", version)


def test_every_file_that_is_mounted_is_there() -> None:
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.volumes]
    files = [name for name in mounted if name.startswith("./")]
    assert files
    assert [name for name in files if not (ROOT / name).exists()] == []


def test_every_port_is_published_on_this_machine_alone_and_the_figures_on_none() -> None:
    published = [port.split(":") for service in SERVICES.values() for port in service.ports]
    assert {address for address, _, _ in published} == {"127.0.0.1"}
    assert "9464" not in {inside for _, _, inside in published}


@pytest.mark.parametrize("name", ["webhook", "worker", "console"])
def test_a_process_of_ours_is_given_nothing_but_settings_it_knows(name: str) -> None:
    known = {setting.upper() for setting in Settings.model_fields}
    given = {setting for setting in SERVICES[name].environment if not setting.startswith("TEMPORAL_")}
    assert given - known == set()
    assert "METRICS_BIND" in given


def test_every_setting_of_the_installation_reaches_a_process() -> None:
    of_the_embedded_stack = {"EMBEDDED_STACK", "TRY_IT_WEBHOOK_URL"}
    known = {setting.upper() for setting in Settings.model_fields} - of_the_embedded_stack
    given = {setting for name in ("webhook", "worker", "console") for setting in SERVICES[name].environment}
    assert known - given == set()


def test_prometheus_asks_every_process_of_ours_where_its_figures_are() -> None:
    configured = (ROOT / "deploy/prometheus/prometheus.yml").read_text()
    for name in ("webhook", "worker", "console"):
        port = SERVICES[name].environment["METRICS_BIND"].rpartition(":")[2]
        assert re.search(rf"names: \[{name}\]\n +type: A\n +port: {port}\n", configured)


def test_with_keys_the_temporal_ui_has_payloads_deciphered_by_the_console() -> None:
    assert SERVICES["temporal-ui"].environment["TEMPORAL_CODEC_ENDPOINT"] == ""
    keys = {"PAYLOAD_ENCRYPTION_KEYS": "k1:0123456789"}
    for name in ("webhook", "worker", "console"):
        assert services({**SECRETS, **keys})[name].environment["PAYLOAD_ENCRYPTION_KEYS"] == "k1:0123456789"
    ui = services({**SECRETS, **keys})["temporal-ui"].environment
    published = SERVICES["console"].ports[0].split(":")[1]
    assert ui["TEMPORAL_CODEC_ENDPOINT"] == f"http://localhost:{published}/codec"
    assert ui["TEMPORAL_CODEC_INCLUDE_CREDENTIALS"] == "true"
    ui = services({**SECRETS, **keys, "CONSOLE_URL": "https://console.example"})["temporal-ui"].environment
    assert ui["TEMPORAL_CODEC_ENDPOINT"] == "https://console.example/codec"


def test_every_search_attribute_is_registered() -> None:
    [script] = SERVICES["temporal-namespace"].command
    registered = set(re.findall(r"--name (\w+) --type (\w+)", script))
    assert registered == {(key.name, key.indexed_value_type.name.title()) for key in SEARCH_ATTRIBUTES}


def test_the_image_has_every_room_that_is_installed_but_the_stand_ins() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rooms = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    copied = set(re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    assert copied == rooms - {"simulator"}
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert copied.isdisjoint(left_out)


def test_compose_itself_accepts_the_file() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:  # noqa: S603
        pytest.skip("docker compose is not installed")
    accepted = subprocess.run(  # noqa: S603 - our own file
        [docker, "compose", "--file", str(FILE), "config", "--quiet"],
        env={**os.environ, **SECRETS},
        capture_output=True,
        text=True,
    )
    assert (accepted.returncode, accepted.stderr) == (0, "")
