"""Borders that the import linter cannot hold: a single module, and signatures that must agree."""

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from temporalio import activity

import workflows.steps
from activities.records import RecordActivities
from activities.scheduling import SchedulingActivities

ROOT = Path(__file__).parents[1]

STEPS = {
    step.__name__: step
    for step in vars(workflows.steps).values()
    if inspect.iscoroutinefunction(step) and step.__module__ == workflows.steps.__name__
}


def test_the_worker_takes_only_what_every_process_needs_from_the_starter() -> None:
    imported = {
        node.module
        for node in ast.walk(ast.parse((ROOT / "worker.py").read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "starter"
    }
    assert imported == {
        "starter.connect",
        "starter.health",
        "starter.logs",
        "starter.patience",
        "starter.settings",
    }


@pytest.mark.parametrize("name", STEPS)
def test_each_step_is_carried_out_by_a_method_of_the_same_signature(name: str) -> None:
    carried_out: list[Callable[..., Any]] = [
        getattr(room, name) for room in (SchedulingActivities, RecordActivities) if hasattr(room, name)
    ]
    assert len(carried_out) == 1
    method, step = carried_out[0], STEPS[name]
    assert get_type_hints(method) == get_type_hints(step)
    assert [p for p in inspect.signature(method).parameters if p != "self"] == list(inspect.signature(step).parameters)
    defined, asked = activity._Definition.must_from_callable(method), activity._Definition.must_from_callable(step)
    assert defined.name == asked.name
