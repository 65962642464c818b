"""How many requests Cal.com still allows a key, and what they are kept for.

A key may make so many requests a minute (120 unless Cal.com was asked for more), whatever for. Every answer says how
many are left and when the count begins again; one request too many, and all are refused for a further minute. So a
request that is known to be refused is not sent, and the last ones are kept for what a caller needs most.

Budgets are known to each worker by Cal.com's own answers, and shared through the store about once a second, so that a
worker that has not asked for a while learns from the others. No answer waits for that; while the store is away each
worker goes by what it hears itself.
"""

import asyncio
import hashlib
import logging
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import httpx
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.common import MetricMeter

from store.budgets import CLOCKS_DIFFER, exchange_budgets
from store.errors import StoreUnavailable
from store.holds import utc_now
from store.tables import CalendarBudget
from workflows.metrics import CALCOM_REQUESTS_WITHHELD

USUAL_LIMIT = 120
WINDOW = timedelta(seconds=60)
"""Requests a key may make in a window, where Cal.com's answer does not say; and how long windows and blocks are."""

ESSENTIAL_SHARE = 2 / 3
"""A booked call takes three requests, and two of them must be: the check and the booking. So this much of a minute's
requests is what calls need in a minute when the third, the look before booking, is left out."""

LAST_SHARE = 1 / 12
"""The last 10 of 120 are for those who have said "yes"."""

UNDER_WAY_SHARE = 1 / 24
"""The last 5 of 120 are for what other workers have under way: to wait for the reset costs a booking less than going
over the limit, which blocks all of them for a whole minute."""

SOON = timedelta(seconds=1)
"""By then most requests under way have been answered. Nothing is asked again earlier than this."""

LONGEST = timedelta(hours=1)
"""A count that is said to begin again later than this is looked at again then."""

EVERY_SECONDS = 1.0
LAST_SECONDS = 3.0
"""How long a process that ends waits for an exchange with the store: a little more than the store itself has."""

_HEADER = re.compile(r"x-ratelimit-(limit|remaining|reset)(.*)")
_NUMBER = re.compile(r"\d{1,10}(\.\d+)?")
_FIRST_UNIX_TIME = 1_000_000_000

logger = logging.getLogger(__name__)


class Need(StrEnum):
    """What a request is for; near the limit the first in this list yields first."""

    OPTIONAL = "optional"
    """Nothing untrue is said without it."""
    QUESTION = "question"
    """A caller is waiting, and will otherwise hear that it cannot be said right now."""
    BOOKING = "booking"
    """A caller has said "yes". Everything but slot lists counts as this."""


def most_urgent(*needs: Need) -> Need:
    """Return the one that yields last."""
    return max(needs, key=[*Need].index)


@dataclass(frozen=True)
class Budget:
    """What Cal.com said of a key: ``remaining`` requests of those ``allowed`` are left, until ``resets_at``.

    ``noted_at`` is when the request was sent, not answered: Cal.com counts a request as it comes in, and then takes up
    to some seconds for it.
    """

    allowed: int
    remaining: int
    resets_at: datetime
    noted_at: datetime

    def wait(self, need: Need, now: datetime, under_way: int = 0) -> timedelta | None:
        """Return how long such a request has to wait; ``None``: it may be made.

        ``under_way`` requests have been sent and not answered: they may have been counted by Cal.com or not. What was
        noted in the future says nothing: the clock has been set back since.
        """
        if self.noted_at > now + CLOCKS_DIFFER:
            return None
        left = self.resets_at - now
        remaining = self.remaining
        if left <= timedelta(0):
            left, remaining = WINDOW, self.allowed
        kept = self.allowed * _share_kept(need, min(left / WINDOW, 1))
        if remaining - under_way > kept:
            return None
        return SOON if remaining > kept else max(left, SOON)


def _share_kept(need: Need, window_left: float) -> float:
    """Return how much of a window's requests a request must leave to more important ones."""
    match need:
        case Need.OPTIONAL:
            return ESSENTIAL_SHARE * window_left + LAST_SHARE
        case Need.QUESTION:
            return LAST_SHARE
        case Need.BOOKING:
            return UNDER_WAY_SHARE


def latest(budgets: Iterable[Budget | None], now: datetime) -> Budget | None:
    """Return what was said of the request sent last, of two sent at once the first; nothing noted in the future."""
    credible = (budget for budget in budgets if budget and budget.noted_at <= now + CLOCKS_DIFFER)
    return max(credible, key=lambda budget: budget.noted_at, default=None)


def said_of_budget(response: httpx.Response, sent_at: datetime) -> Budget | None:
    """Read what an answer says of the key's budget; of several limits the tightest, ``None`` where it names no reset.

    ``sent_at`` is when the request was. A reset is in seconds to go, as measured, or a Unix time, as a third party
    documents it. A limit of 0 is none: nothing would ever be allowed again. After a refusal (429) nothing is left,
    whatever else is said.
    """
    refused = response.status_code == 429
    limits: dict[str, dict[str, float]] = defaultdict(dict)
    for name, value in response.headers.items():
        if (header := _HEADER.fullmatch(name)) and _NUMBER.fullmatch(value):
            what, limit = header.groups()
            limits[limit][what] = float(value)
    budgets = [
        Budget(
            allowed=int(limit.get("limit", 0)) or USUAL_LIMIT,
            remaining=0 if refused else int(limit["remaining"]),
            resets_at=sent_at + _time_to(limit["reset"], sent_at),
            noted_at=sent_at,
        )
        for limit in limits.values()
        if "reset" in limit and (refused or "remaining" in limit)
    ]
    return min(budgets, key=lambda budget: (budget.remaining, -budget.resets_at.timestamp()), default=None)


def _time_to(reset: float, now: datetime) -> timedelta:
    seconds = reset - now.timestamp() if reset >= _FIRST_UNIX_TIME else reset
    return min(max(timedelta(seconds=seconds), timedelta(0)), LONGEST)


class Budgets:
    """The budgets of all keys, as this worker or another last heard; one object per worker."""

    def __init__(self, meter: MetricMeter = MetricMeter.noop, clock: Callable[[], datetime] = utc_now) -> None:
        """Know nothing yet: what nothing has been said of may be asked."""
        self._meter = meter
        self._clock = clock
        self._budgets: dict[str, Budget] = {}
        self._shared: dict[str, Budget] = {}
        self._under_way: Counter[str] = Counter()
        self._is_away = False
        for need in Need:
            CALCOM_REQUESTS_WITHHELD.add(meter, 0, need=need)

    def wait(self, api_key: str, need: Need) -> timedelta | None:
        """Return how long a request has to wait, and count it as withheld; ``None``: it may be made."""
        account = account_of(api_key)
        budget = self._budgets.get(account)
        wait = budget.wait(need, self._clock(), self._under_way[account]) if budget else None
        if wait:
            CALCOM_REQUESTS_WITHHELD.add(self._meter, need=need)
        return wait

    @contextmanager
    def under_way(self, api_key: str) -> Iterator[datetime]:
        """Reckon with a request while it is under way; yields when it is sent."""
        account = account_of(api_key)
        self._under_way[account] += 1
        try:
            yield self._clock()
        finally:
            self._under_way[account] -= 1

    def note(self, api_key: str, response: httpx.Response, sent_at: datetime) -> None:
        """Take down what the answer to a request sent at ``sent_at`` says, unless a later one has been answered."""
        account = account_of(api_key)
        if said := latest([said_of_budget(response, sent_at), self._budgets.get(account)], self._clock()):
            self._budgets[account] = said

    @asynccontextmanager
    async def shared(self, engine: AsyncEngine) -> AsyncIterator[None]:
        """Share with other workers through the store while the context lasts."""
        stop = asyncio.Event()
        sharing = asyncio.create_task(self._keep_sharing(engine, stop))
        try:
            yield
        finally:
            stop.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(sharing, LAST_SECONDS)

    async def share(self, engine: AsyncEngine) -> None:
        """Tell the store what is new, and learn what others have told it; a store that is away changes nothing."""
        news = {account: said for account, said in self._budgets.items() if self._shared.get(account) is not said}
        rows = [CalendarBudget(account=account, **asdict(said)) for account, said in news.items()]
        try:
            heard = await exchange_budgets(engine, rows, self._clock())
        except (StoreUnavailable, SQLAlchemyError) as error:
            if not self._is_away:
                logger.warning("Cal.com's budgets are not shared, each worker goes by its own: %s", error)
            self._is_away = True
            return
        self._is_away = False
        self._shared |= news
        for row in heard:
            budget = Budget(row.allowed, row.remaining, row.resets_at, row.noted_at)
            if latest([self._budgets.get(row.account), budget], self._clock()) is budget:
                self._budgets[row.account] = self._shared[row.account] = budget

    async def _keep_sharing(self, engine: AsyncEngine, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.share(engine)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
        await self.share(engine)


def account_of(api_key: str) -> str:
    """Name the account a key belongs to, for the store; the key cannot be told from it."""
    return hashlib.blake2b(api_key.encode(), digest_size=16, person=b"slotkeeper").hexdigest()
