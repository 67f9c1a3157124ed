"""Label maps on the coarse grid of a low-resolution head: one cell per 16 x 16 pixels of canvas.

What MMAN's paper calls mIoU (low-reso.) compares there (table 4).
"""

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Letterbox, Size
from limn.labels import IGNORE_INDEX

CELL = 16


def cell_labels(label_map: NDArray[np.uint8], canvas: Size) -> NDArray[np.uint8]:
    """The label under the middle of every cell, as `nearest-exact` samples; 255 in the padding.

    Args:
        label_map: uint8[H, W] of a photo.
        canvas: (height, width) in pixels, multiples of 16, that the photo is letterboxed to.

    Returns:
        uint8[height / 16, width / 16].
    """
    box = Letterbox.fit((label_map.shape[0], label_map.shape[1]), canvas)
    rows = _pixels(canvas[0], box.top, box.content[0], label_map.shape[0])
    columns = _pixels(canvas[1], box.left, box.content[1], label_map.shape[1])
    known = (rows >= 0)[:, np.newaxis] & (columns >= 0)
    cells: NDArray[np.uint8] = label_map[np.ix_(rows, columns)]
    return np.where(known, cells, IGNORE_INDEX).astype(np.uint8)


def _pixels(side: int, padding: int, content: int, pixels: int) -> NDArray[np.intp]:
    """intp[side / 16]: which pixel lies under the middle of each cell; -1 in the padding."""
    middles = np.arange(side // CELL) * CELL + CELL // 2 - padding
    inside = (middles >= 0) & (middles < content)
    return np.where(inside, middles * pixels // content, -1).astype(np.intp)
