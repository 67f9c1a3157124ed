"""Scores in a GPU's memory: classes are chosen and painted there, and only they come back."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Region, Size
from limn.ops.choose_cuda import CudaChooser
from limn.ops.device import Device
from service.engines.device.faults import faults
from service.engines.scores import require_numbers, translated

if TYPE_CHECKING:
    from torch import Tensor


class DeviceScores:
    """See `Scores`; as their batch left them on a GPU."""

    def __init__(self, device: Device, chooser: CudaChooser, scores: "Tensor") -> None:
        """Around float32[K, h, w], computed by now."""
        self._device = device
        self._chooser = chooser
        self._scores = scores

    @property
    def grid(self) -> Size:
        height, width = self._scores.shape[1:]
        return height, width

    def choose(self, size: Size, region: Region) -> NDArray[np.uint8]:
        with faults(), translated():
            return self._chooser.upsample_and_choose(self._scores, size, region)

    def choose_with_confidence(
        self, size: Size, region: Region
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        with faults(), translated():
            return self._chooser.upsample_and_choose_with_confidence(self._scores, size, region)

    def paint(
        self, size: Size, region: Region, palette: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        with faults(), translated():
            return self._chooser.upsample_and_paint(self._scores, size, region, palette)

    def array(self) -> NDArray[np.float32]:
        with faults(), translated():
            with self._device.answering():
                fetched = self._device.fetch(self._scores)
            found = fetched()
            require_numbers(found)
            return found
