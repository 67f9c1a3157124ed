"""Latency and throughput of the engine, by batch: canvases in, scores on the device out."""

import asyncio
import time
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.engines.device.engine import DeviceEngine
from service.engines.protocol import TestTimeSettings
from service.repository import ModelId

WARM_UPS = 3
ALONE = 30
"""Batches timed one by one."""

AT_ONCE = 4
"""Requests under way when throughput is measured: the device never waits for one."""


class Speed(NamedTuple):
    """Of one batch size: `latency_ms` of a batch alone, and canvases per second of many."""

    batch: int
    latency_ms: float
    per_second: float


async def measure(
    engine: DeviceEngine,
    model: ModelId,
    canvases: NDArray[np.uint8],
    tta: TestTimeSettings,
    seconds: float,
) -> Speed:
    """Of an engine whose largest batch is that of `canvases` uint8[B, S_h, S_w, 3]."""

    async def ask() -> float:
        begin = time.perf_counter()
        await engine.scores(model, canvases, tta)
        return time.perf_counter() - begin

    for _ in range(WARM_UPS):
        await ask()
    alone = [await ask() for _ in range(ALONE)]
    ends: list[float] = []
    until = time.perf_counter() + seconds

    async def keep_asking() -> None:
        while time.perf_counter() < until:
            await ask()
            ends.append(time.perf_counter())

    await asyncio.gather(*(keep_asking() for _ in range(AT_ONCE)))
    return Speed(len(canvases), median(alone) * 1e3, _rate(ends) * len(canvases))


def _rate(ends: Sequence[float]) -> float:
    """Per second, between the first and the last end."""
    return (len(ends) - 1) / (max(ends) - min(ends))
