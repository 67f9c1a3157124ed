"""Distances from pixels to the line segments that stand for a body's limbs."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]
"""float64[2]: (x, y) in pixels; pixel centres lie on whole numbers."""

Points = NDArray[np.float64]
"""float64[N, 2]: (x, y) in pixels."""

Mask = NDArray[np.bool_]
"""bool[H, W]: a set of pixels."""

LabelMap = NDArray[np.uint8]
"""uint8[H, W]: LIP class index of every pixel, 255 to ignore."""

Distances = NDArray[np.float64]


def mask_points(mask: Mask) -> Points:
    """float64[N, 2]: the pixels of `mask` in row-major order, the order of `image[mask]`."""
    rows, columns = np.nonzero(mask)
    return np.stack([columns, rows], axis=1).astype(np.float64)


def segment_distance(points: Points, start: Point, end: Point) -> Distances:
    """float64[N]: distance in pixels of every point to the segment; a segment may be a point."""
    direction = end - start
    offset = points - start
    along = np.clip(offset @ direction / max(float(direction @ direction), 1e-9), 0.0, 1.0)
    nearest: Distances = np.hypot(
        offset[:, 0] - along * direction[0], offset[:, 1] - along * direction[1]
    )
    return nearest


def polyline_distance(points: Points, corners: Points) -> Distances:
    """float64[N]: distance in pixels of every point to the line through `corners`."""
    legs = [segment_distance(points, start, end) for start, end in pairwise(corners)]
    nearest: Distances = np.min(legs, axis=0)
    return nearest


def crossing(first: tuple[Point, Point], second: tuple[Point, Point]) -> Point | None:
    """The point where two segments cross; None where they are apart or parallel."""
    start, other = first[0], second[0]
    along, across = first[1] - start, second[1] - other
    determinant = along[0] * across[1] - along[1] * across[0]
    if abs(determinant) < 1e-9:
        return None
    gap = other - start
    share = (gap[0] * across[1] - gap[1] * across[0]) / determinant
    other_share = (gap[0] * along[1] - gap[1] * along[0]) / determinant
    if not (0 <= share <= 1 and 0 <= other_share <= 1):
        return None
    point: Point = start + share * along
    return point
