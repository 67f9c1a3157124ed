"""Scores in a device's memory: classes are chosen there, and only they come back."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Region, Size
from limn.ops import tensor as ops
from limn.ops.device import Device, download, joined
from service.engines.host_scores import require_numbers

if TYPE_CHECKING:
    from torch import Tensor


class DeviceScores:
    """See `Scores`; float32[1, K, h, w] of every canvas, as their batches left them."""

    def __init__(self, device: Device, scores: "Sequence[Tensor]") -> None:
        self._device = device
        self._scores = scores

    @property
    def grid(self) -> Size:
        return self._scores[0].shape[2], self._scores[0].shape[3]

    def __len__(self) -> int:
        return len(self._scores)

    def choose(self, index: int, size: Size, region: Region) -> NDArray[np.uint8]:
        """See `Scores.choose`."""
        with self._device.answering():
            return download(ops.upsample_and_choose(self._of(index), size, region)[0])

    def choose_with_confidence(
        self, index: int, size: Size, region: Region
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """See `Scores.choose_with_confidence`."""
        with self._device.answering():
            labels, sure = ops.upsample_and_choose_with_confidence(self._of(index), size, region)
            return download(labels[0]), download(sure[0])

    def array(self) -> NDArray[np.float32]:
        """See `Scores.array`."""
        with self._device.answering():
            return download(joined([self._of(index) for index in range(len(self))]))

    def _of(self, index: int) -> "Tensor":
        """float32[1, K, h, w] of one canvas."""
        scores = self._scores[index]
        require_numbers(float(scores.sum()))
        return scores
