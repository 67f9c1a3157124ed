"""Training pictures as MMAN's authors make them: a mirror, then the whole photo or most of it.

The release (MMAN paper, section 4.2; fact sheet, section 3) squashes the photo to a board of
286 x 286 and shows 256 x 256 of it. Ours is letterboxed to the board instead, so that it keeps its
aspect as it does when served; what lies outside the photo is not trained on. Board, crop and
resize are one step here, so nothing is sampled twice.
"""

import math

import numpy as np
from numpy.typing import NDArray

from training.augment.recipe import mirrored
from training.augment.view import Matrix, Rect, warp
from training.datasets.dataset import ParsingDataset

SIZED_CROP, PLAIN_CROP = 0.40, 0.33
"""How often; in the remaining 27 % the whole board is shown."""

CROP_SIDE = 256 / 286
"""Of the board's sides: what a crop without a resize shows."""

CROP_AREA = (0.64, 1.0)
CROP_ASPECT = (4 / 5, 5 / 4)
TRIES = 10


class MmanRecipe:
    """Draws augmented pictures of a data set; equal generators draw equal pictures."""

    def __init__(self, dataset: ParsingDataset) -> None:
        self.dataset = dataset

    def draw(
        self, index: int, canvas: tuple[int, int], rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """uint8[h, w, 3] RGB and uint8[h, w] of class indices, 255 beyond the photo."""
        photo, truth = self.dataset.pair(index)
        if rng.random() < 0.5:
            photo, truth = mirrored(photo, truth, self.dataset.label_set)
        window = _window(rng)
        return warp(photo, truth, _placement(window, truth.shape, canvas), canvas)


def _window(rng: np.random.Generator) -> Rect:
    """The part of the board that is shown, in shares of the board's sides."""
    kind = rng.random()
    if kind < SIZED_CROP:
        return _sized_crop(rng)
    if kind < SIZED_CROP + PLAIN_CROP:
        return _crop(CROP_SIDE, CROP_SIDE, rng)
    return Rect(0, 0, 1, 1)


def _sized_crop(rng: np.random.Generator) -> Rect:
    """A crop of random area and aspect; the whole board where none of ten fits."""
    for _ in range(TRIES):
        area, aspect = rng.uniform(*CROP_AREA), rng.uniform(*CROP_ASPECT)
        width, height = math.sqrt(area * aspect), math.sqrt(area / aspect)
        if rng.random() < 0.5:
            width, height = height, width
        if width <= 1 and height <= 1:
            return _crop(width, height, rng)
    return Rect(0, 0, 1, 1)


def _crop(width: float, height: float, rng: np.random.Generator) -> Rect:
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return Rect(left, top, left + width, top + height)


def _placement(window: Rect, photo: tuple[int, ...], canvas: tuple[int, int]) -> Matrix:
    """float64[2, 3] from photo to canvas: the photo fits the middle of the board.

    Args:
        window: part of the board that fills the canvas, in shares.
        photo: (height, width).
        canvas: (height, width); the board has its aspect.
    """
    scale = min(canvas[0] / photo[0], canvas[1] / photo[1])
    x_scale, y_scale = scale / window.width, scale / window.height
    left = (canvas[1] - photo[1] * scale) / 2 - window.x1 * canvas[1]
    top = (canvas[0] - photo[0] * scale) / 2 - window.y1 * canvas[0]
    return np.array([[x_scale, 0, left / window.width], [0, y_scale, top / window.height]])
