"""Photos per second of `limn serve` on the GPU, over HTTP: JPEG in, palette PNG out."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from loadtests.bench.client import Client
from loadtests.inputs import portrait
from loadtests.own_server import OwnServer, own_server

WARM_UP_S = 1.5


class Served(NamedTuple):
    """At so many requests in flight; `cpu_ms` is of the server's processes, per photo."""

    in_flight: int
    per_second: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float


def measure(
    repository: Path, folder: Path, settings: Mapping[str, str], levels: list[int], seconds: float
) -> list[Served]:
    """Of the repository's default model, at three scales; every answer must be 200."""
    variables = {
        "LIMN_MODEL_REPOSITORY": str(repository),
        "LIMN_MAX_IN_FLIGHT": str(2 * max(levels)),
        "LIMN_MAX_COST": str(8.0 * max(levels)),
        **settings,
    }
    with own_server(folder, variables) as server:
        return [asyncio.run(_level(server, level, seconds)) for level in levels]


async def _level(server: OwnServer, level: int, seconds: float) -> Served:
    url = f"{server.ports.url}/v1/parse?scales=0.8,1,1.2"
    latencies: list[float] = []
    async with Client(url, portrait()) as client:

        async def keep_asking(until: float, into: list[float]) -> None:
            while (begin := time.perf_counter()) < until:
                await client.ask()
                into.append(time.perf_counter() - begin)

        for span, into in ((WARM_UP_S, []), (seconds, latencies)):
            used, begin = server.tree.cpu_s(), time.perf_counter()
            await asyncio.gather(*(keep_asking(begin + span, into) for _ in range(level)))
    took, used = time.perf_counter() - begin, server.tree.cpu_s() - used
    middle, high = np.percentile(latencies, (50, 95)) * 1e3
    return Served(level, len(latencies) / took, middle, high, used / len(latencies) * 1e3)


def cores() -> int:
    return len(os.sched_getaffinity(0))
