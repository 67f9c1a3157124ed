"""What an engine answers of a canvas, and the classes that a photo's pixels have by it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Region, Size
from limn.ops.choose import upsample_and_choose, upsample_and_choose_with_confidence
from limn.ops.paint import colorize
from service.errors import InferenceFailed


class Scores(Protocol):
    """Probabilities float32[K, h, w] of one canvas, wherever they are."""

    @property
    def grid(self) -> Size:
        """(h, w)."""
        ...

    def choose(self, size: Size, region: Region) -> NDArray[np.uint8]:
        """What `limn.ops.choose.upsample_and_choose` gives, uint8[H, W].

        Raises:
            EngineError: the scores are no numbers, or cannot be reached any more.
        """
        ...

    def choose_with_confidence(
        self, size: Size, region: Region
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """See `limn.ops.choose.upsample_and_choose_with_confidence`; raises what `choose` does."""
        ...

    def paint(
        self, size: Size, region: Region, palette: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """What `choose` gives, and its colours uint8[H, W, 3] by `palette` uint8[256, 3]."""
        ...

    def array(self) -> NDArray[np.float32]:
        """float32[K, h, w]; raises what `choose` does."""
        ...


@contextmanager
def translated() -> Iterator[None]:
    """InferenceFailed for scores that are no numbers."""
    try:
        yield
    except FloatingPointError as exc:
        raise InferenceFailed("the network answers what are no numbers") from exc


def require_numbers(scores: NDArray[np.float32]) -> None:
    """FloatingPointError where a score is NaN or infinite."""
    # Of infinities too the sum is no number.
    if not np.isfinite(scores.sum()):
        raise FloatingPointError("scores are NaN or infinite")


class HostScores:
    """See `Scores`; in this process's memory."""

    def __init__(self, scores: NDArray[np.float32]) -> None:
        """Around float32[K, h, w]."""
        self._scores = scores

    @property
    def grid(self) -> Size:
        height, width = self._scores.shape[1:]
        return height, width

    def choose(self, size: Size, region: Region) -> NDArray[np.uint8]:
        with translated():
            return upsample_and_choose(self._scores, size, region)

    def choose_with_confidence(
        self, size: Size, region: Region
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        with translated():
            return upsample_and_choose_with_confidence(self._scores, size, region)

    def paint(
        self, size: Size, region: Region, palette: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        label_map = self.choose(size, region)
        return label_map, colorize(label_map, palette)

    def array(self) -> NDArray[np.float32]:
        with translated():
            require_numbers(self._scores)
        return self._scores
