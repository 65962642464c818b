"""The rules of Prometheus: each alert fires for its reason, says what to do, and speaks of metrics that exist."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from starter.connect import connect, read_connection
from starter.conversation import Conversation
from starter.settings import Settings
from store.figures import FAILURES_IN_ROW, FEWEST_CONFIRMED, SUCCESS_GOAL, SUCCESS_LIMIT
from tests.deploy.promql import ALERTS, FOLDER, OURS, RECORDED, RULES, Rule, selected_in, series_in, values_of
from tests.temporal import TemporalServer
from tests.workflows.fakes import THURSDAY, FakeCalendar, Phone, new_call, worker_with

ROOT = Path(__file__).parents[2]


@pytest.fixture
def promtool() -> Callable[..., None]:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian's package prometheus has it)")

    def run(*arguments: str) -> None:
        done = subprocess.run([program, *arguments], cwd=FOLDER, capture_output=True, text=True)  # noqa: S603
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_the_configuration_is_accepted(promtool: Callable[..., None]) -> None:
    promtool("check", "config", "prometheus.yml")
    promtool("check", "rules", "alerts.yml")


def test_every_alert_fires_for_its_reason_and_for_no_other(promtool: Callable[..., None]) -> None:
    promtool("test", "rules", "alerts.test.yml")


def test_every_alert_is_tried() -> None:
    tried = (FOLDER / "alerts.test.yml").read_text()
    assert [name for name in ALERTS if f'alertname="{name}"' not in tried] == []


def test_the_four_rollback_triggers_are_marked() -> None:
    triggers = {name for name, rule in ALERTS.items() if rule.get("labels", {}).get("rollback") == "true"}
    assert triggers == {
        "BookingSuccessBelowRollbackLine",
        "RaceErrorReachedCaller",
        "CalendarRateLimited",
        "RecheckFailing",
    }


def test_the_alerts_fire_where_the_figures_do() -> None:
    assert f"< {SUCCESS_GOAL:.2f} and" in ALERTS["BookingSuccessBelowGoal"]["expr"]
    assert f"< {SUCCESS_LIMIT:.2f} and" in ALERTS["BookingSuccessBelowRollbackLine"]["expr"]
    for name in ("BookingSuccessBelowGoal", "BookingSuccessBelowRollbackLine"):
        assert ALERTS[name]["expr"].endswith(f">= {FEWEST_CONFIRMED}")
    assert f">= {FAILURES_IN_ROW}" in ALERTS["RecheckFailing"]["expr"]


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_is_wrong_what_to_do_and_where_more_is_written(name: str) -> None:
    notes = ALERTS[name].get("annotations", {})
    assert notes["summary"].endswith(".")
    assert notes["do"].endswith(".")
    file, _, heading = notes["runbook"].partition("#")
    assert heading in anchors((ROOT / file).read_text())


def anchors(document: str) -> set[str]:
    """Return what a document's headings are linked by: lower case, spaces as hyphens, no punctuation."""
    titles = re.findall(r"^#+ (.+)$", document, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_selects_only_labels_and_values_that_exist(rule: Rule) -> None:
    unknown = [
        selected
        for selected in selected_in(rule["expr"])
        if selected.series != "up" and selected.value not in values_of(selected.series, selected.label)
    ]
    assert unknown == []


async def test_every_rule_reads_series_that_exist(
    temporal: TemporalServer, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.client.service_client.config.target_host)
    endpoint = f"127.0.0.1:{unused_tcp_port}"
    client = await connect(read_connection(Settings(metrics_bind=endpoint)))
    task_queue = f"appointments-{uuid4().hex}"
    async with worker_with(client, FakeCalendar(), task_queue), httpx.AsyncClient(trust_env=False) as http:
        phone = Phone(TemporalServer(client, temporal.pass_time), Conversation(client, task_queue), new_call())
        await phone.asks(THURSDAY, "09:00")
        await phone.says_yes()
        await phone.hangs_up()
        await phone.ends()
        text = (await http.get(f"http://{endpoint}/metrics")).text
    theirs = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}

    read = {name: rule["expr"] for rule in RULES for name in series_in(rule["expr"])}
    known = OURS.keys() | theirs | RECORDED.keys() | {"up"}
    assert {name: expr for name, expr in read.items() if name not in known} == {}
    assert any(name.startswith("temporal_") for name in read)
