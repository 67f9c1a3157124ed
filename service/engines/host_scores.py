"""Scores in the host's memory."""

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Region, Size
from limn.ops.choose import upsample_and_choose, upsample_and_choose_with_confidence


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
        return upsample_and_choose(self._scores[index], size, region)

    def choose_with_confidence(
        self, index: int, size: Size, region: Region
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """See `Scores.choose_with_confidence`."""
        return upsample_and_choose_with_confidence(self._scores[index], size, region)

    def array(self) -> NDArray[np.float32]:
        """See `Scores.array`."""
        return self._scores
