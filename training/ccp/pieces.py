"""Connected pieces of a mask."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.ccp.geometry import Mask


@dataclass(frozen=True)
class Pieces:
    """The 8-connected pieces of a mask, numbered from 1.

    Attributes:
        numbers: int32[H, W], the piece each pixel belongs to, 0 outside the mask.
        boxes: int32[P + 1, 4], (left, top, width, height) by piece number; row 0 is the outside.
        areas: int32[P + 1], pixels by piece number.
    """

    numbers: NDArray[np.int32]
    boxes: NDArray[np.int32]
    areas: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.areas) - 1

    def by_area(self) -> list[int]:
        """Piece numbers, the largest piece first."""
        return [int(number) + 1 for number in np.argsort(-self.areas[1:], kind="stable")]

    def window(self, number: int, margin: int = 0) -> tuple[slice, slice]:
        """Rows and columns of the piece's box, grown by `margin` pixels and cut to the image."""
        left, top, width, height = (int(value) for value in self.boxes[number])
        return (
            slice(max(top - margin, 0), top + height + margin),
            slice(max(left - margin, 0), left + width + margin),
        )


def pieces(mask: Mask) -> Pieces:
    """Find the 8-connected pieces of `mask`."""
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return Pieces(
        numbers.astype(np.int32, copy=False),
        stats[:, : cv2.CC_STAT_AREA].astype(np.int32),
        stats[:, cv2.CC_STAT_AREA].astype(np.int32),
    )


def grow(mask: Mask, radius: int) -> Mask:
    """Every pixel within `radius` rows and columns of `mask`."""
    side = 2 * radius + 1
    grown: Mask = cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    return grown
