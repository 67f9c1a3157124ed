"""Photos per second of `limn serve` on the GPU, over HTTP: JPEG in, palette PNG out."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from loadtests.bench.client import Client
from loadtests.inputs import portrait
from loadtests.own_server import OwnServer, own_server
from service.repository import ServedModel

WARM_UP_S = 1.5
START_S = 300.0
"""Kernels of every size and batch are planned and recorded before it is ready."""


class Level(NamedTuple):
    """At so many requests in flight; `cpu_ms` is of the server's processes, per photo."""

    in_flight: int
    per_second: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float


class Served(NamedTuple):
    """A service of one model, ready after `ready_s`."""

    model: str
    ready_s: float
    levels: list[Level]


def measure(
    model: ServedModel, settings: Mapping[str, str], in_flight: list[int], seconds: float
) -> Served:
    """Of a model served alone, at three scales; every answer must be 200."""
    name = model.id.name
    with TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        repository.mkdir()
        (repository / name).symlink_to(model.folder.resolve().parent)
        variables = {
            "LIMN_MODEL_REPOSITORY": str(repository),
            "LIMN_DEFAULT_MODEL": name,
            "LIMN_MAX_IN_FLIGHT": str(2 * max(in_flight)),
            "LIMN_MAX_COST": str(8.0 * max(in_flight)),
            **settings,
        }
        with own_server(Path(folder), variables, START_S) as server:
            levels = [asyncio.run(_level(server, level, seconds)) for level in in_flight]
            return Served(name, server.ready_s, levels)


async def _level(server: OwnServer, level: int, seconds: float) -> Level:
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
    return Level(level, len(latencies) / took, middle, high, used / len(latencies) * 1e3)


def cores() -> int:
    return len(os.sched_getaffinity(0))
