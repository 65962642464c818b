"""What is left of calls in which everything is in order."""

import pytest

from tests.chaos.evidence import Evidence
from tests.chaos.example import example


@pytest.fixture
async def booked() -> Evidence:
    """A question, a yes, a booking."""
    return await example("booked")


@pytest.fixture
async def offered() -> Evidence:
    """A question; the caller hangs up on the offer."""
    return await example("hung_up")


@pytest.fixture
async def taken() -> Evidence:
    """A question, a yes, somebody else's booking."""
    return await example("taken_at_booking")
