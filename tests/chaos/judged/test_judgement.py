"""A judgement over all promises, and the story of one that was broken."""

from dataclasses import replace

import pytest

from tests.chaos.altered import SECOND, in_ledger, last, said_further
from tests.chaos.evidence import Evidence, Injected
from tests.chaos.example import NAME, example
from tests.chaos.promises import PROMISES, judge
from tests.replay.record import PATHS


@pytest.mark.parametrize("name", PATHS)
async def test_an_undisturbed_call_keeps_every_promise(name: str) -> None:
    assert await judge(await example(name)) == []


def test_the_promises_are_numbered_from_one_to_nine() -> None:
    assert [promise.number for promise in PROMISES] == list(range(1, 10))


class TestTheStory:
    async def test_it_is_short_and_tells_what_happened(self, booked: Evidence) -> None:
        at = last(booked).sent_at
        many = [Injected(at + n * SECOND, f"fault {n}") for n in range(-20, 20)]
        lied_to = replace(in_ledger(booked, stands=False), injected=many)
        for _ in range(10):
            lied_to = said_further(lied_to, replace(last(lied_to), sent_at=last(lied_to).sent_at + SECOND))
        breach = next(breach for breach in await judge(lied_to) if breach.promise == 3)
        assert breach.call_id == booked.calls[0].call_id
        assert len(breach.story) <= 12
        told = "\n".join(breach.story)
        for part in ("does not stand", "book_appointment", "booked Thu 07:00 uid-1", "step book_slot", "!! fault 0"):
            assert part in told
        assert NAME not in told
        times = [line[:12] for line in breach.story[1:]]
        assert times == sorted(times)
