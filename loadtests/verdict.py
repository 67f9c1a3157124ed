"""What a load test counts, and the thresholds by which it passes or fails."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, get_args

from loadtests.results import percentiles_ms

Pattern = Literal["steady", "step", "spike", "soak"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)

Answer = Literal["answered", "refused", "told", "other"]
"""What a request got: its result, that it should come later, that it is bad, anything else."""

HANGS_UP_BYTES = 2**20
"""A server may hang up on a bad body of more than that before it has come."""

_GRPC_ANSWERS: dict[str, Answer] = {
    "StatusCode.OK": "answered",
    "StatusCode.RESOURCE_EXHAUSTED": "refused",
    "StatusCode.INVALID_ARGUMENT": "told",
}

FEWEST = 20
"""Answers without which nothing can be said."""


@dataclass(frozen=True)
class Thresholds:
    """The most that passes.

    Attributes:
        p95_ms: of good requests that were answered.
        failed: share of all requests that got what they should not: a good one anything but its
            answer or a refusal, a bad one anything but a 4xx.
        refused: share told to come later (429 or RESOURCE_EXHAUSTED), beside those answered.
    """

    p95_ms: float
    failed: float
    refused: float


# Two cores answer some twenty of these per second. Whoever comes while all is well is answered; in
# a spike of more than can be in flight most are refused, and the rest does not wait longer.
THRESHOLDS: dict[Pattern, Thresholds] = {
    "steady": Thresholds(p95_ms=2_000, failed=0, refused=0),
    "step": Thresholds(p95_ms=4_000, failed=0, refused=0.01),
    "spike": Thresholds(p95_ms=5_000, failed=0, refused=0.95),
    "soak": Thresholds(p95_ms=2_000, failed=0, refused=0),
}


@dataclass
class Outcomes:
    """What became of the requests; seconds of good ones that were answered."""

    latencies: list[float] = field(default_factory=list)
    refused: int = 0
    bad: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        return self.failures.total()

    @property
    def total(self) -> int:
        return len(self.latencies) + self.refused + self.bad + self.failed

    def count(self, is_good: bool, answer: Answer, seconds: float, status: str) -> str | None:
        """Count one request; in words, what is wrong with its answer, None if nothing is."""
        if answer == "refused":
            # Whether its input was bad, nobody has looked.
            self.refused += 1
        elif is_good and answer == "answered":
            self.latencies.append(seconds)
        elif not is_good and answer == "told":
            self.bad += 1
        else:
            error = f"{status} for {'good' if is_good else 'bad'} input"
            self.failures[error] += 1
            return error
        return None


def http_answer(status: int, sent_bytes: int) -> Answer:
    """What a status means; 0 is a broken line, as a server leaves it that hangs up."""
    if status in (200, 429):
        return "answered" if status == 200 else "refused"
    is_told = 400 <= status < 500 or (status == 0 and sent_bytes > HANGS_UP_BYTES)
    return "told" if is_told else "other"


def grpc_answer(status: str) -> Answer:
    """What the name of a status code means."""
    return _GRPC_ANSWERS.get(status, "other")


def faults(outcomes: Outcomes, thresholds: Thresholds) -> list[str]:
    """In words, what does not pass."""
    answered = len(outcomes.latencies)
    if answered < FEWEST:
        return [f"only {answered} good requests were answered, {FEWEST} are needed"]
    p95 = percentiles_ms(outcomes.latencies)["p95"]
    assert p95 is not None, "there are answers"
    failed = outcomes.failed / outcomes.total
    refused = outcomes.refused / (answered + outcomes.refused)
    checks = (
        (p95 <= thresholds.p95_ms, f"p95 is {p95:.0f} ms, at most {thresholds.p95_ms:g} passes"),
        (
            failed <= thresholds.failed,
            f"{failed:.2%} failed, at most {thresholds.failed:.0%} passes",
        ),
        (
            refused <= thresholds.refused,
            f"{refused:.2%} were refused, at most {thresholds.refused:.0%} passes",
        ),
    )
    return [words for passes, words in checks if not passes]


def report(outcomes: Outcomes, pattern: Pattern) -> tuple[str, bool]:
    """Lines for a person, and whether it passes."""
    found = faults(outcomes, THRESHOLDS[pattern])
    p50, p95, p99 = (percentiles_ms(outcomes.latencies)[name] for name in ("p50", "p95", "p99"))
    times = "" if p50 is None else f" in {p50:.0f} / {p95:.0f} / {p99:.0f} ms (p50 / p95 / p99)"
    lines = [
        f"{pattern}: {outcomes.total} requests, {len(outcomes.latencies)} answered{times},"
        f" {outcomes.refused} refused, {outcomes.bad} bad ones told so, {outcomes.failed} failed",
        *(f"failed: {count} x {words}" for words, count in outcomes.failures.most_common(20)),
        *(f"FAIL: {words}" for words in found),
        *([] if found else ["PASS"]),
    ]
    return "\n".join(lines), not found
