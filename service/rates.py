"""How often each caller may ask: a token bucket per caller."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from service.errors import RateLimited

WINDOW_S = 60
MOST_CALLERS = 10_000
"""Callers that are remembered; the one that asked longest ago is forgotten."""


@dataclass(frozen=True)
class Allowance:
    """What a caller has left: requests, and seconds until all of them are there again."""

    quota: int
    remaining: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers names them."""
        return {
            "RateLimit-Policy": f'"requests";q={self.quota};w={WINDOW_S}',
            "RateLimit": f'"requests";r={self.remaining};t={self.reset_s}',
        }


class Rates:
    """Lets every caller ask `per_minute` times a minute, all at once or spread; for one thread."""

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._quota = per_minute
        self._per_s = per_minute / WINDOW_S
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> Allowance:
        """Count a request.

        Raises:
            RateLimited: the caller has asked too often.
        """
        now = self._now()
        tokens, then = self._buckets.pop(caller, (float(self._quota), now))
        tokens = min(self._quota, tokens + (now - then) * self._per_s)
        is_allowed = tokens >= 1
        tokens -= is_allowed
        self._buckets[caller] = (tokens, now)
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        reset_s = math.ceil((self._quota - tokens) / self._per_s)
        allowance = Allowance(self._quota, math.floor(tokens), reset_s)
        if not is_allowed:
            wait_s = math.ceil((1 - tokens) / self._per_s)
            raise RateLimited(
                f"{self._quota} requests a minute are allowed; try again in {wait_s} s",
                wait_s,
                allowance.headers,
            )
        return allowance
