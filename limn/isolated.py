"""Isolated pixels of a label map: islands of a few pixels, as holes and specks are.

MMAN's paper counts them (table 4, "IPR") without saying how; ours is the share of pixels that lie
in an 8-connected component of one label with fewer than `area` pixels. With 2, no neighbour shares
the label; with 64, larger specks count too.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

AREAS = (2, 64)


def isolated_pixels(
    label_map: NDArray[np.uint8], areas: Sequence[int] = AREAS
) -> NDArray[np.int64]:
    """Count of isolated pixels for each bound on the area of an island.

    Args:
        label_map: uint8[H, W]; the background's islands count like any other's.
        areas: a component of fewer pixels than this is an island.

    Returns:
        int64[len(areas)].
    """
    bounds = np.asarray(areas)[:, np.newaxis]
    counts = np.zeros(len(bounds), np.int64)
    for index in np.flatnonzero(np.bincount(label_map.ravel(), minlength=256)):
        mask = cv2.inRange(label_map, (int(index),), (int(index),))
        # Few classes cover much of a picture; the rest is not worth a look.
        left, top, width, height = cv2.boundingRect(mask)
        cut = mask[top : top + height, left : left + width]
        stats = cv2.connectedComponentsWithStats(cut, connectivity=8)[2]
        sizes = stats[1:, cv2.CC_STAT_AREA]
        counts += np.where(sizes < bounds, sizes, 0).sum(axis=1)
    return counts
