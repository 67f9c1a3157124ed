"""Scores by an NVIDIA Triton Inference Server: one hop per batch of canvases."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferInput, InferRequestedOutput

from limn.contract import ParserContract
from limn.ops.array import fuse
from service.engines.protocol import TestTimeSettings, View
from service.engines.scores import HostScores
from service.engines.together import all_of
from service.engines.triton.agreement import require_agreement
from service.engines.triton.connection import RegionLost, TritonConnection
from service.engines.triton.output import read_output
from service.engines.triton.regions import CudaRegion, Region, SystemRegion
from service.engines.triton.shared_memory import RegionPool
from service.engines.views import grid_of, pixels_of, planes_of, scores_of
from service.errors import EngineUnavailable
from service.repository import ModelId, ModelRepository, ServedModel
from service.stages import stage
from service.workers import Workers

Array = NDArray[np.float32]

Memory = Literal["none", "system", "cuda"]

_KINDS: Mapping[Memory, Sequence[Callable[[int], Region]]] = {
    "none": (),
    "system": (SystemRegion,),
    "cuda": (CudaRegion, SystemRegion),
}

MOST_TOGETHER = 8
"""Canvases in one call: the largest batch that the repository is built for."""

REGIONS = 4
"""Calls at a time whose tensors lie in shared memory; more go over the wire."""


class TritonEngine:
    """Asks `<name>_parse` for fused scores, or `<name>` scale by scale for other settings.

    It starts without its server and is not ready until that answers. What Triton serves is compared
    with the contracts before it is used, and again when it has been away.
    """

    def __init__(
        self,
        models: Sequence[ServedModel],
        needed: Sequence[ModelId],
        workers: Workers,
        connection: TritonConnection,
        memory: Memory,
    ) -> None:
        self._models = {model.id: model for model in models}
        self._needed = tuple(needed)
        self._workers = workers
        self._connection = connection
        size = max(
            (_region_size(model.parser) for model in models if model.parser is not None), default=0
        )
        self._regions = RegionPool(connection, size, REGIONS if size else 0, _KINDS[memory])
        self._agreed: dict[ModelId, int] = {}
        self._is_open = True

    @classmethod
    async def start(
        cls, repository: ModelRepository, workers: Workers, url: str, memory: Memory
    ) -> Self:
        """An engine for a Triton whose gRPC endpoint is `url`, host and port.

        Args:
            repository: what Triton serves too, of each model the version that is promoted.
            memory: to share with a server on this machine, of the host or of the GPU that both
                use; what cannot be shared is passed over, down to tensors in the messages.
        """
        needed = [repository.find(name).id for name in repository.names]
        return cls(tuple(repository), needed, workers, TritonConnection(url), memory)

    async def scores(
        self, model: ModelId, canvases: NDArray[np.uint8], tta: TestTimeSettings
    ) -> Sequence[HostScores]:
        """See `Engine.scores`."""
        served = await self._served(model)
        parser = served.parser
        if parser is None or not _has(parser, tta):
            return list(map(HostScores, await self._scale_by_scale(served, canvases, tta)))
        parts = [
            await self._parsed(parser, canvases[start : start + MOST_TOGETHER])
            for start in range(0, len(canvases), MOST_TOGETHER)
        ]
        return list(map(HostScores, chain.from_iterable(parts)))

    async def logits(self, model: ModelId, pixels: NDArray[np.float32]) -> Array:
        """See `Engine.logits`."""
        served = await self._served(model)
        parts = [
            await self._network(served, pixels[start : start + MOST_TOGETHER])
            for start in range(0, len(pixels), MOST_TOGETHER)
        ]
        return np.concatenate(parts)

    async def ready(self) -> bool:
        """See `Engine.ready`; as the server says of itself and of every promoted model."""
        if not self._is_open:
            return False
        names = [
            (contract.name, contract.version)
            for model in map(self._models.__getitem__, self._needed)
            for contract in (model.contract, model.parser)
            if contract is not None
        ]
        return await self._connection.is_up(names)

    async def close(self) -> None:
        """See `Engine.close`."""
        self._is_open = False
        await self._regions.close()
        await self._connection.close()

    async def _served(self, model: ModelId) -> ServedModel:
        if not self._is_open:
            raise EngineUnavailable("the engine is closed")
        served = self._models.get(model)
        if served is None:
            raise EngineUnavailable(f"model {model} is not known to this engine")
        if self._agreed.get(model) != self._connection.losses:
            await require_agreement(self._connection, served)
            self._agreed[model] = self._connection.losses
        return served

    async def _parsed(self, parser: ParserContract, canvases: NDArray[np.uint8]) -> Array:
        try:
            return await self._parsed_once(parser, canvases)
        except RegionLost:
            # Another server than the one that was told: what it knows is out of date.
            self._connection.losses += 1
        try:
            return await self._parsed_once(parser, canvases)
        except RegionLost as exc:
            raise EngineUnavailable(f"Triton cannot use the gateway's memory: {exc}") from exc

    async def _parsed_once(self, parser: ParserContract, canvases: NDArray[np.uint8]) -> Array:
        names = parser.tensors
        source = InferInput(names.canvas, list(canvases.shape), "UINT8")
        target = InferRequestedOutput(names.scores)
        shape = (len(canvases), *_scores_shape(parser))
        async with self._regions.region() as region:
            if region is None:
                source.set_data_from_numpy(np.ascontiguousarray(canvases))
            else:
                await self._workers.run(partial(region.write, canvases))
                source.set_shared_memory(region.name, canvases.nbytes)
                target.set_shared_memory(region.name, 2 * int(np.prod(shape)), canvases.nbytes)
            with stage("network"):
                result = await self._connection.infer(
                    parser.name, parser.version, [source], [target]
                )
            read: Callable[[], NDArray[np.float16]] = (
                partial(read_output, result, names.scores, shape, np.float16)
                if region is None
                else partial(region.read, canvases.nbytes, shape, np.float16)
            )
            return await self._workers.run(lambda: read().astype(np.float32))

    async def _scale_by_scale(
        self, model: ServedModel, canvases: NDArray[np.uint8], tta: TestTimeSettings
    ) -> Array:
        planes = await self._workers.run(partial(planes_of, model, canvases))

        async def see(view: View) -> Array:
            pixels = await self._workers.run(partial(pixels_of, model, planes, *view))
            logits = await self.logits(model.id, pixels)
            return await self._workers.run(partial(scores_of, model, logits, view.flip))

        parts = await all_of([partial(see, view) for view in tta.views])
        return await self._workers.run(partial(fuse, parts, grid_of(model)))

    async def _network(self, model: ServedModel, pixels: NDArray[np.float32]) -> Array:
        names, id_ = model.contract.tensors, model.id
        source = InferInput(names.pixels, list(pixels.shape), "FP32")
        source.set_data_from_numpy(np.ascontiguousarray(pixels))
        target = InferRequestedOutput(names.logits)
        with stage("network"):
            result = await self._connection.infer(id_.name, id_.version, [source], [target])
        batch, _, height, width = pixels.shape
        stride = model.contract.stride
        shape = (batch, len(model.contract.labels.classes), height // stride, width // stride)
        return read_output(result, names.logits, shape, np.float32)


def _has(parser: ParserContract, tta: TestTimeSettings) -> bool:
    """Whether these test-time settings are the ones inside the parser's graph."""
    return not tta.flip and [f"{scale:g}" for scale in tta.scales] == list(parser.scales)


def _scores_shape(parser: ParserContract) -> tuple[int, int, int]:
    height, width = parser.canvas
    return len(parser.labels.classes), height // parser.stride, width // parser.stride


def _region_size(parser: ParserContract) -> int:
    """Bytes of the largest batch: canvases, then scores in half precision."""
    height, width = parser.canvas
    return MOST_TOGETHER * (3 * height * width + 2 * int(np.prod(_scores_shape(parser))))
