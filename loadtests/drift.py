"""Whether a server stays as it was, over many requests: what it holds, and how long it takes.

The requests are cut into tenths. Memory is judged at rest, after every fifth, by a straight line:
under load it is what the requests in flight happen to be that says how much there is. In the first
fifth caches find their size. The rest is judged by the last tenth beside the second, which were
asked the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from loadtests.bench.processes import Usage
from loadtests.results import percentiles_ms

TENTHS = 10
MOST_MB = 1.0
"""Growth of memory per 1,000 requests."""
MOST_MORE = 1
"""File descriptors, or threads: one may have come or gone at the moment."""
MOST_SLOWER = 0.10
"""Of p99, as a share."""


@dataclass(frozen=True)
class Sample:
    """What the server held when request number `index` had its answer."""

    index: int
    usage: Usage


@dataclass(frozen=True)
class Timing:
    """Seconds that good request number `index` took."""

    index: int
    seconds: float


@dataclass(frozen=True)
class Drift:
    """In the second tenth, and in the last.

    Memory is in MB, `slope_mb` and `memory_mb` at rest, after those tenths, the first of them per
    1,000 requests; `peak_mb` is of the whole run.
    """

    slope_mb: float
    memory_mb: tuple[float, float]
    peak_mb: float
    descriptors: tuple[float, float]
    threads: tuple[float, float]
    p99_ms: tuple[float, float]

    def rows(self) -> list[tuple[str, str, str, str, bool]]:
        """What was measured, in the second tenth, in the last, what passes, whether it does."""
        slower = self.p99_ms[1] / self.p99_ms[0] - 1
        return [
            (
                "memory at rest, MB",
                f"{self.memory_mb[0]:.1f}",
                f"{self.memory_mb[1]:.1f}",
                f"{self.slope_mb:+.3f} per 1,000 requests, at most {MOST_MB:+g}",
                self.slope_mb <= MOST_MB,
            ),
            _flat("file descriptors", self.descriptors),
            _flat("threads", self.threads),
            (
                "p99, ms",
                f"{self.p99_ms[0]:.0f}",
                f"{self.p99_ms[1]:.0f}",
                f"{slower:+.1%}, at most {MOST_SLOWER:+.0%}",
                self.p99_ms[1] <= self.p99_ms[0] * (1 + MOST_SLOWER),
            ),
        ]


def _flat(name: str, found: tuple[float, float]) -> tuple[str, str, str, str, bool]:
    more = found[1] - found[0]
    limit = f"{more:+g}, at most {MOST_MORE:+d}"
    return name, f"{found[0]:g}", f"{found[1]:g}", limit, more <= MOST_MORE


def drift(
    samples: Sequence[Sample], rests: Sequence[Sample], timings: Sequence[Timing], requests: int
) -> Drift:
    """Of all samples and timings of a run, in any order; of those at rest in theirs."""
    at_rest = [sample.usage.memory_mb for sample in rests]
    slope = float(np.polyfit([sample.index for sample in rests], at_rest, 1)[0])

    def medians(of: Callable[[Usage], float]) -> tuple[float, float]:
        second, last = (
            median(of(s.usage) for s in samples if _tenth(s.index, requests) == tenth)
            for tenth in (1, TENTHS - 1)
        )
        return second, last

    def p99(tenth: int) -> float:
        seconds = [t.seconds for t in timings if _tenth(t.index, requests) == tenth]
        found = percentiles_ms(seconds)["p99"]
        assert found is not None, "good requests are in every tenth"
        return found

    return Drift(
        slope * 1_000,
        (at_rest[0], at_rest[-1]),
        max(sample.usage.memory_mb for sample in samples),
        medians(lambda usage: usage.descriptors),
        medians(lambda usage: usage.threads),
        (p99(1), p99(TENTHS - 1)),
    )


def _tenth(index: int, requests: int) -> int:
    return index * TENTHS // requests
