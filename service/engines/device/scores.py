"""Scores in a device's memory: classes are chosen there, and only they come back."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Region, Size
from limn.ops import tensor as ops
from limn.ops.device import download, joined
from service.engines.host_scores import require_numbers

if TYPE_CHECKING:
    from torch import Tensor


class DeviceScores:
    """See `Scores`; around a tensor float32[B, K, h, w]."""

    def __init__(self, scores: "Tensor") -> None:
        self._scores = scores

    @property
    def grid(self) -> Size:
        return self._scores.shape[2], self._scores.shape[3]

    def __len__(self) -> int:
        return len(self._scores)

    def choose(self, index: int, size: Size, region: Region) -> NDArray[np.uint8]:
        """See `Scores.choose`."""
        return download(ops.upsample_and_choose(self._of(index), size, region)[0])

    def choose_with_confidence(
        self, index: int, size: Size, region: Region
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """See `Scores.choose_with_confidence`."""
        labels, sure = ops.upsample_and_choose_with_confidence(self._of(index), size, region)
        return download(labels[0]), download(sure[0])

    def array(self) -> NDArray[np.float32]:
        """See `Scores.array`."""
        require_numbers(float(self._scores.sum()))
        return download(self._scores)

    def _of(self, index: int) -> "Tensor":
        """float32[1, K, h, w] of one canvas."""
        scores = self._scores[index : index + 1]
        require_numbers(float(scores.sum()))
        return scores


def together(parts: list[DeviceScores]) -> DeviceScores:
    """Scores of several canvases as those of one request."""
    return DeviceScores(joined([part._scores for part in parts]))
