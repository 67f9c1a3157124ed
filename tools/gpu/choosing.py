"""What it takes to choose the classes of one photo's pixels, on the GPU and beside it."""

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from limn.geometry import Region, Size
from limn.ops.choose import upsample_and_choose
from limn.ops.choose_cuda import CudaChooser
from limn.ops.device import Device

ROUNDS = 50

Number = TypeVar("Number", np.uint8, np.float32)


class Choosing(NamedTuple):
    """Medians in milliseconds, of a GPU that does nothing else.

    Attributes:
        on_gpu_ms: by its kernel, label map in the host's memory.
        copied_ms, on_cpu_ms: scores copied to the host, and classes chosen there by one core.
    """

    on_gpu_ms: float
    copied_ms: float
    on_cpu_ms: float


def measure(
    device: Device, chooser: CudaChooser, scores: Tensor, size: Size, region: Region
) -> Choosing:
    """Of scores float32[K, h, w] on the device, computed by now; each way in turn.

    Raises:
        ValueError: the two ways do not choose the same.
    """
    times: list[tuple[float, ...]] = []
    for _ in range(ROUNDS):
        on_gpu, by_kernel = _timed(partial(chooser.upsample_and_choose, scores, size, region))
        copied, copy = _timed(partial(_copy, device, scores))
        on_cpu, by_core = _timed(partial(upsample_and_choose, copy, size, region))
        if not np.array_equal(by_kernel, by_core):
            raise ValueError("the GPU chooses other classes than the CPU")
        times.append((on_gpu, copied, on_cpu))
    return Choosing(*map(median, zip(*times, strict=True)))


def _copy(device: Device, scores: Tensor) -> NDArray[np.float32]:
    with device.answering():
        return device.fetch(scores)()


def _timed(work: Callable[[], NDArray[Number]]) -> tuple[float, NDArray[Number]]:
    """Milliseconds, and what was made."""
    begin = time.perf_counter()
    made = work()
    return (time.perf_counter() - begin) * 1e3, made
