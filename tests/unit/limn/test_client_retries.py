"""When the client asks again, and after how long."""

import random

from limn.client import Refused, Retries, Unreachable


def refused(status: int, retry_after_s: float | None) -> Refused:
    return Refused(status, "x", "x", {}, None, retry_after_s)


def test_wait_is_never_shorter_than_asked() -> None:
    rng = random.Random(0)
    waits = [Retries().wait_s(1, refused(429, 2.0), rng) for _ in range(200)]

    assert all(wait is not None and 2 <= wait <= 3 for wait in waits)
    assert len(set(waits)) > 100


def test_waits_grow_to_a_bound() -> None:
    retries = Retries(attempts=9, first_wait_s=1, longest_wait_s=4)
    rng = random.Random(0)

    for attempt, longest in [(1, 1), (2, 2), (3, 4), (4, 4), (8, 4)]:
        wait = retries.wait_s(attempt, Unreachable("x"), rng)
        assert wait is not None
        assert longest / 2 <= wait <= longest
    assert retries.wait_s(9, Unreachable("x"), rng) is None


def test_wait_that_is_too_long_is_not_waited() -> None:
    assert Retries().wait_s(1, refused(429, 3_600), random.Random(0)) is None
