"""Open loop: requests come when they come, whether the earlier ones are answered or not."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from loadtests.load import Ask, Window, failure

MOST_REQUESTS = 3_000
"""In one window; more would measure this process."""


@dataclass
class OpenWindow:
    """What became of the requests that came within `seconds`.

    Latencies count from the moment at which a request was due, so that a client that comes late
    does not flatter the server.
    """

    seconds: float
    offered: int = 0
    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    refusals: list[float] = field(default_factory=list)
    """Seconds until an error came back; a refusal should come at once."""

    in_time: int = 0
    """Answered before the window ended."""

    def closed(self) -> Window:
        """Without what only an open loop has."""
        return Window(self.seconds, self.latencies, self.errors)


def poisson(
    rate: float, seconds: float, rng: random.Random, most: int = MOST_REQUESTS
) -> list[float]:
    """Seconds at which requests come, `rate` per second on average, ascending; at most so many."""
    times: list[float] = []
    now = rng.expovariate(rate)
    while now < seconds and len(times) < most:
        times.append(now)
        now += rng.expovariate(rate)
    return times


async def offer(
    ask: Ask, times: list[float], seconds: float, patience_s: float, warm_up_s: float = 0.0
) -> OpenWindow:
    """Send requests at their times, and wait until each is answered or given up.

    Args:
        times: of all requests, from the start of the warm-up.
        seconds: of the window after the warm-up; only what comes in it is counted.
        patience_s: seconds from a request's time after which its client gives up.
    """
    window = OpenWindow(seconds)
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for due in times:
            await asyncio.sleep(max(0.0, start + due - time.perf_counter()))
            counted = window if due >= warm_up_s else OpenWindow(seconds)
            end = start + warm_up_s + seconds
            group.create_task(_one(ask, start + due, end, patience_s, counted))
    return window


async def _one(ask: Ask, due: float, end: float, patience_s: float, window: OpenWindow) -> None:
    window.offered += 1
    error = await failure(ask, patience_s)
    now = time.perf_counter()
    if error is None:
        window.latencies.append(now - due)
        window.in_time += now < end
    else:
        window.errors[error] += 1
        window.refusals.append(now - due)
