"""Two thousand calls in generated words, with changes of mind: nobody hears a word that is not so."""

import asyncio
import logging
from collections import Counter
from datetime import UTC, timedelta
from random import Random

import pytest

from tests.databases import ASKED_FOR
from tests.end_to_end.conftest import OpenSalon
from tests.end_to_end.random_caller import Office, RandomCaller, stranger_somewhere
from tests.end_to_end.salon import ENGLISH_OFFICE, HAIRCUT, SALON, TUESDAY_NIGHT, Salon

ON_POSTGRESQL = ASKED_FOR == "postgresql"
"""There it is the database that is shown something about, not the words: fewer calls will do."""

SEEDS = (1,) if ON_POSTGRESQL else (1, 2, 3, 4)
CONVERSATIONS = 150 if ON_POSTGRESQL else 500
AT_ONCE = 10

OFFICES = (Office(SALON, HAIRCUT, "de"), Office(SALON, HAIRCUT, "de"), Office(ENGLISH_OFFICE, 900005, "en"))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", SEEDS)
async def test_hundreds_of_callers_hear_the_truth_and_get_what_they_heard(
    open_with: OpenSalon, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    salon = await open_with(answer_budget=60)
    random = Random(seed)  # noqa: S311 - to be repeated, not kept secret
    heard: Counter[str] = Counter()
    for rush in range(CONVERSATIONS // AT_ONCE):
        # Every rush is on another day of three years, at another time of day.
        salon.clock.now = TUESDAY_NIGHT + timedelta(days=20 * rush, minutes=random.randrange(24 * 60))
        dice = [Random(random.random()) for _ in range(AT_ONCE)]  # noqa: S311 - as above
        callers = [RandomCaller(salon, random.choice(OFFICES), own, "Ada Miller") for own in dice]
        strangers = [stranger_somewhere(salon, random) for _ in range(4)]
        results = await asyncio.gather(*(c.talks() for c in callers), *strangers, return_exceptions=True)
        for caller, result in zip(callers, results, strict=False):
            if isinstance(result, BaseException):
                result.add_note("\n".join(caller.story))
                raise result
            heard.update(line.split(":")[0].strip() for line in caller.story[1::2])
        check_ledger(salon, callers)
        forget_a_busy_database(caplog)
    assert heard["booked"] > CONVERSATIONS / 4, heard
    kinds = ("available", "booked") if ON_POSTGRESQL else ("available", "unavailable", "slot_taken", "past_time")
    assert all(heard[status] for status in kinds), heard


def check_ledger(salon: Salon, callers: list[RandomCaller]) -> None:
    """What each caller was told is booked stands in the calendar, and nothing else of ours."""
    ledger = {(b.metadata.get("call"), b.start.astimezone(UTC)) for b in salon.bookings if b.metadata.get("call")}
    ids = {caller.caller.call_id for caller in callers}
    told = {(caller.caller.call_id, start) for caller in callers for start in caller.booked}
    assert {entry for entry in ledger if entry[0] in ids} == told


def forget_a_busy_database(caplog: pytest.LogCaptureFixture) -> None:
    """On a busy machine SQLite may not answer in time; calls go on without it, and the pool says so as an error."""
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record for record in errors if not record.name.startswith("sqlalchemy.pool")] == []
    caplog.clear()
