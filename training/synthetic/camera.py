"""A pinhole camera: where it stands, and where a point of the scene falls in the picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Camera:
    """Pinhole camera; pixel (0, 0) has its centre at (0.5, 0.5), y down.

    Attributes:
        position: x, y, z in metres.
        axes: float64[3, 3], rows are right, down and forward of the picture in the scene.
        focal: focal length in pixels.
        center: x, y in pixels that the forward axis meets; it may lie outside.
        size: height, width in pixels.
    """

    position: NDArray[np.float64]
    axes: NDArray[np.float64]
    focal: float
    center: tuple[float, float]
    size: tuple[int, int]

    def project(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        """float[N, 3] in metres to float64[N, 3]: x and y in pixels, depth in metres."""
        seen = (points.astype(np.float64) - self.position) @ self.axes.T
        depth = np.maximum(seen[:, 2], 1e-6)
        plane = seen[:, :2] / depth[:, None] * self.focal + np.array(self.center)
        return np.concatenate([plane, seen[:, 2:]], axis=1)

    def mirrored(self) -> "Camera":
        """The camera that sees the scene mirrored in x as this one's picture mirrored."""
        flip = np.diag([-1.0, 1.0, 1.0])
        axes = self.axes @ flip
        axes[0] *= -1
        width = self.size[1]
        center = (width - self.center[0], self.center[1])
        return Camera(self.position @ flip, axes, self.focal, center, self.size)


def look_axes(forward: NDArray[np.float64], roll_degrees: float) -> NDArray[np.float64]:
    """Rows right, down, forward of a camera that looks along `forward`, tilted by `roll`."""
    ahead = forward / np.linalg.norm(forward)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(ahead, right)
    roll = np.radians(roll_degrees)
    return np.stack(
        [
            np.cos(roll) * right + np.sin(roll) * down,
            -np.sin(roll) * right + np.cos(roll) * down,
            ahead,
        ]
    )
