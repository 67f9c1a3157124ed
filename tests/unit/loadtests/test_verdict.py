"""What passes a load test, and what does not."""

from collections import Counter

import pytest

from loadtests.patterns import DURATION_S, users
from loadtests.verdict import (
    PATTERNS,
    THRESHOLDS,
    Outcomes,
    Pattern,
    Thresholds,
    faults,
    report,
)

LIMITS = Thresholds(p95_ms=1_000, failed=0.01, refused=0.1)


def answered(count: int, seconds: float = 0.5) -> Outcomes:
    return Outcomes(latencies=[seconds] * count)


@pytest.mark.parametrize(
    ("pattern", "counts"),
    [
        ("steady", [4, 4, 4, 4, None]),
        ("step", [1, 2, 4, 8, None]),
        ("spike", [2, 2, 40, 2, None]),
        ("soak", [4, 4, 4, 4, None]),
    ],
)
def test_users_follow_the_pattern(pattern: Pattern, counts: list[int | None]) -> None:
    assert [users(pattern, elapsed) for elapsed in (0, 0.25, 0.5, 0.75, 1)] == counts


def test_every_pattern_has_a_duration_and_thresholds() -> None:
    assert set(DURATION_S) == set(THRESHOLDS) == set(PATTERNS)


def test_good_and_bad_requests_get_what_they_should() -> None:
    outcomes = Outcomes()

    assert outcomes.count(True, "answered", 0.1, "HTTP 200") is None
    assert outcomes.count(False, "told", 0.1, "HTTP 400") is None
    assert outcomes.count(True, "refused", 0.1, "HTTP 429") is None
    assert outcomes.count(False, "answered", 0.1, "HTTP 200") == "HTTP 200 for bad input"
    assert outcomes.count(True, "told", 0.1, "HTTP 400") == "HTTP 400 for good input"
    assert outcomes.count(True, "other", 0.1, "HTTP 500") == "HTTP 500 for good input"

    assert outcomes.latencies == [0.1]
    assert (outcomes.bad, outcomes.refused, outcomes.failed, outcomes.total) == (1, 1, 3, 6)


def test_within_the_thresholds_passes() -> None:
    outcomes = answered(90)
    outcomes.refused = 10

    assert faults(outcomes, LIMITS) == []


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        (answered(19), "only 19 good requests were answered, 20 are needed"),
        (answered(20, 1.2), "p95 is 1200 ms, at most 1000 passes"),
        (
            Outcomes(latencies=[0.5] * 90, failures=Counter({"HTTP 500": 10})),
            "10.00% failed, at most 1% passes",
        ),
        (Outcomes(latencies=[0.5] * 80, refused=20), "20.00% were refused, at most 10% passes"),
    ],
)
def test_what_does_not_pass_is_said(outcomes: Outcomes, words: str) -> None:
    assert faults(outcomes, LIMITS) == [words]


def test_report_ends_with_the_verdict() -> None:
    lines, passes = report(answered(20), "steady")
    assert passes
    assert lines.splitlines()[-1] == "PASS"

    failing = Outcomes(latencies=[0.5] * 20, failures=Counter({"HTTP 500 for good input": 1}))
    lines, passes = report(failing, "steady")
    assert not passes
    assert "failed: 1 x HTTP 500 for good input" in lines
    assert lines.splitlines()[-1] == "FAIL: 4.76% failed, at most 0% passes"
