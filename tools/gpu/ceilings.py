"""What a GPU can do at best, measured: matrix products in half precision, and copies."""

from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import torch

SIDE = 8192
"""Of the square matrices; their product takes a millisecond and more on any GPU of today."""

COPIED_BYTES = 2**31
WARM_UPS = 3
REPEATS = 20


class Ceilings(NamedTuple):
    """`tflops`: 10^12 operations per second; `gbytes`: 10^9 bytes per second, read or written."""

    tflops: float
    gbytes: float


def measure() -> Ceilings:
    """Of the current CUDA device, on random numbers."""
    left, right = (torch.randn(SIDE, SIDE, device="cuda").half() for _ in range(2))
    product = torch.empty_like(left)
    source = torch.randint(256, (COPIED_BYTES,), dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    multiplied_s = _median_s(lambda: torch.mm(left, right, out=product))
    copied_s = _median_s(lambda: target.copy_(source))
    return Ceilings(2 * SIDE**3 / multiplied_s / 1e12, 2 * COPIED_BYTES / copied_s / 1e9)


def _median_s(work: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(WARM_UPS + REPEATS):
        begun, ended = _event(), _event()
        begun.record()
        work()
        ended.record()
        ended.synchronize()
        times.append(begun.elapsed_time(ended) / 1e3)
    return median(times[WARM_UPS:])


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
