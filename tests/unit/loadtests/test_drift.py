"""Whether a server stayed as it was."""

from dataclasses import replace

import pytest

from loadtests.bench.processes import Usage
from loadtests.drift import Drift, Sample, Timing, drift

REQUESTS = 1_000
GOOD = Drift(
    slope_mb=1.0,
    memory_mb=(300, 309),
    peak_mb=320,
    descriptors=(40, 41),
    threads=(12, 12),
    p99_ms=(200, 220),
)


def verdicts(found: Drift) -> list[bool]:
    return [row[-1] for row in found.rows()]


def at_rest(*memory_mb: float) -> list[Sample]:
    """After every fifth."""
    return [
        Sample(REQUESTS * (index + 1) // 5, Usage(each, 40, 12))
        for index, each in enumerate(memory_mb)
    ]


def test_line_is_fitted_to_what_is_held_at_rest() -> None:
    # Under load, anything.
    samples = [Sample(index, Usage(300 + index % 70, 40, 12)) for index in range(0, REQUESTS, 10)]
    timings = [Timing(index, 0.1) for index in range(REQUESTS)]

    found = drift(samples, at_rest(200.2, 200.6, 201, 201.4, 201.8), timings, REQUESTS)

    assert found.slope_mb == pytest.approx(2)
    assert found.memory_mb == (200.2, 201.8)
    assert found.peak_mb == 360


def test_last_tenth_is_compared_with_the_second() -> None:
    samples = [
        Sample(index, Usage(300, 40 if index < 900 else 43, 12 if index < 100 else 15))
        for index in range(0, REQUESTS, 10)
    ]
    timings = [Timing(index, 0.3 if index >= 900 else 0.2) for index in range(100, REQUESTS)]

    found = drift(samples, at_rest(200, 200, 200, 200, 200), timings, REQUESTS)

    assert found.descriptors == (40, 43)
    assert found.threads == (15, 15)
    assert found.p99_ms == pytest.approx((200, 300))


def test_each_limit_passes_where_it_is_just_kept() -> None:
    assert verdicts(GOOD) == [True, True, True, True]


@pytest.mark.parametrize(
    ("changed", "row"),
    [
        pytest.param(replace(GOOD, slope_mb=1.001), 0, id="memory"),
        pytest.param(replace(GOOD, descriptors=(40, 42)), 1, id="descriptors"),
        pytest.param(replace(GOOD, threads=(12, 14)), 2, id="threads"),
        pytest.param(replace(GOOD, p99_ms=(200, 220.1)), 3, id="p99"),
    ],
)
def test_each_limit_fails_alone(changed: Drift, row: int) -> None:
    assert verdicts(changed) == [index != row for index in range(4)]


def test_less_of_everything_passes() -> None:
    less = Drift(-3, (300, 290), 310, (40, 30), (12, 3), (200, 100))

    assert verdicts(less) == [True, True, True, True]
