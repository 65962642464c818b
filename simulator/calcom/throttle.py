"""Cal.com's rate limit: so many requests per window, then a block."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.calcom.config import RateLimit
from simulator.calcom.problems import TooManyRequests


@dataclass
class _Bucket:
    until: datetime
    used: int = 0
    blocked: bool = False


class Throttle:
    """One bucket for each key, and one for each address that comes without a key."""

    def __init__(self, limit: RateLimit) -> None:
        """All buckets empty."""
        self.limit = limit
        self._buckets: dict[str, _Bucket] = {}

    def clear(self) -> None:
        """Empties all buckets."""
        self._buckets.clear()

    def spend(self, name: str, now: datetime) -> None:
        """Counts a request; raises when there are too many, and then for as long as the block lasts."""
        bucket = self._bucket(name, now)
        if not bucket.blocked:
            bucket.used += 1
            if bucket.used > self.limit.requests:
                bucket.blocked = True
                bucket.until = now + timedelta(seconds=self.limit.block_seconds)
        if bucket.blocked:
            raise TooManyRequests(_seconds_to(bucket.until, now))

    def headers(self, name: str, now: datetime, reset: int | None = None) -> dict[str, str]:
        """The three headers of every answer. The reset is in seconds to go; there is no `Retry-After`."""
        bucket = self._bucket(name, now)
        remaining = 0 if reset is not None else max(0, self.limit.requests - bucket.used)
        return {
            "X-RateLimit-Limit-Default": str(self.limit.requests),
            "X-RateLimit-Remaining-Default": str(remaining),
            "X-RateLimit-Reset-Default": str(_seconds_to(bucket.until, now) if reset is None else reset),
        }

    def _bucket(self, name: str, now: datetime) -> _Bucket:
        bucket = self._buckets.get(name)
        if bucket is None or bucket.until <= now:
            bucket = _Bucket(now + timedelta(seconds=self.limit.window_seconds))
            self._buckets[name] = bucket
        return bucket


def _seconds_to(until: datetime, now: datetime) -> int:
    return math.ceil((until - now).total_seconds())
