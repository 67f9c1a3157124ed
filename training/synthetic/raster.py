"""Labels without Blender: a plain z-buffer over the same meshes, to check its labels with."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.synthetic.camera import Camera
from training.synthetic.surface import Surface

_NEAR_M = 0.05


def rasterised(surfaces: Sequence[Surface], camera: Camera) -> NDArray[np.uint8]:
    """uint8[H, W]: the label of the nearest triangle at the middle of each pixel, 0 for none."""
    height, width = camera.size
    pixels, depths, labels = [], [], []
    for surface in surfaces:
        hit, depth, row = _hits(surface, camera)
        pixels.append(hit)
        depths.append(depth)
        labels.append(surface.labels[row])
    pixel = np.concatenate(pixels)
    # The nearest of each pixel comes last, and so is the one that stays.
    order = np.argsort(-np.concatenate(depths), kind="stable")
    result = np.zeros(height * width, dtype=np.uint8)
    result[pixel[order]] = np.concatenate(labels)[order]
    return result.reshape(height, width)


def _hits(
    surface: Surface, camera: Camera
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Pixels, depths and triangles of all places where a surface covers the middle of a pixel."""
    height, width = camera.size
    projected = camera.project(surface.vertices)[surface.triangles]
    plane = projected[..., :2] - 0.5
    low = np.ceil(plane.min(axis=1)).clip(0).astype(np.int64)
    high = np.floor(plane.max(axis=1)).clip(max=[width - 1, height - 1]).astype(np.int64)
    spans = np.maximum(high - low + 1, 0)
    seen = (spans.prod(axis=1) > 0) & (projected[..., 2].min(axis=1) > _NEAR_M)
    rows = np.flatnonzero(seen)
    counts = spans[rows].prod(axis=1)
    row = np.repeat(rows, counts)
    step = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    x = low[row, 0] + step % spans[row, 0]
    y = low[row, 1] + step // spans[row, 0]
    shares = _barycentric(plane[row], np.stack([x, y], axis=1))
    inside = (shares >= 0).all(axis=1)
    shares, row, x, y = shares[inside], row[inside], x[inside], y[inside]
    # Perspective: shares of a place on the triangle, not of its picture.
    over_depth = shares / projected[row, :, 2]
    depth = 1 / over_depth.sum(axis=1)
    solid = _is_solid(surface, row, over_depth * depth[:, None])
    return (y * width + x)[solid], depth[solid], row[solid]


def _barycentric(corners: NDArray[np.float64], points: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64[N, 3]: shares of the corners float64[N, 3, 2] in each point, negative outside."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    offset = points - corners[:, 0]
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    area = np.where(np.abs(area) < 1e-12, np.nan, area)
    of_first = (offset[:, 0] * second[:, 1] - offset[:, 1] * second[:, 0]) / area
    of_second = (first[:, 0] * offset[:, 1] - first[:, 1] * offset[:, 0]) / area
    return np.stack([1 - of_first - of_second, of_first, of_second], axis=1)


def _is_solid(
    surface: Surface, row: NDArray[np.int64], shares: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """bool[N]: whether the texture is more than half there."""
    texture = surface.material.texture
    if texture is None or not surface.material.has_holes:
        return np.ones(len(row), dtype=bool)
    u, v = np.einsum("nk,nki->in", shares, surface.uvs[row])
    height, width = texture.shape[:2]
    column = np.floor((u % 1) * width).astype(int).clip(0, width - 1)
    line = np.floor((1 - v % 1) * height).astype(int).clip(0, height - 1)
    solid: NDArray[np.bool_] = texture[line, column, 3] > 127
    return solid
