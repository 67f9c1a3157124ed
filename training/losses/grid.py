"""Truth and pictures at the grids that the losses look at."""

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from limn.labels import IGNORE_INDEX


def sample_labels(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Label maps int64[B, H, W] at a coarser grid: the pixel nearest to each cell's centre."""
    if labels.shape[-2:] == size:
        return labels
    chosen = F.interpolate(labels[:, None].float(), size=size, mode="nearest-exact")
    return chosen[:, 0].long()


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """int64[B, h, w] to float32[B, K, h, w] of 0 and 1; where nothing is known, background."""
    known = labels.where(labels != IGNORE_INDEX, 0)
    return F.one_hot(known, classes).permute(0, 3, 1, 2).float()


def thumbnails(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """float[B, 3, H, W] averaged down to a grid: antialiased, and aligned with the label maps.

    The MMAN release makes them before it crops (fact sheet, item 8), so that they show another part
    of the photo than the label map beside them.
    """
    return F.interpolate(pixels, size=size, mode="area") if pixels.shape[-2:] != size else pixels


def grid_of(maps: Tensor) -> tuple[int, int]:
    """(height, width) of [..., h, w]."""
    return cast("tuple[int, int]", torch.Size(maps.shape[-2:]))
