"""What a loader asks of any way to make training pictures."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class PictureRecipe(Protocol):
    """Draws augmented pictures of a data set; equal generators draw equal pictures."""

    def draw(
        self, index: int, canvas: tuple[int, int], rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """uint8[h, w, 3] RGB and uint8[h, w] of class indices, 255 where nothing is known."""
        ...
