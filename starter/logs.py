"""What every process logs: lines of JSON on standard error, or coloured ones where somebody watches.

Whatever logs through ``logging``, here or in a library, comes out alike. What callers say stays out of it: an error
is told by its kind and where it arose, and by its message only where one of our steps has raised it for operators to
read; libraries, which log whole requests and rows when they explain themselves, are heard from their warnings on,
those that serve strangers later still.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError

OURS = ("activities", "console", "slotkeeper", "starter", "store", "temporalio.activity", "temporalio.workflow")
"""Loggers of our own code; the last two are those that steps and conversations speak through."""

_LATER = {
    "uvicorn.error": logging.ERROR,
    "nicegui": logging.ERROR,
    "engineio.server": logging.CRITICAL,
    "socketio.server": logging.CRITICAL,
}
"""From when on those libraries are heard that serve strangers: what they say before has in it what was sent them."""

_FRAMES = 8


def configure_logging(process_name: str, level: int = logging.INFO) -> None:
    """Send the logs of this process to standard error, as lines of ``process_name``.

    Args:
        process_name: What the process is called in the field ``process``.
        level: How much of our own code is heard.
    """
    watched = sys.stderr.isatty()
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                _of_process(process_name),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.ExtraAdder(),
            ],
            processors=[
                _error_as_event,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _first_line,
                _call_of_workflow,
                _error_without_message,
                structlog.dev.ConsoleRenderer() if watched else structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name, heard_from in _LATER.items():
        logging.getLogger(name).setLevel(heard_from)
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False


def way_to(error: BaseException) -> str:
    """Return where an error arose and how it was come by: files and lines, innermost first, and nothing else."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in islice(frames, _FRAMES))


def _of_process(name: str) -> Processor:
    def add(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        line["process"] = name
        return line

    return add


def _error_as_event(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Name an error that was logged in place of a sentence by its kind."""
    error = line["_record"].msg
    if isinstance(error, BaseException):
        line.update(event=type(error).__name__, exc_info=(type(error), error, error.__traceback__))
    return line


def _first_line(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Keep the sentence: below it libraries print what they were dealing with."""
    for needless in ("color_message", "__temporal_error_identifier"):
        line.pop(needless, None)
    line["event"] = str(line["event"]).partition("\n")[0]
    return line


def _call_of_workflow(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Say which call a line of a conversation or a step is about, in place of all that Temporal knows."""
    of_workflow, of_activity = line.pop("temporal_workflow", None), line.pop("temporal_activity", None)
    if isinstance(of_workflow, dict):
        line["call_id"] = str(of_workflow["workflow_id"]).removeprefix("call/")
    if isinstance(of_activity, dict):
        line["call_id"] = str(of_activity["workflow_id"]).removeprefix("call/")
        line.update(step=of_activity["activity_type"], attempt=of_activity["attempt"])
    return line


def _error_without_message(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    _, error, _ = line.pop("exc_info", None) or (None, None, None)
    line.pop("stack_info", None)
    if isinstance(error, BaseException):
        line.update(error=" < ".join(_kinds(error)), at=way_to(error))
    if isinstance(error, ApplicationError):
        line["why"] = error.message
    return line


def _kinds(error: BaseException | None) -> Iterator[str]:
    """Return what kind of error it is, then what kinds it was caused by."""
    while error is not None:
        yield type(error).__name__
        error = error.__cause__
