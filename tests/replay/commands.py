"""What the workflow tells Temporal to do on every golden path, in a file people can read: ``commands.txt``."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent, MarkerRecordedEventAttributes

FILE = Path(__file__).with_name("commands.txt")

_LOCAL_ACTIVITY = "core_local_activity"

_LEFT_OUT = "Answers to updates are left out: where they stand among the rest is a matter of milliseconds."


def commands(events: Sequence[HistoryEvent]) -> list[str]:
    """Return what the workflow commanded, one line each, with what replay does not look at: times and attempts."""
    return [line for event in events for line in _command(event)]


def _command(event: HistoryEvent) -> Iterator[str]:
    if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
        step = event.activity_task_scheduled_event_attributes
        tries = step.retry_policy.maximum_attempts
        sign = _text(step.heartbeat_timeout)
        yield (
            f"{step.activity_type.name}: {_text(step.start_to_close_timeout)} for a try,"
            f" {_text(step.schedule_to_close_timeout)} in all{f', {tries} tries' if tries else ''}"
            f"{f', a sign of life every {sign}' if step.heartbeat_timeout.ToTimedelta() else ''}"
        )
    elif event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
        yield f"wait {_text(event.timer_started_event_attributes.start_to_fire_timeout)}"
    elif event.event_type == EventType.EVENT_TYPE_TIMER_CANCELED:
        yield "wait no longer"
    elif event.event_type == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
        changed = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
        yield f"show {', '.join(sorted(changed))}"
    elif event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED:
        yield _marked(event.marker_recorded_event_attributes)
    elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
        yield "end"


def _marked(marker: MarkerRecordedEventAttributes) -> str:
    if marker.marker_name != _LOCAL_ACTIVITY:
        return f"mark {marker.marker_name}"
    [done] = marker.details["data"].payloads
    return f"{json.loads(done.data)['activity_type']}: within the workflow task"


def as_text(paths: Mapping[str, Sequence[str]]) -> str:
    """Return the file's text: every path with its commands."""
    blocks = ["\n".join([f"{name}:", *(f"  {line}" for line in lines)]) for name, lines in paths.items()]
    return "\n\n".join([f"# Written by `make histories`. {_LEFT_OUT}", *blocks]) + "\n"


def kept() -> dict[str, list[str]]:
    """Return what the file says."""
    paths: dict[str, list[str]] = {}
    for block in FILE.read_text().split("\n\n")[1:]:
        name, *lines = block.strip().split("\n")
        paths[name.removesuffix(":")] = [line.strip() for line in lines]
    return paths


def _text(duration: Duration) -> str:
    length: timedelta = duration.ToTimedelta()
    return f"{length.total_seconds():g} s"
