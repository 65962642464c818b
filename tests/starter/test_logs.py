"""What a process logs: one JSON object a line, with nothing in it that callers have said."""

import json
import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars
from temporalio.exceptions import ApplicationError

from starter.logs import configure_logging

CALLER = "Hansi Hinterseer"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> "Lines":
    return Lines(capsys)


class Lines:
    """What has been logged since it was looked at last."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._capsys.readouterr().err.splitlines()]


def test_a_line_says_when_which_process_and_how_bad_it_is(lines: Lines) -> None:
    configure_logging("webhook")
    logging.getLogger("starter.door").warning("%d doors are open", 2)
    [line] = lines()
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() == timedelta()
    assert line == {"event": "2 doors are open", "level": "warning", "logger": "starter.door", "process": "webhook"}


def test_fields_of_a_line_and_of_what_is_being_done_stand_beside_the_event(lines: Lines) -> None:
    configure_logging("webhook")
    with bound_contextvars(call_id="call_1", company="salon-beispiel"):
        logging.getLogger("starter.journal").info("answered", extra={"status": "booked"})
    [line] = lines()
    assert (line["call_id"], line["company"], line["status"]) == ("call_1", "salon-beispiel", "booked")


@pytest.mark.parametrize("library", ["temporalio.worker", "aiosqlite", "httpx", "sqlalchemy.engine"])
def test_libraries_are_heard_from_their_warnings_on_however_much_is_asked_of_our_own_code(
    lines: Lines, library: str
) -> None:
    configure_logging("worker", logging.DEBUG)
    logging.getLogger(library).info("request of %s", CALLER)
    logging.getLogger("starter").debug("looking")
    logging.getLogger(library).warning("slow")
    assert [line["event"] for line in lines()] == ["looking", "slow"]


def test_an_error_is_told_by_its_kinds_and_where_it_arose(lines: Lines) -> None:
    configure_logging("worker")
    try:
        try:
            int(CALLER)
        except ValueError as error:
            raise LookupError(CALLER) from error
    except LookupError:
        logging.getLogger("uvicorn.error").exception("it broke\nwhile it dealt with %s", CALLER)
    [line] = lines()
    assert (line["event"], line["error"]) == ("it broke", "LookupError < ValueError")
    assert line["at"].startswith("test_logs.py:")
    assert "Hansi" not in json.dumps(line)


@pytest.mark.parametrize("raised", [True, False])
def test_an_error_logged_in_place_of_a_sentence_is_told_by_its_kind_and_where_it_arose(
    lines: Lines, raised: bool
) -> None:
    configure_logging("console")
    error = LookupError(CALLER)
    if raised:
        with pytest.raises(LookupError):
            raise error
    logging.getLogger("nicegui").exception(error)
    [line] = lines()
    assert (line["event"], line["error"]) == ("LookupError", "LookupError")
    assert line["at"].startswith("test_logs.py:") is raised
    assert "Hansi" not in json.dumps(line)


def test_what_strangers_send_to_the_libraries_that_serve_them_is_not_heard(lines: Lines) -> None:
    configure_logging("console")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received: %s", CALLER)
    logging.getLogger("nicegui").warning("http://localhost/calls?text=%s not found", CALLER)
    logging.getLogger("engineio.server").error("Invalid session %s", CALLER)
    logging.getLogger("socketio.server").error("Unknown event %s", CALLER)
    assert lines() == []


def test_what_a_step_says_of_its_failure_is_told(lines: Lines) -> None:
    configure_logging("worker")
    try:
        raise ApplicationError("the API key is refused; check CALCOM_API_KEY") from ValueError(CALLER)
    except ApplicationError:
        logging.getLogger("temporalio.activity").warning("failed", exc_info=True)
    [line] = lines()
    assert (line["error"], line["why"]) == (
        "ApplicationError < ValueError",
        "the API key is refused; check CALCOM_API_KEY",
    )
    assert "Hansi" not in json.dumps(line)


def test_a_line_of_a_conversation_or_a_step_names_its_call(lines: Lines) -> None:
    configure_logging("worker")
    of_call = {"workflow_id": "call/call_1", "run_id": "1"}
    step = of_call | {"activity_type": "book_slot", "attempt": 2}
    logging.getLogger("temporalio.workflow").warning("call not recorded", extra={"temporal_workflow": of_call})
    logging.getLogger("temporalio.activity").warning("slow", extra={"temporal_activity": step})
    of_workflow, of_activity = lines()
    assert of_workflow["call_id"] == of_activity["call_id"] == "call_1"
    assert (of_activity["step"], of_activity["attempt"]) == ("book_slot", 2)
    assert "temporal_workflow" not in of_workflow


def test_configured_again_every_line_still_comes_once(lines: Lines) -> None:
    configure_logging("webhook")
    configure_logging("webhook")
    logging.getLogger("starter").info("once")
    assert len(lines()) == 1


def test_whoever_watches_a_terminal_sees_colours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    configure_logging("webhook")
    logging.getLogger("starter").info("answered", extra={"status": "booked"})
    line = capsys.readouterr().err
    assert "\x1b[" in line
    assert "answered" in line
    assert "booked" in line
