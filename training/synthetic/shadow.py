"""The shadow that people cast on level ground, drawn instead of traced."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import as_float
from training.synthetic.camera import Camera
from training.synthetic.surface import Surface

_REACH_M = 4.0
_SIDE = 320
_CELL_M = 2 * _REACH_M / _SIDE


def ground_shadow(
    surfaces: Sequence[Surface],
    camera: Camera,
    ground_z: float,
    sun: tuple[float, float, float],
    softness_m: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """float32[H, W] each, 0 lit to 1 dark: what the sun does not reach, and what the sky does not.

    Args:
        surfaces: what casts the shadow.
        ground_z: height of the ground.
        sun: direction that its rays come from.
        softness_m: blur of the sun's shadow a metre away from what casts it.
    """
    low, high = np.zeros((2, _SIDE, _SIDE), dtype=np.uint8)
    contact = np.zeros((_SIDE, _SIDE), dtype=np.uint8)
    slope = np.array(sun[:2]) / max(sun[2], 0.2)
    for surface in surfaces:
        above = np.maximum(surface.vertices[:, 2] - ground_z, 0)
        cast = surface.vertices[:, :2] - above[:, None] * slope
        heights = above[surface.triangles].mean(axis=1)
        _fill(low, cast[surface.triangles[heights < 0.5]])
        _fill(high, cast[surface.triangles[heights >= 0.5]])
        _fill(contact, surface.vertices[:, :2][surface.triangles[heights < 0.25]])
    blurs = (softness_m * 0.3 / _CELL_M + 0.5, softness_m * 1.2 / _CELL_M + 1.0)
    shade = np.maximum(
        *(
            cv2.GaussianBlur(mask, (0, 0), blur)
            for mask, blur in zip((low, high), blurs, strict=True)
        )
    )
    near = cv2.GaussianBlur(contact, (0, 0), 0.06 / _CELL_M)
    maps = np.stack([shade, near], axis=-1).astype(np.float32) / 255
    seen = _seen_on_ground(camera, ground_z)
    picture = cv2.remap(maps, seen[..., 0], seen[..., 1], cv2.INTER_LINEAR, borderValue=(0, 0))
    return as_float(picture[..., 0]), as_float(picture[..., 1])


def _fill(mask: NDArray[np.uint8], triangles: NDArray[np.float32]) -> None:
    """Draw triangles float32[F, 3, 2] in metres."""
    corners = np.rint((triangles + _REACH_M) / _CELL_M * 16).astype(np.int32)
    for corner in corners:
        cv2.fillConvexPoly(mask, corner, 255, shift=4)


def _seen_on_ground(camera: Camera, ground_z: float) -> NDArray[np.float32]:
    """float32[H, W, 2]: the cell of the maps that each pixel's ray meets; outside for the sky."""
    height, width = camera.size
    y, x = np.mgrid[:height, :width] + 0.5
    rays = np.stack(
        [(x - camera.center[0]) / camera.focal, (y - camera.center[1]) / camera.focal, 0 * x + 1],
        axis=-1,
    )
    directions = rays @ camera.axes
    drop = np.minimum(directions[..., 2], -1e-6)
    steps = (ground_z - camera.position[2]) / drop
    points = camera.position[:2] + directions[..., :2] * steps[..., None]
    cells = (points + _REACH_M) / _CELL_M
    is_ground = (directions[..., 2] < -1e-6) & (steps > 0)
    return np.where(is_ground[..., None], cells, -10).astype(np.float32)
