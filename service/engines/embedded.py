"""The embedded engine: networks run in this process, on the workers' cores."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from anyio import CapacityLimiter
from numpy.typing import NDArray

from limn.ops.array import fuse
from service.engines.network import Network
from service.engines.protocol import TestTimeSettings, View
from service.engines.scores import HostScores
from service.engines.shares import shares
from service.engines.together import all_of
from service.errors import EngineUnavailable
from service.repository import ModelId
from service.stages import stage
from service.workers import Workers

Array = NDArray[np.float32]


class EmbeddedEngine:
    """One session per model, which every worker runs on its own core.

    A network gains nothing from a second thread, and nothing from a batch on a CPU: throughput
    comes from workers side by side. A canvas is one job where all are busy; its views are dealt
    out to those that are not.
    """

    def __init__(self, networks: Mapping[ModelId, Network], workers: Workers) -> None:
        self._networks = dict(networks)
        self._workers = workers
        self._is_open = True

    async def scores(
        self, model: ModelId, canvases: NDArray[np.uint8], tta: TestTimeSettings
    ) -> Sequence[HostScores]:
        """See `Engine.scores`."""
        network = self._network(model)
        if len(canvases) == 1:
            return [HostScores(await self._canvas(network, canvases[0], tta.views))]
        # Scores of many views are large; those of a few canvases at a time keep all cores busy.
        window = CapacityLimiter(self._workers.count)

        async def score(canvas: NDArray[np.uint8]) -> Array:
            async with window:
                return await self._canvas(network, canvas, tta.views)

        scored = await all_of([partial(score, canvas) for canvas in canvases])
        return [HostScores(one) for one in scored]

    async def logits(self, model: ModelId, pixels: Array) -> Array:
        """See `Engine.logits`."""
        network = self._network(model)
        jobs = [
            partial(self._workers.run, partial(network.logits, pixels[index : index + 1]))
            for index in range(len(pixels))
        ]
        return np.concatenate(await all_of(jobs))

    def _network(self, model: ModelId) -> Network:
        if not self._is_open:
            raise EngineUnavailable("the engine is closed")
        network = self._networks.get(model)
        if network is None:
            raise EngineUnavailable(f"model {model} is not loaded")
        return network

    async def _canvas(
        self, network: Network, canvas: NDArray[np.uint8], views: Sequence[View]
    ) -> Array:
        """Fused scores float32[K, h, w] of one canvas."""
        jobs = shares(views, self._workers.idle)
        if len(jobs) == 1:
            return await self._workers.run(
                lambda: _fuse(network.scores(canvas, views), network.grid)
            )
        parts: dict[int, Array] = {}

        async def see(indices: Sequence[int]) -> None:
            mine = [views[index] for index in indices]
            seen = await self._workers.run(partial(network.scores, canvas, mine))
            parts.update(zip(indices, seen, strict=True))

        await all_of([partial(see, indices) for indices in jobs])
        # In the order of the views, whoever was first: sums of floats depend on it.
        ordered = [parts[index] for index in range(len(views))]
        return await self._workers.run(partial(_fuse, ordered, network.grid))

    async def ready(self) -> bool:
        """See `Engine.ready`."""
        return self._is_open

    async def close(self) -> None:
        """See `Engine.close`."""
        self._is_open = False
        self._networks.clear()


def _fuse(parts: Sequence[Array], grid: tuple[int, int]) -> Array:
    with stage("fuse"):
        fused: Array = fuse(parts, grid)[0]
    return fused
