"""Training pictures as SSL's authors make them: a scale, a mirror, a crop of the photo's pixels.

The release (SSL fact sheet, section 3) scales the photo itself by one of five factors, pads it at
the bottom and the right to the canvas, and crops a canvas anywhere; nothing is fitted. With photos
much larger than the canvas, `[data] longest_side` brings them near it first.
"""

import numpy as np
from numpy.typing import NDArray

from training.augment.recipe import mirrored
from training.augment.view import Matrix, warp
from training.datasets.dataset import ParsingDataset

SCALES = (0.6, 0.8, 1.0, 1.2, 1.4)


class SslRecipe:
    """Draws augmented pictures of a data set; equal generators draw equal pictures."""

    def __init__(self, dataset: ParsingDataset) -> None:
        self.dataset = dataset

    def draw(
        self, index: int, canvas: tuple[int, int], rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """uint8[h, w, 3] RGB and uint8[h, w] of class indices, 255 in the padding."""
        photo, truth = self.dataset.pair(index)
        if rng.random() < 0.5:
            photo, truth = mirrored(photo, truth, self.dataset.label_set)
        scale = SCALES[rng.integers(len(SCALES))]
        return warp(photo, truth, _placement(truth.shape, canvas, scale, rng), canvas)


def _placement(
    photo: tuple[int, ...], canvas: tuple[int, int], scale: float, rng: np.random.Generator
) -> Matrix:
    """float64[2, 3] from photo to canvas: scaled, shifted by whole pixels where it is larger."""
    rows, columns = (
        max(0, round(side * scale) - room) for side, room in zip(photo, canvas, strict=True)
    )
    top, left = rng.integers(rows, endpoint=True), rng.integers(columns, endpoint=True)
    return np.array([[scale, 0, -left], [0, scale, -top]], dtype=np.float64)
