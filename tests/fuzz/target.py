"""What every target is: a check of one input, what to begin with, and what an input may take."""

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOST_CPU_S = 2.0
"""Seconds that one input may compute in all threads; instrumented code takes twice or more."""
MOST_GROWTH_MIB = 64.0
"""By which one input may raise the peak of resident memory."""

_PER_MIB = 2**20 if sys.platform == "darwin" else 2**10


@dataclass(frozen=True)
class Target:
    """One way in.

    Attributes:
        name: of the module, too.
        title: what is fuzzed, in words.
        check: raises where something is wrong with how an input is taken; returns where it is
            refused in our own words, or answered right.
        seeds: inputs to begin with, made by code.
        words: what mutations should know, such as magic numbers.
        max_bytes: of an input.
    """

    name: str
    title: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    words: Sequence[bytes]
    max_bytes: int

    def run(self, data: bytes) -> None:
        """Check one input, and what it takes."""
        begun, peak = time.process_time(), _peak_mib()
        self.check(data)
        seconds, growth = time.process_time() - begun, _peak_mib() - peak
        assert seconds < MOST_CPU_S, f"{len(data)} bytes were worked on for {seconds:.1f} s"
        assert growth < MOST_GROWTH_MIB, f"{len(data)} bytes took {growth:.0f} MiB"

    def dictionary(self) -> str:
        """`words` in libFuzzer's format: each byte escaped, so that none means anything to it."""
        return "".join(
            '"{}"\n'.format("".join(f"\\x{byte:02x}" for byte in word)) for word in self.words
        )


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _PER_MIB
