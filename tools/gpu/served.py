"""Photos per second of `limn serve` on the GPU, over HTTP: JPEG in, palette PNG out."""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from loadtests.bench.client import Client
from loadtests.inputs import portrait
from loadtests.own_server import OwnServer, own_server
from service.repository import ServedModel

WARM_UP_S = 1.5

MOST_IN_FLIGHT = 64
"""Requests at one process."""

START_S = 500.0
"""Kernels of every size and batch are planned and recorded before it is ready."""


class Level(NamedTuple):
    """At so many requests in flight per process; `cpu_ms` is of the servers, per photo."""

    processes: int
    in_flight: int
    per_second: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float


class Served(NamedTuple):
    """A service of one model: `processes` of it, started at once and ready after `ready_s`.

    Attributes:
        shared: how they share the GPU, "time" or "MPS".
    """

    model: str
    shared: str
    processes: int
    ready_s: float
    levels: list[Level]


class Farm:
    """`limn serve` several times over, with one model and one GPU."""

    def __init__(self, shared: str, starting: Sequence[Future[OwnServer]]) -> None:
        self._shared = shared
        self._starting = starting

    def ready(self) -> list[OwnServer]:
        """The servers; waits until each is ready.

        Raises:
            CannotMeasure: one of them did not start.
        """
        return [server.result() for server in self._starting]

    def measure(self, model: str, loads: Sequence[tuple[int, int]], seconds: float) -> Served:
        """At three scales; every answer must be 200.

        Args:
            model: the name of the one that is served.
            loads: how many processes are asked, and how many requests are in flight at each.
            seconds: for every load.
        """
        servers = self.ready()
        slowest = max(server.ready_s for server in servers)
        levels = [_level(servers[:processes], in_flight, seconds) for processes, in_flight in loads]
        return Served(model, self._shared, len(servers), slowest, levels)


@contextmanager
def farm(
    model: ServedModel, settings: Mapping[str, str], processes: int, shared: str
) -> Iterator[Farm]:
    """A farm that is being started, and is ended with the block."""
    name = model.id.name
    with (
        TemporaryDirectory() as folder,
        ExitStack() as running,
        # Ended first, so that what is still being started is there to be ended.
        ThreadPoolExecutor(processes) as threads,
    ):
        repository = Path(folder) / "repository"
        repository.mkdir()
        (repository / name).symlink_to(model.folder.resolve().parent)
        variables = {
            "LIMN_MODEL_REPOSITORY": str(repository),
            "LIMN_DEFAULT_MODEL": name,
            "LIMN_MAX_IN_FLIGHT": str(2 * MOST_IN_FLIGHT),
            "LIMN_MAX_COST": str(8.0 * MOST_IN_FLIGHT),
            **settings,
        }
        logs = [Path(folder) / str(index) for index in range(processes)]
        for log in logs:
            log.mkdir()
        starting = [
            threads.submit(running.enter_context, own_server(log, variables, START_S))
            for log in logs
        ]
        yield Farm(shared, starting)


def _level(servers: Sequence[OwnServer], in_flight: int, seconds: float) -> Level:
    context = multiprocessing.get_context("spawn")
    all_there = context.Barrier(len(servers) + 1)
    with ProcessPoolExecutor(len(servers), context, _meet, (all_there,)) as clients:
        # One is started for everything that there is to do.
        for _ in servers:
            clients.submit(cores)
        all_there.wait(START_S)
        begin = time.monotonic() + WARM_UP_S
        ask = partial(_latencies, in_flight=in_flight, begin=begin, end=begin + seconds)
        answers = [clients.submit(ask, server.ports.url) for server in servers]
        time.sleep(begin - time.monotonic())
        used = sum(server.tree.cpu_s() for server in servers)
        time.sleep(begin + seconds - time.monotonic())
        used = sum(server.tree.cpu_s() for server in servers) - used
        found = list(chain.from_iterable(answer.result() for answer in answers))
    middle, high = np.percentile(found, (50, 95)) * 1e3
    per_second = len(found) / seconds
    cpu_ms = used / len(found) * 1e3
    return Level(len(servers), in_flight, per_second, float(middle), float(high), cpu_ms)


def _meet(all_there: Barrier) -> None:
    """Of a client: what it imports takes seconds."""
    all_there.wait(START_S)


def _latencies(url: str, in_flight: int, begin: float, end: float) -> list[float]:
    """Seconds of every request that was answered between two times of the monotonic clock."""

    async def ask() -> list[float]:
        latencies: list[float] = []

        async def keep_asking(client: Client) -> None:
            while (asked := time.monotonic()) < end:
                await client.ask()
                if begin <= (now := time.monotonic()) < end:
                    latencies.append(now - asked)

        async with Client(f"{url}/v1/parse?scales=0.8,1,1.2", portrait()) as client:
            await asyncio.gather(*(keep_asking(client) for _ in range(in_flight)))
        return latencies

    return asyncio.run(ask())


def cores() -> int:
    return len(os.sched_getaffinity(0))
