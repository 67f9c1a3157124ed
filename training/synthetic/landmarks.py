"""Heights and sizes of a body at rest that clothes are cut to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.synthetic.bodies import BodyModel
from training.synthetic.regions import part_weights
from training.synthetic.shape import RestBody


@dataclass(frozen=True)
class Landmarks:
    """Heights in metres of a body at rest, and its skull.

    Attributes:
        skull: middle of the skull, float64[3].
        radii: half its width, depth and height, float64[3].
        neck: middle of the neck, float64[3].
        neck_radius: metres.
        along_arm: float64[N], of each vertex: 0 off the arms, from 0.01 at the shoulder to 1 at
            the wrist, more on the hand.
    """

    ankle_z: float
    knee_z: float
    crotch_z: float
    hip_z: float
    waist_z: float
    neck_z: float
    chin_z: float
    skull: NDArray[np.float64]
    radii: NDArray[np.float64]
    neck: NDArray[np.float64]
    neck_radius: float
    along_arm: NDArray[np.float64]

    @staticmethod
    def of(model: BodyModel, rest: RestBody) -> "Landmarks":
        """Measure a body."""

        def head(name: str) -> NDArray[np.float64]:
            joint: NDArray[np.float64] = rest.heads[model.bone_index[name]].astype(np.float64)
            return joint

        points = _face_points(model, rest)
        eyes_z = float((head("eye.L") + head("eye.R"))[2] / 2)
        skull, radii = _skull(points[points[:, 2] > eyes_z], eyes_z + 0.02)
        neck = (head("neck01") + head("neck02")) / 2
        ring = points[np.abs(points[:, 2] - neck[2]) < 0.015]
        hip, knee = head("upperleg01.L")[2], head("lowerleg01.L")[2]
        return Landmarks(
            ankle_z=float(head("foot.L")[2]),
            knee_z=float(knee),
            crotch_z=float(hip - 0.09),
            hip_z=float(hip),
            waist_z=float(head("spine04")[2] + 0.02),
            neck_z=float(head("neck01")[2]),
            chin_z=float(head("jaw")[2] - 0.06),
            skull=skull,
            radii=radii,
            neck=neck,
            neck_radius=float(np.linalg.norm((ring - neck)[:, :2], axis=1).mean()),
            along_arm=_along_arms(
                model,
                rest,
                (
                    np.stack([head(f"{bone}.L") for bone in _ARM]),
                    np.stack([head(f"{bone}.R") for bone in _ARM]),
                ),
            ),
        )


def _along_arms(
    model: BodyModel, rest: RestBody, arms: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> NDArray[np.float64]:
    result = np.zeros(len(rest.vertices))
    shares = part_weights(model, model.dense_weights)
    for side, joints in zip(("left", "right"), arms, strict=True):
        direction = joints[2] - joints[0]
        length = np.linalg.norm(direction)
        along = (rest.vertices - joints[0]) @ direction / length**2
        is_arm = shares[f"{side}-arm"] > 0.5
        result[is_arm] = along[is_arm].clip(0.01)
    return result


def _face_points(model: BodyModel, rest: RestBody) -> NDArray[np.float64]:
    """float64[V, 3]: skin of head and neck."""
    skin = np.unique(model.triangles[model.groups["body"]])
    face = part_weights(model, model.dense_weights[skin])["face"] > 0.5
    points: NDArray[np.float64] = rest.vertices[skin][face].astype(np.float64)
    return points


def _skull(
    points: NDArray[np.float64], middle_z: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middle and radii of the upper half ellipsoid around points of the scalp."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, radii = (low + high) / 2, (high - low) / 2
    middle[2] = middle_z
    radii[2] = high[2] - middle_z
    return middle, radii


_ARM = ("upperarm01", "lowerarm01", "wrist")
