"""The device engine: networks on a GPU in this process, batches across requests."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Self

import numpy as np
from anyio import CapacityLimiter, to_thread
from numpy.typing import NDArray

from limn.ops.device import Device, Kind
from service.engines.device.former import BatchFormer
from service.engines.device.network import DeviceNetwork
from service.engines.device.scores import DeviceScores, together
from service.engines.protocol import TestTimeSettings
from service.engines.together import all_of
from service.errors import EngineUnavailable
from service.repository import ModelId, ServedModel
from service.workers import Workers

_Key = tuple[ModelId, TestTimeSettings]


def require(kind: Kind) -> None:
    """DeviceUnavailable where there is no such device."""
    Device(kind)


class DeviceEngine:
    """On a GPU batching is everything: canvases of all requests that are seen alike go together.

    A batch is taken when it is full, or when its first canvas has waited `longest_wait_s`; while
    the device works, the next one gathers.
    """

    def __init__(
        self,
        networks: Mapping[ModelId, DeviceNetwork],
        device: Device,
        most: int,
        longest_wait_s: float,
        batched: Callable[[int], None],
    ) -> None:
        """An engine of these networks; `batched` is told how many canvases each batch has."""
        self._networks = dict(networks)
        self._batched = batched
        self.memory_bytes = device.memory_bytes
        self._most = most
        # All work of an engine is in one order, so that addresses can be used again.
        self._device = CapacityLimiter(1)
        self._former: BatchFormer[_Key, NDArray[np.uint8], DeviceScores] = BatchFormer(
            self._batch, self._device, most, longest_wait_s
        )
        self._is_open = True

    @classmethod
    async def start(
        cls,
        models: Sequence[ServedModel],
        workers: Workers,
        kind: Kind,
        most: int,
        longest_wait_s: float,
        batched: Callable[[int], None],
    ) -> Self:
        """Load and warm up every model.

        Raises:
            DeviceUnavailable: there is no such device.
            ContractError: a model is not what it says.
        """
        device = await workers.run(partial(Device, kind))
        networks = {
            model.id: await workers.run(partial(DeviceNetwork, model, device, most))
            for model in models
        }
        return cls(networks, device, most, longest_wait_s, batched)

    async def scores(
        self, model: ModelId, canvases: NDArray[np.uint8], tta: TestTimeSettings
    ) -> DeviceScores:
        """See `Engine.scores`."""
        self._network(model)
        key = model, tta
        parts = await all_of([partial(self._former.submit, key, canvas) for canvas in canvases])
        return together(parts)

    async def logits(self, model: ModelId, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine.logits`."""
        network = self._network(model)
        parts = [
            await to_thread.run_sync(
                network.logits, pixels[start : start + self._most], limiter=self._device
            )
            for start in range(0, len(pixels), self._most)
        ]
        return np.concatenate(parts)

    async def ready(self) -> bool:
        """See `Engine.ready`."""
        return self._is_open

    async def close(self) -> None:
        """See `Engine.close`."""
        self._is_open = False
        self._networks.clear()

    def _network(self, model: ModelId) -> DeviceNetwork:
        if not self._is_open:
            raise EngineUnavailable("the engine is closed")
        network = self._networks.get(model)
        if network is None:
            raise EngineUnavailable(f"model {model} is not loaded")
        return network

    def _batch(self, key: _Key, canvases: Sequence[NDArray[np.uint8]]) -> Sequence[DeviceScores]:
        model, tta = key
        self._batched(len(canvases))
        return self._network(model).scores(canvases, tta)
