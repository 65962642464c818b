"""Several workers on one key, on a clock of their own: what reaches Cal.com, and who waits how long."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import NamedTuple

import httpx
import pytest

from activities.budget import SOON, Budget, Need, latest, said_of_budget
from simulator.calcom.config import RateLimit
from simulator.calcom.problems import TooManyRequests
from simulator.calcom.throttle import Throttle

TEN = datetime(2026, 12, 8, 10, 0, tzinfo=UTC)
LIMIT = RateLimit()
WORKERS = 4
LINE_SECONDS = 0.4
BOOKING_SECONDS, LOOK_SECONDS = (1.0, 4.0), (0.3, 2.0)
"""How long Cal.com takes to answer. It counts a request as it comes in, and refuses at once."""

SHARED_EVERY = 1.0


class Asked(NamedTuple):
    """A request that a worker is to make: when it was wanted first, and what for."""

    wanted_at: float
    need: Need
    worker: int


@dataclass
class Rush:
    """Workers that ask one Cal.com; time is in seconds, and passes from event to event."""

    random: Random
    heed: bool = True
    now: float = 0
    sent: list[tuple[float, Need]] = field(default_factory=list)
    refused: int = 0
    most_under_way: int = 0
    waited: dict[Need, list[float]] = field(default_factory=lambda: {need: [] for need in Need})
    withheld: dict[Need, int] = field(default_factory=lambda: dict.fromkeys(Need, 0))
    _throttle: Throttle = field(default_factory=lambda: Throttle(LIMIT))
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)
    _budgets: dict[int, Budget] = field(default_factory=dict)
    _under_way: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(WORKERS), 0))
    _stored: Budget | None = None

    def at(self, second: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (second, next(self._numbers), happens))

    def ask(self, second: float, need: Need, worker: int) -> None:
        asked = Asked(second, need, worker)
        self.at(second, lambda: self._try(asked))

    def run(self, until: float) -> None:
        self.at(SHARED_EVERY, self._share)
        while self._events and self._events[0][0] <= until:
            self.now, _, happens = heapq.heappop(self._events)
            happens()

    @property
    def moment(self) -> datetime:
        return TEN + timedelta(seconds=self.now)

    def _try(self, asked: Asked) -> None:
        budget = self._budgets.get(asked.worker)
        wait = budget.wait(asked.need, self.moment, self._under_way[asked.worker]) if budget and self.heed else None
        if wait:
            self.withheld[asked.need] += 1
            self._again(asked, wait.total_seconds())
            return
        self._under_way[asked.worker] += 1
        self.most_under_way = max(self.most_under_way, sum(self._under_way.values()))
        sent_at = self.moment
        self.at(self.now + LINE_SECONDS / 2, lambda: self._arrive(asked, sent_at))

    def _arrive(self, asked: Asked, sent_at: datetime) -> None:
        self.sent.append((self.now, asked.need))
        reset = None
        try:
            self._throttle.spend("key", self.moment)
        except TooManyRequests as refusal:
            reset = refusal.reset
            self.refused += 1
        headers = self._throttle.headers("key", self.moment, reset)
        answer = httpx.Response(429 if reset else 200, headers=headers)
        takes = 0 if reset else self.random.uniform(*(BOOKING_SECONDS if asked.need is Need.BOOKING else LOOK_SECONDS))
        waited = self.now - asked.wanted_at - LINE_SECONDS / 2
        self.at(self.now + takes + LINE_SECONDS / 2, lambda: self._hear(asked, sent_at, answer, waited))

    def _hear(self, asked: Asked, sent_at: datetime, answer: httpx.Response, waited: float) -> None:
        self._under_way[asked.worker] -= 1
        said = said_of_budget(answer, sent_at)
        assert said
        known = latest([said, self._budgets.get(asked.worker)], self.moment)
        assert known
        self._budgets[asked.worker] = known
        if answer.status_code == 429:
            self._again(asked, max(said.resets_at - self.moment, SOON).total_seconds())
        else:
            self.waited[asked.need].append(waited)

    def _again(self, asked: Asked, seconds: float) -> None:
        # A booking is tried until it is made; a caller with a question is put off, and a look is left out.
        if asked.need is Need.BOOKING:
            self.at(self.now + seconds, lambda: self._try(asked))

    def _share(self) -> None:
        if known := latest([self._stored, *self._budgets.values()], self.moment):
            self._stored = known
            self._budgets = dict.fromkeys(range(WORKERS), known)
        self.at(self.now + SHARED_EVERY, self._share)


def rush(seed: int, *, calls: int, flood: int, heed: bool = True) -> Rush:
    """Play a minute: ``calls`` that book after about fourteen seconds, and a ``flood`` of mere questions in 20 s."""
    random = Random(seed)  # noqa: S311 - to be repeated
    played = Rush(random, heed)
    for _ in range(calls):
        begins, thinks = random.uniform(0, 45), random.uniform(8, 20)
        for later, need in ((0.0, Need.QUESTION), (thinks, Need.OPTIONAL), (thinks + 0.5, Need.BOOKING)):
            played.ask(begins + later, need, random.randrange(WORKERS))
    for _ in range(flood):
        played.ask(random.uniform(0, 20), Need.QUESTION, random.randrange(WORKERS))
    played.run(until=400)
    return played


@pytest.mark.parametrize("seed", range(20))
def test_with_a_flood_of_questions_bookings_wait_for_one_reset_at_most_and_less_than_they_would(seed: int) -> None:
    seen = rush(seed, calls=30, flood=100)

    assert seen.refused == 0
    assert seen.withheld[Need.OPTIONAL] > seen.withheld[Need.QUESTION] * 30 / 130
    bookings = seen.waited[Need.BOOKING]
    assert len(bookings) == 30
    assert max(bookings) <= LIMIT.window_seconds
    heedless = rush(seed, calls=30, flood=100, heed=False)
    assert heedless.refused > seen.refused
    assert sum(bookings) < sum(heedless.waited[Need.BOOKING])


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("calls", "longest"), [(45, 2), (50, 10)])
def test_when_looks_are_left_out_more_calls_are_booked_with_next_to_no_waiting(
    calls: int, longest: float, seed: int
) -> None:
    seen = rush(seed, calls=calls, flood=0)

    assert (seen.refused, len(seen.waited[Need.QUESTION]), len(seen.waited[Need.BOOKING])) == (0, calls, calls)
    assert max(seen.waited[Need.BOOKING]) < longest
    assert rush(seed, calls=calls, flood=0, heed=False).refused > 0


@pytest.mark.parametrize("seed", range(20))
def test_beyond_the_limit_goes_only_what_was_under_way(seed: int) -> None:
    seen = rush(seed, calls=60, flood=300)

    assert seen.refused <= seen.most_under_way
    assert len(seen.waited[Need.BOOKING]) == 60


@pytest.mark.parametrize("seed", range(20))
def test_a_pace_the_key_has_room_for_loses_nothing(seed: int) -> None:
    seen = rush(seed, calls=20, flood=0)

    assert (seen.refused, seen.withheld) == (0, dict.fromkeys(Need, 0))
