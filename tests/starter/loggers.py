"""Python's loggers, which a process configures for good and a test must not."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from starter.logs import OURS


@contextmanager
def loggers_as_before() -> Iterator[None]:
    """Undo at the end what ``configure_logging`` has done meanwhile."""
    root, loggers = logging.getLogger(), [logging.getLogger(name) for name in OURS]
    handlers, levels = list(root.handlers), [logger.level for logger in (root, *loggers)]
    yield
    root.handlers[:] = handlers
    for logger, level in zip((root, *loggers), levels, strict=True):
        logger.setLevel(level)
