"""The picture at three sizes, and maps of the smaller ones brought back to the grid of the first.

Corner pixels fall on corner cells where sides are 32k - 31, as Caffe's networks want them (321 has
grids of 41, 31 and 21 at stride 8); where sides are multiples of 32, cells are areas and pixels
have their centres in between.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

SCALES = (4, 3, 2)
"""In quarters of the picture's sides, as both papers list them: 1, 0.75, 0.5."""

SIZE_MULTIPLE = 32
"""Quarters of it are multiples of 8, the stride of the networks that use this."""


def has_corners(pixels: Tensor) -> bool:
    """Whether sides are 32k - 31 rather than 32k.

    Raises:
        ValueError: neither holds for both sides.
    """
    sides = pixels.shape[-2:]
    if all(side % SIZE_MULTIPLE == 0 for side in sides):
        return False
    if all(side % SIZE_MULTIPLE == 1 for side in sides):
        return True
    raise ValueError(
        f"{sides[0]}x{sides[1]} pixels: both sides must be multiples of {SIZE_MULTIPLE},"
        f" or both one more than a multiple, such as 321"
    )


def shrink(pixels: Tensor, quarters: int, corners: bool) -> Tensor:
    """[B, 3, H, W] with `quarters` / 4 of the sides, bilinear; from corner to corner or not."""
    if quarters == 4:
        return pixels
    edge = 1 if corners else 0
    height, width = ((side - edge) * quarters // 4 + edge for side in pixels.shape[-2:])
    return F.interpolate(pixels, size=(height, width), mode="bilinear", align_corners=corners)


def enlarge(maps: Tensor, grid: torch.Size, corners: bool) -> Tensor:
    """[B, C, h, w] brought to `grid`, the (height, width) of scale 1, bilinear."""
    if maps.shape[-2:] == grid:
        return maps
    return F.interpolate(maps, size=grid, mode="bilinear", align_corners=corners)
