"""Scores in the host's memory."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Region, Size
from limn.ops.choose import upsample_and_choose, upsample_and_choose_with_confidence
from service.errors import InferenceFailed

NOT_NUMBERS = "the network answers what are no numbers"


def require_numbers(total: float) -> None:
    """InferenceFailed where the sum of a canvas's scores shows that one of them is no number.

    Every comparison with NaN is false, so a mask of background would come of it.
    """
    if not math.isfinite(total):
        raise InferenceFailed(NOT_NUMBERS)


@contextmanager
def _translated() -> Iterator[None]:
    """InferenceFailed for scores that are no numbers."""
    try:
        yield
    except FloatingPointError as exc:
        raise InferenceFailed(NOT_NUMBERS) from exc


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
        with _translated():
            return upsample_and_choose(self._scores[index], size, region)

    def choose_with_confidence(
        self, index: int, size: Size, region: Region
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """See `Scores.choose_with_confidence`."""
        with _translated():
            return upsample_and_choose_with_confidence(self._scores[index], size, region)

    def array(self) -> NDArray[np.float32]:
        """See `Scores.array`."""
        require_numbers(float(self._scores.sum()))
        return self._scores
