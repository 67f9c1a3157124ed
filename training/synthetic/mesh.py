"""Arithmetic on meshes: normals, neighbourhoods, and cloth laid out flat."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from training.synthetic.arrays import CornerUvs, Triangles, Vertices


def face_normals(vertices: Vertices, triangles: Triangles) -> NDArray[np.float32]:
    """float32[F, 3], as long as twice the area."""
    corners = vertices[triangles]
    normals: NDArray[np.float32] = np.cross(
        corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    )
    return normals


def vertex_normals(vertices: Vertices, triangles: Triangles) -> NDArray[np.float32]:
    """float32[V, 3] of length 1, weighted by area; zero where a vertex has no triangle."""
    normals = np.zeros_like(vertices)
    of_faces = face_normals(vertices, triangles)
    for corner in range(3):
        for axis in range(3):
            normals[:, axis] += np.bincount(
                triangles[:, corner], of_faces[:, axis], minlength=len(vertices)
            ).astype(np.float32)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    unit: NDArray[np.float32] = normals / np.maximum(lengths, 1e-12)
    return unit


def bale_uvs(vertices: Vertices, triangles: Triangles, repeat: float, turn: float) -> CornerUvs:
    """Lay each triangle flat along the axis that it faces most, front and sides.

    Args:
        vertices, triangles: the garment at rest, in metres.
        repeat: metres after which the cloth repeats.
        turn: radians by which the cloth is turned.
    """
    corners = vertices[triangles]
    faces_side = np.abs(face_normals(vertices, triangles)) @ np.array([1.0, -1.0, 0.0]) > 0
    across = np.where(faces_side[:, None], corners[..., 1], corners[..., 0])
    flat = np.stack([across, corners[..., 2]], axis=-1) / repeat
    cos, sin = np.cos(turn), np.sin(turn)
    turned: CornerUvs = (flat @ np.array([[cos, sin], [-sin, cos]])).astype(np.float32)
    return turned


def nearest_points(
    points: NDArray[np.float32], queries: NDArray[np.float32], reach_m: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """For float32[Q, 3], float64[Q] and int[Q]: how far and which the nearest point is.

    Beyond reach the distance is infinite, and the index one past the last.
    """
    distance, index = cKDTree(points).query(queries, distance_upper_bound=reach_m)
    return np.asarray(distance), np.asarray(index)


def nearest_few(
    points: NDArray[np.float32], queries: NDArray[np.float32], count: int
) -> NDArray[np.int64]:
    """int64[Q, count]: the nearest points of float32[Q, 3]."""
    _, index = cKDTree(points).query(queries, k=min(count, len(points)))
    return np.asarray(index, dtype=np.int64).reshape(len(queries), -1)
