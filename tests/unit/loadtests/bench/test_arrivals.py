"""Requests that come whether the earlier ones are answered or not."""

import asyncio
import random
import time
from itertools import pairwise

import pytest

from loadtests.bench.arrivals import MOST_REQUESTS, offer, poisson


async def after_50_ms() -> None:
    await asyncio.sleep(0.05)


async def refused() -> None:
    raise ConnectionRefusedError("full")


def test_times_come_at_the_rate_and_by_chance() -> None:
    times = poisson(rate=50, seconds=40, rng=random.Random(0))

    # 2,000 are expected, with a standard deviation of the square root of that, 45.
    assert 1_850 < len(times) < 2_150
    assert times == sorted(times)
    assert 0 < times[0] <= times[-1] < 40
    gaps = [late - early for early, late in pairwise(times)]
    # Of exponential gaps with a mean of 20 ms, 1 - 1/e are shorter than that.
    assert sum(gap < 0.02 for gap in gaps) / len(gaps) == pytest.approx(0.632, abs=0.05)


def test_same_seed_gives_the_same_times_of_a_bounded_number() -> None:
    first, again = (poisson(1e6, 10, random.Random(7)) for _ in range(2))

    assert first == again
    assert len(first) == MOST_REQUESTS


def test_requests_do_not_wait_for_each_other() -> None:
    window = asyncio.run(offer(after_50_ms, [0.0, 0.01, 0.02], 0.3, patience_s=1))

    assert window.offered == 3
    assert all(0.05 <= latency < 0.15 for latency in window.latencies)
    assert window.in_time == 3


def test_latency_counts_from_when_a_request_was_due() -> None:
    async def blocks_the_client() -> None:

        time.sleep(0.1)

    window = asyncio.run(offer(blocks_the_client, [0.0, 0.0], 1, patience_s=1))

    assert sorted(window.latencies)[0] == pytest.approx(0.1, abs=0.05)
    assert sorted(window.latencies)[1] == pytest.approx(0.2, abs=0.05)


def test_what_comes_in_the_warm_up_is_sent_and_not_counted() -> None:
    asked = 0

    async def counted() -> None:
        nonlocal asked
        asked += 1

    window = asyncio.run(offer(counted, [0.0, 0.05, 0.12], 0.1, patience_s=1, warm_up_s=0.1))

    assert asked == 3
    assert window.offered == len(window.latencies) == 1


def test_late_answers_are_answers_but_not_in_time() -> None:
    window = asyncio.run(offer(after_50_ms, [0.0, 0.09], 0.1, patience_s=1))

    assert len(window.latencies) == 2
    assert window.in_time == 1


def test_refusals_and_lost_patience_are_told_apart() -> None:
    full = asyncio.run(offer(refused, [0.0, 0.01], 0.1, patience_s=1))
    slow = asyncio.run(offer(after_50_ms, [0.0], 0.1, patience_s=0.02))

    assert full.errors == {"ConnectionRefusedError: full": 2}
    assert max(full.refusals) < 0.05
    assert slow.errors == {"no answer in 0.02 s": 1}
    assert not full.latencies
    assert not slow.latencies
