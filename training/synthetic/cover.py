"""What clothes hide: inner layers lose what lies under outer ones, and never poke through.

All of it happens on the body at rest; what is dropped there cannot show in any pose.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import Triangles, Vertices
from training.synthetic.mesh import face_normals, nearest_points, vertex_normals

_REACH_M = 0.12
_POKE_M = 0.04
_SIDEWAYS_M = 0.025
_HEM_M = 0.03
_GAP_M = 0.006


@dataclass(frozen=True)
class Covered:
    """An inner layer under its outer ones.

    Attributes:
        vertices: float32[V, 3], pushed in where they came too close to the outer layer.
        keep: bool[F], triangles that may still be seen.
    """

    vertices: Vertices
    keep: NDArray[np.bool_]


def tuck(inner: Vertices, triangles: Triangles, outer: list[tuple[Vertices, Triangles]]) -> Covered:
    """Drop what `outer` covers by more than a hem, and push in the rest of what it covers.

    Args:
        inner, triangles: float32[V, 3] and int32[F, 3].
        outer: meshes worn over it.
    """
    points = np.concatenate([_samples(*layer) for layer in outer])
    normals = vertex_normals(inner, triangles)
    distance, nearest = nearest_points(points, inner, _REACH_M)
    found = np.isfinite(distance)
    offset = points[np.where(found, nearest, 0)] - inner
    outwards = np.einsum("vi,vi->v", offset, normals)
    sideways = np.sqrt(np.maximum(distance.clip(0, 1) ** 2 - outwards**2, 0))
    # What hangs further off is above a larger part of what is below it.
    allowed = np.maximum(_SIDEWAYS_M, 0.5 * outwards)
    covered = found & (outwards > -_POKE_M) & (sideways < allowed)
    if not covered.any():
        return Covered(inner, np.ones(len(triangles), dtype=bool))
    deep = covered.copy()
    if not covered.all():
        bare, _ = nearest_points(inner[~covered], inner[covered], np.inf)
        deep[covered] = bare > _HEM_M
    push = np.where(covered, np.maximum(_GAP_M - outwards, 0), 0).astype(np.float32)
    return Covered(inner - normals * push[:, None], ~deep[triangles].all(axis=1))


def _samples(vertices: Vertices, triangles: Triangles) -> Vertices:
    """Points all over a mesh: its vertices and the middles of its triangles."""
    large = np.linalg.norm(face_normals(vertices, triangles), axis=1) > 1e-4
    used = vertices[np.unique(triangles)]
    points: Vertices = np.concatenate([used, vertices[triangles[large]].mean(axis=1)])
    return points
