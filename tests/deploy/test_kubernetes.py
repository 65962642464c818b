"""What deploy/kubernetes promises, held to the published schemas and to the programs it runs."""

import re
from collections.abc import Iterator
from typing import Any, cast

import kubernetes_validate
import pytest
import yaml

from starter.settings import Settings
from tests.deploy.compose import ROOT, services
from worker import DRAIN
from workflows.messages import TASK_QUEUE
from workflows.visibility import SEARCH_ATTRIBUTES

FOLDER = ROOT / "deploy/kubernetes"
VERSIONS = ("1.30", kubernetes_validate.latest_version())
"""The first one in which a pod may sleep before it stops, and the newest that is known here."""

Manifest = dict[str, Any]


def manifests() -> Iterator[Manifest]:
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    for name in kustomization["resources"]:
        yield from yaml.safe_load_all((FOLDER / name).read_text())


MANIFESTS = {f"{m['kind']}/{m['metadata']['name']}": m for m in manifests()}
DEPLOYMENTS = {m["metadata"]["name"]: m for m in MANIFESTS.values() if m["kind"] == "Deployment"}
NOT_KUBERNETES_OWN = {"ScaledObject/worker"}
PROCESSES = ("worker", "webhook", "console")


def pod(process: str) -> Manifest:
    return cast(Manifest, DEPLOYMENTS[process]["spec"]["template"]["spec"])


def container(process: str) -> Manifest:
    [only] = pod(process)["containers"]
    return cast(Manifest, only)


def test_every_file_is_applied() -> None:
    listed = set(yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"])
    assert {path.name for path in FOLDER.glob("*.yaml")} == listed | {"kustomization.yaml"}
    assert set(DEPLOYMENTS) == set(PROCESSES)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", sorted(MANIFESTS.keys() - NOT_KUBERNETES_OWN))
def test_a_manifest_keeps_to_the_published_schema(name: str, version: str) -> None:
    kubernetes_validate.validate(MANIFESTS[name], version, strict=True)


def test_the_schemas_refuse_what_they_do_not_know() -> None:
    wrong = {**MANIFESTS["Service/webhook"], "spec": {"selektor": {}}}
    with pytest.raises(kubernetes_validate.ValidationError, match="selektor"):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_runs_the_command_it_runs_under_compose(process: str) -> None:
    assert container(process)["command"] == services()[process].command


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_is_given_nothing_but_settings_it_knows(process: str) -> None:
    known = {name.upper() for name in Settings.model_fields} | {"NICEGUI_STORAGE_PATH"}
    given = {entry["name"] for entry in container(process).get("env", [])}
    given |= set(MANIFESTS["ConfigMap/slotkeeper-settings"]["data"])
    assert {name for name in given - known if not name.startswith("TEMPORAL_")} == set()


@pytest.mark.parametrize("process", PROCESSES)
def test_every_probe_asks_a_port_that_is_there(process: str) -> None:
    ports = {port["name"]: port["containerPort"] for port in container(process)["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container(process)[probe]["httpGet"]["port"] in ports
    assert f":{ports['metrics']}" in MANIFESTS["ConfigMap/slotkeeper-settings"]["data"]["METRICS_BIND"]


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_says_how_much_it_needs_and_at_most_takes(process: str) -> None:
    resources = container(process)["resources"]
    # What is to be scaled by processor time needs a request to be a part of.
    assert resources["requests"].keys() >= {"cpu", "memory"}
    assert "memory" in resources["limits"]


def test_an_outage_of_what_we_depend_on_takes_no_webhook_away() -> None:
    assert container("webhook")["readinessProbe"]["httpGet"]["path"] == "/health"


def test_the_worker_tells_its_health_where_it_is_asked() -> None:
    bind = next(entry["value"] for entry in container("worker")["env"] if entry["name"] == "HEALTH_BIND")
    ports = {port["name"]: port["containerPort"] for port in container("worker")["ports"]}
    assert bind == f"0.0.0.0:{ports['health']}"


def test_nothing_is_killed_while_it_finishes_what_it_has_begun() -> None:
    assert pod("worker")["terminationGracePeriodSeconds"] > DRAIN.total_seconds() + 10
    budget = Settings.model_fields["answer_budget_seconds"].default
    until_nobody_sends = container("webhook")["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod("webhook")["terminationGracePeriodSeconds"] > until_nobody_sends + budget + 1


@pytest.mark.parametrize("process", ["worker", "webhook"])
def test_what_callers_wait_for_runs_at_least_twice_and_is_never_taken_away_at_once(process: str) -> None:
    budget = MANIFESTS[f"PodDisruptionBudget/{process}"]["spec"]
    labels = DEPLOYMENTS[process]["spec"]["template"]["metadata"]["labels"]
    assert budget["selector"]["matchLabels"] == labels
    assert budget["maxUnavailable"] == 1
    assert DEPLOYMENTS[process]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    scaler = MANIFESTS["ScaledObject/worker" if process == "worker" else f"HorizontalPodAutoscaler/{process}"]["spec"]
    assert scaler["scaleTargetRef"]["name"] == process
    assert scaler.get("minReplicas", scaler.get("minReplicaCount")) >= 2


def test_workers_are_scaled_by_the_backlog_of_the_queue_they_work_on() -> None:
    trigger = next(t for t in MANIFESTS["ScaledObject/worker"]["spec"]["triggers"] if t["type"] == "temporal")
    settings = MANIFESTS["ConfigMap/slotkeeper-settings"]["data"]
    assert trigger["metadata"]["taskQueue"] == TASK_QUEUE
    assert trigger["metadata"]["endpoint"] == settings["TEMPORAL_ADDRESS"]
    assert trigger["metadata"]["namespace"] == settings["TEMPORAL_NAMESPACE"]
    assert set(trigger["metadata"]["queueTypes"].split(",")) == {"workflow", "activity"}
    assert all(isinstance(value, str) for value in trigger["metadata"].values())


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_has_no_more_rights_than_it_needs(process: str) -> None:
    assert pod(process)["securityContext"]["runAsNonRoot"]
    assert not pod(process)["automountServiceAccountToken"]
    assert container(process)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container(process)["resources"]["limits"]["memory"]


def test_a_secret_goes_to_those_who_need_it_and_is_never_written_down() -> None:
    read_by = {
        process: {source["secretRef"]["name"] for source in container(process)["envFrom"] if "secretRef" in source}
        for process in PROCESSES
    }
    assert read_by == {
        "worker": {"slotkeeper-shared", "slotkeeper-calcom"},
        "webhook": {"slotkeeper-shared", "slotkeeper-platforms"},
        "console": {"slotkeeper-shared", "slotkeeper-console"},
    }
    assert not any(manifest["kind"] == "Secret" for manifest in MANIFESTS.values())
    described = (FOLDER / "README.md").read_text()
    assert all(name in described for names in read_by.values() for name in names)


def test_only_the_platforms_routes_are_open_to_the_world() -> None:
    [rule] = MANIFESTS["Ingress/webhook"]["spec"]["rules"]
    assert {path["path"] for path in rule["http"]["paths"]} == {"/retell", "/vapi", "/elevenlabs"}
    assert {manifest["metadata"]["name"] for manifest in MANIFESTS.values() if manifest["kind"] == "Ingress"} == {
        "webhook"
    }


def test_the_commands_register_every_search_attribute() -> None:
    described = (FOLDER / "README.md").read_text()
    registered = set(re.findall(r"--name (\w+) --type (\w+)", described))
    assert registered == {(key.name, key.indexed_value_type.name.title()) for key in SEARCH_ATTRIBUTES}
