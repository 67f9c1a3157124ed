import pytest

from service.errors import RateLimited
from service.rates import MOST_CALLERS, Rates


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_quota_is_spent_and_comes_back_one_by_one() -> None:
    clock = Clock()
    rates = Rates(6, clock)

    left = [rates.take("a").remaining for _ in range(6)]
    with pytest.raises(RateLimited, match="6 requests a minute are allowed; try again in 10 s"):
        rates.take("a")
    clock.now += 10
    again = rates.take("a")
    with pytest.raises(RateLimited):
        rates.take("a")

    assert left == [5, 4, 3, 2, 1, 0]
    assert (again.remaining, again.reset_s) == (0, 60)


def test_quota_does_not_pile_up() -> None:
    clock = Clock()
    rates = Rates(2, clock)
    rates.take("a")
    clock.now += 3_600

    assert rates.take("a").remaining == 1


def test_callers_do_not_share() -> None:
    rates = Rates(1, Clock())
    rates.take("a")

    assert rates.take("b").remaining == 0


def test_headers_are_those_of_the_draft() -> None:
    rates = Rates(2, Clock())

    assert rates.take("a").headers == {
        "RateLimit-Policy": '"requests";q=2;w=60',
        "RateLimit": '"requests";r=1;t=30',
    }
    rates.take("a")
    with pytest.raises(RateLimited) as caught:
        rates.take("a")
    assert caught.value.retry_after_s == 30
    assert caught.value.headers["RateLimit"] == '"requests";r=0;t=60'


def test_memory_is_bounded() -> None:
    rates = Rates(1, Clock())
    for number in range(MOST_CALLERS + 10):
        rates.take(str(number))

    assert len(rates._buckets) == MOST_CALLERS
