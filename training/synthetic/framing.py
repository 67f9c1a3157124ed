"""Where the camera has to be to take a part of a posed person."""

import numpy as np
from numpy.typing import NDArray

from training.synthetic.camera import Camera, look_axes
from training.synthetic.description import Framing, View
from training.synthetic.landmarks import Landmarks
from training.synthetic.shape import RestBody


def framed_vertices(framing: Framing, rest: RestBody, marks: Landmarks) -> NDArray[np.bool_]:
    """bool[N]: which vertices of the body must be in the frame."""
    z = rest.vertices[:, 2]
    off_arms = marks.along_arm == 0
    thigh = (marks.hip_z + marks.knee_z) / 2
    framed: dict[Framing, NDArray[np.bool_]] = {
        "whole": np.ones(len(z), dtype=bool),
        "knees": z > marks.knee_z,
        "hips": z > thigh,
        "upper": (z > marks.waist_z) & (marks.along_arm < 0.6),
        "lower": (z < marks.waist_z) & off_arms,
        "head": (z > marks.neck_z - 0.09) & (marks.along_arm < 0.12),
    }
    return framed[framing]


def aim(points: NDArray[np.float32], view: View) -> Camera:
    """A camera that has float32[V, 3] in its frame, as the view says."""
    azimuth, elevation = np.radians(view.azimuth), np.radians(view.elevation)
    towards = np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            -np.cos(azimuth) * np.cos(elevation),
            np.sin(elevation),
        ]
    )
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high).astype(np.float64) / 2
    extent = float(np.linalg.norm(high - low))
    position = middle + towards * extent * view.distance
    # A camera below the ground would look at soles through it.
    position[2] = max(position[2], 0.15)
    axes = look_axes(middle - position, view.roll)
    unit = Camera(position, axes, 1.0, (0.0, 0.0), view.size)
    plane = unit.project(points)[:, :2]
    left_top, right_bottom = plane.min(axis=0), plane.max(axis=0)
    box = right_bottom - left_top
    height, width = view.size
    room = 1 + 2 * view.margin
    focal = min(height / (box[1] * room), width / (box[0] * room))
    center = (left_top + right_bottom) / 2 - np.array(view.shift) * box
    principal = np.array([width, height]) / 2 - center * focal
    return Camera(
        position, axes, float(focal), (float(principal[0]), float(principal[1])), view.size
    )
