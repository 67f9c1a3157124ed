"""What an engine answers of canvases, and the classes that a photo's pixels have by it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Region, Size
from limn.ops.choose import upsample_and_choose, upsample_and_choose_with_confidence
from service.errors import InferenceFailed

_NO_NUMBERS = "the network answers what are no numbers"


@contextmanager
def _translated() -> Iterator[None]:
    """InferenceFailed for scores that are no numbers."""
    try:
        yield
    except FloatingPointError as exc:
        raise InferenceFailed(_NO_NUMBERS) from exc


class Scores:
    """Probabilities float32[K, h, w] of each of some canvases."""

    def __init__(self, rows: Iterable[NDArray[np.float32]]) -> None:
        """Of at least one canvas; an array [B, K, h, w] is its rows."""
        self._rows = list(rows)

    @property
    def grid(self) -> Size:
        """(h, w)."""
        height, width = self._rows[0].shape[1:]
        return height, width

    def __len__(self) -> int:
        return len(self._rows)

    def choose(self, index: int, size: Size, region: Region) -> NDArray[np.uint8]:
        """`limn.ops.choose.upsample_and_choose` of one canvas: uint8[H, W].

        Raises:
            InferenceFailed: its scores are no numbers.
        """
        with _translated():
            return upsample_and_choose(self._rows[index], size, region)

    def choose_with_confidence(
        self, index: int, size: Size, region: Region
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """`limn.ops.choose.upsample_and_choose_with_confidence` of one canvas; raises the same."""
        with _translated():
            return upsample_and_choose_with_confidence(self._rows[index], size, region)

    def array(self) -> NDArray[np.float32]:
        """float32[B, K, h, w]; raises the same."""
        # One canvas is the usual case, and two megabytes that need no copy.
        scores = self._rows[0][np.newaxis] if len(self) == 1 else np.stack(self._rows)
        # Of infinities too it is no number.
        if not np.isfinite(scores.sum()):
            raise InferenceFailed(_NO_NUMBERS)
        return scores
