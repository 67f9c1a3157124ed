"""Scores in the host's memory."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from limn.geometry import Region, Size
from limn.ops.choose import upsample_and_choose, upsample_and_choose_with_confidence
from service.errors import InferenceFailed


def require_numbers(total: float) -> None:
    """InferenceFailed where the sum of a canvas's scores shows that one of them is no number.

    Every comparison with NaN is false, so a mask of background would come of it.
    """
    if not math.isfinite(total):
        raise InferenceFailed("the network answers what are no numbers")


class HostScores:
    """See `Scores`; around float32[B, K, h, w]."""

    def __init__(self, scores: NDArray[np.float32]) -> None:
        self._scores = scores

    @property
    def grid(self) -> Size:
        return self._scores.shape[2], self._scores.shape[3]

    def __len__(self) -> int:
        return len(self._scores)

    def choose(self, index: int, size: Size, region: Region) -> NDArray[np.uint8]:
        """See `Scores.choose`."""
        return upsample_and_choose(self._of(index), size, region)

    def choose_with_confidence(
        self, index: int, size: Size, region: Region
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """See `Scores.choose_with_confidence`."""
        return upsample_and_choose_with_confidence(self._of(index), size, region)

    def array(self) -> NDArray[np.float32]:
        """See `Scores.array`."""
        require_numbers(float(self._scores.sum()))
        return self._scores

    def _of(self, index: int) -> NDArray[np.float32]:
        """float32[K, h, w] of one canvas."""
        scores: NDArray[np.float32] = self._scores[index]
        require_numbers(cv2.norm(scores.reshape(-1), cv2.NORM_L1))
        return scores
