"""Nobody is killed while he finishes what he has begun: all the times that say so agree."""

import re
from math import ceil

import pytest

from activities import answer_times, budget
from simulator.stack import GRACE_SECONDS
from starter import outbox
from starter.ending import REST_SECONDS
from starter.health import FAREWELL_SECONDS
from starter.serving import answers_out_within
from starter.settings import Settings
from store.errors import QUERY_SECONDS
from tests.deploy.compose import ROOT, services
from worker import DRAIN
from workflows import options
from workflows.options import StepOptions, StoreOptions

SERVICES = services()

BUDGET_SECONDS: float = Settings.model_fields["answer_budget_seconds"].default

STEPS: dict[str, StepOptions] = {
    "a look while the caller waits": options.while_caller_waits(BUDGET_SECONDS),
    "recheck": options.RECHECK,
    "book": options.BOOK,
    "release": options.RELEASE,
    "record": options.RECORD,
}

WITHIN_A_TASK: dict[str, StoreOptions] = {
    "find customer": options.FIND_CUSTOMER,
    "record at once": options.RECORD_AT_ONCE,
}

AT_THE_END = QUERY_SECONDS + REST_SECONDS
"""Seconds: queries that were given up come to rest, then Temporal's threads do."""

WORKER_SECONDS = DRAIN.total_seconds() + answer_times.LAST_SECONDS + budget.LAST_SECONDS + FAREWELL_SECONDS + AT_THE_END
WEBHOOK_SECONDS = answers_out_within(BUDGET_SECONDS) + outbox.FLUSH_SECONDS + AT_THE_END


def allowed(service: str) -> float:
    """Return the seconds Compose gives a service to end."""
    given = str(SERVICES[service].fields["stop_grace_period"])
    assert given.endswith("s")
    return float(given.removesuffix("s"))


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_drains_for_longer_than_any_try_of_a_step_takes(step: str) -> None:
    assert STEPS[step]["start_to_close_timeout"] < DRAIN


@pytest.mark.parametrize("step", WITHIN_A_TASK)
def test_a_step_within_a_workflow_task_is_over_before_the_task_is(step: str) -> None:
    assert WITHIN_A_TASK[step]["schedule_to_close_timeout"] < options.TASK_TIMEOUT


def test_compose_and_the_stack_let_a_worker_drain() -> None:
    assert allowed("worker") > WORKER_SECONDS
    assert DRAIN.total_seconds() < GRACE_SECONDS


def test_compose_lets_the_answers_of_the_webhook_out() -> None:
    assert allowed("webhook") > WEBHOOK_SECONDS


def test_the_document_says_what_compose_allows() -> None:
    stopping = (ROOT / "docs/operations.md").read_text().partition("\n### Stopping\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (\w+) \| .* \| (\d+ s \| \d+ s) \|$", stopping, re.MULTILINE))
    assert rows["worker"] == f"{ceil(WORKER_SECONDS)} s | {allowed('worker'):g} s"
    assert rows["webhook"] == f"{ceil(WEBHOOK_SECONDS)} s | {allowed('webhook'):g} s"
    assert "answers under way are delivered within the answer budget and a second" in stopping
    assert f"steps that have begun are finished ({DRAIN.total_seconds():g} s)" in stopping
