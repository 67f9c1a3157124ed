"""Bones that turn, and the vertices that follow them.

A pose gives each bone a rotation about the axes of the resting body (x the person's left,
y backwards, z up), relative to its parent; so no rest orientation of a bone is needed.
"""

import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import Vertices

Rotations = NDArray[np.float64]
"""float64[B, 3, 3], one rotation per bone."""

Transforms = NDArray[np.float64]
"""float64[B, 3, 4], from the resting to the posed body, per bone."""


def euler(degrees: NDArray[np.float64], order: str = "xyz") -> Rotations:
    """float64[..., 3] angles about x, y and z to rotations float64[..., 3, 3].

    The first letter of `order` is the rotation that stands outermost, as in a BVH channel list.
    """
    angles = np.radians(np.asarray(degrees, dtype=np.float64))
    result = np.broadcast_to(np.eye(3), (*angles.shape[:-1], 3, 3))
    for letter in order:
        axis = "xyz".index(letter)
        result = result @ _turn(angles[..., axis], axis)
    return result


def _turn(angle: NDArray[np.float64], axis: int) -> Rotations:
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.zeros((*angle.shape, 3, 3))
    second, third = (axis + 1) % 3, (axis + 2) % 3
    turn[..., axis, axis] = 1.0
    turn[..., second, second] = turn[..., third, third] = cos
    turn[..., third, second], turn[..., second, third] = sin, -sin
    return turn


def forward(
    heads: NDArray[np.float32], parents: NDArray[np.int16], rotations: Rotations
) -> Transforms:
    """Chain the rotations from the root outwards.

    Args:
        heads: float32[B, 3], where bones begin at rest.
        parents: int16[B], -1 for the root; before its children.
        rotations: float64[B, 3, 3], relative to the parent.
    """
    transforms = np.zeros((len(parents), 3, 4))
    for bone, parent in enumerate(parents):
        turn = rotations[bone]
        head = heads[bone].astype(np.float64)
        local = np.concatenate([turn, (head - turn @ head)[:, None]], axis=1)
        if parent < 0:
            transforms[bone] = local
        else:
            above = transforms[parent]
            transforms[bone] = above[:, :3] @ local
            transforms[bone, :, 3] += above[:, 3]
    return transforms


def skin(vertices: Vertices, weights: NDArray[np.float32], transforms: Transforms) -> Vertices:
    """Move float32[V, 3] by the blend float32[V, B] of the bones' transforms."""
    blend = (weights @ transforms.reshape(len(transforms), 12).astype(np.float32)).reshape(-1, 3, 4)
    moved: Vertices = np.einsum("vij,vj->vi", blend[:, :, :3], vertices) + blend[:, :, 3]
    return moved
