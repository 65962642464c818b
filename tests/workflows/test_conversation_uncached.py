"""The same conversations on a worker that keeps nothing: every task replays the call from its first event."""

from typing import Any

import pytest

from tests.workflows.test_conversation import *  # noqa: F403  every case runs here again


@pytest.fixture
def worker_options() -> dict[str, Any]:
    return {"max_cached_workflows": 0}
