"""Names for the arrays that geometry is made of."""

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
