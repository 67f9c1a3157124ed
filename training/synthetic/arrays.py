"""Names for the arrays that geometry is made of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vertices = NDArray[np.float32]
"""float32[V, 3], metres; x is the person's left, y points backwards, z up."""

Triangles = NDArray[np.int32]
"""int32[F, 3], indices of vertices, counter-clockwise from outside."""

CornerUvs = NDArray[np.float32]
"""float32[F, 3, 2], texture coordinates of the corners of triangles, origin bottom left."""

ImageU8 = NDArray[np.uint8]
"""uint8[H, W, 3] RGB, or [H, W, 4] with alpha."""


def as_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Rounded, and kept in 0 to 255."""
    rounded: NDArray[np.uint8] = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded


def as_float(values: NDArray[Any]) -> NDArray[np.float32]:
    """What OpenCV or numpy made of float32, which their types do not say."""
    return values.astype(np.float32, copy=False)
