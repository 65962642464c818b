from collections import Counter
from io import StringIO

from rich.console import Console
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent, MarkerRecordedEventAttributes
from temporalio.client import WorkflowHistory

from bench.figures import Figures
from bench.per_call import LOCAL_ACTIVITY, actions_of, events_of, table


def marker(name: str, task: int) -> HistoryEvent:
    return HistoryEvent(
        event_type=EventType.EVENT_TYPE_MARKER_RECORDED,
        marker_recorded_event_attributes=MarkerRecordedEventAttributes(
            marker_name=name, workflow_task_completed_event_id=task
        ),
    )


def test_the_local_activities_of_one_workflow_task_are_one_action() -> None:
    history = WorkflowHistory(
        "call/1",
        [
            HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED),
            HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED),
            HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED),
            marker(LOCAL_ACTIVITY, 4),
            marker(LOCAL_ACTIVITY, 4),
            marker("core_patch", 4),
            marker(LOCAL_ACTIVITY, 9),
        ],
    )

    assert actions_of(history) == Counter({"start": 1, "activity": 1, "local activities": 2})
    assert events_of(history) == 7


def test_what_only_one_system_has_stands_in_its_column_alone() -> None:
    figures: Figures = [
        {"system": "apart", "what": "history events", "per_call": 54.0},
        {"system": "apart", "what": "CPU ms of Worker", "per_call": 71.25},
        {"system": "together", "what": "history events", "per_call": 53.0},
        {"system": "together", "what": "MB of Slotkeeper", "in_all": 210},
    ]
    paper = StringIO()
    Console(file=paper, width=100).print(table(figures))
    lines = {line.split("│")[1].strip(): line.split("│")[2:4] for line in paper.getvalue().splitlines() if "│" in line}

    assert [cell.strip() for cell in lines["history events"]] == ["54", "53"]
    assert [cell.strip() for cell in lines["CPU ms of Worker"]] == ["71.25", ""]
    assert [cell.strip() for cell in lines["MB of Slotkeeper"]] == ["", "210"]
