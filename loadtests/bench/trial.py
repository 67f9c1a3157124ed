"""What is measured on one running peer, in one round."""

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.bench.arrivals import OpenWindow, offer, poisson
from loadtests.bench.running import Running
from loadtests.load import WARM_UP_S, Window, failure, measure
from loadtests.results import percentiles_ms

OVERLOAD = 10
OPEN_PATIENCE_S = 30.0
OVERLOAD_PATIENCE_S = 3.0
RECOVERY_S = 30.0

Document = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How long and how hard; loads are shares of the peer's own maximum."""

    seconds: float
    levels: Sequence[int]
    loads: Sequence[float]


@dataclass(frozen=True)
class _Used:
    """CPU seconds of a server and of this client within a window, MiB of the server at its end."""

    server_s: float
    client_s: float
    memory_mib: float


class Trial:
    """Measures a peer that has answered."""

    def __init__(self, peer: Running, plan: Plan, rng: random.Random) -> None:
        self._peer = peer
        self._plan = plan
        self._rng = rng

    async def closed(self, levels: Sequence[int]) -> list[Document]:
        """A document per number of requests in flight."""
        found = []
        for level in levels:
            async with asyncio.TaskGroup() as group:
                used = group.create_task(self._used(WARM_UP_S))
                window = await measure([self._peer.client.ask] * level, self._plan.seconds)
            found.append(_closed_document(level, window, used.result()))
        return found

    async def open(self, maximum: float) -> list[Document]:
        """A document per load; `maximum` is what the peer answers per second at most."""
        return [
            await self._offer(load, maximum, WARM_UP_S, OPEN_PATIENCE_S)
            for load in self._plan.loads
        ]

    async def overload(self, maximum: float) -> Document:
        """Ten times what it can do, then how long until one request is answered again."""
        found = await self._offer(OVERLOAD, maximum, 0, OVERLOAD_PATIENCE_S)
        start = time.perf_counter()
        error = await failure(self._peer.client.ask, RECOVERY_S)
        return found | {"recovery_s": None if error else time.perf_counter() - start}

    async def _offer(
        self, load: float, maximum: float, warm_up_s: float, patience_s: float
    ) -> Document:
        seconds = self._plan.seconds
        times = poisson(load * maximum, warm_up_s + seconds, self._rng)
        async with asyncio.TaskGroup() as group:
            used = group.create_task(self._used(warm_up_s))
            window = await offer(self._peer.client.ask, times, seconds, patience_s, warm_up_s)
        return _open_document(load, window, used.result())

    async def _used(self, warm_up_s: float) -> _Used:
        """Reads nothing within the window: looking at processes takes time, too."""
        await asyncio.sleep(warm_up_s)
        server_s, client_s = self._peer.cpu_s(), time.thread_time()
        await asyncio.sleep(self._plan.seconds)
        client_s = time.thread_time() - client_s
        server_s = self._peer.cpu_s() - server_s
        return _Used(server_s, client_s, await asyncio.to_thread(self._peer.memory_mib))


def _closed_document(level: int, window: Window, used: _Used) -> Document:
    answers = len(window.latencies)
    return {
        "in_flight": level,
        "answers": answers,
        "photos_per_second": window.rate,
        "latency_ms": percentiles_ms(window.latencies),
        "cpu_ms_per_photo": used.server_s / answers * 1e3 if answers else None,
        "client_cpu_ms_per_photo": used.client_s / answers * 1e3 if answers else None,
        "memory_mib": used.memory_mib,
        "errors": dict(window.errors),
    }


def _open_document(load: float, window: OpenWindow, used: _Used) -> Document:
    return {
        "load": load,
        "offered": window.offered,
        "answers": len(window.latencies),
        "answered_share": len(window.latencies) / window.offered if window.offered else None,
        "photos_per_second": window.in_time / window.seconds,
        "latency_ms": percentiles_ms(window.latencies),
        "refusal_ms": statistics.median(window.refusals) * 1e3 if window.refusals else None,
        "memory_mib": used.memory_mib,
        "errors": dict(window.errors),
    }
