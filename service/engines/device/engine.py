"""The device engine: networks on a GPU in this process, batches across requests."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray

from limn.errors import DeviceUnavailable
from limn.ops.choose_cuda import CudaChooser
from limn.ops.device import Device, Kind
from service.engines.device.faults import faults
from service.engines.device.former import BatchFormer
from service.engines.device.network import DeviceNetwork, batches_up_to
from service.engines.device.scores import DeviceScores
from service.engines.protocol import TestTimeSettings
from service.engines.scores import HostScores, Scores
from service.engines.together import all_of
from service.errors import EngineUnavailable
from service.repository import ModelId, ServedModel
from service.stages import clock_here

logger = logging.getLogger(__name__)

_Key = tuple[ModelId, TestTimeSettings]


@dataclass(frozen=True)
class _Computed:
    """Scores of a canvas, and when its batch began and ended."""

    scores: Scores
    begun: float
    ended: float


def require(kind: Kind) -> None:
    """DeviceUnavailable where there is no such device."""
    Device(kind)


def chooser_of(device: Device) -> CudaChooser | None:
    """What chooses classes in the device's memory; None where scores come back for that.

    Those are CPUs, and GPUs for which the kernel cannot be compiled: the log says why.
    """
    if device.kind == "cpu":
        return None
    try:
        return CudaChooser(device)
    except DeviceUnavailable as exc:
        logger.warning("%s; the CPU chooses them, from scores that are copied", exc)
        return None


class DeviceEngine:
    """On a GPU batching is everything: canvases of all requests that are seen alike go together.

    A batch is taken when it is full, or when its first canvas has waited `longest_wait_s`. While
    the device works on one, the next is handed to it, so that it never waits for this process.
    """

    def __init__(
        self,
        thread: ThreadPoolExecutor,
        networks: Mapping[ModelId, DeviceNetwork],
        device: Device,
        chooser: CudaChooser | None,
        most: int,
        longest_wait_s: float,
        batched: Callable[[int], None],
    ) -> None:
        """An engine of these networks, which `thread` made; `batched` is told every batch's size.

        For `chooser` see `chooser_of`.

        ONNX Runtime keeps what it recorded of a GPU's kernels per thread: one does all.
        """
        self._thread = thread
        self._networks = dict(networks)
        self._device = device
        self._chooser = chooser
        self._batched = batched
        self.memory_bytes = device.memory_bytes
        self._most = most
        self._former: BatchFormer[_Key, NDArray[np.uint8], _Computed] = BatchFormer(
            self._begin, thread, most, longest_wait_s
        )
        self._is_open = True

    @classmethod
    async def start(
        cls,
        models: Sequence[ServedModel],
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
        thread = ThreadPoolExecutor(1, thread_name_prefix="device")
        run = partial(asyncio.get_running_loop().run_in_executor, thread)
        device = await run(Device, kind)
        batches = batches_up_to(most)
        networks = {model.id: await run(DeviceNetwork, model, device, batches) for model in models}
        chooser = await run(chooser_of, device)
        return cls(thread, networks, device, chooser, most, longest_wait_s, batched)

    async def scores(
        self, model: ModelId, canvases: NDArray[np.uint8], tta: TestTimeSettings
    ) -> Sequence[Scores]:
        """See `Engine.scores`."""
        self._network(model)
        key = model, tta
        found = await all_of([partial(self._former.submit, key, one) for one in canvases])
        clock = clock_here()
        if clock is not None:
            for begun, ended in {(one.begun, one.ended) for one in found}:
                clock.add("network", begun, ended)
        return [one.scores for one in found]

    async def logits(self, model: ModelId, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine.logits`."""
        network = self._network(model)
        run = partial(asyncio.get_running_loop().run_in_executor, self._thread)
        with faults():
            parts = [
                await run(network.logits, pixels[start : start + self._most])
                for start in range(0, len(pixels), self._most)
            ]
        return np.concatenate(parts)

    async def ready(self) -> bool:
        """See `Engine.ready`."""
        return self._is_open

    async def close(self) -> None:
        """See `Engine.close`."""
        self._is_open = False
        # What waits is told so, by the thread.
        await self._former.drained()
        self._networks.clear()
        self._thread.shutdown(wait=False)

    def _network(self, model: ModelId) -> DeviceNetwork:
        if not self._is_open:
            raise EngineUnavailable("the engine is closed")
        network = self._networks.get(model)
        if network is None:
            raise EngineUnavailable(f"model {model} is not loaded")
        return network

    def _begin(
        self, key: _Key, canvases: Sequence[NDArray[np.uint8]]
    ) -> Callable[[], Sequence[_Computed]]:
        model, tta = key
        network = self._network(model)
        self._batched(len(canvases))
        begun = time.perf_counter()
        with faults():
            computed = self._scored(network, canvases, tta)

        def finish() -> Sequence[_Computed]:
            with faults():
                scores = computed()
            ended = time.perf_counter()
            return [_Computed(one, begun, ended) for one in scores]

        return finish

    def _scored(
        self, network: DeviceNetwork, canvases: Sequence[NDArray[np.uint8]], tta: TestTimeSettings
    ) -> Callable[[], Sequence[Scores]]:
        """What returns the scores of a batch, once the device has computed them."""
        device, chooser = self._device, self._chooser
        with device.working():
            scores = network.scores(canvases, tta)
            if chooser is None:
                fetched = device.fetch(scores)
                return lambda: list(map(HostScores, fetched()))
            done = device.mark()

        def computed() -> Sequence[Scores]:
            done()
            return [DeviceScores(device, chooser, row) for row in scores]

        return computed
